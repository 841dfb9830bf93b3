//! RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 section 3.3), by ring.

use jsonwebtoken::crypto::{JwtSigner, JwtVerifier};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::signature::{Error, Signer, Verifier};
use jsonwebtoken::{Algorithm, DecodingKeyKind};
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair, PublicKeyComponents};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256};

/// Signs with a private key.
pub(super) struct Rs256Signer(KeyPair);

impl Rs256Signer {
    /// Reads the key in PKCS#8, for each signature: that takes a thirtieth of the time of one.
    pub(super) fn new(pkcs8: &[u8]) -> Result<Self, ErrorKind> {
        KeyPair::from_pkcs8(pkcs8).map(Self).map_err(|_| ErrorKind::InvalidKeyFormat)
    }
}

impl Signer<Vec<u8>> for Rs256Signer {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let mut signature = vec![0; self.0.public().modulus_len()];
        // The padding of PKCS#1 has no randomness, so none is drawn.
        let signed = self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature);
        signed.map(|()| signature).map_err(|_| Error::new())
    }
}

impl JwtSigner for Rs256Signer {
    fn algorithm(&self) -> Algorithm {
        Algorithm::RS256
    }
}

/// Verifies with a public key.
pub(super) struct Rs256Verifier(PublicKeyComponents<Vec<u8>>);

impl Rs256Verifier {
    pub(super) fn new(key: &DecodingKeyKind) -> Result<Self, ErrorKind> {
        let DecodingKeyKind::RsaModulusExponent { n, e } = key else {
            return Err(ErrorKind::InvalidKeyFormat);
        };
        Ok(Self(PublicKeyComponents { n: n.clone(), e: e.clone() }))
    }
}

impl Verifier<Vec<u8>> for Rs256Verifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), Error> {
        self.0.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).map_err(|_| Error::new())
    }
}

impl JwtVerifier for Rs256Verifier {
    fn algorithm(&self) -> Algorithm {
        Algorithm::RS256
    }
}
