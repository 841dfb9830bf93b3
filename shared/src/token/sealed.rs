//! Tokens that only this service reads: a payload under a message authentication code. Nothing that a store holds can make
//! one.
//!
//! ```text
//! PURPOSE.KID.PAYLOAD.MAC
//! ```
//!
//! Payload and MAC are in base64url. The MAC is HMAC-SHA256 (RFC 2104) over all that precedes it, under a key that HKDF
//! (RFC 5869) derives for this purpose from the secret's key with that `kid`.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::hmac::{self, HMAC_SHA256};

use super::{Key, Keys};
use crate::time::Timestamp;

/// The salt of all derived keys: it tells them from keys that other applications may derive.
const SALT: &[u8] = b"serverless-auth";

/// Longest text that is read, in bytes. A browser keeps cookies up to 4,096.
const MAX_BYTES: usize = 2048;

/// A token that can be sealed.
pub trait Sealed: Sized {
    /// The word that tells its kind.
    const PURPOSE: &'static str;

    /// The time of issue.
    fn issued_at(&self) -> Timestamp;

    /// The payload.
    fn to_bytes(&self) -> Vec<u8>;

    /// Reads a payload that [`Sealed::to_bytes`] has written.
    fn from_bytes(payload: &[u8]) -> Option<Self>;

    /// Reads the form of a text, and not whether it is genuine.
    fn envelope(text: &str) -> Option<Envelope<'_, Self>> {
        if text.len() > MAX_BYTES {
            return None;
        }
        let (signed, mac) = text.rsplit_once('.')?;
        let mut parts = signed.split('.');
        let (Some(purpose), Some(kid), Some(payload), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        let claimed = Self::from_bytes(&BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?)?;
        let mac = BASE64_URL_SAFE_NO_PAD.decode(mac).ok()?;
        (purpose == Self::PURPOSE).then_some(Envelope { kid, claimed, signed, mac })
    }
}

/// A text that has the form of a token. It cannot be printed.
pub struct Envelope<'a, T> {
    kid: &'a str,
    /// The token that it would be.
    pub(super) claimed: T,
    signed: &'a str,
    mac: Vec<u8>,
}

impl<T> fmt::Debug for Envelope<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Envelope(***)")
    }
}

/// Seals tokens with the key that signs, and opens those of all keys.
#[derive(Debug)]
pub(super) struct Sealer {
    keys: Vec<Key>,
}

impl Sealer {
    pub(super) fn new(keys: &Keys) -> Self {
        Self { keys: keys.private().to_vec() }
    }

    /// The text of a token; `None` without a private key.
    pub(super) fn seal<T: Sealed>(&self, token: &T) -> Option<String> {
        let key = self.keys.first()?;
        let payload = BASE64_URL_SAFE_NO_PAD.encode(token.to_bytes());
        let signed = format!("{}.{}.{payload}", T::PURPOSE, key.id());
        let mac = hmac::sign(&derived::<T>(key)?, signed.as_bytes());
        Some(format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(mac)))
    }

    pub(super) fn knows<T>(&self, envelope: &Envelope<'_, T>) -> bool {
        self.key_of(envelope).is_some()
    }

    /// The token, if it is genuine.
    pub(super) fn open<T: Sealed>(&self, envelope: Envelope<'_, T>) -> Option<T> {
        let key = derived::<T>(self.key_of(&envelope)?)?;
        // In constant time, and the whole MAC.
        hmac::verify(&key, envelope.signed.as_bytes(), &envelope.mac).ok()?;
        Some(envelope.claimed)
    }

    fn key_of<T>(&self, envelope: &Envelope<'_, T>) -> Option<&Key> {
        self.keys.iter().find(|key| key.id() == envelope.kid)
    }
}

/// Derived at each use: keys are read far more often than sessions are refreshed. HKDF refuses nothing but longer keys.
fn derived<T: Sealed>(key: &Key) -> Option<hmac::Key> {
    let info = [T::PURPOSE.as_bytes()];
    let secret = Salt::new(HKDF_SHA256, SALT).extract(key.expose());
    let derived = secret.expand(&info, HMAC_SHA256).ok()?;
    Some(derived.into())
}
