//! The one table from errors to responses.

use std::time::Duration;

use lambda_http::http::header::{ALLOW, HeaderName, HeaderValue, RETRY_AFTER, SET_COOKIE, WWW_AUTHENTICATE};
use lambda_http::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::cookies::{self, REFRESH_COOKIE};
use super::fields::{FieldError, FieldErrors};
use crate::account::AccountId;
use crate::limits::lockout::LockedOut;
use crate::log::{self, Outcome, Reason};
use crate::password::hash::HashError;
use crate::random::NoRandomness;
use crate::store::StoreError;
use crate::token::{IssueError, VerifyError};

/// `retry-after` of a 503, in seconds.
const RETRY_AFTER_SECONDS: u64 = 2;

/// The header with the codes of field errors: `username=unique, password=password_too_common`. The body has the messages
/// alone, as clients of the Django service know it.
const ERROR_CODES: HeaderName = HeaderName::from_static("x-error-codes");

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The error of a request. One `match` turns it into a response.
#[derive(Debug)]
pub enum ApiError {
    /// The body is too long.
    BodyTooLarge,
    /// The function cannot start, and why. Only builds for a laptop respond at all then.
    CannotStart(String),
    /// A page of another site sent a cookie, or asked for one.
    CrossSite,
    /// The password is right, and the address of the account waits for its confirmation.
    EmailNotVerified,
    /// Missing or wrong fields, each with its messages.
    Fields(FieldErrors),
    /// A fault of the service.
    Internal(BoxError),
    /// Unknown name, wrong password or disabled account: one error, so that a client cannot tell them apart.
    InvalidCredentials,
    /// The `Idempotency-Key` is not 16 to 128 visible ASCII characters.
    InvalidIdempotencyKey,
    /// The refresh token is of no live session: unknown, expired, ended or used before.
    InvalidSession {
        /// It came as a cookie, which is cleared.
        cookie: bool,
    },
    /// The token is not valid.
    InvalidToken,
    /// No mail can be sent here.
    MailNotConfigured,
    /// The body is not one JSON object without duplicate keys.
    MalformedJson,
    /// The path has no route for the method.
    MethodNotAllowed {
        /// The methods of the path.
        allow: Vec<Method>,
    },
    /// There is no discovery document: the issuer is no https URL.
    NoDiscovery,
    /// The account has no session with this id.
    NoSuchSession,
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

/// The parts of a response to an error.
pub(super) struct Rendered {
    pub(super) status: StatusCode,
    pub(super) body: Value,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
}

impl ApiError {
    /// A code is wrong, expired, used, of something else, or tried too often: one error for all.
    #[must_use]
    pub fn invalid_code() -> Self {
        let message = "This code is invalid or has expired.".to_owned();
        Self::Fields(vec![FieldError { field: "code", code: "invalid", message }])
    }

    /// Adds the reason and the account for the log. The client is told neither.
    #[must_use]
    pub fn because(self, reason: Reason, account_id: Option<AccountId>) -> RequestError {
        RequestError { error: self, reason: Some(reason), account_id }
    }

