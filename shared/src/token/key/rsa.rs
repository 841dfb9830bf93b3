//! RSA keys: the private one that signs by RS256, in PKCS#8 (RFC 5958) and PEM (RFC 7468), and its public half.

use std::fmt;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use ring::rsa::{KeyPair, PublicKeyComponents};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use sha2::{Digest, Sha256};

use super::UnfitKey;

const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";
const END: &str = "-----END PRIVATE KEY-----";

/// Characters in a line of PEM.
const LINE: usize = 64;

/// `true` for a text with a block of PEM in it, which is no secret of HS256 then: it may be a public key.
pub(super) fn is_pem(text: &str) -> bool {
    text.contains(BEGIN)
}

/// A private key. It cannot be printed, and is wiped when dropped.
#[derive(Clone)]
pub(super) struct RsaKey {
    pkcs8: SecretSlice<u8>,
    public: RsaPublicKey,
}

impl RsaKey {
    pub(super) fn parse(pem: &str) -> Result<Self, UnfitKey> {
        let pkcs8 = pkcs8(pem)?;
        let pair = KeyPair::from_pkcs8(pkcs8.expose_secret()).map_err(|_| UnfitKey::UnfitRsa)?;
        let PublicKeyComponents { n, e } = pair.public().into();
        Ok(Self { pkcs8, public: RsaPublicKey::of(n, e) })
    }

    pub(super) fn public(&self) -> &RsaPublicKey {
        &self.public
    }

    /// The key in PEM, in lines of 64 characters (RFC 7468 section 2).
    pub(super) fn to_pem(&self) -> SecretString {
        let base64 = Zeroizing::new(BASE64_STANDARD.encode(self.expose()));
        let mut pem = String::with_capacity(base64.len() + base64.len() / LINE + BEGIN.len() + 64);
        pem.push_str("-----BEGIN PRIVATE KEY-----");
        for (index, character) in base64.chars().enumerate() {
            if index % LINE == 0 {
                pem.push('\n');
            }
            pem.push(character);
        }
        pem.push('\n');
        pem.push_str(END);
        pem.push('\n');
        pem.into()
    }

    pub(super) fn expose(&self) -> &[u8] {
        self.pkcs8.expose_secret()
    }
}

impl fmt::Debug for RsaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RsaKey(***)")
    }
}

/// The bytes in a block of PEM. Any white space may take the place of its line breaks: variables and forms on web pages tend
/// to replace them.
fn pkcs8(pem: &str) -> Result<SecretSlice<u8>, UnfitKey> {
    let block = pem.trim().strip_prefix(BEGIN).ok_or(UnfitKey::Malformed)?;
    let (label, block) = block.split_once(DASHES).ok_or(UnfitKey::Malformed)?;
    match label {
        "PRIVATE KEY" => {}
        "ENCRYPTED PRIVATE KEY" => return Err(UnfitKey::Encrypted),
        "RSA PRIVATE KEY" => return Err(UnfitKey::Pkcs1),
        "CERTIFICATE" | "PUBLIC KEY" | "RSA PUBLIC KEY" => return Err(UnfitKey::Public),
        _ if label.ends_with("PRIVATE KEY") => return Err(UnfitKey::UnfitRsa),
        _ => return Err(UnfitKey::Malformed),
    }
    let base64 = block.strip_suffix(END).ok_or(UnfitKey::Malformed)?;
    let base64: Zeroizing<String> = Zeroizing::new(base64.split_ascii_whitespace().collect());
    let bytes = BASE64_STANDARD.decode(&*base64).map_err(|_| UnfitKey::Malformed)?;
    Ok(bytes.into())
}

/// A public key, and its `kid`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RsaPublicKey {
    id: String,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

impl RsaPublicKey {
    /// Numbers as big-endian bytes without leading zeroes. The id is their thumbprint (RFC 7638): anybody who has the key
    /// can tell it.
    pub(in crate::token) fn of(modulus: Vec<u8>, exponent: Vec<u8>) -> Self {
        let [n, e] = [&modulus, &exponent].map(|number| BASE64_URL_SAFE_NO_PAD.encode(number));
        let thumbprint = Sha256::digest(format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#));
        Self { id: BASE64_URL_SAFE_NO_PAD.encode(thumbprint), modulus, exponent }
    }

    /// The `kid` of tokens that this key verifies.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(in crate::token) fn modulus(&self) -> &[u8] {
        &self.modulus
    }

    pub(in crate::token) fn exponent(&self) -> &[u8] {
        &self.exponent
    }
}
