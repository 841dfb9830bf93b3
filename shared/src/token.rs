//! Tokens: JSON Web Tokens (RFC 7519), signed with HMAC-SHA256, issued and verified by the same rules.
//!
//! The rules of RFC 8725 are kept here and nowhere else: one algorithm, one key per `kid`, every claim required
//! and checked. `jsonwebtoken` does encoding, signature, issuer and audience; what it lets through (`crit`,
//! `iat`, a token at the second of its expiry, lifetimes without end, arrays for objects) is refused here.

pub mod bearer;
mod claims;
mod hs256;
mod key;
mod keyring;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};

pub use claims::Claims;
pub use key::{Key, Keys, WeakKey};
pub(crate) use keyring::KeySource;
pub use keyring::Keyring;

use crate::account::Account;
use crate::random::{self, NoRandomness};
use claims::{JoseHeader, Object};

/// The longest lifetime a token may have, whoever signed it: one day.
pub const MAX_TTL: Duration = Duration::from_hours(24);

/// How far ahead of ours the clock of the host that issued a token may be. Expiry has no leeway.
const CLOCK_SKEW_SECONDS: u64 = 5;

/// The longest token that is looked at, in bytes; API Gateway caps all headers at 10,240.
const MAX_BYTES: usize = 8 * 1024;

/// What tokens say besides whose they are.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Who issues tokens: the `iss` claim.
    pub issuer: String,
    /// For whom they are meant: the `aud` claim.
    pub audience: String,
    /// How long a new token is good; at most [`MAX_TTL`].
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

    /// A token for this account, good from `now` on.
    ///
    /// # Errors
    ///
    /// Without randomness for the `jti`, or when `now` lies before 1970.
    pub fn issue(&self, account: &Account, now: SystemTime) -> Result<String, IssueError> {
        let iat = seconds(now).ok_or(IssueError::Clock)?;
        let claims = Claims {
            iss: self.rules.issuer.clone(),
            aud: self.rules.audience.clone(),
            sub: account.id.to_string(),
            user_id: account.id.to_string(),
            username: account.username.as_str().to_owned(),
            ver: account.token_version,
            iat,
            exp: iat + self.rules.ttl.as_secs(),
            nbf: None,
            jti: hex(random::bytes::<16>()?),
        };
        jsonwebtoken::encode(&self.header, &claims, &self.key).map_err(IssueError::Encoding)
    }

    /// How long a new token is good.
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

    /// The claims of a token, once everything about it has been checked but its account.
    ///
    /// # Errors
    ///
    /// One reason per kind of defect; clients are told none of them.
    pub fn verify(&self, token: &str, now: SystemTime) -> Result<Claims, TokenError> {
        let header = JoseHeader::of(token, MAX_BYTES)?;
        let (_, key) = self.keys.iter().find(|(id, _)| *id == header.kid).ok_or(TokenError::UnknownKey)?;
        let Object(claims) = jsonwebtoken::decode::<Object<Claims>>(token, key, &self.validation)?.claims;
        claims.check(seconds(now).ok_or(TokenError::NotYetValid)?)?;
        Ok(claims)
    }
}

/// What `jsonwebtoken` checks for us. Times are not among it: they are checked against the caller's `now`.
fn validation(rules: &Rules) -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_issuer(&[&rules.issuer]);
    validation.set_audience(&[&rules.audience]);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    validation.validate_exp = false;
    validation
}

fn seconds(time: SystemTime) -> Option<u64> {
    time.duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs())
}

fn hex(bytes: [u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(bytes))
}

/// Why no token could be issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The clock stands before 1970.
    #[error("the clock stands before 1970")]
    Clock,
    /// The library failed.
    #[error("the token could not be encoded")]
    Encoding(#[source] jsonwebtoken::errors::Error),
    /// No `jti`.
    #[error("no id for a token")]
    Random(#[from] NoRandomness),
}

/// Why a token is refused. For the log; a client learns only that it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TokenError {
    /// Signed by another key, or changed since.
    BadSignature,
    /// At or past its `exp`.
    Expired,
    /// Its key may be one that could not be read: nobody knows.
    KeysUnavailable,
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
    /// `kid` names no key of ours.
    UnknownKey,
    /// Meant for somebody else.
    WrongAudience,
    /// Issued by somebody else.
    WrongIssuer,
}

impl TokenError {
    /// The word for the log.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::BadSignature => "bad_signature",
            Self::Expired => "expired",
            Self::KeysUnavailable => "keys_unavailable",
            Self::LifetimeTooLong => "lifetime_too_long",
            Self::Malformed => "malformed_token",
            Self::NotYetValid => "not_yet_valid",
            Self::SubjectMismatch => "subject_mismatch",
            Self::UnacceptableHeader => "unacceptable_header",
            Self::UnknownKey => "unknown_key",
            Self::WrongAudience => "wrong_audience",
            Self::WrongIssuer => "wrong_issuer",
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
