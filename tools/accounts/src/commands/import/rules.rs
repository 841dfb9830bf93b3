//! The rules by which the lines of a file become accounts.

use std::sync::Arc;

use shared::password::hash::{Cost, HashError, Hasher, PasswordHash, Unverifiable};
use shared::time::Timestamp;

use crate::arguments::ImportArguments;

/// The rules of one import.
#[derive(Clone)]
pub(super) struct Rules {
    /// The creation of accounts that have no other.
    pub(super) now: Timestamp,
    /// `--wrap-weak-hashes`.
    wrap_by: Option<Arc<Hasher>>,
    /// `--trimmed-passwords`.
    trimmed: bool,
}

impl Rules {
    /// The rules of these arguments. Hashes are wrapped at this cost.
    pub(super) fn new(arguments: &ImportArguments, cost: Cost, now: Timestamp) -> Result<Self, HashError> {
        let wrap_by = arguments.wrap_weak_hashes.then(|| Hasher::new(cost).map(Arc::new)).transpose()?;
        Ok(Self { now, wrap_by, trimmed: arguments.trimmed_passwords })
    }

    /// The hash of a line as it is stored.
    pub(super) fn hash(&self, text: &str) -> Result<PasswordHash, Unverifiable> {
        let hash = match (PasswordHash::import(text), &self.wrap_by) {
            (Err(Unverifiable::Weak), Some(hasher)) => hasher.wrap(text)?,
            (imported, _) => imported?,
        };
        Ok(if self.trimmed { hash.of_trimmed_password() } else { hash })
    }
}
