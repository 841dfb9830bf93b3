//! HMAC-SHA256 (RFC 7518 section 3.2), by the crates of `RustCrypto`.

use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::Algorithm;
use jsonwebtoken::crypto::{JwtSigner, JwtVerifier};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::signature::{Error, Signer, Verifier};
use sha2::Sha256;

/// Signs and verifies with one secret.
pub(super) struct Hs256(Hmac<Sha256>);

impl Hs256 {
    pub(super) fn new(secret: &[u8]) -> Result<Self, ErrorKind> {
        Hmac::new_from_slice(secret).map(Self).map_err(|_| ErrorKind::InvalidKeyFormat)
    }
}

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.0.clone().chain_update(message).finalize().into_bytes().to_vec())
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], tag: &Vec<u8>) -> Result<(), Error> {
        // In constant time, and the whole tag: a shortened one is refused.
        self.0.clone().chain_update(message).verify_slice(tag).map_err(|_| Error::new())
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}
