//! The rules on new passwords: a least length, and a list of common ones.
//!
//! There are no rules of composition: NIST SP 800-63B section 3.1.1.2 and OWASP ASVS 6.2.5 forbid them.

use crate::names::email::Email;
use crate::names::unicode::caseless_key;
use crate::names::username::Username;
use crate::password::{Password, PasswordError};

/// The passwords that attackers try first, sorted and packed by `build.rs`. `blocklist/SOURCES.md` names their sources.
static COMMON: &str = include_str!(concat!(env!("OUT_DIR"), "/common_passwords.packed"));

/// The rules on new passwords.
#[derive(Debug)]
pub struct Policy {
    min_length: usize,
}

impl Policy {
    /// Passwords of at least `min_length` code points.
    #[must_use]
    pub fn new(min_length: usize) -> Self {
        Self { min_length }
    }

    /// Checks a new password.
    ///
    /// # Errors
    ///
    /// The first rule that it breaks.
    pub fn admit(
        &self,
        typed: &str,
        username: Option<&Username>,
        email: Option<&Email>,
    ) -> Result<Password, PolicyError> {
        let password = Password::parse(typed)?;
        if password.expose().chars().count() < self.min_length {
            return Err(PolicyError::TooShort { min_length: self.min_length });
        }
        let key = caseless_key(password.expose());
        if username.is_some_and(|username| username.key().as_str() == key) {
            return Err(PolicyError::IsUsername);
        }
        let is_email = |email: &Email| email.key().as_str() == key || caseless_key(email.local_part()) == key;
        if email.is_some_and(is_email) {
            return Err(PolicyError::IsEmail);
        }
        if is_common(&key) {
            return Err(PolicyError::Common);
        }
        Ok(password)
    }
}

/// Looks a password up by bisection in the packed list, so that a cold start builds nothing.
fn is_common(password: &str) -> bool {
    let (mut rest, mut group) = (COMMON, "");
    while let Some((before, line, after)) = middle_line(rest) {
        if unpacked(line).next().is_some_and(|first| *first <= *password) {
            (group, rest) = (line, after);
        } else {
            rest = before;
        }
    }
    unpacked(group).any(|common| common == password)
}

/// The passwords of a group.
fn unpacked(group: &str) -> impl Iterator<Item = String> {
    group.split('\t').scan(String::new(), |password, packed| {
        let shared = packed.bytes().next()?.checked_sub(b'0')?;
        password.truncate(shared.into());
        password.push_str(packed.get(1..)?);
        Some(password.clone())
    })
}

/// Splits lines at the one that holds their middle byte.
fn middle_line(lines: &str) -> Option<(&str, &str, &str)> {
    let middle = lines.floor_char_boundary(lines.len() / 2);
    let (left, right) = lines.split_at(middle);
    let start = left.rfind('\n').map_or(0, |end| end + 1);
    let end = right.find('\n').map_or(lines.len(), |end| middle + end);
    let line = lines.get(start..end).filter(|line| !line.is_empty())?;
    Some((lines.get(..start)?, line, lines.get(end + 1..).unwrap_or_default()))
}

/// A new password breaks a rule. `Display` is the message for the client, in Django's words.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PolicyError {
    /// It is on the list.
    #[error("This password is too common.")]
    Common,
    /// The email or the part before its `@`.
    #[error("The password is too similar to the email address.")]
    IsEmail,
    /// The username, in any spelling.
    #[error("The password is too similar to the username.")]
    IsUsername,
    /// Fewer code points than configured.
    #[error("This password is too short. It must contain at least {min_length} characters.")]
    TooShort {
        /// The configured length.
        min_length: usize,
    },
    /// Not a password.
    #[error(transparent)]
    Unfit(#[from] PasswordError),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admit(typed: &str) -> Result<(), PolicyError> {
        let username = Username::parse("José.Álvarez").unwrap();
        let email = Email::parse("jose.alvarez+auth@example.com").unwrap();
        Policy::new(8).admit(typed, Some(&username), Some(&email)).map(|_| ())
    }

    #[test]
    fn every_listed_password_is_found_in_any_case() {
        let list = include_str!("../../blocklist/common_passwords.txt");
        assert!(list.lines().count() > 10_000);
        assert!(list.lines().is_sorted());
        for line in list.lines() {
            assert!(is_common(line), "{line}");
        }
        assert!(COMMON.lines().flat_map(unpacked).eq(list.lines()));
        assert_eq!(admit("PassWord1"), Err(PolicyError::Common));
        assert_eq!(admit("ｐａｓｓｗｏｒｄ"), Err(PolicyError::Common));
    }

    #[test]
    fn an_unlisted_password_is_not_found() {
        for password in [
            "",
            "\n",
            "a",
            "password\n",
            "password\t",
            "0password",
            "correct horse battery staple",
            "zzzzzzzzzzzzzzzzzzzzzzzzz",
            "�",
        ] {
            assert!(!is_common(password), "{password:?}");
        }
    }

    #[test]
    fn length_counts_code_points() {
        assert_eq!(admit("😀a😀a😀a😀"), Err(PolicyError::TooShort { min_length: 8 }));
        assert_eq!(admit("😀a😀a😀a😀a"), Ok(()));
        assert_eq!(admit("e\u{301}e\u{301}e\u{301}e\u{301}"), Err(PolicyError::TooShort { min_length: 8 }));
    }

    #[test]
    fn there_are_no_rules_of_composition() {
        for password in [
            "aaaaaaaaaaaaaaaaaaaab",
            "80415938274610",
            "only lower case letters",
            "        x",
            "пароль и ещё",
        ] {
            assert_eq!(admit(password), Ok(()), "{password}");
        }
    }

    #[test]
    fn a_password_is_neither_the_username_nor_the_email_address() {
        assert_eq!(admit("jose\u{301}.ÁLVAREZ"), Err(PolicyError::IsUsername));
        assert_eq!(admit("Jose.Alvarez+auth@Example.com"), Err(PolicyError::IsEmail));
        assert_eq!(admit("jose.alvarez+AUTH"), Err(PolicyError::IsEmail));
    }

    #[test]
    fn a_null_character_or_too_much_is_no_password() {
        assert_eq!(admit("correct\0horse"), Err(PolicyError::Unfit(PasswordError::Null)));
        assert_eq!(admit(&"x".repeat(257)), Err(PolicyError::Unfit(PasswordError::TooLong)));
    }
}
