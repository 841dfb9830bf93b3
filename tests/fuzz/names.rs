//! Usernames, emails and passwords. An input is UTF-16: any bytes are a text, and all scripts are equally likely.

use shared::names::email::{self, Email, EmailError};
use shared::names::unicode::{caseless_key, is_ignorable, nfc};
use shared::names::username::{self, Username, UsernameError, UsernameKey};
use shared::password::{self, Password, PasswordError};

/// The longest key in bytes: the limit of a partition key of DynamoDB, less our prefix.
const MAX_KEY_BYTES: usize = 2038;

/// A name within its bounds, the same in all its spellings.
pub fn username(bytes: &[u8]) {
    let text = text(bytes);
    let key = UsernameKey::of(&text);
    assert!(key.as_str().len() <= MAX_KEY_BYTES);
    match Username::parse(&text) {
        Ok(name) => {
            assert_eq!((name.as_str(), name.key()), (text.as_str(), &key));
            assert!((1..=username::MAX_LENGTH).contains(&nfc(&text).chars().count()));
            // A longer key is cut, and is that of many names.
            assert!(key.as_str().chars().count() <= 3 * username::MAX_LENGTH);
            assert!(!text.chars().any(is_unseen) && !key.as_str().chars().any(is_ignorable), "{text:?}");
            for spelling in [key.as_str(), &nfc(&text)] {
                assert_eq!(UsernameKey::of(spelling), key, "{text:?}");
            }
        }
        Err(error) => assert_eq!(error == UsernameError::Null, text.contains('\0')),
    }
}

/// An email that is read again as it was, the same in all its spellings.
pub fn email(bytes: &[u8]) {
    let text = text(bytes);
    match Email::parse(&text) {
        Ok(email) => {
            let (local, domain) = email.as_str().rsplit_once('@').unwrap();
            let (typed_local, typed_domain) = text.rsplit_once('@').unwrap();
            assert_eq!((email.local_part(), local), (local, typed_local));
            assert!(domain.chars().eq(typed_domain.chars().flat_map(char::to_lowercase)), "{text:?}");
            let ascii = idna::domain_to_ascii(&nfc(typed_domain)).unwrap();
            assert!(ascii.split('.').all(|label| (1..=63).contains(&label.len())), "{text:?}");
            assert!(nfc(local).len() <= 64, "{text:?}");

            let key = email.key().as_str();
            assert!(key.len() <= MAX_KEY_BYTES);
            // Joiners shape letters, in a domain.
            let (key_local, key_domain) = key.rsplit_once('@').unwrap();
            assert!(!typed_local.chars().any(is_unseen) && !key_local.chars().any(is_ignorable), "{text:?}");
            for domain in [typed_domain, key_domain] {
                assert!(
                    !domain.chars().any(|c| is_unseen(c) && !['\u{200C}', '\u{200D}'].contains(&c)),
                    "{text:?}"
                );
            }
            for spelling in
                [email.as_str(), &nfc(&text), &format!("{local}@{ascii}"), &format!("{local}@{key_domain}")]
            {
                assert!(nfc(spelling).chars().count() <= email::MAX_LENGTH, "{text:?}");
                assert_eq!(Email::parse(spelling).unwrap().key(), email.key(), "{text:?}");
            }
            assert!(!local.starts_with('"'), "{text:?}");
            assert!(key.starts_with(&caseless_key(local)), "{text:?}");
            assert_eq!(Email::parse(email.as_str()).as_ref(), Ok(&email));
        }
        Err(error) => assert_eq!(error == EmailError::Null, text.contains('\0')),
    }
}

/// A password in NFC, within its bounds, that is not shown.
pub fn password(bytes: &[u8]) {
    let text = text(bytes);
    match Password::parse(&text) {
        Ok(password) => {
            let composed = password.expose();
            assert_eq!((composed, composed), (&*nfc(&text), &*nfc(composed)));
            assert_eq!(password.typed(), text);
            assert!(composed.chars().count() <= password::MAX_LENGTH && !composed.contains('\0'));
            assert_eq!(Password::parse(composed).unwrap().expose(), composed);
            assert_eq!(format!("{password:?}"), "Password(***)");
        }
        Err(error) => assert_eq!(error == PasswordError::Null, text.contains('\0')),
    }
}

fn text(bytes: &[u8]) -> String {
    let units: Vec<_> = bytes.as_chunks().0.iter().map(|&unit| u16::from_le_bytes(unit)).collect();
    String::from_utf16_lossy(&units)
}

fn is_unseen(c: char) -> bool {
    c.is_control() || c.is_whitespace() || is_ignorable(c)
}
