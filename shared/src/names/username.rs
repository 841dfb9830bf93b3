//! Usernames: the grammar of Django's, unique without regard to case, width or composition.

use std::fmt;

use crate::names::email::Email;
use crate::names::unicode;

/// The longest username, in code points; Django's limit.
pub const MAX_LENGTH: usize = 150;

/// A username as its owner typed it, with the [key](UsernameKey) that makes it unique.
///
/// - 1 to [`MAX_LENGTH`] code points, as typed (composed) and again in compatibility form.
/// - Letters and numbers of any script and `_ @ + - .`, as Django's `[\w.@+-]+`.
/// - Nothing invisible: no control, bidi or default-ignorable character.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Username {
    typed: String,
    key: UsernameKey,
}

impl Username {
    /// Checks a username, which is neither trimmed nor changed.
    ///
    /// # Errors
    ///
    /// When it is too long or holds a character outside the grammar.
    pub fn parse(typed: &str) -> Result<Self, UsernameError> {
        if typed.contains('\0') {
            return Err(UsernameError::Null);
        }
        let composed = unicode::nfc(typed);
        if composed.is_empty() || !(is_plain(typed) || is_plain(&composed)) {
            return Err(UsernameError::Character);
        }
        let key = UsernameKey::of(typed);
        if composed.chars().count() > MAX_LENGTH || key.0.chars().count() > 3 * MAX_LENGTH {
            return Err(UsernameError::TooLong);
        }
        // The two would be steps of a path in the URLs of back ends.
        if key.0.chars().any(unicode::is_ignorable) || [".", ".."].contains(&key.as_str()) {
            return Err(UsernameError::Character);
        }
        Ok(Self { typed: typed.to_owned(), key })
    }

    /// Takes the name of an account of another system, which may have what no new name may: spaces within, and any sign.
    ///
    /// A login finds it by its [key](UsernameKey), like every name. No new name looks like it: what tells it from one can be
    /// seen.
    ///
    /// # Errors
    ///
    /// When it is too long, or something in it cannot be seen.
    pub fn keep(typed: &str) -> Result<Self, KeepError> {
        let is_invisible =
            |c: char| c != ' ' && (c.is_control() || c.is_whitespace() || unicode::is_ignorable(c));
        let composed = unicode::nfc(typed);
        let key = UsernameKey::of(typed);
        if composed.chars().count() > MAX_LENGTH || key.0.chars().count() > 3 * MAX_LENGTH {
            return Err(KeepError::TooLong);
        }
        let is_visible =
            |text: &str| !text.is_empty() && text.trim() == text && !text.chars().any(is_invisible);
        if !is_visible(typed) || !is_visible(&key.0) || [".", ".."].contains(&key.as_str()) {
            return Err(KeepError::Invisible);
        }
        Ok(Self { typed: typed.to_owned(), key })
    }

    /// Takes a username and its key from a store, whatever the grammar of new names is today.
    #[must_use]
    pub fn from_stored(typed: String, key: String) -> Self {
        Self { typed, key: UsernameKey(key) }
    }

    /// Checks that a name with `@` is the account's own email: back ends may take it for one.
    ///
    /// # Errors
    ///
    /// When it has an `@` and is not that email.
    pub fn check_is_own(&self, email: Option<&Email>) -> Result<(), UsernameError> {
        let is_own = |email: &Email| Email::parse(&self.typed).is_ok_and(|name| name.key() == email.key());
        if self.key.0.contains('@') && !email.is_some_and(is_own) {
            return Err(UsernameError::NotOwnEmail);
        }
        Ok(())
    }

    /// The username as typed at registration.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.typed
    }

    /// The form that is unique and that finds the account.
    #[must_use]
    pub fn key(&self) -> &UsernameKey {
        &self.key
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.typed)
    }
}

fn is_plain(text: &str) -> bool {
    text.chars().all(|c| (unicode::is_word(c) || ".@+-".contains(c)) && !unicode::is_ignorable(c))
}

/// The form of a username that is unique and finds the account: its compatibility form, case folded.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct UsernameKey(String);

impl UsernameKey {
    /// The key of any text, even of one that cannot be a username.
    ///
    /// A name is therefore found in every spelling that folds to it, and a name outside the grammar costs the same as an
    /// unknown one.
    #[must_use]
    pub fn of(text: &str) -> Self {
        // No username is longer. Cutting keeps the work and the length of a store's key bounded.
        let bounded: String = text.chars().take(4 * MAX_LENGTH).collect();
        Self(unicode::caseless_key(&bounded).chars().take(3 * MAX_LENGTH + 1).collect())
    }

    /// Takes a key from a store, whatever the grammar of new names is today.
    #[must_use]
    pub fn from_stored(key: String) -> Self {
        Self(key)
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text is not a username. `Display` is the message for the client, in Django's words.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum UsernameError {
    /// A character outside the grammar.
    #[error(
        "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters."
    )]
    Character,
    /// An `@` in a name that is not the account's own email.
    #[error("A username with an @ must be your own email address.")]
    NotOwnEmail,
    /// U+0000.
    #[error("Null characters are not allowed.")]
    Null,
    /// More than [`MAX_LENGTH`] code points.
    #[error("Ensure this field has no more than {MAX_LENGTH} characters.")]
    TooLong,
}

