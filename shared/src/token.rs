//! Access tokens: JSON Web Tokens (RFC 7519), signed with HMAC-SHA256, issued and verified by the same rules.
//!
//! The rules of RFC 8725 stand here and nowhere else: one algorithm, one key per `kid`, every claim required and checked.
//! `jsonwebtoken` does encoding, signature, issuer and audience. The rest is checked here, since `jsonwebtoken` accepts
//! `crit`, any `iat`, a token at the second of its expiry, unlimited lifetimes, and arrays in the place of objects.

pub mod bearer;
mod claims;
mod hs256;
mod key;
mod keyring;

use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};

pub use claims::Claims;
pub use key::{Key, Keys, WeakKey};
pub use keyring::{KeySource, Keyring, VerifyError};

use crate::account::Standing;
use crate::hex;
use crate::log::Reason;
use crate::random::{self, NoRandomness};
use crate::time::Timestamp;
use claims::{JoseHeader, Object, Text};

/// Upper bound of a token's lifetime. A token with a longer one is refused even if its signature is good.
pub const MAX_TTL: Duration = Duration::from_hours(24);

/// Leeway for `iat` and `nbf`, since clocks differ between hosts. `exp` has none.
const CLOCK_SKEW_SECONDS: u64 = 5;

/// Longest token that is parsed, in bytes. API Gateway limits all headers together to 10,240.
const MAX_BYTES: usize = 8 * 1024;

/// The claims that are the same in all tokens.
#[derive(Clone, Debug)]
pub struct Rules {
    /// `iss`.
    pub issuer: String,
    /// `aud`.
    pub audience: String,
    /// Lifetime of a new token, at most [`MAX_TTL`].
    pub ttl: Duration,
}

/// Issues tokens.
#[derive(Debug)]
pub struct Issuer {
    rules: Rules,
    header: Header,
    key: EncodingKey,
}

impl Issuer {
    /// An issuer that signs with the current key.
    #[must_use]
    pub fn new(rules: Rules, keys: &Keys) -> Self {
        hs256::install();
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(keys.current.id().to_owned());
        Self { rules, header, key: EncodingKey::from_secret(keys.current.expose()) }
    }

    /// A token for an account, valid from `now` on.
    ///
    /// # Errors
    ///
    /// Without randomness for the `jti`, or while the clock stands at or before 1970.
    pub fn issue(&self, standing: &Standing, now: Timestamp) -> Result<String, IssueError> {
        if now == Timestamp::EPOCH {
            return Err(IssueError::Clock);
        }
        let iat = now.seconds();
        let claims = Claims {
            iss: self.rules.issuer.clone(),
            aud: self.rules.audience.clone(),
            sub: standing.id.to_string(),
            user_id: standing.id.to_string(),
            username: standing.username.clone(),
            ver: standing.token_version,
            iat,
            exp: iat + self.rules.ttl.as_secs(),
            nbf: None,
            jti: hex::encode(&random::bytes::<16>()?),
        };
        jsonwebtoken::encode(&self.header, &claims, &self.key).map_err(IssueError::Encoding)
    }

    /// Lifetime of a new token.
    #[must_use]
    pub fn ttl(&self) -> Duration {
        self.rules.ttl
    }
}

/// Verifies tokens.
#[derive(Debug)]
pub struct Verifier {
    validation: Validation,
    keys: Vec<(String, DecodingKey)>,
}

impl Verifier {
    /// A verifier that accepts the current key and, while a rotation lasts, the previous one.
    #[must_use]
    pub fn new(rules: &Rules, keys: &Keys) -> Self {
        hs256::install();
        let keys = std::iter::once(&keys.current)
            .chain(&keys.previous)
            .map(|key| (key.id().to_owned(), DecodingKey::from_secret(key.expose())))
            .collect();
        Self { validation: validation(rules), keys }
    }

    /// Checks everything about a token but its account, and returns its claims.
    ///
    /// # Errors
    ///
    /// One error per kind of defect. The response to a client does not tell them apart.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, TokenError> {
        let header = JoseHeader::of(token, MAX_BYTES)?;
        let (_, key) = self.keys.iter().find(|(id, _)| *id == header.kid).ok_or(TokenError::UnknownKey)?;
        let decoded = jsonwebtoken::decode::<Text<Object<Claims>>>(token, key, &self.validation)?;
        let Text(Object(claims)) = decoded.claims;
        claims.check(now.seconds())?;
        Ok(claims)
    }
}

/// The checks of `jsonwebtoken`. Times are not among them: they are checked against the caller's `now`.
fn validation(rules: &Rules) -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_issuer(&[&rules.issuer]);
    validation.set_audience(&[&rules.audience]);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    validation.validate_exp = false;
    validation
}

/// No token could be issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The clock has not been set.
    #[error("the clock stands at or before 1970")]
    Clock,
    /// The keys are too old, and could not be read again.
    #[error("the keys are unavailable")]
    KeysUnavailable,
    /// The library failed.
    #[error("the token could not be encoded")]
    Encoding(#[source] jsonwebtoken::errors::Error),
    /// No `jti`.
    #[error("no id for a token")]
    Random(#[from] NoRandomness),
}

/// A token is not valid. The reason is for the log; a response never tells it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TokenError {
    /// Signed with another key, or changed since.
    BadSignature,
    /// At or past its `exp`.
    Expired,
    /// `exp` lies further from `iat` than in any token of ours.
    LifetimeTooLong,
    /// Not three parts of base64url JSON objects with our claims, each once and of its type.
    Malformed,
    /// `iat` or `nbf` lies in the future.
    NotYetValid,
    /// `sub` and `user_id` name two accounts.
    SubjectMismatch,
    /// Another algorithm, type or header parameter than ours; `none` and `crit` are among them.
    UnacceptableHeader,
    /// `kid` is not that of a key in use.
    UnknownKey,
    /// Another `aud`.
    WrongAudience,
    /// Another `iss`.
    WrongIssuer,
}

impl TokenError {
    /// The reason in the log.
    #[must_use]
    pub fn reason(self) -> Reason {
        match self {
            Self::BadSignature => Reason::BadSignature,
            Self::Expired => Reason::Expired,
            Self::LifetimeTooLong => Reason::LifetimeTooLong,
            Self::Malformed => Reason::MalformedToken,
            Self::NotYetValid => Reason::NotYetValid,
            Self::SubjectMismatch => Reason::SubjectMismatch,
            Self::UnacceptableHeader => Reason::UnacceptableHeader,
            Self::UnknownKey => Reason::UnknownKey,
            Self::WrongAudience => Reason::WrongAudience,
            Self::WrongIssuer => Reason::WrongIssuer,
        }
    }
}

impl From<jsonwebtoken::errors::Error> for TokenError {
    fn from(error: jsonwebtoken::errors::Error) -> Self {
        use jsonwebtoken::errors::ErrorKind as Kind;
        match error.kind() {
            Kind::InvalidSignature => Self::BadSignature,
            Kind::InvalidAlgorithm => Self::UnacceptableHeader,
            Kind::InvalidIssuer => Self::WrongIssuer,
            Kind::InvalidAudience => Self::WrongAudience,
            _ => Self::Malformed,
        }
    }
}

#[cfg(test)]
mod tests;
