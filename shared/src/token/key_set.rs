//! The set of public keys by which others verify our tokens (RFC 7517 section 5).

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::key::{Keys, RsaPublicKey};

/// A JWK set. Only public keys can be in it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct KeySet {
    keys: Vec<Jwk>,
}

/// A public key as a JWK (RFC 7517 section 4, RFC 7518 section 6.3.1). `alg` and `use` are optional there, but some verifiers
/// skip keys without them.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Jwk {
    kty: Cow<'static, str>,
    n: String,
    e: String,
    kid: String,
    alg: Cow<'static, str>,
    r#use: Cow<'static, str>,
}

/// The text is not a set of RSA keys as we publish them.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the published key set is not a set of RSA keys")]
pub struct MalformedKeySet;

impl KeySet {
    pub(super) fn of(keys: &Keys) -> Self {
        Self::of_public(keys.published())
    }

    /// The set of these keys.
    pub fn of_public<'a>(keys: impl IntoIterator<Item = &'a RsaPublicKey>) -> Self {
        Self { keys: keys.into_iter().map(Jwk::of).collect() }
    }

    /// Reads the keys of a set that was written by [`KeySet`].
    ///
    /// # Errors
    ///
    /// [`MalformedKeySet`].
    pub fn parse(json: &str) -> Result<Vec<RsaPublicKey>, MalformedKeySet> {
        let Self { keys } = serde_json::from_str(json).map_err(|_| MalformedKeySet)?;
        keys.iter().map(Jwk::key).collect()
    }
}

impl Jwk {
    fn of(key: &RsaPublicKey) -> Self {
        let [n, e] = [key.modulus(), key.exponent()].map(|number| BASE64_URL_SAFE_NO_PAD.encode(number));
        let kid = key.id().to_owned();
        Self { kty: "RSA".into(), n, e, kid, alg: "RS256".into(), r#use: "sig".into() }
    }

    fn key(&self) -> Result<RsaPublicKey, MalformedKeySet> {
        let number = |text| BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| MalformedKeySet);
        let (modulus, exponent) = (number(&self.n)?, number(&self.e)?);
        // ring refuses other keys, but only when it verifies a token.
        let is_fit = (256..=512).contains(&modulus.len())
            && (3..=8).contains(&exponent.len())
            && [&modulus, &exponent].iter().all(|number| number.first() > Some(&0))
            && exponent.last().is_some_and(|last| last % 2 == 1);
        let key = RsaPublicKey::of(modulus, exponent);
        // The id is made from the key, so that it also tells if the key is whole.
        (is_fit && key.id() == self.kid && Self::of(&key) == *self).then_some(key).ok_or(MalformedKeySet)
    }
}

#[cfg(test)]
mod tests {
    use support::keys::{RSA_2048, RSA_4096};

    use super::*;
    use crate::token::Key;

    #[test]
    fn a_set_is_read_as_it_was_written_and_no_other_is() {
        let keys = [RSA_2048, RSA_4096].map(|key| Key::parse(key).unwrap().public().unwrap().clone());
        let written = serde_json::to_string(&KeySet::of_public(&keys)).unwrap();
        assert_eq!(KeySet::parse(&written).unwrap(), keys);
        assert_eq!(KeySet::parse(r#"{"keys":[]}"#).unwrap(), []);
        let other = |old: &str, new: &str| {
            let changed = written.replacen(old, new, 1);
            assert_ne!(changed, written);
            changed
        };
        for set in [
            String::new(),
            "[]".to_owned(),
            r#"{"keys":[{"kty":"oct","k":"c2VjcmV0","kid":"x"}]}"#.to_owned(),
            other("RS256", "RS512"),
            other(r#""use":"sig""#, r#""use":"enc""#),
            other(r#""e":"AQAB""#, r#""e":"Aw""#),
            other(r#""n":""#, r#""n":"A"#),
            other(keys[0].id(), keys[1].id()),
        ] {
            assert!(KeySet::parse(&set).is_err(), "{set}");
        }
    }

    #[test]
    fn a_key_that_would_refuse_every_token_makes_the_set_malformed() {
        let good = vec![0xC3; 256];
        let leading_zero = [vec![0], good.clone()].concat();
        for (modulus, exponent) in [
            (vec![0xC3; 128], vec![1, 0, 1]),
            (good.clone(), vec![3]),
            (good, vec![1, 0, 0]),
            (leading_zero, vec![1, 0, 1]),
        ] {
            let key = RsaPublicKey::of(modulus, exponent);
            let written = serde_json::to_string(&KeySet::of_public([&key])).unwrap();
            assert!(KeySet::parse(&written).is_err(), "{written}");
        }
    }
}
