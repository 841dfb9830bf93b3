//! PBKDF2 (RFC 8018) as Django, passlib, Werkzeug and PHC strings have it.

use std::fmt;

use secrecy::zeroize::Zeroizing;
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use super::weak::WeakDigest;
use super::{Form, Scheme, boxed, form};
use crate::password::Password;
use crate::password::hash::memory::Memory;
use crate::password::hash::{Unverifiable, parts};

pub(super) const FORMS: &[Form] = &[
    form("pbkdf2_sha256$", "Django PBKDF2-SHA256", |rest| boxed(Pbkdf2::django(rest, Digest::Sha256))),
    form("pbkdf2_sha1$", "Django PBKDF2-SHA1", |rest| boxed(Pbkdf2::django(rest, Digest::Sha1))),
    form("pbkdf2_wrapped_md5$", "Django PBKDF2-SHA256 over MD5", |rest| {
        boxed(Pbkdf2::django_wrapped(rest, WeakDigest::Md5))
    }),
    form("pbkdf2_wrapped_sha1$", "Django PBKDF2-SHA256 over SHA-1", |rest| {
        boxed(Pbkdf2::django_wrapped(rest, WeakDigest::Sha1))
    }),
    form("pbkdf2:sha1:", "Werkzeug PBKDF2-SHA1", |rest| boxed(Pbkdf2::werkzeug(rest, Digest::Sha1))),
    form("pbkdf2:sha256:", "Werkzeug PBKDF2-SHA256", |rest| boxed(Pbkdf2::werkzeug(rest, Digest::Sha256))),
    form("pbkdf2:sha512:", "Werkzeug PBKDF2-SHA512", |rest| boxed(Pbkdf2::werkzeug(rest, Digest::Sha512))),
    form("$pbkdf2$", "PBKDF2-SHA1", |rest| boxed(Pbkdf2::phc_or_passlib(rest, Digest::Sha1))),
    form("$pbkdf2-sha1$", "PBKDF2-SHA1", |rest| boxed(Pbkdf2::phc_or_passlib(rest, Digest::Sha1))),
    form("$pbkdf2-sha256$", "PBKDF2-SHA256", |rest| boxed(Pbkdf2::phc_or_passlib(rest, Digest::Sha256))),
    form("$pbkdf2-sha512$", "PBKDF2-SHA512", |rest| boxed(Pbkdf2::phc_or_passlib(rest, Digest::Sha512))),
];

/// The digest of HMAC.
#[derive(Clone, Copy)]
pub(super) enum Digest {
    Sha1,
    Sha256,
    Sha512,
}

impl Digest {
    /// Its output in bytes.
    const fn size(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    /// Upper bound of the iterations, counted per block of output: twice Django 6.1's default, and for SHA-512, for which few
    /// processors have instructions, Werkzeug's.
    const fn most_iterations(self) -> u64 {
        match self {
            Self::Sha1 | Self::Sha256 => 3_000_000,
            Self::Sha512 => 1_000_000,
        }
    }
}

pub(super) struct Pbkdf2 {
    digest: Digest,
    iterations: u32,
    salt: Vec<u8>,
    key: Vec<u8>,
    /// The digest of salt and password that takes the place of the password.
    over: Option<WeakDigest>,
}

impl Pbkdf2 {
    pub(super) fn new(digest: Digest, iterations: u32, salt: Vec<u8>, key: Vec<u8>) -> Option<Self> {
        Some(Self { digest, iterations, salt: parts::salt(salt)?, key: parts::key(key)?, over: None })
    }

    /// Django: iterations, the salt as text, the key in base64.
    fn django(rest: &str, digest: Digest) -> Option<Self> {
        let [iterations, salt, key] = parts::fields(rest)?;
        let key = parts::base64(key).filter(|key| key.len() == digest.size())?;
        Self::new(digest, parts::number(iterations)?, salt.as_bytes().to_vec(), key)
    }

    /// Django's documentation, "Password upgrading without requiring a login": over the digits of an older hash with the same
    /// salt.
    fn django_wrapped(rest: &str, over: WeakDigest) -> Option<Self> {
        Some(Self { over: Some(over), ..Self::django(rest, Digest::Sha256)? })
    }

    /// Werkzeug: iterations, the salt as text, the key in hexadecimal digits.
    fn werkzeug(rest: &str, digest: Digest) -> Option<Self> {
        let [iterations, salt, key] = parts::fields(rest)?;
        let key = parts::hex(key).filter(|key| key.len() == digest.size())?;
        Self::new(digest, parts::number(iterations)?, salt.as_bytes().to_vec(), key)
    }