    /// The response to this error. `code` is the outcome of the log line: one word for both.
    pub(super) fn render(&self) -> Rendered {
        let code = self.outcome().as_str();
        let error = |message: &str| json!({ "error": message, "code": code });
        let later = |message, seconds: u64| json!({ "error": message, "code": code, "retry_after": seconds });
        let bearer = |challenge| Some((WWW_AUTHENTICATE, HeaderValue::from_static(challenge)));
        let mut cookie = None;
        let (status, body, header) = match self {
            Self::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, error("Request body too large"), None),
            Self::CannotStart(reason) => {
                (StatusCode::INTERNAL_SERVER_ERROR, error(&format!("Cannot start: {reason}")), None)
            }
            Self::CrossSite => (StatusCode::FORBIDDEN, error("Cross-site request"), None),
            Self::EmailNotVerified => (StatusCode::FORBIDDEN, error("Email not verified"), None),
            Self::Fields(fields) => {
                (StatusCode::BAD_REQUEST, fields_body(fields), Some((ERROR_CODES, field_codes(fields))))
            }
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, error("Internal error"), None),
            Self::InvalidCredentials => {
                (StatusCode::UNAUTHORIZED, error("Invalid credentials"), bearer("Bearer"))
            }
            Self::InvalidIdempotencyKey => (StatusCode::BAD_REQUEST, error("Invalid Idempotency-Key"), None),
            Self::InvalidSession { cookie: is_cookie } => {
                cookie = is_cookie.then(|| (SET_COOKIE, cookies::cleared(REFRESH_COOKIE)));
                (StatusCode::UNAUTHORIZED, error("Invalid session"), bearer("Bearer"))
            }
            Self::InvalidToken => (
                StatusCode::UNAUTHORIZED,
                json!({ "valid": false, "code": code }),
                bearer(r#"Bearer error="invalid_token""#),
            ),
            Self::MailNotConfigured => (StatusCode::NOT_IMPLEMENTED, error("Mail is not configured"), None),
            Self::MalformedJson => (StatusCode::BAD_REQUEST, error("Malformed JSON"), None),
            Self::MethodNotAllowed { allow } => {
                (StatusCode::METHOD_NOT_ALLOWED, error("Method not allowed"), Some((ALLOW, list(allow))))
            }
            Self::NoDiscovery => (StatusCode::NOT_FOUND, error("The issuer is not an https URL"), None),
            Self::NoSuchSession => (StatusCode::NOT_FOUND, error("No such session"), None),
            Self::TokenMissing => (StatusCode::BAD_REQUEST, error("Token missing"), bearer("Bearer")),
            Self::TooManyAttempts { retry_after } => {
                let seconds = whole_seconds(*retry_after);
                let header = Some((RETRY_AFTER, HeaderValue::from(seconds)));
                (StatusCode::TOO_MANY_REQUESTS, later("Too many attempts", seconds), header)
            }
            Self::Unavailable(_) => {
                let header = Some((RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS)));
                (StatusCode::SERVICE_UNAVAILABLE, later("Service unavailable", RETRY_AFTER_SECONDS), header)
            }
            Self::UnsupportedMediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, error("Content-Type must be application/json"), None)
            }
        };
        Rendered { status, body, headers: header.into_iter().chain(cookie).collect() }
    }

    /// The outcome in the log.
    pub(super) fn outcome(&self) -> Outcome {
        match self {
            Self::BodyTooLarge => Outcome::BodyTooLarge,
            Self::CrossSite => Outcome::CrossSite,
            Self::EmailNotVerified => Outcome::EmailNotVerified,
            Self::Fields(_) => Outcome::InvalidFields,
            Self::CannotStart(_) | Self::Internal(_) => Outcome::InternalError,
            Self::InvalidCredentials => Outcome::InvalidCredentials,
            Self::InvalidIdempotencyKey => Outcome::InvalidIdempotencyKey,
            Self::InvalidSession { .. } => Outcome::InvalidSession,
            Self::InvalidToken => Outcome::InvalidToken,
            Self::MailNotConfigured => Outcome::MailNotConfigured,
            Self::MalformedJson => Outcome::MalformedJson,
            Self::MethodNotAllowed { .. } => Outcome::MethodNotAllowed,
            Self::NoDiscovery => Outcome::NoDiscovery,
            Self::NoSuchSession => Outcome::NoSuchSession,
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
fn whole_seconds(wait: Duration) -> u64 {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    seconds.max(1)
}

fn list(methods: &[Method]) -> HeaderValue {
    header_of(&methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", "))
}

fn field_codes(fields: &FieldErrors) -> HeaderValue {
    let codes: Vec<_> = fields.iter().map(|error| format!("{}={}", error.field, error.code)).collect();
    header_of(&codes.join(", "))
}

/// Methods, fields and codes are words of ours, which every header can hold.
fn header_of(words: &str) -> HeaderValue {
    HeaderValue::from_str(words).unwrap_or(HeaderValue::from_static(""))
}

fn fields_body(fields: &FieldErrors) -> Value {
    let mut body = serde_json::Map::new();
    for FieldError { field, message, .. } in fields {
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
