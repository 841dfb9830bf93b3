//! Texts that sign tokens by HS256, and the rules for what is too weak.

use std::collections::HashSet;
use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use sha2::Sha256;

use super::UnfitKey;

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

/// A text that signs and verifies tokens, and its `kid`. It cannot be printed, and is wiped when dropped.
#[derive(Clone)]
pub(in crate::token) struct TextKey {
    id: String,
    secret: SecretSlice<u8>,
}

impl TextKey {
    /// Takes a text as configured: its bytes are the key.
    pub(super) fn parse(text: &str) -> Result<Self, UnfitKey> {
        if text.len() < MIN_BYTES {
            return Err(UnfitKey::Short);
        }
        if text.trim() != text {
            return Err(UnfitKey::OuterSpace);
        }
        if PUBLISHED.contains(&text) || text.starts_with(PUBLISHED_PREFIX) {
            return Err(UnfitKey::Published);
        }
        let few = text.bytes().collect::<HashSet<_>>().len() < MIN_DISTINCT_BYTES;
        if few || is_periodic(text.as_bytes()) || is_sequence(text.as_bytes()) {
            return Err(UnfitKey::Repetitive);
        }
        Ok(Self::of(text.as_bytes().to_vec()))
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

    pub(super) fn to_text(&self) -> SecretString {
        // `parse` takes text, so the bytes are UTF-8.
        String::from_utf8_lossy(self.expose()).into_owned().into()
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(in crate::token) fn expose(&self) -> &[u8] {
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

impl fmt::Debug for TextKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TextKey(***)")
    }
}
