//! The hashes of a file as they are stored.

use std::sync::Arc;

use shared::password::hash::{Cost, HashError, Hasher, PasswordHash, Unverifiable};

use crate::arguments::ImportArguments;

/// What the arguments say of hashes.
#[derive(Clone, Default)]
pub(super) struct Hashes {
    /// `--wrap-weak-hashes`.
    wrap_by: Option<Arc<Hasher>>,
    /// `--trimmed-passwords`.
    trimmed: bool,
}

impl Hashes {
    /// Weak hashes are wrapped at this cost.
    pub(super) fn new(arguments: &ImportArguments, cost: Cost) -> Result<Self, HashError> {
        let wrap_by = arguments.wrap_weak_hashes.then(|| Hasher::new(cost).map(Arc::new)).transpose()?;
        Ok(Self { wrap_by, trimmed: arguments.trimmed_passwords })
    }

    /// A hash as it is stored.
    pub(super) fn stored(&self, text: &str) -> Result<PasswordHash, Unverifiable> {
        let hash = match (PasswordHash::import(text), &self.wrap_by) {
            (Err(Unverifiable::Weak), Some(hasher)) => hasher.wrap(text)?,
            (imported, _) => imported?,
        };
        Ok(if self.trimmed { hash.of_trimmed_password() } else { hash })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::arguments::{Arguments, Command};
    use crate::commands::import::tests::HASH;

    /// MD5 of `correct horse`.
    const WEAK: &str = "3cb4e732631f47e6eb961f34554b7cde";

    /// The hashes of an import with these flags.
    fn hashes(flags: &[&str]) -> Hashes {
        let arguments = Arguments::parse_from([&["accounts", "import", "-"], flags].concat());
        let Command::Import(import) = arguments.command else { unreachable!() };
        Hashes::new(&import, Cost::DEFAULT).unwrap()
    }

    #[test]
    fn a_weak_hash_is_stored_wrapped_or_not_at_all() {
        assert_eq!(hashes(&[]).stored(WEAK), Err(Unverifiable::Weak));
        let hashes = hashes(&["--wrap-weak-hashes"]);
        for weak in [WEAK.to_owned(), format!(" md5$${WEAK}\n"), format!("md5$salt${WEAK}")] {
            let hash = hashes.stored(&weak).unwrap();
            assert!(hash.as_str().starts_with("{wrapped}md5$") && !hash.as_str().contains(WEAK), "{weak}");
        }
        assert_eq!(hashes.stored(HASH).unwrap().as_str(), HASH);
        assert_eq!(hashes.stored("!").unwrap().as_str(), "!");
        assert_eq!(hashes.stored("{noop}secret"), Err(Unverifiable::PlainText));
        assert_eq!(hashes.stored("md5$salt$ab"), Err(Unverifiable::Malformed));
    }

    #[test]
    fn hashes_of_trimmed_passwords_are_marked() {
        let hashes = hashes(&["--wrap-weak-hashes", "--trimmed-passwords"]);
        assert_eq!(hashes.stored(HASH).unwrap().as_str(), format!("{{trimmed}}{HASH}"));
        assert!(hashes.stored(WEAK).unwrap().as_str().starts_with("{trimmed}{wrapped}md5$$argon2id$"));
        assert_eq!(hashes.stored("!").unwrap().as_str(), "!");
    }
}
