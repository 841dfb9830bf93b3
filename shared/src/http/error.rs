//! The one table from errors to answers.

use std::time::Duration;

use lambda_http::http::StatusCode;
use lambda_http::http::header::{ALLOW, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use serde_json::json;

use crate::account::AccountId;
use crate::limits::client_ip::RateLimitError;
use crate::limits::lockout::LockedOut;
use crate::log;
use crate::password::hash::HashError;
use crate::random::NoRandomness;
use crate::store::StoreError;
use crate::token::IssueError;

/// How long a client is asked to wait when the store is down, in seconds.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("2");

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a request is not answered as its sender hoped. One `match` turns it into an answer.
#[derive(Debug)]
pub enum ApiError {
    /// The body is longer than any that could be meant.
    BodyTooLarge,
    /// Fields that are missing or wrong, each with its messages.
    Fields(FieldErrors),
    /// Something unforeseen, on our side.
    Internal(BoxError),
    /// Nobody by that name, another password, or a disabled account: nobody can tell them apart.
    InvalidCredentials,
    /// A token was presented and is not good.
    InvalidToken,
    /// The body is not one JSON object without duplicate keys.
    MalformedJson,
    /// Not `POST`.
    MethodNotAllowed,
    /// No token was presented.
    TokenMissing,
    /// Too many failures at a name, or requests of an address.
    TooManyAttempts {
        /// When to try again.
        retry_after: Duration,
    },
    /// The store is down, throttled or slow.
    Unavailable(BoxError),
    /// The body is not declared to be plain JSON.
    UnsupportedMediaType,
}

/// The messages for each wrong field, in the order in which they were found.
pub type FieldErrors = Vec<(&'static str, String)>;

impl ApiError {
    /// Adds what the log may know and the client may not.
    #[must_use]
    pub fn because(self, reason: &'static str, account_id: Option<AccountId>) -> RequestError {
        RequestError { error: self, reason: Some(reason), account_id }
    }

    /// The status, the body, and a header if this error has one.
    pub(super) fn answer(&self) -> (StatusCode, serde_json::Value, Option<(HeaderName, HeaderValue)>) {
        let error = |message: &str| json!({ "error": message });
        let bearer = |challenge| Some((WWW_AUTHENTICATE, HeaderValue::from_static(challenge)));
        match self {
            Self::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, error("Request body too large"), None),
            Self::Fields(fields) => (StatusCode::BAD_REQUEST, fields_body(fields), None),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, error("Internal error"), None),
            Self::InvalidCredentials => {
                (StatusCode::UNAUTHORIZED, error("Invalid credentials"), bearer("Bearer"))
            }
            Self::InvalidToken => (
                StatusCode::UNAUTHORIZED,
                json!({ "valid": false }),
                bearer(r#"Bearer error="invalid_token""#),
            ),
            Self::MalformedJson => (StatusCode::BAD_REQUEST, error("Malformed JSON"), None),
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                error("Method not allowed"),
                Some((ALLOW, HeaderValue::from_static("POST"))),
            ),
            Self::TokenMissing => (StatusCode::BAD_REQUEST, error("Token missing"), bearer("Bearer")),
            Self::TooManyAttempts { retry_after } => (
                StatusCode::TOO_MANY_REQUESTS,
                error("Too many attempts"),
                Some((RETRY_AFTER, whole_seconds(*retry_after))),
            ),
            Self::Unavailable(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                error("Service unavailable"),
                Some((RETRY_AFTER, RETRY_AFTER_SECONDS)),
            ),
            Self::UnsupportedMediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, error("Content-Type must be application/json"), None)
            }
        }
    }

    /// What the log calls this.
    pub(super) fn outcome(&self) -> &'static str {
        match self {
            Self::BodyTooLarge => "body_too_large",
            Self::Fields(_) => "invalid_fields",
            Self::Internal(_) => "internal_error",
            Self::InvalidCredentials => "invalid_credentials",
            Self::InvalidToken => "invalid_token",
            Self::MalformedJson => "malformed_json",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::TokenMissing => "token_missing",
            Self::TooManyAttempts { .. } => "too_many_attempts",
            Self::Unavailable(_) => "unavailable",
            Self::UnsupportedMediaType => "unsupported_media_type",
        }
    }

    /// What went wrong on our side, with its causes.
    pub(super) fn cause(&self) -> Option<String> {
        match self {
            Self::Internal(cause) | Self::Unavailable(cause) => Some(log::chain(&**cause)),
            _ => None,
        }
    }
}

/// Rounded up, so that whoever waits as long is not too early.
fn whole_seconds(wait: Duration) -> HeaderValue {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    HeaderValue::from(seconds.max(1))
}

fn fields_body(fields: &FieldErrors) -> serde_json::Value {
    let mut body = serde_json::Map::new();
    for (field, message) in fields {
        let messages = body.entry(*field).or_insert_with(|| json!([]));
        if let Some(messages) = messages.as_array_mut() {
            messages.push(message.as_str().into());
        }
    }
    body.into()
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(cause) => Self::Unavailable(cause),
            StoreError::Broken(cause) => Self::Internal(cause),
        }
    }
}

impl From<LockedOut> for RequestError {
    fn from(locked: LockedOut) -> Self {
        ApiError::TooManyAttempts { retry_after: locked.retry_after }.because("locked", None)
    }
}

impl From<RateLimitError> for RequestError {
    fn from(error: RateLimitError) -> Self {
        match error {
            RateLimitError::Exceeded { retry_after } => {
                ApiError::TooManyAttempts { retry_after }.because("address_limit", None)
            }
            RateLimitError::Store(error) => error.into(),
        }
    }
}

/// A fault of ours, whatever the caller sent.
macro_rules! internal {
    ($($error:ty),+) => {$(
        impl From<$error> for ApiError {
            fn from(error: $error) -> Self {
                Self::Internal(error.into())
            }
        }
    )+};
}
internal!(HashError, IssueError, NoRandomness, serde_json::Error);

/// An error on its way out, with what the log may know of it.
#[derive(Debug)]
pub struct RequestError {
    pub(super) error: ApiError,
    pub(super) reason: Option<&'static str>,
    pub(super) account_id: Option<AccountId>,
}

impl RequestError {
    /// The error without what only the log may know.
    #[must_use]
    pub fn error(&self) -> &ApiError {
        &self.error
    }

    /// Whether this says something of the caller, and not that nobody knows.
    #[must_use]
    pub fn is_verdict(&self) -> bool {
        !matches!(self.error, ApiError::Internal(_) | ApiError::Unavailable(_))
    }
}

impl<E: Into<ApiError>> From<E> for RequestError {
    fn from(error: E) -> Self {
        Self { error: error.into(), reason: None, account_id: None }
    }
}
