//! The one table from errors to responses.

use std::time::Duration;

use lambda_http::http::header::{ALLOW, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use lambda_http::http::{Method, StatusCode};
use serde_json::json;

use crate::account::AccountId;
use crate::limits::lockout::LockedOut;
use crate::log::{self, Outcome, Reason};
use crate::password::hash::HashError;
use crate::random::NoRandomness;
use crate::store::StoreError;
use crate::token::{IssueError, VerifyError};

/// `retry-after` of a 503, in seconds.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("2");

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The error of a request. One `match` turns it into a response.
#[derive(Debug)]
pub enum ApiError {
    /// The body is too long.
    BodyTooLarge,
    /// The function cannot start, and why. Only builds for a laptop respond at all then.
    CannotStart(String),
    /// Missing or wrong fields, each with its messages.
    Fields(FieldErrors),
    /// A fault of the service.
    Internal(BoxError),
    /// Unknown name, wrong password or disabled account: one error, so that a client cannot tell them apart.
    InvalidCredentials,
    /// The `Idempotency-Key` is not 16 to 128 visible ASCII characters.
    InvalidIdempotencyKey,
    /// The token is not valid.
    InvalidToken,
    /// The body is not one JSON object without duplicate keys.
    MalformedJson,
    /// The path has no route for the method.
    MethodNotAllowed {
        /// The methods of the path.
        allow: Vec<Method>,
    },
    /// The request has no token.
    TokenMissing,
    /// Too many failed logins at a name, or too many requests from a client IP.
    TooManyAttempts {
        /// Time until the next attempt is allowed.
        retry_after: Duration,
    },
    /// The store is down, throttled or slow.
    Unavailable(BoxError),
    /// The body is not declared to be plain JSON.
    UnsupportedMediaType,
}

/// Fields and messages, in the order in which they were found.
pub type FieldErrors = Vec<(&'static str, String)>;

impl ApiError {
    /// Adds the reason and the account for the log. The client is told neither.
    #[must_use]
    pub fn because(self, reason: Reason, account_id: Option<AccountId>) -> RequestError {
        RequestError { error: self, reason: Some(reason), account_id }
    }

    /// The status, the body, and the header of this error if it has one.
    pub(super) fn render(&self) -> (StatusCode, serde_json::Value, Option<(HeaderName, HeaderValue)>) {
        let error = |message: &str| json!({ "error": message });
        let bearer = |challenge| Some((WWW_AUTHENTICATE, HeaderValue::from_static(challenge)));
        match self {
            Self::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, error("Request body too large"), None),
            Self::CannotStart(reason) => {
                (StatusCode::INTERNAL_SERVER_ERROR, error(&format!("Cannot start: {reason}")), None)
            }
            Self::Fields(fields) => (StatusCode::BAD_REQUEST, fields_body(fields), None),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, error("Internal error"), None),
            Self::InvalidCredentials => {
                (StatusCode::UNAUTHORIZED, error("Invalid credentials"), bearer("Bearer"))
            }
            Self::InvalidIdempotencyKey => (StatusCode::BAD_REQUEST, error("Invalid Idempotency-Key"), None),
            Self::InvalidToken => (
                StatusCode::UNAUTHORIZED,
                json!({ "valid": false }),
                bearer(r#"Bearer error="invalid_token""#),
            ),
            Self::MalformedJson => (StatusCode::BAD_REQUEST, error("Malformed JSON"), None),
            Self::MethodNotAllowed { allow } => {
                (StatusCode::METHOD_NOT_ALLOWED, error("Method not allowed"), Some((ALLOW, list(allow))))
            }
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

    /// The outcome in the log.
    pub(super) fn outcome(&self) -> Outcome {
        match self {
            Self::BodyTooLarge => Outcome::BodyTooLarge,
            Self::Fields(_) => Outcome::InvalidFields,
            Self::CannotStart(_) | Self::Internal(_) => Outcome::InternalError,
            Self::InvalidCredentials => Outcome::InvalidCredentials,
            Self::InvalidIdempotencyKey => Outcome::InvalidIdempotencyKey,
            Self::InvalidToken => Outcome::InvalidToken,
            Self::MalformedJson => Outcome::MalformedJson,
            Self::MethodNotAllowed { .. } => Outcome::MethodNotAllowed,
            Self::TokenMissing => Outcome::TokenMissing,
            Self::TooManyAttempts { .. } => Outcome::TooManyAttempts,
            Self::Unavailable(_) => Outcome::Unavailable,
            Self::UnsupportedMediaType => Outcome::UnsupportedMediaType,
        }
    }

    /// A fault of the service with its causes, for the log.
    pub(super) fn fault(&self) -> Option<String> {
        match self {
            Self::CannotStart(reason) => Some(reason.clone()),
            Self::Internal(cause) | Self::Unavailable(cause) => Some(log::chain(&**cause)),
            _ => None,
        }
    }
}

/// Rounded up, so that a client that waits as long is not too early.
fn whole_seconds(wait: Duration) -> HeaderValue {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    HeaderValue::from(seconds.max(1))
}

fn list(methods: &[Method]) -> HeaderValue {
    let methods: Vec<_> = methods.iter().map(Method::as_str).collect();
    // Methods of a table of routes are tokens, which every header can hold.
    HeaderValue::from_str(&methods.join(", ")).unwrap_or(HeaderValue::from_static(""))
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

impl From<VerifyError> for RequestError {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Invalid(error) => ApiError::InvalidToken.because(error.reason(), None),
            VerifyError::KeysUnavailable => {
                ApiError::Unavailable(error.into()).because(Reason::KeysUnavailable, None)
            }
        }
    }
}

impl From<LockedOut> for RequestError {
    fn from(locked: LockedOut) -> Self {
        ApiError::TooManyAttempts { retry_after: locked.retry_after }.because(Reason::Locked, None)
    }
}

/// Faults of the service, whatever the client sent.
macro_rules! internal {
    ($($error:ty),+) => {$(
        impl From<$error> for ApiError {
            fn from(error: $error) -> Self {
                Self::Internal(error.into())
            }
        }
    )+};
}
internal!(HashError, NoRandomness, serde_json::Error);

impl From<IssueError> for RequestError {
    fn from(error: IssueError) -> Self {
        match error {
            IssueError::KeysUnavailable => {
                ApiError::Unavailable(error.into()).because(Reason::KeysUnavailable, None)
            }
            error => ApiError::Internal(error.into()).into(),
        }
    }
}

/// An error with the facts that only the log may know.
#[derive(Debug)]
pub struct RequestError {
    pub(super) error: ApiError,
    pub(super) reason: Option<Reason>,
    pub(super) account_id: Option<AccountId>,
}

impl RequestError {
    /// The error that the client is told.
    #[must_use]
    pub fn error(&self) -> &ApiError {
        &self.error
    }

    /// `true` if the client caused the error, `false` for a fault of the service, which says nothing about a password or
    /// a token.
    #[must_use]
    pub fn is_client_error(&self) -> bool {
        !matches!(self.error, ApiError::CannotStart(_) | ApiError::Internal(_) | ApiError::Unavailable(_))
    }
}

impl<E: Into<ApiError>> From<E> for RequestError {
    fn from(error: E) -> Self {
        Self { error: error.into(), reason: None, account_id: None }
    }
}
