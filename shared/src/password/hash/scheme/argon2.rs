//! Argon2 (RFC 9106): our own hashes, and those of others.

use std::fmt;

use argon2::{PasswordHash as Phc, Version};
use argon2_simd::Argon2;

use super::{Form, Scheme, boxed, form};
use crate::password::Password;
use crate::password::hash::memory::Memory;
use crate::password::hash::{Cost, Unverifiable, parts};

pub(super) const FORMS: &[Form] = &[
    form("$argon2id$", "Argon2id", |rest| boxed(Stored::id(rest))),
    form("$argon2i$", "Argon2i", |rest| boxed(Stored::elsewhere(&format!("$argon2i${rest}")))),
    form("$argon2d$", "Argon2d", |rest| boxed(Stored::elsewhere(&format!("$argon2d${rest}")))),
    form("argon2", "Django Argon2", |rest| boxed(Stored::elsewhere(rest))),
];

/// Upper bound of the lanes.
const MOST_LANES: u32 = 16;

/// The service that made the hash, which decides the text that was hashed.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(in crate::password::hash) enum Origin {
    /// Ours: the password composed.
    Ours,
    /// Another's: the password as typed.
    Elsewhere,
}

/// A stored hash.
pub(in crate::password::hash) struct Stored {
    origin: Origin,
    argon2: Argon2,
    salt: Vec<u8>,
    tag: Vec<u8>,
}

impl Stored {
    /// The part after `$argon2id$` of a PHC string, as ours are.
    pub(super) fn id(rest: &str) -> Option<Self> {
        let text = format!("$argon2id${rest}");
        let phc = Phc::new(&text).ok()?;
        let ours = phc.version == Some(Version::V0x13.into());
        Self::new(&phc, if ours { Origin::Ours } else { Origin::Elsewhere })
    }

    /// A PHC string of any variant that another made.
    fn elsewhere(text: &str) -> Option<Self> {
        Self::new(&Phc::new(text).ok()?, Origin::Elsewhere)
    }

    pub(in crate::password::hash) fn new(phc: &Phc, origin: Origin) -> Option<Self> {
        // The first version of Argon2 wrote no number.
        let version = phc.version.map_or(Ok(Version::V0x10), Version::try_from);
        let argon2 = Argon2 {
            algorithm: phc.algorithm.as_str().try_into().ok()?,
            version: version.ok()?,
            params: phc.try_into().ok()?,
        };
        Some(Self {
            origin,
            argon2,
            salt: phc.salt.as_ref()?.to_vec(),
            tag: parts::key(phc.hash.as_ref()?.as_ref().to_vec())?,
        })
    }

    /// Computes the tag of any bytes and compares.
    pub(super) fn matches_bytes(&self, memory: &Memory, bytes: &[u8]) -> Result<bool, Unverifiable> {
        let mut tag = vec![0; self.tag.len()];
        let computed = memory.compute(&self.argon2, bytes, &self.salt, &mut tag);
        computed.map_err(|_| Unverifiable::Library)?;
        Ok(parts::same(&tag, &self.tag))
    }
}

impl Scheme for Stored {
    fn is_within_limits(&self) -> bool {
        let params = &self.argon2.params;
        Cost::is_within_limits(params.m_cost(), params.t_cost()) && params.p_cost() <= MOST_LANES
    }

    fn matches(&self, memory: &Memory, password: &Password) -> Result<bool, Unverifiable> {
        let input = match self.origin {
            Origin::Ours => password.expose(),
            Origin::Elsewhere => password.typed(),
        };
        self.matches_bytes(memory, input.as_bytes())
    }

    fn is_like(&self, new: &Self) -> bool {
        let form = |hash: &Self| (hash.origin, hash.argon2.clone(), hash.salt.len(), hash.tag.len());
        form(self) == form(new)
    }
}

impl fmt::Display for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Argon2 { version, params, .. } = &self.argon2;
        let (memory, passes, lanes) = (params.m_cost(), params.t_cost(), params.p_cost());
        write!(f, "v={},m={memory},t={passes},p={lanes}", u32::from(*version))
    }
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stored(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::FORMS;
    use crate::password::hash::scheme::tests::{Row, hasher, judge_alike, password, stored, verify};

    #[test]
    fn hashes_are_judged_as_their_own_software_does() {
        judge_alike(FORMS);
    }

    #[test]
    fn rows_are_bounded() {
        Row {
            scheme: "Argon2i",
            parameters: "v=19,m=64,t=1,p=1",
            good: "$argon2i$v=19$m=64,t=1,p=1$R2Z2eXVQVEdaWTRwSXFLbQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            allowed: &[],
            costly: &[("m=64", "m=262145"), ("m=64", "m=4294967295"), ("t=1", "t=17"), ("m=64,t=1", "m=262144,t=5"), ("m=64,t=1,p=1", "m=262144,t=1,p=17")],
            malformed: &[("v=19", "v=20"), ("v=19", "v=0"), ("$v=19", "$v=19$v=19"), ("m=64", "m=7"), ("t=1", "t=0"), ("p=1", "p=0"), ("m=64", "m=-64"), ("m=64", "x=64"), ("$R2Z2eXVQVEdaWTRwSXFLbQ", ""), ("$R2Z2eXVQVEdaWTRwSXFLbQ", "$"), ("$argon2i$", "$argon2x$")],
        }
        .hold();
        Row {
            scheme: "Django Argon2",
            parameters: "v=19,m=64,t=1,p=1",
            good: "argon2$argon2id$v=19$m=64,t=1,p=1$R2Z2eXVQVEdaWTRwSXFLbQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            allowed: &[("m=64,t=1,p=1", "m=102400,t=2,p=8")],
            costly: &[],
            malformed: &[("argon2$argon2id$", "argon2argon2id$"), ("argon2$argon2id$", "argon2$scrypt$")],
        }
        .hold();
    }

    /// One of ours as Django would write it: of the current cost, and yet another's, hashed as typed.
    #[test]
    fn a_hash_of_our_cost_that_another_made_is_replaced_too() {
        let (hasher, composed, decomposed) = (hasher(), "é", "e\u{301}");
        let ours = hasher.hash(&password(composed)).unwrap();
        let theirs = stored(&format!("argon2{}", ours.as_str()));
        assert!(!hasher.is_outdated(&ours) && hasher.is_outdated(&theirs));
        assert_eq!(verify(&hasher, &ours, decomposed), Ok(true));
        assert_eq!(verify(&hasher, &theirs, decomposed), Ok(false));
        assert_eq!(verify(&hasher, &theirs, composed), Ok(true));
        let older = stored(&ours.as_str().replace("v=19", "v=16"));
        assert!(hasher.is_outdated(&older));
    }
}
