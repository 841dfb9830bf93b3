//! Argon2 (RFC 9106): our own hashes, and those of others.

use std::fmt;

use argon2::{PasswordHash as Phc, Version};
use argon2_simd::Argon2;

use crate::password::Password;
use crate::password::hash::memory::Memory;
use crate::password::hash::{Cost, Unverifiable, parts};

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

pub(in crate::password::hash) struct Stored {
    origin: Origin,
    argon2: Argon2,
    salt: Vec<u8>,
    tag: Vec<u8>,
}

impl Stored {
    /// A PHC string of Argon2id, as ours are.
    pub(super) fn id(text: &str) -> Option<Self> {
        let phc = Phc::new(text).ok()?;
        let ours = phc.version == Some(Version::V0x13.into());
        Self::new(&phc, if ours { Origin::Ours } else { Origin::Elsewhere })
    }

    /// A PHC string of any variant that another made.
    pub(super) fn elsewhere(text: &str) -> Option<Self> {
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

    pub(super) fn is_within_limits(&self) -> bool {
        let params = &self.argon2.params;
        Cost::is_within_limits(params.m_cost(), params.t_cost()) && params.p_cost() <= MOST_LANES
    }

    pub(super) fn matches(&self, memory: &Memory, password: &Password) -> Result<bool, Unverifiable> {
        let input = match self.origin {
            Origin::Ours => password.expose(),
            Origin::Elsewhere => password.typed(),
        };
        let mut tag = vec![0; self.tag.len()];
        let computed = memory.compute(&self.argon2, input.as_bytes(), &self.salt, &mut tag);
        computed.map_err(|_| Unverifiable::Library)?;
        Ok(parts::same(&tag, &self.tag))
    }

    /// `true` if both have the same variant, cost and sizes.
    pub(in crate::password::hash) fn is_like(&self, other: &Self) -> bool {
        let form = |hash: &Self| (hash.origin, hash.argon2.clone(), hash.salt.len(), hash.tag.len());
        form(self) == form(other)
    }
}

impl fmt::Display for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Argon2 { version, params, .. } = &self.argon2;
        let (memory, passes, lanes) = (params.m_cost(), params.t_cost(), params.p_cost());
        write!(f, "v={},m={memory},t={passes},p={lanes}", u32::from(*version))
    }
}
