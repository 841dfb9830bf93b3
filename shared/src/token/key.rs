//! The secrets that sign tokens.

use std::collections::HashSet;
use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretSlice};
use sha2::Sha256;

use crate::random::{self, NoRandomness};

/// The shortest secret in bytes: as long as the hash (RFC 7518 section 3.2).
pub(super) const MIN_BYTES: usize = 32;

/// Fewest different bytes in a secret. Random text has far more; repetition and counting have fewer.
const MIN_DISTINCT_BYTES: usize = 8;

/// Secrets from tutorials and specifications that are long enough.
const PUBLISHED: [&str; 9] = [
    "a-string-secret-at-least-256-bits-long",
    "a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long",
    "your-256-bit-secret-your-256-bit-secret",
    "0123456789abcdef0123456789abcdef",
    "your-secret-key-change-in-production",
    "your-super-secret-key-change-this-in-production",
    "change-this-secret-key-in-production-please",
    "super-secret-jwt-token-with-at-least-32-characters-long",
    "this-is-a-very-secret-key-that-should-be-changed",
];

/// Prefix of the keys that Django generates for development.
const PUBLISHED_PREFIX: &str = "django-insecure-";

/// A secret that signs tokens, and its `kid`. It cannot be printed, and is wiped when dropped.
#[derive(Clone)]
pub struct Key {
    id: String,
    secret: SecretSlice<u8>,
}

impl Key {
    /// Takes a secret as configured: its bytes are the key.
    ///
    /// # Errors
    ///
    /// When it is too short or too well known.
    pub fn parse(secret: &str) -> Result<Self, WeakKey> {
        if secret.len() < MIN_BYTES {
            return Err(WeakKey::Short);
        }
        if secret.trim() != secret {
            return Err(WeakKey::OuterSpace);
        }
        if PUBLISHED.contains(&secret) || secret.starts_with(PUBLISHED_PREFIX) {
            return Err(WeakKey::Published);
        }
        let few = secret.bytes().collect::<HashSet<_>>().len() < MIN_DISTINCT_BYTES;
        if few || is_periodic(secret.as_bytes()) || is_sequence(secret.as_bytes()) {
            return Err(WeakKey::Repetitive);
        }
        Ok(Self::of(secret.as_bytes().to_vec()))
    }

    /// A new random secret in the form that [`Key::parse`] reads: 256 bits in base64url.
    ///
    /// # Errors
    ///
    /// When the operating system has no randomness.
    pub fn generate() -> Result<String, NoRandomness> {
        Ok(BASE64_URL_SAFE_NO_PAD.encode(random::bytes::<32>()?))
    }

    /// The id is made from the secret by HMAC: functions that share a secret agree on it without configuration, and it
    /// reveals no more of the secret than a token does.
    fn of(secret: Vec<u8>) -> Self {
        let mac = Hmac::<Sha256>::new_from_slice(&secret).map(|mac| mac.chain_update("serverless-auth kid"));
        // HMAC takes keys of any length.
        let tag = mac.map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default();
        let id = BASE64_URL_SAFE_NO_PAD.encode(tag).chars().take(16).collect();
        Self { id, secret: secret.into() }
    }

    /// The `kid` of tokens signed with this key.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn expose(&self) -> &[u8] {
        self.secret.expose_secret()
    }
}

/// A text of two or more repetitions of its beginning.
fn is_periodic(secret: &[u8]) -> bool {
    (1..=secret.len() / 2)
        .any(|period| secret.iter().zip(secret.iter().skip(period)).all(|(one, next)| one == next))
}

/// A text most of whose neighbours follow each other, as in `abcdefgh…` and `98765…`.
fn is_sequence(secret: &[u8]) -> bool {
    let steps = secret.iter().zip(secret.iter().skip(1)).filter(|(one, next)| one.abs_diff(**next) <= 1);
    steps.count() > secret.len() / 2
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(***)")
    }
}

/// The keys in use: one signs, and while a rotation lasts two verify.
#[derive(Clone, Debug)]
pub struct Keys {
    /// Signs new tokens.
    pub current: Key,
    /// Verifies older tokens.
    pub previous: Option<Key>,
}

/// A text is too weak to sign tokens. `Display` never shows it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum WeakKey {
    /// A space or line break before or after it, which other readers of the same secret may cut off.
    #[error("must not begin or end with white space")]
    OuterSpace,
    /// A published secret.
    #[error("is a published example; make one with `openssl rand -base64 48`")]
    Published,
    /// Few different bytes: no randomness.
    #[error("must be random; make one with `openssl rand -base64 48`")]
    Repetitive,
    /// Fewer than 32 bytes.
    #[error("must have at least {MIN_BYTES} bytes; make one with `openssl rand -base64 48`")]
    Short,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_secrets_are_refused() {
        for (secret, reason) in [
            (String::new(), WeakKey::Short),
            ("k9Xv2mQ8rT5wZ1bN4cL7dF0gH3jP6sA".to_owned(), WeakKey::Short),
            ("a".repeat(64), WeakKey::Repetitive),
            ("ab".repeat(32), WeakKey::Repetitive),
            ("0123".repeat(16), WeakKey::Repetitive),
            ("12345678901234567890123456789012".to_owned(), WeakKey::Repetitive),
            ("abcdefgh".repeat(4), WeakKey::Repetitive),
            ("correct-horse-battery-".repeat(2), WeakKey::Repetitive),
            ("abcdefghijklmnopqrstuvwxyz0123456789".to_owned(), WeakKey::Repetitive),
            ("zyxwvutsrqponmlkjihgfedcba9876543210".to_owned(), WeakKey::Repetitive),
            ("your-secret-key-change-in-production".to_owned(), WeakKey::Published),
            ("a-string-secret-at-least-256-bits-long".to_owned(), WeakKey::Published),
            ("django-insecure-4x!k2^9v@m7z&q1w(8r$t5y*u3i%o6p+".to_owned(), WeakKey::Published),
            (format!("{}\n", Key::generate().unwrap()), WeakKey::OuterSpace),
        ] {
            assert_eq!(Key::parse(&secret).unwrap_err(), reason, "{secret:?}");
        }
    }

    #[test]
    fn generated_secrets_are_good_and_differ() {
        let (one, two) = (Key::generate().unwrap(), Key::generate().unwrap());
        assert_ne!(one, two);
        assert_ne!(Key::parse(&one).unwrap().id(), Key::parse(&two).unwrap().id());
    }

    #[test]
    fn a_key_cannot_be_printed() {
        let secret = Key::generate().unwrap();
        let keys =
            Keys { current: Key::parse(&secret).unwrap(), previous: Some(Key::parse(&secret).unwrap()) };
        assert_eq!(format!("{keys:?}"), "Keys { current: Key(***), previous: Some(Key(***)) }");
    }
}
