//! The keys of tokens. A text signs by HS256, an RSA private key by RS256: one algorithm for each key.

mod rsa;
mod text;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use secrecy::SecretString;

pub use rsa::RsaPublicKey;

use crate::random::{self, NoRandomness};
use rsa::RsaKey;
use text::{MIN_BYTES, TextKey};

/// A key that signs tokens. It cannot be printed, and is wiped when dropped.
#[derive(Clone, Debug)]
pub struct Key(Material);

#[derive(Clone, Debug)]
enum Material {
    Rsa(RsaKey),
    Text(TextKey),
}

impl Key {
    /// Takes a key as configured: an RSA private key in PKCS#8 and PEM, or a text, whose bytes are the key.
    ///
    /// # Errors
    ///
    /// [`UnfitKey`], whose message says what to do.
    pub fn parse(key: &str) -> Result<Self, UnfitKey> {
        let material = if rsa::is_pem(key) {
            Material::Rsa(RsaKey::parse(key)?)
        } else {
            Material::Text(TextKey::parse(key)?)
        };
        Ok(Self(material))
    }

    /// A new random text in the form that [`Key::parse`] reads: 256 bits in base64url.
    ///
    /// # Errors
    ///
    /// When the operating system has no randomness.
    pub fn generate() -> Result<String, NoRandomness> {
        Ok(BASE64_URL_SAFE_NO_PAD.encode(random::bytes::<32>()?))
    }

    /// The `kid` of tokens signed with this key.
    #[must_use]
    pub fn id(&self) -> &str {
        match &self.0 {
            Material::Rsa(key) => key.public().id(),
            Material::Text(key) => key.id(),
        }
    }

    /// The half that may be published. A text has none.
    #[must_use]
    pub fn public(&self) -> Option<&RsaPublicKey> {
        match &self.0 {
            Material::Rsa(key) => Some(key.public()),
            Material::Text(_) => None,
        }
    }

    /// The form that [`Key::parse`] reads.
    #[must_use]
    pub fn to_text(&self) -> SecretString {
        match &self.0 {
            Material::Rsa(key) => key.to_pem(),
            Material::Text(key) => key.to_text(),
        }
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        match &self.0 {
            Material::Rsa(_) => Algorithm::RS256,
            Material::Text(_) => Algorithm::HS256,
        }
    }

    pub(super) fn encoding(&self) -> EncodingKey {
        match &self.0 {
            Material::Rsa(_) => EncodingKey::from_rsa_der(self.expose()),
            Material::Text(_) => EncodingKey::from_secret(self.expose()),
        }
    }

    /// The bytes that nobody else knows: PKCS#8 in DER, or those of the text.
    pub(super) fn expose(&self) -> &[u8] {
        match &self.0 {
            Material::Rsa(key) => key.expose(),
            Material::Text(key) => key.expose(),
        }
    }

    /// The half that verifies; of a text all of it.
    fn verifying(&self) -> VerifyingKey {
        match &self.0 {
            Material::Rsa(key) => VerifyingKey::Rsa(key.public().clone()),
            Material::Text(key) => VerifyingKey::Text(key.clone()),
        }
    }
}

/// A key that verifies tokens.
#[derive(Clone, Debug)]
pub(super) enum VerifyingKey {
    Rsa(RsaPublicKey),
    Text(TextKey),
}

impl VerifyingKey {
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Rsa(key) => key.id(),
            Self::Text(key) => key.id(),
        }
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        match self {
            Self::Rsa(_) => Algorithm::RS256,
            Self::Text(_) => Algorithm::HS256,
        }
    }

    pub(super) fn decoding(&self) -> DecodingKey {
        match self {
            Self::Rsa(key) => DecodingKey::from_rsa_raw_components(key.modulus(), key.exponent()),
            Self::Text(key) => DecodingKey::from_secret(key.expose()),
        }
    }
}

/// The keys in use: at most one signs, all verify. Each `kid` is there once.
#[derive(Clone, Debug)]
pub struct Keys {
    /// The first one signs.
    private: Vec<Key>,
    verifying: Vec<VerifyingKey>,
}

impl Keys {
    /// A key that signs and verifies, and others that verify alone.
    #[must_use]
    pub fn new(current: Key, others: impl IntoIterator<Item = Key>) -> Self {
        let private: Vec<_> = [current].into_iter().chain(others).collect();
        let verifying = distinct(private.iter().map(Key::verifying));
        Self { private, verifying }
    }

    /// Public keys, which sign nothing.
    #[must_use]
    pub fn public(keys: impl IntoIterator<Item = RsaPublicKey>) -> Self {
        Self { private: Vec::new(), verifying: distinct(keys.into_iter().map(VerifyingKey::Rsa)) }
    }

    /// The `kid`s, that of the signing key first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.verifying.iter().map(VerifyingKey::id)
    }

    /// The key of new tokens.
    pub(super) fn signing(&self) -> Option<&Key> {
        self.private.first()
    }

    /// All of which more than the public half is known.
    pub(super) fn private(&self) -> &[Key] {
        &self.private
    }

    pub(super) fn verifying(&self) -> &[VerifyingKey] {
        &self.verifying
    }

    /// The public halves of all RSA keys.
    pub(super) fn published(&self) -> impl Iterator<Item = &RsaPublicKey> {
        self.verifying.iter().filter_map(|key| match key {
            VerifyingKey::Rsa(key) => Some(key),
            VerifyingKey::Text(_) => None,
        })
    }
}

/// Drops keys that are there twice: during a rotation one key may have two roles.
fn distinct(keys: impl Iterator<Item = VerifyingKey>) -> Vec<VerifyingKey> {
    let mut distinct: Vec<VerifyingKey> = Vec::new();
    for key in keys {
        if distinct.iter().all(|known| known.id() != key.id()) {
            distinct.push(key);
        }
    }
    distinct
}

/// A key is not fit to sign tokens. `Display` says what to do, and never shows it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum UnfitKey {
    /// A private key under a passphrase.
    #[error("is encrypted; decrypt it with `openssl pkcs8 -topk8 -nocrypt -in KEY`")]
    Encrypted,
    /// Not one whole block of PEM.
    #[error("must be one PEM block, from -----BEGIN PRIVATE KEY----- to -----END PRIVATE KEY-----")]
    Malformed,
    /// A space or line break before or after it, which other readers of the same secret may cut off.
    #[error("must not begin or end with white space")]
    OuterSpace,
    /// An RSA key in the older form PKCS#1.
    #[error("is in PKCS#1; convert it with `openssl pkcs8 -topk8 -nocrypt -in KEY`")]
    Pkcs1,
    /// A public key or a certificate.
    #[error("is public and cannot sign; put the private key in its place")]
    Public,
    /// A published secret.
    #[error("is a published example; make one with `openssl rand -base64 48`")]
    Published,
    /// Few different bytes: no randomness.
    #[error("must be random; make one with `openssl rand -base64 48`")]
    Repetitive,
    /// Fewer than 32 bytes.
    #[error("must have at least {MIN_BYTES} bytes; make one with `openssl rand -base64 48`")]
    Short,
    /// A private key of another kind or size, with a small or even exponent, or damaged.
    #[error(
        "must be an intact RSA key of 2048, 3072 or 4096 bits, with an odd exponent of 65537 or more; \
         make one with `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048`"
    )]
    UnfitRsa,
}

#[cfg(test)]
mod tests;
