//! A stand-in for Secrets Manager that holds one secret.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::http::{self, Message};
use crate::service::SESSION_TOKEN;

/// The secret's name.
pub const ARN: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:serverless-auth-AbCdEf";

/// How a request for the secret is answered.
#[derive(Clone, Debug)]
pub enum Mode {
    /// With this value, as bytes.
    Binary(String),
    /// By a refusal of this status and type.
    Fails(u16, &'static str),
    /// Not at all.
    Hangs,
    /// With this value.
    Holds(String),
}

pub const ACCESS_DENIED: Mode = Mode::Fails(400, "AccessDeniedException");
pub const INTERNAL_ERROR: Mode = Mode::Fails(500, "InternalServiceError");
pub const NOT_FOUND: Mode = Mode::Fails(400, "ResourceNotFoundException");

/// Ends with the test's runtime.
pub struct Secrets {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

struct State {
    mode: Mode,
    delay: Duration,
    reads: usize,
}

impl Secrets {
    pub async fn start(mode: Mode) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State { mode, delay: Duration::ZERO, reads: 0 }));
        let secrets = Self { address, state: state.clone() };
        let connect = move || {
            let state = state.clone();
            move |request| answer(request, state.clone())
        };
        tokio::spawn(http::serve(listener, connect));
        secrets
    }

    /// What is answered from now on.
    pub fn set(&self, mode: Mode) {
        self.state().mode = mode;
    }

    /// Every answer comes later by this much.
    pub fn delay(&self, delay: Duration) {
        self.state().delay = delay;
    }

    /// How often the secret was asked for since the last time.
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

async fn answer(request: Message, state: Arc<Mutex<State>>) -> Option<Message> {
    let (mode, delay) = {
        let mut state = state.lock().unwrap();
        state.reads += 1;
        (state.mode.clone(), state.delay)
    };
    tokio::time::sleep(delay).await;
    assert_eq!(request.header("x-amz-target"), Some("secretsmanager.GetSecretValue"));
    let asked: Value = serde_json::from_slice(&request.body).unwrap();
    if request.header("x-amz-security-token") != Some(SESSION_TOKEN) {
        return Some(reply(400, &json!({ "__type": "UnrecognizedClientException" })));
    }
    if asked["SecretId"] != ARN {
        return Some(reply(400, &json!({ "__type": "ResourceNotFoundException" })));
    }
    match mode {
        Mode::Binary(value) => {
            Some(reply(200, &json!({ "ARN": ARN, "SecretBinary": BASE64_STANDARD.encode(value) })))
        }
        Mode::Fails(status, kind) => {
            Some(reply(status, &json!({ "__type": kind, "Message": "for the log" })))
        }
        Mode::Hangs => pending().await,
        Mode::Holds(value) => Some(reply(200, &json!({ "ARN": ARN, "SecretString": value }))),
    }
}

fn reply(status: u16, body: &Value) -> Message {
    Message::answer(status, &[("content-type", "application/x-amz-json-1.1")], body.to_string())
}
