//! A stand-in for Secrets Manager that holds one secret.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::lambda::{REGION, SECRET_ACCESS_KEY, SESSION_TOKEN};
use crate::server;
use crate::signature::Received;

/// The secret's name.
pub const ARN: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:serverless-auth-AbCdEf";

/// The response to a request for the secret.
#[derive(Clone, Debug)]
pub enum Mode {
    /// This value, as bytes.
    Binary(String),
    /// An error of this status and type.
    Fails(u16, &'static str),
    /// A response with this status that is not from Secrets Manager.
    Garbage(u16),
    /// None at all.
    Hangs,
    /// This value.
    Holds(String),
}

/// The function's role has no permission.
pub const ACCESS_DENIED: Mode = Mode::Fails(400, "AccessDeniedException");
/// A failure of the service itself.
pub const INTERNAL_ERROR: Mode = Mode::Fails(500, "InternalServiceError");
/// There is no such secret.
pub const NOT_FOUND: Mode = Mode::Fails(400, "ResourceNotFoundException");

/// The stand-in. It ends with the runtime that started it.
#[derive(Debug)]
pub struct SecretsManager {
    /// Where it listens.
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    mode: Mode,
    delay: Duration,
    reads: usize,
}

impl SecretsManager {
    /// Starts the stand-in on a free port.
    pub async fn start(mode: Mode) -> Self {
        let state = Arc::new(Mutex::new(State { mode, delay: Duration::ZERO, reads: 0 }));
        let routes = Router::new().route("/", post(handle)).with_state(state.clone());
        let (address, _) = server::start(routes).await;
        Self { address, state }
    }

    /// Sets the response from now on.
    pub fn set(&self, mode: Mode) {
        self.state().mode = mode;
    }

    /// The value that it holds.
    pub fn value(&self) -> Value {
        let Mode::Holds(value) = &self.state().mode else { panic!("it holds no value") };
        serde_json::from_str(value).unwrap()
    }

    /// Delays every response.
    pub fn delay(&self, delay: Duration) {
        self.state().delay = delay;
    }

    /// The number of requests since the last call.
    pub fn reads(&self) -> usize {
        std::mem::take(&mut self.state().reads)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

/// A secret with a current and maybe a previous value.
pub fn holding(current: &str, previous: Option<&str>) -> Mode {
    Mode::Holds(match previous {
        Some(previous) => json!({ "current": current, "previous": previous }).to_string(),
        None => json!({ "current": current }).to_string(),
    })
}

async fn handle(
    Shared(state): Shared<Arc<Mutex<State>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (mode, delay) = {
        let mut state = state.lock().unwrap();
        state.reads += 1;
        (state.mode.clone(), state.delay)
    };
    tokio::time::sleep(delay).await;
    let request: Value = serde_json::from_slice(&body).unwrap();
    if headers.get("x-amz-security-token").is_none_or(|token| token != SESSION_TOKEN) {
        return respond(400, &json!({ "__type": "UnrecognizedClientException" }));
    }
    let received = Received { method: &method, path: uri.path(), headers: &headers, body: &body };
    if let Err(problem) = received.check(SECRET_ACCESS_KEY, REGION, "secretsmanager") {
        return respond(400, &json!({ "__type": "InvalidSignatureException", "Message": problem }));
    }
    if request["SecretId"] != ARN {
        return respond(400, &json!({ "__type": "ResourceNotFoundException" }));
    }
    if headers["x-amz-target"] == "secretsmanager.PutSecretValue" {
        let token = request["ClientRequestToken"].as_str().unwrap();
        assert!((32..=64).contains(&token.len()), "{token}");
        let value = request["SecretString"].as_str().unwrap().to_owned();
        if let Mode::Holds(_) = mode {
            state.lock().unwrap().mode = Mode::Holds(value);
        }
        return respond(200, &json!({ "ARN": ARN, "VersionId": token }));
    }
    assert_eq!(headers["x-amz-target"], "secretsmanager.GetSecretValue");
    match mode {
        Mode::Binary(value) => {
            respond(200, &json!({ "ARN": ARN, "SecretBinary": BASE64_STANDARD.encode(value) }))
        }
        Mode::Fails(status, kind) => respond(status, &json!({ "__type": kind, "Message": "for the log" })),
        Mode::Garbage(status) => {
            (StatusCode::from_u16(status).unwrap(), "<html>canary</html>").into_response()
        }
        Mode::Hangs => pending().await,
        Mode::Holds(value) => respond(200, &json!({ "ARN": ARN, "SecretString": value })),
    }
}

fn respond(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    (status, [(CONTENT_TYPE, "application/x-amz-json-1.1")], body.to_string()).into_response()
}
