//! Hashes of services that trimmed the passwords of some users before they hashed them, as Django REST framework does.

use std::fmt;

use super::Scheme;
use crate::password::Password;
use crate::password::hash::Unverifiable;
use crate::password::hash::memory::Memory;

/// Stands before a hash that may be of the trimmed password.
pub(in crate::password::hash) const MARK: &str = "{trimmed}";

pub(super) struct Trimmed(pub(super) Box<dyn Scheme>);

impl Scheme for Trimmed {
    fn is_within_limits(&self) -> bool {
        self.0.is_within_limits()
    }

    /// Tries the password as typed, and once more without the spaces around it if it has any.
    fn matches(&self, memory: &Memory, password: &Password) -> Result<bool, Unverifiable> {
        if self.0.matches(memory, password)? {
            return Ok(true);
        }
        password.trimmed().map_or(Ok(false), |trimmed| self.0.matches(memory, &trimmed))
    }
}

impl fmt::Display for Trimmed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::password::hash::Verification;
    use crate::password::hash::scheme::tests::{hasher, password, stored, verify};

    /// Made by Django 5.2.19 from `correct horse`.
    const DJANGO: &str =
        "{trimmed}pbkdf2_sha256$1000$GfvyuPTGZY4pIqKm0Ncyuf$ChVhyA0JewxDegQl7rE2Tptwq7FEUoj6mC0K8R3wXxc=";

    #[test]
    fn a_marked_hash_matches_without_outer_spaces_too() {
        let (hasher, marked) = (hasher(), stored(DJANGO));
        for typed in
            ["correct horse", " correct horse", "correct horse\t\n", "\u{1f}correct horse\u{a0}\u{3000}"]
        {
            assert_eq!(verify(&hasher, &marked, typed), Ok(true), "{typed:?}");
        }
        for typed in ["correct  horse", " correct horsex", "", " ", "correcthorse", "\u{200b}correct horse"] {
            assert_eq!(verify(&hasher, &marked, typed), Ok(false), "{typed:?}");
        }
        assert_eq!(verify(&hasher, &stored(&DJANGO.replace(MARK, "")), " correct horse"), Ok(false));
    }

    /// From then on all of what was typed counts.
    #[test]
    fn a_marked_hash_is_replaced_by_one_of_the_password_as_typed() {
        let (hasher, typed) = (hasher(), password(" correct horse"));
        let verified = hasher.verify(Some(&stored(DJANGO)), Some(&typed)).unwrap();
        let Verification::Match { renew: Some(renew) } = verified else { panic!("{verified:?}") };
        assert_eq!(renew.typed(), " correct horse");
        let ours = hasher.hash(&password("correct horse")).unwrap();
        assert!(hasher.is_outdated(&stored(&format!("{MARK}{}", ours.as_str()))));
    }

    #[test]
    fn only_hashes_are_marked_and_once() {
        let marked = stored(DJANGO).of_trimmed_password();
        assert_eq!(marked.as_str(), DJANGO);
        assert_eq!(stored(&DJANGO.replace(MARK, "")).of_trimmed_password().as_str(), DJANGO);
        for text in ["!", "", "secret"] {
            assert_eq!(stored(text).of_trimmed_password().as_str(), text);
        }
        let twice = stored(&format!("{MARK}{DJANGO}")).describe();
        assert_eq!(twice.verifiable, Err(Unverifiable::Scheme));
    }

    struct Counted(Arc<AtomicUsize>);

    impl fmt::Display for Counted {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            Ok(())
        }
    }

    impl Scheme for Counted {
        fn is_within_limits(&self) -> bool {
            true
        }

        fn matches(&self, _: &Memory, password: &Password) -> Result<bool, Unverifiable> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(password.typed() == "right")
        }
    }

    #[test]
    fn a_wrong_password_costs_one_hash_more_only_if_it_has_outer_spaces() {
        let memory = Memory::map(&argon2::Params::new(8, 1, 1, None).unwrap());
        for (typed, computed) in
            [("right", 1), ("wrong", 1), ("wrong ", 2), (" right", 2), ("", 1), ("  ", 1)]
        {
            let count = Arc::new(AtomicUsize::new(0));
            let marked = Trimmed(Box::new(Counted(Arc::clone(&count))));
            assert_eq!(marked.matches(&memory, &password(typed)), Ok(typed.trim() == "right"), "{typed:?}");
            assert_eq!(count.load(Ordering::Relaxed), computed, "{typed:?}");
        }
    }
}
