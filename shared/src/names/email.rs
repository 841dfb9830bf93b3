//! Emails: optional, unique when given.

use email_address::{EmailAddress, Options};

use crate::names::unicode;

/// The longest address, in code points: the path limit of RFC 5321, less its angle brackets.
pub const MAX_LENGTH: usize = 254;

/// An email address with a lower-cased domain, and the [key](EmailKey) that makes it unique.
///
/// The grammar is that of RFC 5321 and 5322 without display names, quoted local parts and address literals. The domain has a
/// dot and a valid IDNA form (UTS 46).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Email {
    address: String,
    key: EmailKey,
}

impl Email {
    /// Checks an address. It is not trimmed.
    ///
    /// # Errors
    ///
    /// When it is too long or not an address.
    pub fn parse(typed: &str) -> Result<Self, EmailError> {
        if typed.contains('\0') {
            return Err(EmailError::Null);
        }
        if typed.chars().count() > MAX_LENGTH {
            return Err(EmailError::TooLong);
        }
        if typed.chars().any(|c| c.is_control() || c.is_whitespace() || unicode::is_ignorable(c)) {
            return Err(EmailError::Grammar);
        }
        let grammar = Options::default().with_required_tld().without_domain_literal().without_display_text();
        let parse =
            |text: &str| EmailAddress::parse_with_options(text, grammar).map_err(|_| EmailError::Grammar);
        let parsed = parse(typed)?;
        // A quoted local part is the same mailbox as the unquoted one.
        if parsed.local_part().starts_with('"') {
            return Err(EmailError::Grammar);
        }
        let address = format!("{}@{}", parsed.local_part(), parsed.domain().to_lowercase());
        // Lower case can be longer, or outside the grammar; what is stored must be readable.
        parse(&address)?;
        let key = EmailKey::of(&address).ok_or(EmailError::Grammar)?;
        // Compatibility forms can grow; a key stays within what a store can hold.
        if key.0.chars().count() > MAX_LENGTH {
            return Err(EmailError::TooLong);
        }
        Ok(Self { address, key })
    }

    /// Takes an email from a store, whatever the grammar of new ones is today.
    #[must_use]
    pub fn from_stored(address: String) -> Self {
        let key = EmailKey::of(&address).unwrap_or_else(|| EmailKey(unicode::caseless_key(&address)));
        Self { address, key }
    }

    /// The email with its domain in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.address
    }

    /// The form that is unique.
    #[must_use]
    pub fn key(&self) -> &EmailKey {
        &self.key
    }

    /// The part before the `@`.
    #[must_use]
    pub fn local_part(&self) -> &str {
        self.address.rsplit_once('@').map_or(&self.address, |(local, _)| local)
    }
}

/// The form of an email that is unique: its compatibility form, case folded.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct EmailKey(String);

impl EmailKey {
    /// The local part folded, and the domain as UTS 46 decodes it, so that `münchen.de` and `xn--mnchen-3ya.de` are one.
    fn of(address: &str) -> Option<Self> {
        let (local, domain) = address.rsplit_once('@')?;
        let ascii = idna::domain_to_ascii(domain).ok()?;
        let (domain, decoded) = idna::domain_to_unicode(&ascii);
        decoded.ok()?;
        Some(Self(format!("{}@{domain}", unicode::caseless_key(local))))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text is not an email. `Display` is the message for the client, in Django's words.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum EmailError {
    /// Not an address.
    #[error("Enter a valid email address.")]
    Grammar,
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
    fn the_domain_is_lower_cased_and_the_rest_kept() {
        let email = Email::parse("Alice+News@Example.COM").unwrap();
        assert_eq!(email.as_str(), "Alice+News@example.com");
        assert_eq!(email.local_part(), "Alice+News");
        assert_eq!(email.key(), Email::parse("alice+news@example.com").unwrap().key());
    }

    #[test]
    fn text_that_is_not_an_email_is_refused() {
        for text in [
            "",
            "alice",
            "@example.com",
            "alice@",
            "alice@localhost",
            "a b@example.com",
            "alice@exa mple.com",
            "alice@example.com ",
            "Alice <alice@example.com>",
            "alice@[127.0.0.1]",
            "a@b@example.com",
            "al\u{200B}ice@example.com",
            "alice@example.com\n",
            "alice@xİy.com",
            &format!("alice@{}.com", "Ⱥ".repeat(31)),
            "alice@.com",
            "\"alice\"@example.com",
            "\"al\\ice\"@example.com",
            "alice@xn--a.com",
            "alice@example..com",
        ] {
            assert_eq!(Email::parse(text), Err(EmailError::Grammar), "{text:?}");
        }
        assert_eq!(Email::parse("alice\0@example.com"), Err(EmailError::Null));
    }

    #[test]
    fn one_mailbox_has_one_key() {
        for (one, other) in [
            ("user@münchen.de", "user@xn--mnchen-3ya.de"),
            ("user@MÜNCHEN.de", "User@XN--MNCHEN-3YA.DE"),
            ("user@例え.jp", "user@xn--r8jz45g.jp"),
            ("user@example.com", "ｕser@ｅxample.com"),
        ] {
            let key = |text| Email::parse(text).unwrap().key().clone();
            assert_eq!(key(one), key(other), "{one}");
            assert_eq!(Email::from_stored(one.to_owned()).key(), &key(one), "{one}");
        }
        let key = |text| Email::parse(text).unwrap().key().clone();
        assert_ne!(key("user@straße.de"), key("user@strasse.de"));
    }

    #[test]
    fn length_counts_code_points() {
        let domain = format!("{}.{}.{}.com", "a".repeat(63), "b".repeat(63), "c".repeat(63));
        let longest = format!("{}@{domain}", "x".repeat(MAX_LENGTH - domain.len() - 1));
        assert!(Email::parse(&longest).is_ok());
        assert_eq!(Email::parse(&format!("x{longest}")), Err(EmailError::TooLong));
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(text in any::<String>()) {
            if let Ok(email) = Email::parse(&text) {
                prop_assert!(email.key().as_str().len() <= 2038);
                prop_assert_eq!(Email::parse(email.as_str()), Ok(email));
            }
        }

        #[test]
        fn a_stored_email_parses_again(local in "\\PC{1,10}", domain in "[A-Zİßſﬁａ-ｚȺ-Ɏα-ωА-я]{1,30}") {
            if let Ok(email) = Email::parse(&format!("{local}@{domain}.com")) {
                prop_assert_eq!(Email::parse(email.as_str()), Ok(email));
            }
        }

        #[test]
        fn addresses_keep_their_local_part(local in "[a-z0-9.+_-]{1,64}", domain in "[a-z]{1,20}\\.[a-z]{2,6}") {
            if let Ok(email) = Email::parse(&format!("{local}@{domain}")) {
                prop_assert_eq!(email.local_part(), local);
                prop_assert_eq!(Email::parse(email.as_str()), Ok(email));
            }
        }
    }
}
