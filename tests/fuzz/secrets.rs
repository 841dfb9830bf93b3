//! The JSON of the secret that holds the keys.

use std::collections::BTreeSet;

use serde_json::{Value, from_slice};
use shared::token::secret::{Secret, SecretError};
use shared::token::{Key, Keys};

/// What is accepted is an object whose keys are each fit, and no others are in use. What is refused for a key has one that is
/// not. A private key is not shown.
pub fn secret(bytes: &[u8]) {
    // The other reader refuses numbers that ours skips.
    let (Ok(json), Ok(other)) = (str::from_utf8(bytes), from_slice::<Value>(bytes)) else { return };
    match Secret::parse(json) {
        Ok(secret) => {
            let texts = ["current", "next", "previous"].into_iter().flat_map(|role| texts(&other, role));
            let ids: BTreeSet<_> = texts.map(|text| Key::parse(text).unwrap().id().to_owned()).collect();
            let current = Key::parse(other["current"].as_str().unwrap()).unwrap();
            check_shown(&format!("{secret:?}"));
            let keys = Keys::from(secret);
            assert_eq!(keys.ids().next(), Some(current.id()));
            assert_eq!(keys.ids().count(), ids.len());
            assert!(keys.ids().all(|id| ids.contains(id)));
        }
        Err(SecretError::Unfit(role, unfit)) => {
            assert!(
                texts(&other, role).into_iter().any(|text| Key::parse(text).err() == Some(unfit)),
                "{role}"
            );
        }
        Err(SecretError::Form) => {}
    }
}

/// The keys of a role, as another JSON reader finds them.
fn texts<'a>(secret: &'a Value, role: &str) -> Vec<&'a str> {
    match &secret[role] {
        Value::Array(texts) => texts.iter().map(|text| text.as_str().unwrap()).collect(),
        Value::Null => Vec::new(),
        text => vec![text.as_str().unwrap()],
    }
}

fn check_shown(shown: &str) {
    let words = shown.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let known =
        ["Secret", "Key", "Text", "TextKey", "Rsa", "RsaKey", "current", "next", "previous", "Some", "None"];
    for word in words {
        assert!(known.contains(&word), "{word}");
    }
}
