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
        if is_common(&key) || is_dressed_up(&key) {
            return Err(PolicyError::Common);
        }
        Ok(password)
    }
}

/// Looks a password up in the packed list.
fn is_common(password: &str) -> bool {
    listed_from(password).next().is_some_and(|common| common == password)
}

/// Longest tail of digits and signs that makes no difference to a common word.
const MAX_TAIL: usize = 6;

/// Shortest common word that is looked for.
const MIN_WORD: usize = 4;

/// A common word with digits or signs in the place of letters, and a short tail of digits and signs: `P@ssw0rd123!`.
fn is_dressed_up(password: &str) -> bool {
    let stem = without_tail(password);
    let tail = password.len() - stem.len();
    let read = |one: char| stem.chars().map(|c| letter(c, one)).collect::<String>();
    (1..=MAX_TAIL).contains(&tail) && ['i', 'l'].into_iter().any(|one| is_common_word(&read(one)))
        || tail == 0 && ['i', 'l'].into_iter().any(|one| read(one) != password && is_common_word(&read(one)))
}

fn without_tail(password: &str) -> &str {
    password.trim_end_matches(|c: char| c.is_ascii() && !c.is_ascii_alphabetic())
}

/// The letter that a digit or sign stands for; `one` is that of `1`.
fn letter(c: char, one: char) -> char {
    match c {
        '0' => 'o',
        '1' => one,
        '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        '8' => 'b',
        c => c,
    }
}

/// A word that is on the list, alone or with a tail of its own.
fn is_common_word(word: &str) -> bool {
    let is_word = word.len() >= MIN_WORD && word.bytes().all(|byte| byte.is_ascii_lowercase());
    is_word
        && listed_from(word)
            .take_while(|common| common.starts_with(word))
            .any(|common| without_tail(&common) == word)
}

/// The listed passwords from a text on, in their order. The list is bisected down to a group, so that a cold start builds
/// nothing.
fn listed_from(text: &str) -> impl Iterator<Item = String> {
    let (mut found, mut low, mut high) = (0, 0, COMMON.len());
    while let Some((start, group)) = middle_group(low, high) {
        if unpacked(group).next().is_some_and(|first| first.as_str() <= text) {
            (found, low) = (start, start + group.len() + 1);
        } else {
            high = start;
        }
    }
    let text = text.to_owned();
    let listed = COMMON.get(found..).unwrap_or_default().lines().flat_map(unpacked);
    listed.skip_while(move |common| *common < text)
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

/// The group that holds the middle byte of a range that begins and ends with whole groups, and its place.
fn middle_group(low: usize, high: usize) -> Option<(usize, &'static str)> {
    let groups = COMMON.get(low..high).filter(|groups| !groups.is_empty())?;
    let (left, right) = groups.split_at(groups.floor_char_boundary(groups.len() / 2));
    let start = left.rfind('\n').map_or(0, |end| end + 1);
    let end = left.len() + right.find('\n').unwrap_or(right.len());
    Some((low + start, groups.get(start..end)?))
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
    fn a_dressed_up_common_password_is_common() {
        for password in [
            "P@ssw0rd123",
            "Welcome123!",
            "Admin@123",
            "Passw0rd!",
            "PASSWORD2026",
            "dr4g0n99",
            "L0gin#2024",
            "qwerty!1",
        ] {
            assert_eq!(admit(password), Err(PolicyError::Common), "{password}");
        }
        for password in
            ["password of mine", "passwordrobe", "pass1word9kettle", "zebrawelcome", "w3lc0me-to-the-jungle"]
        {
            assert_eq!(admit(password), Ok(()), "{password}");
        }
    }

    /// Four words of the EFF's kind, and twelve random characters: the rule must refuse none of them.
    #[test]
    fn of_ten_thousand_good_passwords_of_each_kind_none_is_refused() {
        const WORDS: [&str; 32] = [
            "correct", "horse", "battery", "staple", "dragon", "monkey", "shadow", "master", "sunshine",
            "princess", "football", "welcome", "summer", "winter", "flower", "cookie", "pepper", "ginger",
            "soccer", "purple", "orange", "banana", "hunter", "silver", "killer", "secret", "tigger",
            "jordan", "thomas", "george", "maggie", "buster",
        ];
        const SIGNS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!@#$%&*-_+";
        let random = |below: usize| usize::from(u16::from_be_bytes(crate::random::bytes().unwrap())) % below;
        for separator in [" ", "-", ""] {
            for _ in 0..10_000 {
                let words: Vec<_> = (0..4).map(|_| WORDS[random(WORDS.len())]).collect();
                let phrase = words.join(separator);
                assert_eq!(admit(&phrase), Ok(()), "{phrase}");
            }
        }
        for _ in 0..10_000 {
            let password: String = (0..12).map(|_| char::from(SIGNS[random(SIGNS.len())])).collect();
            assert_eq!(admit(&password), Ok(()), "{password}");
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
