//! Password hashes: Argon2id (RFC 9106) as PHC strings, and what other services have stored, until its owner logs in.

mod cost;
mod hasher;
mod memory;
mod parts;
mod scheme;

use std::fmt;

pub use cost::Cost;
pub use hasher::{HashError, Hasher, Verification};
use scheme::{Scheme, trimmed};

/// A password's hash as it is stored. `Debug` shows nothing.
///
/// It may hold any text, since rows outlive programs; [`Hasher::verify`] refuses a text that it cannot verify.
#[derive(Clone, Eq, PartialEq)]
pub struct PasswordHash(String);

/// The hash of an account without a password, as Django writes it.
const NONE: &str = "!";

impl PasswordHash {
    /// The hash of an account without a password: nothing matches it.
    #[must_use]
    pub fn none() -> Self {
        Self(NONE.to_owned())
    }

    /// `true` for [`PasswordHash::none`].
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.0 == NONE
    }

    /// Takes a hash from a store.
    #[must_use]
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The hash as it is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes a hash from a file of another system. Spaces around it are no part of it, and of Django's mark of an account
    /// without a password the `!` is kept.
    ///
    /// # Errors
    ///
    /// A login could not verify it. `!` before anything else is no mark: the rest may be a password.
    pub fn import(text: &str) -> Result<Self, Unverifiable> {
        let hash = Self(text.trim().to_owned());
        match hash.describe().verifiable {
            Ok(()) => Ok(hash),
            Err(Unverifiable::Unusable) if is_django_mark(&hash.0) => Ok(Self::none()),
            Err(Unverifiable::Unusable) => Err(Unverifiable::Malformed),
            Err(error) => Err(error),
        }
    }

    /// Marks a hash of another service that may be of the trimmed password. Until it is replaced, a login that fails tries the
    /// password once more without the spaces around it, if it has any.
    #[must_use]
    pub fn of_trimmed_password(self) -> Self {
        let is_marked = self.0.starts_with(trimmed::MARK);
        if is_marked || self.describe().verifiable.is_err() {
            self
        } else {
            Self(format!("{}{}", trimmed::MARK, self.0))
        }
    }

    /// A description that does not reveal the hash.
    #[must_use]
    pub fn describe(&self) -> Description {
        let (scheme, read) = scheme::read(&self.0);
        let parameters = read.as_ref().map(ToString::to_string).unwrap_or_default();
        Description { scheme, parameters, verifiable: read.and_then(within_limits).map(drop) }
    }

    fn scheme(&self) -> Result<Box<dyn Scheme>, Unverifiable> {
        scheme::read(&self.0).1.and_then(within_limits)
    }
}

/// Django writes `!` and 40 random letters and digits; `!` alone means the same.
fn is_django_mark(text: &str) -> bool {
    let random = text.strip_prefix('!');
    random.is_some_and(|random| {
        random.is_empty() || (random.len() == 40 && random.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    })
}

/// Refuses hashes that would take more memory or time than a function has.
fn within_limits(scheme: Box<dyn Scheme>) -> Result<Box<dyn Scheme>, Unverifiable> {
    if scheme.is_within_limits() { Ok(scheme) } else { Err(Unverifiable::TooCostly) }
}

/// A stored hash without its secret parts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Description {
    /// The name of the scheme.
    pub scheme: &'static str,
    /// The parameters of its cost; empty if the hash cannot be parsed.
    pub parameters: String,
    /// `Ok` if a login can verify it.
    pub verifiable: Result<(), Unverifiable>,
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(***)")
    }
}

/// A stored hash cannot be verified. The error does not reveal the hash.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unverifiable {
    /// The library failed, for want of memory for instance.
    #[error("the password hash could not be computed")]
    Library,
    /// Not a hash at all.
    #[error("the stored password hash is malformed")]
    Malformed,
    /// An unknown scheme.
    #[error("the stored password hash is of an unknown scheme")]
    Scheme,
    /// A password that is not hashed.
    #[error("a password in plain text, which is never stored")]
    PlainText,
    /// More memory or time than a function has.
    #[error("the stored password hash is too costly to verify")]
    TooCostly,
    /// Django's mark of an account without a password.
    #[error("the account has no password")]
    Unusable,
    /// A digest that is too quick to compute. [`Hasher::wrap`] takes it.
    #[error("the hash is too weak to be stored as it is; an import can wrap it (--wrap-weak-hashes)")]
    Weak,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_from_elsewhere_is_kept_without_the_spaces_and_the_random_part_of_a_mark() {
        let bcrypt = "$2b$04$GfvyuPTGZY4pIqKm0Ncyu.mE4zWlzJZVIYXyfKFfXQYw1FUcHy8Qa";
        for (text, kept) in [
            (format!(" {bcrypt}\t  "), bcrypt),
            (format!("{{bcrypt}}{bcrypt}"), &format!("{{bcrypt}}{bcrypt}")),
            ("!".to_owned(), "!"),
            (format!("!{}", "kQ7Z0".repeat(8)), "!"),
        ] {
            assert_eq!(PasswordHash::import(&text).unwrap().as_str(), kept);
        }
        for text in ["!MyPlainPassw0rd", &format!("!{bcrypt}"), &format!("!{}-", "x".repeat(39)), "! ! "] {
            assert_eq!(PasswordHash::import(text).unwrap_err(), Unverifiable::Malformed, "{text}");
        }
    }

    #[test]
    fn a_hash_that_no_login_could_verify_is_not_imported() {
        for (text, error) in [
            ("{noop}secret", Unverifiable::PlainText),
            ("5f4dcc3b5aa765d61d8327deb882cf99", Unverifiable::Weak),
            ("{SSHA}JFZFs0oHzxbMwkSJmYVeI8MnTDy/276a", Unverifiable::Weak),
            ("{CRYPT}$1$5pZSV9va$azfrPr6af3Fc7dLblQXVa0", Unverifiable::Weak),
            ("md5$salt$5f4dcc3b", Unverifiable::Malformed),
            ("secret", Unverifiable::Scheme),
            ("$2b$31$GfvyuPTGZY4pIqKm0Ncyu.mE4zWlzJZVIYXyfKFfXQYw1FUcHy8Qa", Unverifiable::TooCostly),
        ] {
            assert_eq!(PasswordHash::import(text).unwrap_err(), error, "{text}");
        }
    }
}
