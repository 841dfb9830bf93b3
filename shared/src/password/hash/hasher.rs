//! Makes and verifies hashes, and does for an unknown name the work that a known one would cost.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};

use ::argon2::password_hash;
use ::argon2::password_hash::phc::{self, Output, Salt};
use ::argon2::{ARGON2ID_IDENT, Algorithm, PasswordHash as Phc, Version};
use argon2_simd::Argon2;

use super::cost::{Cost, TAG_BYTES};
use super::memory::Memory;
use super::scheme::argon2::{self, Origin};
use super::scheme::weak::Weak;
use super::scheme::{self, Scheme};
use super::{PasswordHash, Unverifiable};
use crate::password::Password;
use crate::random::{self, NoRandomness};

/// Length of a salt in bytes, as RFC 9106 section 3.1 recommends.
const SALT_BYTES: usize = 16;

/// The result of verifying a password.
#[derive(Clone, Copy, Debug)]
pub enum Verification<'p> {
    /// The password is the one that was hashed.
    Match {
        /// The password, if the stored hash is outdated: of another scheme or cost than new ones.
        renew: Option<&'p Password>,
    },
    /// The password is another one, or there is nothing to compare it with.
    Mismatch,
}

impl Verification<'_> {
    /// `true` for a match.
    #[must_use]
    pub fn is_match(self) -> bool {
        matches!(self, Self::Match { .. })
    }
}

/// Makes and verifies hashes, and does for an unknown name the work that a known one would cost.
#[derive(Debug)]
pub struct Hasher {
    argon2: Argon2,
    memory: Memory,
    decoy: argon2::Stored,
    second_decoy: Option<Box<dyn Scheme>>,
    computations: AtomicU64,
    elsewhere: AtomicU64,
}

impl Hasher {
    /// A hasher whose new hashes and decoy have this cost. A thread begins to map their memory.
    ///
    /// # Errors
    ///
    /// When the library does not support the cost, which [`Cost`] excludes.
    pub fn new(cost: Cost) -> Result<Self, HashError> {
        let argon2 =
            Argon2 { algorithm: Algorithm::Argon2id, version: Version::V0x13, params: cost.params()? };
        // No known password has this tag. Making it needs no hashing, so that it does not slow the start.
        let decoy = phc(&argon2, &[0; SALT_BYTES], &[0; TAG_BYTES])?;
        let decoy = argon2::Stored::new(&decoy, Origin::Ours).ok_or(HashError::RequestError)?;
        let memory = Memory::map(&argon2.params);
        let (computations, elsewhere) = (AtomicU64::new(0), AtomicU64::new(0));
        Ok(Self { argon2, memory, decoy, second_decoy: None, computations, elsewhere })
    }

    /// Waits until the memory of hashes is mapped, so that the first request does not wait.
    pub fn wait_for_memory(&self) {
        drop(self.memory.mapped());
    }

    /// Makes every verification compute twice: once at the current cost, and once at the cost of `decoy`, a hash as imported
    /// accounts have it. Times then do not tell imported accounts from others.
    ///
    /// # Errors
    ///
    /// When the decoy cannot be verified.
    pub fn with_decoy(self, decoy: Option<&PasswordHash>) -> Result<Self, HashError> {
        let second_decoy = decoy.map(PasswordHash::scheme).transpose().map_err(HashError::Decoy)?;
        Ok(Self { second_decoy, ..self })
    }

    /// Hashes a new password under a new salt.
    ///
    /// # Errors
    ///
    /// Without randomness or memory.
    pub fn hash(&self, password: &Password) -> Result<PasswordHash, HashError> {
        Ok(PasswordHash(self.hash_bytes(password.expose().as_bytes())?))
    }

    /// Wraps a hash of another service that is too weak to be stored: Argon2id of its digest, under a new salt. The next login
    /// replaces it like any other.
    ///
    /// # Errors
    ///
    /// When the text is no such hash, or cannot be hashed for want of randomness or memory.
    pub fn wrap(&self, weak: &str) -> Result<PasswordHash, Unverifiable> {
        let weak = scheme::unlabelled(weak.trim());
        let (_, weak) = Weak::read(weak).ok_or(Unverifiable::Scheme)?;
        let wrapped = weak.ok_or(Unverifiable::Malformed)?.wrapped(|digest| self.hash_bytes(digest));
        wrapped.map(PasswordHash).map_err(|_| Unverifiable::Library)
    }

