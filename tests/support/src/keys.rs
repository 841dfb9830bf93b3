//! RSA keys for tests, made by `keys/make`, and signatures by them.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair, PublicKeyComponents};
use ring::signature::{RSA_PKCS1_SHA256, RsaEncoding};

macro_rules! pem {
    ($($(#[$doc:meta])* $name:ident = $file:literal;)+) => {
        $($(#[$doc])* pub const $name: &str = include_str!(concat!("../keys/", $file, ".pem"));)+
    };
}

pem! {
    /// A good key of 2048 bits.
    RSA_2048 = "rsa-2048";
    /// Another.
    RSA_2048_OTHER = "rsa-2048-other";
    /// A good key of 3072 bits.
    RSA_3072 = "rsa-3072";
    /// A good key of 4096 bits.
    RSA_4096 = "rsa-4096";
    /// [`RSA_2048`] under a passphrase.
    ENCRYPTED = "encrypted";
    /// [`RSA_2048`] in PKCS#1.
    PKCS1 = "pkcs1";
    /// The public half of [`RSA_2048`].
    PUBLIC = "public";
    /// The same in PKCS#1.
    PUBLIC_PKCS1 = "public-pkcs1";
    /// A certificate of [`RSA_2048`].
    CERTIFICATE = "certificate";
}

/// Private keys that are intact and unfit to sign RS256, by their fault.
pub const UNFIT: [(&str, &str); 8] = [
    ("1024 bits", include_str!("../keys/unfit-1024-bits.pem")),
    ("2560 bits", include_str!("../keys/unfit-2560-bits.pem")),
    ("5120 bits", include_str!("../keys/unfit-5120-bits.pem")),
    ("the exponent 3", include_str!("../keys/unfit-exponent-3.pem")),
    ("P-256", include_str!("../keys/unfit-ec.pem")),
    ("P-256 in SEC 1", include_str!("../keys/unfit-sec1.pem")),
    ("Ed25519", include_str!("../keys/unfit-ed25519.pem")),
    ("RSA for PSS alone", include_str!("../keys/unfit-rsa-pss.pem")),
];

/// The bytes in a block of PEM.
pub fn der(pem: &str) -> Vec<u8> {
    let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    BASE64_STANDARD.decode(base64).unwrap()
}

/// The modulus and the exponent of a private key.
pub fn public(pem: &str) -> (Vec<u8>, Vec<u8>) {
    let PublicKeyComponents { n, e } = pair(pem).public().into();
    (n, e)
}

/// The signature of a message by RS256.
pub fn rs256(pem: &str, message: &str) -> Vec<u8> {
    sign(pem, &RSA_PKCS1_SHA256, message)
}

/// The signature of a message by any algorithm of RSA.
pub fn sign(pem: &str, encoding: &'static dyn RsaEncoding, message: &str) -> Vec<u8> {
    let pair = pair(pem);
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(encoding, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
    signature
}

fn pair(pem: &str) -> KeyPair {
    KeyPair::from_pkcs8(&der(pem)).unwrap()
}
