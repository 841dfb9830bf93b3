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
use sha2::{Digest, Sha256};

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
    /// The token and the value of a version that is not current yet, and of the one that became current last.
    coming: Option<(String, String)>,
    written: Option<(String, String)>,
    /// The status and the type of the error that writes get.
    write_error: Option<(u16, &'static str)>,
}

impl SecretsManager {
    /// Starts the stand-in on a free port.
    pub async fn start(mode: Mode) -> Self {
        let (delay, reads, coming, written, write_error) = (Duration::ZERO, 0, None, None, None);
        let state = State { mode, delay, reads, coming, written, write_error };
        let state = Arc::new(Mutex::new(state));
        let routes = Router::new().route("/", post(handle)).with_state(state.clone());
        let (address, _) = server::start(routes).await;
        Self { address, state }
    }

    /// Sets the response from now on.
    pub fn set(&self, mode: Mode) {
        self.state().mode = mode;
    }

    /// Refuses writes with this status and type, or takes them again.
    pub fn refuse_writes(&self, error: Option<(u16, &'static str)>) {
        self.state().write_error = error;
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
    match headers["x-amz-target"].to_str().unwrap() {
        "secretsmanager.GetSecretValue" => {}
        target => return write(target, &request, &mut state.lock().unwrap()),
    }
    match mode {
        Mode::Binary(value) => {
            respond(200, &json!({ "ARN": ARN, "SecretBinary": BASE64_STANDARD.encode(value) }))
        }
        Mode::Fails(status, kind) => respond(status, &json!({ "__type": kind, "Message": "for the log" })),
        Mode::Garbage(status) => {
            (StatusCode::from_u16(status).unwrap(), "<html>canary</html>").into_response()
        }
        Mode::Hangs => pending().await,
        Mode::Holds(value) => {
            let version = state.lock().unwrap().version();
            respond(200, &json!({ "ARN": ARN, "VersionId": version, "SecretString": value }))
        }
    }
}

impl State {
    /// The id of the current version. That of a value which a test has set is made from the value.
    fn version(&self) -> String {
        let Mode::Holds(current) = &self.mode else { panic!("{:?}", self.mode) };
        match &self.written {
            Some((token, value)) if value == current => token.clone(),
            _ => BASE64_STANDARD.encode(Sha256::digest(current)),
        }
    }
}

/// A write, in two steps: a new version, then the label of the current one.
fn write(target: &str, request: &Value, state: &mut State) -> Response {
    if let Some((status, kind)) = state.write_error {
        return respond(status, &json!({ "__type": kind, "Message": "for the log" }));
    }
    let text = |member: &str| request[member].as_str().unwrap().to_owned();
    match target {
        "secretsmanager.PutSecretValue" => {
            assert!(
                !request["VersionStages"].as_array().unwrap().contains(&"AWSCURRENT".into()),
                "{request}"
            );
            let token = text("ClientRequestToken");
            assert!((32..=64).contains(&token.len()), "{token}");
            state.coming = Some((token.clone(), text("SecretString")));
            respond(200, &json!({ "ARN": ARN, "VersionId": token }))
        }
        "secretsmanager.UpdateSecretVersionStage" => {
            let coming = state.coming.clone().unwrap();
            assert_eq!(
                (text("VersionStage"), text("MoveToVersionId")),
                ("AWSCURRENT".to_owned(), coming.0.clone())
            );
            if text("RemoveFromVersionId") != state.version() {
                return respond(
                    400,
                    &json!({ "__type": "InvalidParameterException", "Message": "for the log" }),
                );
            }
            state.mode = Mode::Holds(coming.1.clone());
            state.written = Some(coming);
            respond(200, &json!({ "ARN": ARN }))
        }
        other => panic!("{other}"),
    }
}

fn respond(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    (status, [(CONTENT_TYPE, "application/x-amz-json-1.1")], body.to_string()).into_response()
}
