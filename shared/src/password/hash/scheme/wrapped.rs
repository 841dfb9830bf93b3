//! Argon2id over a [weak digest](super::weak): `{wrapped}sha1$SALT$argon2id$…`, the salt of the weak hash in base64.
//!
//! The weak hash itself is nowhere in it: who reads a table has to compute an Argon2id for each password to be tried.

use std::fmt;

use super::weak::{Weak, WeakDigest};
use super::{Form, Scheme, argon2, boxed, form};
use crate::password::Password;
use crate::password::hash::memory::Memory;
use crate::password::hash::{Unverifiable, parts};

pub(super) const FORMS: &[Form] = &[
    form("{wrapped}md5$", "MD5 in Argon2id", |rest| boxed(Wrapped::parse(rest, WeakDigest::Md5))),
    form("{wrapped}md5crypt$", "MD5-crypt in Argon2id", |rest| {
        boxed(Wrapped::parse(rest, WeakDigest::Md5Crypt))
    }),
    form("{wrapped}sha1$", "SHA-1 in Argon2id", |rest| boxed(Wrapped::parse(rest, WeakDigest::Sha1))),
    form("{wrapped}ssha$", "SSHA in Argon2id", |rest| boxed(Wrapped::parse(rest, WeakDigest::Ssha))),
];

struct Wrapped {
    digest: WeakDigest,
    salt: Vec<u8>,
    argon2: argon2::Stored,
}

impl Wrapped {
    fn parse(rest: &str, digest: WeakDigest) -> Option<Self> {
        let (salt, rest) = rest.split_once("$argon2id$")?;
        Some(Self { digest, salt: parts::base64(salt)?, argon2: argon2::Stored::id(rest)? })
    }
}

impl Weak {
    /// The hash as it is stored: `wrap` makes the Argon2id of its key.
    pub(in crate::password::hash) fn wrapped<E>(
        &self,
        wrap: impl FnOnce(&[u8]) -> Result<String, E>,
    ) -> Result<String, E> {
        let name = match self.digest {
            WeakDigest::Md5 => "md5",
            WeakDigest::Md5Crypt => "md5crypt",
            WeakDigest::Sha1 => "sha1",
            WeakDigest::Ssha => "ssha",
        };
        let salt = parts::to_base64(&self.salt);
        Ok(format!("{{wrapped}}{name}${}{}", *salt, wrap(&self.key)?))
    }
}

impl Scheme for Wrapped {
    fn is_within_limits(&self) -> bool {
        self.argon2.is_within_limits()
    }

    fn matches(&self, memory: &Memory, password: &Password) -> Result<bool, Unverifiable> {
        self.argon2.matches_bytes(memory, &self.digest.of(&self.salt, password))
    }
}

impl fmt::Display for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.argon2.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password::hash::scheme::tests::{File, Row, hasher, stored};

    /// Made by Django and passlib.
    #[test]
    fn wrapped_hashes_are_judged_as_the_software_does_that_made_the_weak_ones() {
        let File { vectors, .. } = serde_json::from_str(include_str!("../vectors/weak.json")).unwrap();
        let hasher = hasher();
        let mut wrapped = Vec::new();
        for vector in vectors {
            let weak = &vector.hash;
            assert_eq!(stored(weak).describe().verifiable, Err(Unverifiable::Weak), "{weak}");
            let hash = hasher.wrap(weak).unwrap();
            let key = weak.rsplit(['$', '}']).next().unwrap();
            assert!(!hash.as_str().contains(key), "{weak}");
            wrapped.push(hash.describe().scheme);
            vector.judge_alike(&hasher, &hash);
        }
        assert!(FORMS.iter().all(|form| wrapped.contains(&form.name)), "{wrapped:?}");
    }

    #[test]
    fn only_weak_hashes_are_wrapped() {
        for (text, error) in [
            ("$2b$04$GfvyuPTGZY4pIqKm0Ncyu.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", Unverifiable::Scheme),
            ("md5$salt$00", Unverifiable::Malformed),
            ("sha1$sa$lt$da39a3ee5e6b4b0d3255bfef95601890afd80709", Unverifiable::Malformed),
            ("{SSHA}2jmj7l5rSw0yVb/vlWAYkK/YBw", Unverifiable::Malformed),
            ("$1$saltsalts$DxgWE4.5yC7rV0oKhkt5y.", Unverifiable::Malformed),
            ("$1$salt$DxgWE4.5yC7rV0oKhkt5y", Unverifiable::Malformed),
            ("d41d8cd98f00b204e9800998ecf8427", Unverifiable::Scheme),
            ("correct horse", Unverifiable::Scheme),
            ("!", Unverifiable::Scheme),
        ] {
            assert_eq!(hasher().wrap(text).unwrap_err(), error, "{text}");
        }
    }

    #[test]
    fn rows_are_bounded() {
        Row {
            scheme: "MD5 in Argon2id",
            parameters: "v=19,m=64,t=1,p=1",
            good: "{wrapped}md5$c2FsdA==$argon2id$v=19$m=64,t=1,p=1$R2Z2eXVQVEdaWTRwSXFLbQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            allowed: &[("md5$c2FsdA==", "sha1$"), ("$c2FsdA==", "$")],
            costly: &[("m=64", "m=262145"), ("t=1", "t=17")],
            malformed: &[("md5", "md6"), ("md5$", "md5"), ("c2FsdA==", "c*FsdA=="), ("$argon2id$", "$argon2i$"), ("m=64", "m=7"), ("v=19", "v=20")],
        }
        .hold();
    }
}