    fn hash_bytes(&self, bytes: &[u8]) -> Result<String, HashError> {
        let salt: [u8; SALT_BYTES] = random::bytes()?;
        let mut tag = [0; TAG_BYTES];
        self.computations.fetch_add(1, Ordering::Relaxed);
        self.memory.compute(&self.argon2, bytes, &salt, &mut tag)?;
        Ok(phc(&self.argon2, &salt, &tag)?.to_string())
    }

    /// Verifies a password by exactly one computation, and exactly two with a second decoy.
    ///
    /// Without a stored hash (an unknown name) the decoy is verified, at the current cost; without a password (a text that
    /// cannot be one) the empty one is. Neither ever matches.
    ///
    /// # Errors
    ///
    /// When the stored hash cannot be verified, a fault of the row. The decoy has been verified then.
    pub fn verify<'p>(
        &self,
        stored: Option<&PasswordHash>,
        password: Option<&'p Password>,
    ) -> Result<Verification<'p>, Unverifiable> {
        let parsed = stored.map(PasswordHash::scheme).transpose();
        let hash = parsed.as_ref().ok().and_then(Option::as_deref);
        let decoy: &dyn Scheme = &self.decoy;
        let nothing = Password::empty();
        let typed = password.unwrap_or(&nothing);
        let (target, padding) = match (hash, self.second_decoy.as_deref()) {
            (None, second) => (decoy, second),
            (Some(hash), None) => (hash, None),
            (Some(hash), Some(second)) if self.is_current(hash) => (hash, Some(second)),
            (Some(hash), Some(_)) => (hash, Some(decoy)),
        };
        let matches = self.compute(target, typed);
        let padding = padding.map(|padding| black_box(self.compute(padding, typed)));
        let is_current = hash.map(|hash| self.is_current(hash));
        parsed?;
        padding.transpose()?;
        Ok(match (matches?, is_current, password) {
            (true, Some(is_current), Some(password)) => {
                Verification::Match { renew: (!is_current).then_some(password) }
            }
            _ => Verification::Mismatch,
        })
    }

    fn compute(&self, hash: &dyn Scheme, password: &Password) -> Result<bool, Unverifiable> {
        self.computations.fetch_add(1, Ordering::Relaxed);
        self.elsewhere.fetch_add(u64::from(!self.is_current(hash)), Ordering::Relaxed);
        hash.matches(&self.memory, password)
    }

    /// `true` if a hash has another scheme or cost than new ones. The next login replaces it.
    #[must_use]
    pub fn is_outdated(&self, stored: &PasswordHash) -> bool {
        stored.scheme().map_or(true, |hash| !self.is_current(&*hash))
    }

    fn is_current(&self, hash: &dyn Scheme) -> bool {
        hash.is_like(&self.decoy)
    }

    /// Number of computations so far. Tests hold all paths of a login to the same number.
    #[must_use]
    pub fn computations(&self) -> u64 {
        self.computations.load(Ordering::Relaxed)
    }

    /// Number of those at another cost or by another scheme than new hashes have.
    #[must_use]
    pub fn computations_elsewhere(&self) -> u64 {
        self.elsewhere.load(Ordering::Relaxed)
    }
}

/// A hash as it is stored, by Argon2id of this cost.
fn phc(argon2: &Argon2, salt: &[u8], tag: &[u8]) -> Result<Phc, HashError> {
    Ok(Phc {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: (&argon2.params).try_into()?,
        salt: Some(Salt::new(salt)?),
        hash: Some(Output::new(tag)?),
    })
}

/// A hash could not be made.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// No salt.
    #[error("no salt for a password hash")]
    Random(#[from] NoRandomness),
    /// The library failed, for want of memory for instance.
    #[error("the password hash could not be computed")]
    RequestError,
    /// The second decoy cannot be verified.
    #[error("DECOY_HASH must be a password hash that a login can verify")]
    Decoy(#[source] Unverifiable),
}

impl From<::argon2::Error> for HashError {
    fn from(_: ::argon2::Error) -> Self {
        Self::RequestError
    }
}

impl From<phc::Error> for HashError {
    fn from(_: phc::Error) -> Self {
        Self::RequestError
    }
}

impl From<password_hash::Error> for HashError {
    fn from(_: password_hash::Error) -> Self {
        Self::RequestError
    }
}

#[cfg(test)]
mod tests;