    /// `$pbkdf2-sha256$` and so on: of PHC with named parameters, of passlib with the rounds alone and its own base64.
    fn phc_or_passlib(rest: &str, digest: Digest) -> Option<Self> {
        let [parameters, salt, key] = parts::fields(rest)?;
        let (iterations, salt, key) =
            if let Some([iterations, length]) = parts::parameters(parameters, ["i", "l"]) {
                let key = parts::base64(key)?;
                if usize::try_from(length).ok() != Some(key.len()) {
                    return None;
                }
                (iterations, parts::base64(salt)?, key)
            } else if let Some([iterations]) = parts::parameters(parameters, ["i"]) {
                (iterations, parts::base64(salt)?, parts::base64(key)?)
            } else {
                let iterations = parts::number(parameters)?;
                (iterations, parts::base64_of_passlib(salt)?, parts::base64_of_passlib(key)?)
            };
        Self::new(digest, iterations, salt, key)
    }
}

impl Scheme for Pbkdf2 {
    fn is_within_limits(&self) -> bool {
        let blocks = self.key.len().div_ceil(self.digest.size()) as u64;
        u64::from(self.iterations) * blocks <= self.digest.most_iterations()
    }

    fn matches(&self, _memory: &Memory, password: &Password) -> Result<bool, Unverifiable> {
        let derive = match self.digest {
            Digest::Sha1 => pbkdf2::pbkdf2_hmac::<Sha1>,
            Digest::Sha256 => pbkdf2::pbkdf2_hmac::<Sha256>,
            Digest::Sha512 => pbkdf2::pbkdf2_hmac::<Sha512>,
        };
        let mut key = vec![0; self.key.len()];
        let input = match self.over {
            None => Zeroizing::new(password.typed().to_owned()),
            Some(digest) => parts::to_hex(&digest.of(&self.salt, password)),
        };
        derive(input.as_bytes(), &self.salt, self.iterations, &mut key);
        Ok(parts::same(&key, &self.key))
    }
}

impl fmt::Display for Pbkdf2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "iterations={}", self.iterations)
    }
}

#[cfg(test)]
mod tests {
    use super::FORMS;
    use crate::password::hash::scheme::tests::{Row, judge_alike};

    #[test]
    fn hashes_are_judged_as_their_own_software_does() {
        judge_alike(FORMS);
    }

    #[test]
    fn rows_are_bounded() {
        Row {
            scheme: "Django PBKDF2-SHA256",
            parameters: "iterations=1000",
            good: "pbkdf2_sha256$1000$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            allowed: &[("1000", "1500000"), ("1000", "3000000")],
            costly: &[("1000", "3000001"), ("1000", "4294967295")],
            malformed: &[
                ("1000", "0"),
                ("1000", "-1000"),
                ("1000", "+1000"),
                ("1000", "01000"),
                ("1000", "1e3"),
                ("1000", "4294967296"),
                ("1000", ""),
                ("$salt$", "$"),
                ("$salt$", "$$"),
                ("$salt$", "$sa$lt$"),
                ("AAA=", "AAAAAAA="),
                ("AAA=", "==="),
                ("AAA=", "A*A="),
            ],
        }
        .hold();
        Row {
            scheme: "Django PBKDF2-SHA1",
            parameters: "iterations=1000",
            good: "pbkdf2_sha1$1000$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            allowed: &[],
            costly: &[("1000", "4294967295")],
            malformed: &[("AAAA", "")],
        }
        .hold();
        Row {
            scheme: "Django PBKDF2-SHA256 over SHA-1",
            parameters: "iterations=1000",
            good: "pbkdf2_wrapped_sha1$1000$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            allowed: &[],
            costly: &[("1000", "3000001")],
            malformed: &[("_sha1", "_sha3"), ("$salt$", "$$")],
        }
        .hold();
        Row {
            scheme: "PBKDF2-SHA256",
            parameters: "iterations=1000",
            good: "$pbkdf2-sha256$i=1000,l=32$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            allowed: &[],
            costly: &[(
                "i=1000,l=32$c2FsdHNhbHQ$",
                "i=1500001,l=64$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            )],
            malformed: &[
                ("l=32", "l=31"),
                ("l=32", "l=0"),
                ("i=1000,", ""),
                ("i=1000,l=32", "l=32,i=1000"),
                ("$c2FsdHNhbHQ$", "$$"),
            ],
        }
        .hold();
        Row {
            scheme: "PBKDF2-SHA256",
            parameters: "iterations=1000",
            good: "$pbkdf2-sha256$1000$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            allowed: &[],
            costly: &[("$1000", "$3000001")],
            malformed: &[("$1000$c2FsdHNhbHQ", "$1000$c2FsdHN+bHQ")],
        }
        .hold();
        Row {
            scheme: "PBKDF2-SHA512",
            parameters: "iterations=1000",
            good: "$pbkdf2-sha512$i=1000,l=64$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            allowed: &[("1000", "1000000")],
            costly: &[("1000", "1000001")],
            malformed: &[("l=64", "l=32"), ("sha512", "sha384")],
        }
        .hold();
        Row {
            scheme: "Werkzeug PBKDF2-SHA512",
            parameters: "iterations=1000",
            good: "pbkdf2:sha512:1000$salt$00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
            allowed: &[("1000", "1000000")],
            costly: &[("1000", "1000001")],
            malformed: &[("$0", "$"), ("$0", "$g"), ("$salt", ""), (":1000", ""), ("sha512", "md5")],
        }
        .hold();
    }
}
