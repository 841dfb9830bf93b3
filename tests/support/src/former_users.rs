//! A stand-in for Lambda with a function that knows the users of another system.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};

use crate::lambda::{SECRET_ACCESS_KEY, SESSION_TOKEN};
use crate::server;
use crate::signature::Received;

/// The ARN of the function, in another region than those that call it.
pub const ARN: &str = "arn:aws:lambda:eu-central-1:123456789012:function:former-users:live";
const REGION: &str = "eu-central-1";

/// The path of the operation `Invoke`, as it is sent.
const PATH: &str = "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-central-1%3A123456789012%3Afunction%3Aformer-users%3Alive/invocations";

/// A user of the other system.
#[derive(Clone, Debug)]
pub struct User {
    /// The name that is typed.
    pub name: &'static str,
    /// The password.
    pub password: &'static str,
    /// The members of `userAttributes`.
    pub attributes: Value,
    /// `finalUserStatus`.
    pub status: &'static str,
}

/// The response to a call.
#[derive(Clone, Debug)]
pub enum Mode {
    /// An error of Lambda, of this status and type.
    Fails(u16, &'static str),
    /// None at all.
    Hangs,
    /// This one, whatever is asked.
    Returns(Value),
    /// That of the function: an event with the user, or an error as a function throws it.
    Works,
}

/// The stand-in. It ends with the runtime that started it.
#[derive(Debug)]
pub struct FormerUsers {
    /// Where it listens.
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    mode: Mode,
    users: Vec<User>,
    events: Vec<Value>,
}

impl FormerUsers {
    /// Starts the stand-in on a free port.
    pub async fn start(users: &[User]) -> Self {
        let state = State { mode: Mode::Works, users: users.to_vec(), events: Vec::new() };
        let state = Arc::new(Mutex::new(state));
        let routes = Router::new().fallback(post(handle)).with_state(state.clone());
        let (address, _) = server::start(routes).await;
        Self { address, state }
    }

    /// Sets the response from now on.
    pub fn set(&self, mode: Mode) {
        self.state().mode = mode;
    }

    /// The events since the last call.
    pub fn events(&self) -> Vec<Value> {
        std::mem::take(&mut self.state().events)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

async fn handle(
    Shared(state): Shared<Arc<Mutex<State>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if headers.get("x-amz-security-token").is_none_or(|token| token != SESSION_TOKEN) {
        return error(403, "UnrecognizedClientException");
    }
    let received = Received { method: &method, path: uri.path(), headers: &headers, body: &body };
    if received.check(SECRET_ACCESS_KEY, REGION, "lambda").is_err() {
        return error(403, "InvalidSignatureException");
    }
    if uri.path() != PATH {
        return error(404, "ResourceNotFoundException");
    }
    let event: Value = serde_json::from_slice(&body).unwrap();
    let mode = {
        let mut state = state.lock().unwrap();
        state.events.push(event.clone());
        state.mode.clone()
    };
    match mode {
        Mode::Fails(status, kind) => error(status, kind),
        Mode::Hangs => pending().await,
        Mode::Returns(returned) => respond(200, &returned),
        Mode::Works => respond(200, &returned(event, &state.lock().unwrap().users)),
    }
}

fn returned(mut event: Value, users: &[User]) -> Value {
    let found = users
        .iter()
        .find(|user| event["userName"] == user.name && event["request"]["password"] == user.password);
    let Some(user) = found else { return json!({ "errorType": "Error", "errorMessage": "Bad password" }) };
    event["response"]["userAttributes"] = user.attributes.clone();
    event["response"]["finalUserStatus"] = user.status.into();
    event
}

/// As in the protocol `restJson1`: the type is in a header.
fn error(status: u16, kind: &'static str) -> Response {
    let mut response = respond(status, &json!({ "message": "for the log" }));
    response.headers_mut().insert("x-amzn-errortype", kind.parse().unwrap());
    response
}

fn respond(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    (status, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
