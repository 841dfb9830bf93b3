//! Access tokens: JSON Web Tokens (RFC 7519), signed by HS256 or RS256, issued and verified by the same rules. Refresh and
//! device tokens, which only this service reads, are in `sealed.rs`.
//!
//! The rules of RFC 8725 stand here and nowhere else: one key per `kid`, one algorithm per key, every claim required and checked.
//! `jsonwebtoken` does encoding, signature, issuer and audience. The rest is checked here, since `jsonwebtoken` accepts
//! `crit`, any `iat`, a token at the second of its expiry, unlimited lifetimes, and arrays in the place of objects.

pub mod bearer;
mod claims;
mod crypto;
mod device;
mod key;
mod key_set;
mod keyring;
mod refresh;
mod sealed;
pub mod secret;

use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};

pub use claims::Claims;
pub use device::{DEVICE_TTL, DeviceToken};
pub use key::{Key, Keys, RsaPublicKey, UnfitKey};
pub use key_set::{KeySet, MalformedKeySet};
pub use keyring::{KeySource, Keyring, MAX_AGE as MAX_KEY_AGE, VerifyError};
pub use refresh::RefreshToken;

use crate::account::Standing;
use crate::hex;
use crate::log::Reason;
use crate::random::{self, NoRandomness};
use crate::session::Lifetimes;
use crate::time::Timestamp;
use claims::{JoseHeader, Object, Text};
use key::VerifyingKey;

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
    /// Lifetime of a new token outside of a session, at most [`MAX_TTL`].
    pub ttl: Duration,
    /// Lifetimes of sessions and of their tokens.
    pub sessions: Lifetimes,
}

impl Rules {
    /// The first second at which a token issued `now` is not valid: with its session at the latest.
    #[must_use]
    pub fn expiry(&self, standing: &Standing, now: Timestamp) -> Timestamp {
        let now = now.whole_seconds();
        match &standing.session {
            None => now + self.ttl,
            Some(session) => (now + self.sessions.access_token).min(session.ends_at(&self.sessions)),
        }
    }
}

/// Issues tokens.
#[derive(Debug)]
pub struct Issuer {
    rules: Rules,
    signing: Option<(Header, EncodingKey)>,
}

impl Issuer {
    /// An issuer that signs with the current key, if there is one.
    #[must_use]
    pub fn new(rules: Rules, keys: &Keys) -> Self {
        crypto::install();
        let signing = keys.signing().map(|key| {
            let mut header = Header::new(key.algorithm());
            header.kid = Some(key.id().to_owned());
            (header, key.encoding())
        });
        Self { rules, signing }
    }

    /// A token for an account, valid from `now` on.
    ///
    /// # Errors
    ///
    /// Without a key that signs, without randomness for the `jti`, or while the clock stands at or before 1970.
    pub fn issue(&self, standing: &Standing, now: Timestamp) -> Result<String, IssueError> {
        let (header, key) = self.signing.as_ref().ok_or(IssueError::NoSigningKey)?;
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
            exp: self.rules.expiry(standing, now).seconds(),
            nbf: None,
            jti: hex::encode(&random::bytes::<16>()?),
            sid: standing.session.as_ref().map(|session| session.id.to_string()),
        };
        jsonwebtoken::encode(header, &claims, key).map_err(IssueError::Encoding)
    }

    /// `true` with a key that signs.
    #[must_use]
    pub fn signs(&self) -> bool {
        self.signing.is_some()
    }
}

/// Verifies tokens.
#[derive(Debug)]
pub struct Verifier {
    keys: Vec<KnownKey>,
}

/// A key and the checks for its tokens, which allow its algorithm alone. Else a public key could be the secret of an HMAC.
#[derive(Debug)]
struct KnownKey {
    id: String,
    key: DecodingKey,
    validation: Validation,
}

impl Verifier {
    /// A verifier that accepts all of the keys.
    #[must_use]
    pub fn new(rules: &Rules, keys: &Keys) -> Self {
        crypto::install();
        let known = |key: &VerifyingKey| KnownKey {
            id: key.id().to_owned(),
            key: key.decoding(),
            validation: validation(rules, key.algorithm()),
        };
        Self { keys: keys.verifying().iter().map(known).collect() }
    }

    /// Checks everything about a token but its account, and returns its claims.
    ///
    /// # Errors
    ///
    /// One error per kind of defect. The response to a client does not tell them apart.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, TokenError> {
        let header = JoseHeader::of(token, MAX_BYTES)?;
        let known = self.keys.iter().find(|known| known.id == header.kid).ok_or(TokenError::UnknownKey)?;
        let decoded = jsonwebtoken::decode::<Text<Object<Claims>>>(token, &known.key, &known.validation)?;
        let Text(Object(claims)) = decoded.claims;
        claims.check(now.seconds())?;
        Ok(claims)
    }
}

/// The checks of `jsonwebtoken`. Times are not among them: they are checked against the caller's `now`.
fn validation(rules: &Rules, algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
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
    /// The keys are public.
    #[error("there is no key to sign with")]
    NoSigningKey,
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
    /// Another algorithm than the key's, another type or header parameter than ours; `none` and `crit` are among them.
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
