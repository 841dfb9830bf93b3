//! Idempotency keys: a client that had no response repeats its registration with the same key.
//!
//! <https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>

use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::hex;
use crate::time::Timestamp;

/// Lifetime of a key.
const LIFETIME: Duration = Duration::from_hours(24);

/// The digest of an `Idempotency-Key`, which a store keeps with the account.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Reads a key of 16 to 128 visible ASCII characters; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_key = (16..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_key.then(|| Self(hex::encode(&Sha256::digest(text))))
    }

    /// The digest as it is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `true` if an account that was made with the stored digest at that time is the one that this key asked for.
    #[must_use]
    pub fn made(&self, stored: Option<&str>, created_at: Timestamp, now: Timestamp) -> bool {
        stored == Some(self.as_str()) && now.since(created_at) < LIFETIME
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_visible_ascii_of_a_bounded_length() {
        for text in ["0123456789abcdef", "8e03978e-40d5-43dd-bc93-6894a57f9324", &"~".repeat(128)] {
            assert!(IdempotencyKey::parse(text).is_some(), "{text}");
        }
        for text in [
            "",
            "0123456789abcde",
            "0123456789 abcdef",
            "0123456789abcdé",
            "x\n0123456789abcdef",
            &"~".repeat(129),
        ] {
            assert_eq!(IdempotencyKey::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_key_is_good_for_a_day() {
        let (key, start) =
            (IdempotencyKey::parse("0123456789abcdef").unwrap(), Timestamp::from_seconds(1_790_000_000));
        let day = Duration::from_hours(24);
        assert!(key.made(Some(key.as_str()), start, start + Duration::from_secs(24 * 3600 - 1)));
        assert!(!key.made(Some(key.as_str()), start, start + day));
        assert!(!key.made(None, start, start) && !key.made(Some("another"), start, start));
        assert!(!key.as_str().contains("0123456789abcdef"));
    }
}
