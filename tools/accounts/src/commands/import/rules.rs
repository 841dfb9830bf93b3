//! What the arguments say of the lines of a file.

use shared::time::Timestamp;

use super::dialects::HashConfig;
use super::hashes::Hashes;

/// What the arguments say of the fields.
pub(super) struct Rules {
    pub(super) hash_config: Option<HashConfig>,
    pub(super) hashes: Hashes,
    pub(super) ignore_unknown: bool,
    pub(super) keep_names: bool,
    pub(super) now: Timestamp,
}
