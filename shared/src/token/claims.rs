//! The header and the claims of a token, and the checks that need no key.

use std::fmt;
use std::marker::PhantomData;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize as DeriveDeserialize, Serialize};
use serde_json::value::RawValue;

use super::{CLOCK_SKEW_SECONDS, MAX_TTL, TokenError};
use crate::time::Timestamp;

/// All algorithms of our keys. Each key has one of them.
const ALGORITHMS: [&str; 2] = ["HS256", "RS256"];

/// The claims of our tokens (RFC 7519 section 4): every one is required, but `nbf`, which we never write, and `sid`.
///
/// Times are seconds since 1970.
#[derive(Clone, Debug, DeriveDeserialize, Eq, PartialEq, Serialize)]
pub struct Claims {
    /// The issuer.
    pub iss: String,
    /// The audience: one, never a list.
    pub aud: String,
    /// The account's id.
    pub sub: String,
    /// The account's id again, under the name that clients of the Django service know.
    pub user_id: String,
    /// The account's name as typed at registration.
    pub username: String,
    /// The account's token version when the token was issued.
    pub ver: u32,
    /// The time of issue.
    pub iat: u64,
    /// The first second at which the token is not valid.
    pub exp: u64,
    /// The first second at which it is valid, if that is not `iat`.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub nbf: Option<u64>,
    /// A random id of this token: 128 bits in hexadecimal digits.
    pub jti: String,
    /// The id of the session that it was issued in, if it was in one.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
}

/// A claim that may be absent must not be null.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl Claims {
    /// Checks the claims that depend on the time or on each other.
    pub(super) fn check(&self, now: u64) -> Result<(), TokenError> {
        if self.exp <= now {
            return Err(TokenError::Expired);
        }
        if self.iat.max(self.nbf.unwrap_or(0)) > now.saturating_add(CLOCK_SKEW_SECONDS) {
            return Err(TokenError::NotYetValid);
        }
        if self.exp.saturating_sub(self.iat) > MAX_TTL.as_secs() {
            return Err(TokenError::LifetimeTooLong);
        }
        if self.sub != self.user_id {
            return Err(TokenError::SubjectMismatch);
        }
        if self.jti.is_empty() {
            return Err(TokenError::Malformed);
        }
        Ok(())
    }
}

/// The header of our tokens: these members and no other. `crit`, `b64`, `zip` and parameters that bring a key along
/// (`jwk`, `jku`, `x5u`, `x5c`) are therefore refused instead of ignored.
#[derive(DeriveDeserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JoseHeader {
    alg: String,
    typ: String,
    pub(super) kid: String,
}

impl JoseHeader {
    /// Reads the header of a text that has the outer form of a signed token: three parts of the base64url alphabet.
    pub(super) fn of(token: &str, max_bytes: usize) -> Result<Self, TokenError> {
        let in_alphabet = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        if token.len() > max_bytes || !token.bytes().all(in_alphabet) {
            return Err(TokenError::Malformed);
        }
        let mut parts = token.split('.');
        let (Some(header), Some(_), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(TokenError::Malformed);
        };
        let header = BASE64_URL_SAFE_NO_PAD.decode(header).map_err(|_| TokenError::Malformed)?;
        let Object(header): Object<Self> =
            serde_json::from_slice(&header).map_err(|_| TokenError::UnacceptableHeader)?;
        if !ALGORITHMS.contains(&header.alg.as_str()) || header.typ != "JWT" {
            return Err(TokenError::UnacceptableHeader);
        }
        Ok(header)
    }
}

/// The `iat` that a token claims, of any form and by any key.
pub(super) fn claimed_iat(token: &str) -> Option<Timestamp> {
    #[derive(DeriveDeserialize)]
    struct Claimed {
        iat: u64,
    }
    let claims = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let Claimed { iat } = serde_json::from_slice(&claims).ok()?;
    Some(Timestamp::from_seconds(iat))
}

/// A `T` from JSON that is UTF-8 throughout, as RFC 7519 section 7.2 demands. A JSON parser does not look into the values
/// that it skips.
pub(super) struct Text<T>(pub(super) T);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        serde_json::from_str(json.get()).map(Self).map_err(D::Error::custom)
    }
}

/// A `T` from a JSON object. The code that serde derives accepts an array of the values as well.
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData)).map(Self)
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}
