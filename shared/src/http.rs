//! HTTP: events become requests, results become responses. Status codes stand in `error.rs` and `response.rs` alone.

pub mod attempt;
mod body;
pub mod caller;
mod cookies;
mod cors;
pub mod cross_site;
mod error;
mod event;
mod fields;
pub mod rate_limit;
mod request;
mod response;
mod routes;
pub mod sign_in;

use std::convert::Infallible;
use std::future::{Future, ready};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use lambda_http::{Adapter, Body, IntoResponse, Response, Service, service_fn};
use lambda_runtime::{Context, Diagnostic, LambdaEvent};
use serde::Serialize;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};

pub use body::{BodyFields, Invalid};
pub use cookies::{DEVICE_COOKIE, REFRESH_COOKIE, cleared};
use cors::Cors;
pub use error::{ApiError, RequestError};
pub use event::{Event, Origin, texts};
pub use fields::{FieldCode, FieldError, FieldErrors};
pub use request::Request;
pub use response::{ApiResponse, PUBLIC_MAX_AGE};
pub use routes::{Handler, Route, find};

use crate::account::AccountId;
use crate::log::{Outcome, Reason};
use crate::origins::Origins;
use crate::time::Timestamp;
use crate::{deadlines, log};

/// The clock that a function reads: the system's, or that of a test.
pub type Clock = fn() -> Timestamp;

/// The reply to Lambda: JSON, or an error.
pub type EventResult = Result<Box<RawValue>, Diagnostic>;

/// Handles an HTTP event by the route that it names. Whatever the handler does, a panic included, the client gets an HTTP
/// response. On a laptop, pages of these origins may read it.
///
/// # Errors
///
/// `UnknownEvent` when the event is not one that API Gateway, a function URL or a load balancer sends: there is no HTTP
/// client then.
pub async fn handle<F: Sync>(
    name: &'static str,
    function: &F,
    routes: &[Route<F>],
    origins: &Origins,
    clock: Clock,
    event: &Event,
) -> EventResult {
    let call = |request: Request| match find(routes, request.method(), event.path()) {
        Ok(handler) => handler(function, request),
        Err(error) => ready(Err(error.into())).boxed(),
    };
    handle_by(name, &call, origins, clock, event).await
}

type Call<'a> = dyn Fn(Request) -> BoxFuture<'a, Result<ApiResponse, RequestError>> + Sync + 'a;

/// Boxed, so that the future is compiled here and not once more in each function.
fn handle_by<'a>(
    name: &'static str,
    call: &'a Call<'a>,
    origins: &'a Origins,
    clock: Clock,
    event: &'a Event,
) -> BoxFuture<'a, EventResult> {
    let handling = async move {
        let started = clock();
        let Some(request) = event.to_lambda_request() else { return not_http(name, started, event) };
        let mut adapter = Adapter::from(service_fn(|http: lambda_http::Request| async move {
            let cors = Cors::of(&http);
            let result = if event.is_health_check() {
                Ok(ApiResponse::healthy())
            } else if cors.is_preflight {
                Ok(ApiResponse::no_content(None))
            } else {
                run_guarded(call(Request::of_event(started, clock, event, http))).await
            };
            let invocation = Invocation { function: name, kind: "http", event, started, ended: clock() };
            let (mut response, status) = response::render(&result);
            cors.allow(origins, response.headers_mut());
            invocation.log(Some(status), result.as_ref().map(ApiResponse::logged));
            Ok::<_, Infallible>(Rendered(response))
        }));
        let Ok(response) = adapter.call(LambdaEvent::new(request, Context::default())).await;
        to_reply(&response)
    };
    handling.boxed()
}

/// Responds to any event with the reason for which the function cannot start.
#[cfg(feature = "sqlite")]
pub(crate) async fn cannot_start(
    name: &'static str,
    reason: String,
    clock: Clock,
    event: &Event,
) -> EventResult {
    let call = |_| ready(Err(ApiError::CannotStart(reason.clone()).into())).boxed();
    handle_by(name, &call, &Origins::Local, clock, event).await
}

/// Runs a handler under the deadline; a panic becomes an error.
///
/// # Errors
///
/// Those of the handler, [`ApiError::Internal`] after a panic, [`ApiError::Unavailable`] at the deadline.
pub async fn run_guarded<T>(
    handling: impl Future<Output = Result<T, RequestError>>,
) -> Result<T, RequestError> {
    run_guarded_within(deadlines::HANDLER, handling).await
}

