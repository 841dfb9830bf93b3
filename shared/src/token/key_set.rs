//! The set of public keys by which others verify our tokens (RFC 7517 section 5).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;

use super::key::{Keys, RsaPublicKey};

/// A JWK set. Only public keys can be in it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct KeySet {
    keys: Vec<Jwk>,
}

/// A public key as a JWK (RFC 7517 section 4, RFC 7518 section 6.3.1). `alg` and `use` are optional there, but some verifiers
/// skip keys without them.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
struct Jwk {
    kty: &'static str,
    n: String,
    e: String,
    kid: String,
    alg: &'static str,
    r#use: &'static str,
}

impl KeySet {
    pub(super) fn of(keys: &Keys) -> Self {
        Self { keys: keys.published().map(Jwk::of).collect() }
    }
}

impl Jwk {
    fn of(key: &RsaPublicKey) -> Self {
        let [n, e] = [key.modulus(), key.exponent()].map(|number| BASE64_URL_SAFE_NO_PAD.encode(number));
        Self { kty: "RSA", n, e, kid: key.id().to_owned(), alg: "RS256", r#use: "sig" }
    }
}
