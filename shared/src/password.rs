//! Passwords as their owners typed them: composed, never trimmed, folded, cut or printed.

pub mod hash;
pub mod policy;

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use crate::names::unicode;

/// Longest password, in code points. It bounds the work before the hash; the hash costs the same for every length.
pub const MAX_LENGTH: usize = 256;

/// A password of at most [`MAX_LENGTH`] code points: in NFC (NIST SP 800-63B section 3.1.1.2), and as it was typed, which
/// is the text that other services hashed.
///
/// There is no `Display`, no `Serialize`, and `Debug` shows nothing: a password cannot be printed. Its memory is
/// wiped when it is dropped. [`policy`] has the rules on new passwords.
pub struct Password {
    composed: SecretString,
    typed: SecretString,
}

impl Password {
    /// Takes a password as typed.
    ///
    /// # Errors
    ///
    /// When it is too long or holds U+0000.
    pub fn parse(typed: &str) -> Result<Self, PasswordError> {
        let composed = SecretString::from(unicode::nfc(typed));
        if composed.expose_secret().contains('\0') {
            return Err(PasswordError::Null);
        }
        if composed.expose_secret().chars().count() > MAX_LENGTH {
            return Err(PasswordError::TooLong);
        }
        Ok(Self { composed, typed: SecretString::from(typed) })
    }

    /// The empty password, which no account has. It is hashed where a text cannot be a password.
    #[must_use]
    pub fn empty() -> Self {
        Self { composed: SecretString::default(), typed: SecretString::default() }
    }

    /// The password without the spaces around it, if it has any and is more than that.
    #[must_use]
    pub fn trimmed(&self) -> Option<Self> {
        let typed = self.typed();
        let trimmed = typed.trim_matches(is_python_space);
        if trimmed.is_empty() || trimmed.len() == typed.len() { None } else { Self::parse(trimmed).ok() }
    }

    /// The password in NFC.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.composed.expose_secret()
    }

    /// The password as typed, for hashes that were made elsewhere.
    #[must_use]
    pub fn typed(&self) -> &str {
        self.typed.expose_secret()
    }
}

/// What Python's `str.strip` removes: white space of Unicode, and four separators of ASCII.
fn is_python_space(character: char) -> bool {
    character.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&character)
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(***)")
    }
}

/// A text is not a password. `Display` is the message for the client, in Django's words.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PasswordError {
    /// U+0000.
    #[error("Null characters are not allowed.")]
    Null,
    /// More than [`MAX_LENGTH`] code points.
    #[error("Ensure this field has no more than {MAX_LENGTH} characters.")]
    TooLong,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_password_is_composed_and_otherwise_kept() {
        let password = Password::parse("  e\u{301}  ﬁ Ａ\t").unwrap();
        assert_eq!(password.expose(), "  é  ﬁ Ａ\t");
        assert_eq!(password.typed(), "  e\u{301}  ﬁ Ａ\t");
    }

    #[test]
    fn length_counts_code_points_after_composition() {
        assert!(Password::parse(&"😀".repeat(256)).is_ok());
        assert!(Password::parse(&"e\u{301}".repeat(256)).is_ok());
        assert_eq!(Password::parse(&"a".repeat(257)).unwrap_err(), PasswordError::TooLong);
    }

    #[test]
    fn a_null_character_is_refused_and_never_an_end() {
        assert_eq!(Password::parse("correct\0horse").unwrap_err(), PasswordError::Null);
    }

    #[test]
    fn a_password_is_trimmed_as_python_does() {
        let trimmed = |text: &str| Password::parse(text).unwrap().trimmed().map(|it| it.typed().to_owned());
        assert_eq!(trimmed(" \t\u{1c}\u{a0}a b\u{3000}\u{2028}\n"), Some("a b".to_owned()));
        assert_eq!(trimmed("e\u{301} "), Some("e\u{301}".to_owned()));
        for text in ["", " ", "\u{1f}\n", "a b", "\u{200b}a", "\u{feff}a"] {
            assert_eq!(trimmed(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_password_cannot_be_printed() {
        let password = Password::parse("correct horse").unwrap();
        assert_eq!(format!("{password:?}"), "Password(***)");
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(text in any::<String>()) {
            if let Ok(password) = Password::parse(&text) {
                prop_assert!(password.expose().chars().count() <= MAX_LENGTH);
            }
        }
    }
}