/// The name of another system cannot be kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum KeepError {
    /// It is empty, a step of a path, or has a space at an end or a character that cannot be seen.
    #[error("A name has no spaces around it and no invisible characters, and is neither empty nor . nor ..")]
    Invisible,
    /// More than [`MAX_LENGTH`] code points.
    #[error("A name has no more than {MAX_LENGTH} characters.")]
    TooLong,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn usernames_of_every_script_are_accepted_as_typed() {
        for name in [
            "alice",
            "Alice",
            "a.b+c-d_e@f",
            "Жанна",
            "用户",
            "Jose\u{301}",
            "José",
            "7",
            "ﬁn",
            "ａｌｉｃｅ",
            "\u{958}",
        ] {
            let parsed = Username::parse(name).unwrap();
            assert_eq!((parsed.as_str(), &*parsed.to_string()), (name, name));
        }
    }

    #[test]
    fn characters_outside_the_grammar_are_refused() {
        for name in [
            "",
            " ",
            "al ice",
            "alice ",
            "alice\n",
            "al\tice",
            "a/b",
            "a\"b",
            "a\\b",
            "<a>",
            "a\u{200B}",
            "a\u{AD}b",
            "\u{202E}ecila",
            "a\u{E0001}",
            "\u{3164}",
            "\u{FFA0}",
            ".",
            "..",
            "．",
            "\u{301}",
            "x\u{302}",
            "💥",
        ] {
            assert_eq!(Username::parse(name), Err(UsernameError::Character), "{name:?}");
        }
        assert_eq!(Username::parse("admin\0"), Err(UsernameError::Null));
    }

    #[test]
    fn a_name_with_an_at_sign_is_the_accounts_own_email() {
        let email = Email::parse("Victim@Example.com").unwrap();
        for name in ["victim@example.com", "VICTIM@example.COM", "plain"] {
            assert_eq!(Username::parse(name).unwrap().check_is_own(Some(&email)), Ok(()), "{name}");
        }
        for name in ["victim@example.org", "@victim", "a@b", "victim＠example.org"] {
            if let Ok(name) = Username::parse(name) {
                assert_eq!(name.check_is_own(Some(&email)), Err(UsernameError::NotOwnEmail), "{name}");
                assert_eq!(name.check_is_own(None), Err(UsernameError::NotOwnEmail), "{name}");
            }
        }
    }

    #[test]
    fn length_counts_code_points() {
        for letter in ["a", "é", "名", "𝔞"] {
            assert!(Username::parse(&letter.repeat(150)).is_ok(), "{letter}");
            assert_eq!(Username::parse(&letter.repeat(151)), Err(UsernameError::TooLong), "{letter}");
        }
        assert!(Username::parse(&"e\u{301}".repeat(150)).is_ok());
    }

    #[test]
    fn a_name_of_another_system_is_kept_if_all_of_it_can_be_seen() {
        for name in ["al ice", "o'brien", "a/b", "<a>", "a  b", "💥", "x\u{302}", "alice", &"a b".repeat(50)]
        {
            let kept = Username::keep(name).unwrap();
            assert_eq!((kept.as_str(), kept.key()), (name, &UsernameKey::of(name)));
        }
        for name in [
            "",
            " ",
            " alice",
            "alice ",
            "alice\u{A0}",
            "al\tice",
            "al\nice",
            "ali\u{200B}ce",
            "\u{202E}x",
            "a\0",
            ".",
            "..",
        ] {
            assert_eq!(Username::keep(name).unwrap_err(), KeepError::Invisible, "{name:?}");
        }
        assert_eq!(Username::keep(&"a ".repeat(76)), Err(KeepError::TooLong));
    }

    /// One letter that means eighteen must not make a key that no store can hold.
    #[test]
    fn a_name_that_grows_past_its_key_is_too_long() {
        assert_eq!(Username::parse(&"\u{FDFA}".repeat(150)), Err(UsernameError::TooLong));
    }

    #[test]
    fn a_text_longer_than_any_name_is_cut() {
        // One letter of four code points, and one of four bytes.
        let key = |letter: &str, count| UsernameKey::of(&letter.repeat(count));
        assert_eq!(key("α\u{313}\u{300}\u{345}", 1000), key("α\u{313}\u{300}\u{345}", 150));
        assert_eq!(key("𐐨", 1000).as_str().chars().count(), 451);
    }

    #[test]
    fn the_key_of_a_spelling_finds_the_account() {
        let name = Username::parse("İsmail").unwrap();
        assert_eq!(name.key(), &UsernameKey::of("i\u{307}SMAIL"));
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(text in any::<String>()) {
            if let Ok(name) = Username::parse(&text) {
                prop_assert_eq!(name.key(), &UsernameKey::of(&text));
            }
        }

        /// 2,048 bytes is the limit of a DynamoDB partition key; the prefix takes ten of them.
        #[test]
        fn every_key_fits_a_partition_key(text in proptest::collection::vec(any::<char>(), 0..700)) {
            let text: String = text.into_iter().collect();
            prop_assert!(UsernameKey::of(&text).as_str().len() <= 2038);
        }
    }
}
