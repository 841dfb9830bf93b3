//! HTTP: what a request must be, and the one table from errors to answers. No other file knows a status code.

mod body;
mod event;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use lambda_http::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
    X_CONTENT_TYPE_OPTIONS,
};
use lambda_http::http::{Method, StatusCode};
use lambda_http::{Body, Request, Response};
use lambda_runtime::Diagnostic;
use serde::Serialize;
use serde_json::json;

pub use body::{Form, Invalid};
pub use event::answer;

use crate::account::AccountId;
use crate::hash::HashError;
use crate::log;
use crate::random::NoRandomness;
use crate::store::StoreError;
use crate::token::IssueError;

/// How long a client is asked to wait when the store is down, in seconds.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("2");

/// How long a handler may take: less than the three seconds in which a client has its answer. Each call to the store or
/// for the secret has its own limit, but several may follow upon one another.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(2700);

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
    pub fn because(self, reason: &'static str, account_id: Option<AccountId>) -> Refused {
        Refused { error: self, reason: Some(reason), account_id }
    }

    /// The status, the body, and a header if this error has one.
    fn answer(&self) -> (StatusCode, serde_json::Value, Option<(HeaderName, HeaderValue)>) {
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
    fn outcome(&self) -> &'static str {
        match self {
            Self::BodyTooLarge => "body_too_large",
            Self::Fields(_) => "invalid_fields",
            Self::Internal(_) => "internal_error",
            Self::InvalidCredentials => "invalid_credentials",
            Self::InvalidToken => "invalid_token",
            Self::MalformedJson => "malformed_json",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::TokenMissing => "token_missing",
            Self::Unavailable(_) => "unavailable",
            Self::UnsupportedMediaType => "unsupported_media_type",
        }
    }

    /// What went wrong on our side, with its causes.
    fn cause(&self) -> Option<String> {
        match self {
            Self::Internal(cause) | Self::Unavailable(cause) => Some(log::chain(&**cause)),
            _ => None,
        }
    }
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
pub struct Refused {
    error: ApiError,
    reason: Option<&'static str>,
    account_id: Option<AccountId>,
}

impl Refused {
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

impl<E: Into<ApiError>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self { error: error.into(), reason: None, account_id: None }
    }
}

/// Waits for a handler, even if it panics, and no longer than a client should.
///
/// # Errors
///
/// Those of the handler; its panic; its not being done in time.
pub async fn outcome<T>(handling: impl Future<Output = Result<T, Refused>>) -> Result<T, Refused> {
    let handling = AssertUnwindSafe(handling).catch_unwind();
    match tokio::time::timeout(ANSWER_TIMEOUT, handling).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(ApiError::Internal("the handler panicked".into()).because("panic", None)),
        Err(late) => Err(ApiError::Unavailable(late.into()).because("timeout", None)),
    }
}

/// Logs an event of no kind that the function knows, which there is nobody to answer.
#[must_use]
pub fn unknown_event(function: &'static str, request_id: &str) -> Diagnostic {
    let invocation = Invocation { function, event: "unknown", request_id, duration: Duration::ZERO };
    invocation.log(None, Err(&ApiError::Internal("not an event that this function knows".into()).into()));
    Diagnostic { error_type: "UnknownEvent".to_owned(), error_message: "Internal error".to_owned() }
}

/// A good answer on its way out.
#[derive(Debug)]
pub struct Reply {
    status: StatusCode,
    body: String,
    account_id: AccountId,
}

impl Reply {
    /// `200 OK`.
    ///
    /// # Errors
    ///
    /// When the body cannot be written as JSON.
    pub fn ok(body: &impl Serialize, account_id: AccountId) -> Result<Self, ApiError> {
        Self::new(StatusCode::OK, body, account_id)
    }

    /// `201 Created`.
    ///
    /// # Errors
    ///
    /// When the body cannot be written as JSON.
    pub fn created(body: &impl Serialize, account_id: AccountId) -> Result<Self, ApiError> {
        Self::new(StatusCode::CREATED, body, account_id)
    }

    fn new(status: StatusCode, body: &impl Serialize, account_id: AccountId) -> Result<Self, ApiError> {
        Ok(Self { status, body: serde_json::to_string(body)?, account_id })
    }
}

/// Refuses every method but `POST`.
///
/// # Errors
///
/// [`ApiError::MethodNotAllowed`].
pub fn require_post(request: &Request) -> Result<(), ApiError> {
    if request.method() == Method::POST { Ok(()) } else { Err(ApiError::MethodNotAllowed) }
}

/// The invocation that an answer belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Invocation<'a> {
    /// Which of the functions.
    pub function: &'static str,
    /// What kind of event it was called with.
    pub event: &'static str,
    /// Lambda's id of the invocation.
    pub request_id: &'a str,
    /// How long it took.
    pub duration: Duration,
}

impl Invocation<'_> {
    /// Logs what came of it, once. `status` is that of an HTTP answer; an authorizer's has none.
    pub fn log(&self, status: Option<u16>, outcome: Result<AccountId, &Refused>) {
        let (account_id, refused) = match outcome {
            Ok(account_id) => (Some(account_id), None),
            Err(refused) => (refused.account_id, Some(refused)),
        };
        log::Line {
            request_id: self.request_id,
            function: self.function,
            event: self.event,
            outcome: refused.map_or("ok", |refused| refused.error.outcome()),
            reason: refused.and_then(|refused| refused.reason),
            status,
            duration: self.duration,
            account_id,
            fault: refused.and_then(|refused| refused.error.cause()),
        }
        .write();
    }
}

/// Logs the outcome of a request, once, and turns it into the answer.
fn respond(invocation: &Invocation<'_>, result: &Result<Reply, Refused>) -> Response<Body> {
    let (status, body, header) = match result {
        Ok(reply) => (reply.status, reply.body.clone(), None),
        Err(refused) => {
            let (status, body, header) = refused.error.answer();
            (status, body.to_string(), header)
        }
    };
    invocation.log(Some(status.as_u16()), result.as_ref().map(|reply| reply.account_id));

    let mut response = Response::new(Body::Text(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.extend(header);
    response
}

#[cfg(test)]
mod tests;
