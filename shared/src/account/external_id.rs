//! The id of an account in the system that it comes from.

use std::fmt;

use crate::names::unicode;

/// The longest external id, in code points. Ids of other systems have a few dozen.
const MAX_LENGTH: usize = 128;

/// An id that another system gave to an account, as back ends know it. It is not empty, and every character can be seen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ExternalId(String);

impl ExternalId {
    /// Checks an id.
    ///
    /// # Errors
    ///
    /// When it is empty, too long, or holds a character that cannot be seen.
    pub fn parse(text: &str) -> Result<Self, ExternalIdError> {
        let is_invisible = |c: char| c.is_control() || c.is_whitespace() || unicode::is_ignorable(c);
        if text.is_empty() || text.chars().any(is_invisible) {
            return Err(ExternalIdError::Character);
        }
        if text.chars().count() > MAX_LENGTH {
            return Err(ExternalIdError::TooLong);
        }
        Ok(Self(text.to_owned()))
    }

    /// Takes an id from a store.
    #[must_use]
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The id as the other system writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ExternalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text is not an external id.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ExternalIdError {
    /// Empty, or a character that cannot be seen.
    #[error("An id has neither spaces nor invisible characters.")]
    Character,
    /// More than 128 code points.
    #[error("An id has no more than {MAX_LENGTH} characters.")]
    TooLong,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_other_systems_are_taken_as_they_are() {
        for id in ["1", "auth0|60425dc43519d90068f82973", "ZDFkYWM5NjM", "usr_名", &"x".repeat(128)] {
            assert_eq!(ExternalId::parse(id).unwrap().as_str(), id);
        }
        for id in ["", " ", "a b", "a\n", "a\u{200B}"] {
            assert_eq!(ExternalId::parse(id), Err(ExternalIdError::Character), "{id:?}");
        }
        assert_eq!(ExternalId::parse(&"x".repeat(129)), Err(ExternalIdError::TooLong));
    }
}