/// Runs any work of an event under a deadline; a panic becomes an error.
///
/// # Errors
///
/// As [`run_guarded`].
pub async fn run_guarded_within<T>(
    deadline: Duration,
    handling: impl Future<Output = Result<T, RequestError>>,
) -> Result<T, RequestError> {
    let handling = AssertUnwindSafe(handling).catch_unwind();
    match tokio::time::timeout(deadline, handling).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(ApiError::Internal("the handler panicked".into()).because(Reason::Panic, None)),
        Err(late) => Err(ApiError::Unavailable(late.into()).because(Reason::Timeout, None)),
    }
}

/// Replies to an event that is not an HTTP request: a ping, or one of an unknown kind.
fn not_http(function: &'static str, now: Timestamp, event: &Event) -> EventResult {
    let invocation = |kind| Invocation { function, kind, event, started: now, ended: now };
    if event.is_ping() {
        invocation("ping").log(None, Ok(Logged { outcome: Outcome::Ping, reason: None, account_id: None }));
        return to_reply(&json!({ "ping": "ok" }));
    }
    let error = ApiError::Internal("not an event that this function knows".into()).into();
    invocation("unknown").log(None, Err(&error));
    Err(Diagnostic { error_type: "UnknownEvent".to_owned(), error_message: "Internal error".to_owned() })
}

/// The reply to an event.
///
/// # Errors
///
/// When it cannot be written as JSON.
pub fn to_reply(reply: &impl Serialize) -> EventResult {
    to_raw_value(reply).map_err(|error| Diagnostic {
        error_type: "UnwritableResponse".to_owned(),
        error_message: error.to_string(),
    })
}

/// The facts of an invocation that its log line repeats.
#[derive(Clone, Copy, Debug)]
pub struct Invocation<'a> {
    /// The function's name.
    pub function: &'static str,
    /// The kind of event.
    pub kind: &'static str,
    /// The event.
    pub event: &'a Event,
    /// The arrival of the event.
    pub started: Timestamp,
    /// The end of the work.
    pub ended: Timestamp,
}

/// The facts of a success that its log line repeats.
#[derive(Clone, Copy, Debug)]
pub struct Logged {
    /// The kind of success.
    pub outcome: Outcome,
    /// Its cause, where the outcome does not tell it.
    pub reason: Option<Reason>,
    /// The account, where it is known.
    pub account_id: Option<AccountId>,
}

impl From<AccountId> for Logged {
    fn from(id: AccountId) -> Self {
        Self { outcome: Outcome::Ok, reason: None, account_id: Some(id) }
    }
}

impl Invocation<'_> {
    /// Logs the result, once. `status` is that of an HTTP response; an authorizer has none, and its line names the route and
    /// the client IP, which the access log of another API may not be at hand for.
    pub fn log(&self, status: Option<u16>, result: Result<Logged, &RequestError>) {
        let error = result.err();
        let fault = error.and_then(|error| error.error.fault());
        let origin = self.event.origin();
        let of_authorizer = |fact| if status.is_none() { fact } else { None };
        log::Line {
            request_id: self.event.request_id(),
            function: self.function,
            event: self.kind,
            outcome: result.map_or_else(|error| error.error.outcome(), |logged| logged.outcome),
            reason: result.map_or_else(|error| error.reason, |logged| logged.reason),
            status,
            ended: self.ended,
            duration: self.ended.since(self.started),
            account_id: result.map_or_else(|error| error.account_id, |logged| logged.account_id),
            gateway_request_id: origin.request_id.as_deref(),
            api_id: origin.api_id.as_deref(),
            route: of_authorizer(origin.route.as_deref()),
            client_ip: of_authorizer(origin.client_ip.as_deref()),
            fault: fault.as_deref(),
        }
        .write();
    }
}

/// A response whose body is UTF-8 as it stands. A bare [`Response`] would be transcoded to the charset of its content type,
/// which links every charset of the Web.
struct Rendered(Response<Body>);

impl IntoResponse for Rendered {
    fn into_response(self) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>> {
        Box::pin(ready(self.0))
    }
}

#[cfg(test)]
mod tests;
