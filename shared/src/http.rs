//! HTTP: what a request must be, and what it is answered. No file but this and `error.rs` knows a status code.

mod body;
mod error;
mod event;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use lambda_http::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use lambda_http::http::{Method, StatusCode};
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt, Response};
use lambda_runtime::Diagnostic;
use serde::Serialize;

pub use body::{BodyFields, Invalid};
pub use error::{ApiError, FieldErrors, RequestError};
pub use event::answer;

use crate::account::AccountId;
use crate::limits::client_ip::ClientIp;
use crate::log;

/// How long a handler may take: less than the three seconds in which a client has its answer. Each call to the store or
/// for the secret has its own limit, but several may follow upon one another.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(2700);

/// Waits for a handler, even if it panics, and no longer than a client should.
///
/// # Errors
///
/// Those of the handler; its panic; its not being done in time.
pub async fn outcome<T>(handling: impl Future<Output = Result<T, RequestError>>) -> Result<T, RequestError> {
    let handling = AssertUnwindSafe(handling).catch_unwind();
    match tokio::time::timeout(ANSWER_TIMEOUT, handling).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(ApiError::Internal("the handler panicked".into()).because("panic", None)),
        Err(late) => Err(ApiError::Unavailable(late.into()).because("timeout", None)),
    }
}

/// Logs an event of no kind that the function knows, which there is nobody to answer.
#[must_use]
pub fn unknown_event(function: &'static str, now: SystemTime, request_id: &str) -> Diagnostic {
    let invocation = Invocation { function, event: "unknown", request_id, started: now, answered: now };
    invocation.log(None, Err(&ApiError::Internal("not an event that this function knows".into()).into()));
    Diagnostic { error_type: "UnknownEvent".to_owned(), error_message: "Internal error".to_owned() }
}

/// A good answer on its way out.
#[derive(Debug)]
pub struct ApiResponse {
    status: StatusCode,
    body: String,
    account_id: AccountId,
}

impl ApiResponse {
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

/// The address that a request came from, as the gateway saw it. A load balancer tells only what a client can forge.
#[must_use]
pub fn client_ip(request: &Request) -> Option<ClientIp> {
    let address = match request.request_context_ref()? {
        RequestContext::ApiGatewayV1(context) => context.identity.source_ip.as_deref(),
        RequestContext::ApiGatewayV2(context) => context.http.source_ip.as_deref(),
        _ => None,
    };
    ClientIp::parse(address?)
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
    /// When it came.
    pub started: SystemTime,
    /// When it was answered.
    pub answered: SystemTime,
}

impl Invocation<'_> {
    /// Logs what came of it, once. `status` is that of an HTTP answer; an authorizer's has none.
    pub fn log(&self, status: Option<u16>, outcome: Result<AccountId, &RequestError>) {
        let (account_id, refused) = match outcome {
            Ok(account_id) => (Some(account_id), None),
            Err(refused) => (refused.account_id, Some(refused)),
        };
        let fault = refused.and_then(|refused| refused.error.cause());
        log::Line {
            request_id: self.request_id,
            function: self.function,
            event: self.event,
            outcome: refused.map_or("ok", |refused| refused.error.outcome()),
            reason: refused.and_then(|refused| refused.reason),
            status,
            answered: self.answered,
            duration: self.answered.duration_since(self.started).unwrap_or_default(),
            account_id,
            fault: fault.as_deref(),
        }
        .write();
    }
}

/// Logs the outcome of a request, once, and turns it into the answer.
fn respond(invocation: &Invocation<'_>, result: &Result<ApiResponse, RequestError>) -> Response<Body> {
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
