//! What a token says: its header, its claims, and the checks that need no key.

use std::fmt;
use std::marker::PhantomData;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::{Deserialize as DeriveDeserialize, Serialize};

use super::{CLOCK_SKEW_SECONDS, MAX_TTL, TokenError};

/// The claims of our tokens (RFC 7519 section 4): every one is required, but `nbf`, which we never write.
///
/// Times are seconds since 1970.
#[derive(Clone, Debug, DeriveDeserialize, Eq, PartialEq, Serialize)]
pub struct Claims {
    /// Who issued the token.
    pub iss: String,
    /// For whom it is meant: one audience, never a list.
    pub aud: String,
    /// The account's id.
    pub sub: String,
    /// The account's id again, under the name that clients of the Django service know.
    pub user_id: String,
    /// The account's name as typed at registration.
    pub username: String,
    /// The account's token version when the token was issued.
    pub ver: u32,
    /// When it was issued.
    pub iat: u64,
    /// From when on it is no longer good.
    pub exp: u64,
    /// Before when it is not yet good.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub nbf: Option<u64>,
    /// A random name for this one token: 128 bits in hexadecimal.
    pub jti: String,
}

/// A claim that may be absent must not be null.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    u64::deserialize(deserializer).map(Some)
}

impl Claims {
    /// Whether the claims hold together at this time.
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

/// The header of our tokens: these members and no other. So `crit`, `b64`, `zip` and every parameter that brings a
/// key along (`jwk`, `jku`, `x5u`, `x5c`) are refused, not overlooked.
#[derive(DeriveDeserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JoseHeader {
    alg: String,
    typ: String,
    pub(super) kid: String,
}

impl JoseHeader {
    /// Reads the header of what has the outer form of a signed token: three parts of the base64url alphabet, the second
    /// of which is text.
    pub(super) fn of(token: &str, max_bytes: usize) -> Result<Self, TokenError> {
        let in_alphabet = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        if token.len() > max_bytes || !token.bytes().all(in_alphabet) {
            return Err(TokenError::Malformed);
        }
        let mut parts = token.split('.');
        let (Some(header), Some(claims), Some(_), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(TokenError::Malformed);
        };
        let decode = |part| BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed);
        let Object(header): Object<Self> =
            serde_json::from_slice(&decode(header)?).map_err(|_| TokenError::UnacceptableHeader)?;
        if header.alg != "HS256" || header.typ != "JWT" {
            return Err(TokenError::UnacceptableHeader);
        }
        // A reader of JSON skips what it ignores, but all of it must be UTF-8 (RFC 7519 section 7.2).
        std::str::from_utf8(&decode(claims)?).map_err(|_| TokenError::Malformed)?;
        Ok(header)
    }
}

/// A `T` from a JSON object: what serde derives would take an array of the values as well.
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
