//! The service as a client sees it that repeats a request until it has a response.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use reqwest::header::AUTHORIZATION;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use support::cargo;
use support::client::{self, Client, Response};
use support::lambda::Variables;
use support::store::Store;
use tokio::process::Command;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// A client gives a request up after this time, and repeats it. A function takes three seconds at most.
const PATIENCE: Duration = Duration::from_secs(5);

/// Before a repetition.
pub const PAUSE: Duration = Duration::from_millis(100);

/// How often a request is repeated before the service counts as dead.
const REPETITIONS: usize = 100;

/// The operator's tool, on the accounts of a store.
#[derive(Clone)]
pub struct Tool {
    program: PathBuf,
    variables: Variables,
}

impl Tool {
    pub fn build(store: &Store) -> Self {
        let program = cargo::build(&["--package", "accounts", "--example", "accounts"]).pop();
        Self { program: program.expect("the tool"), variables: store.variables.clone() }
    }

    pub async fn revoke(&self, name: &str) -> bool {
        let mut tool = Command::new(&self.program);
        tool.args(["revoke", name]).env_clear().envs(self.variables.iter().cloned());
        let tool = tool.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        tool.status().await.expect("an exit code").success()
    }
}

/// The service that is running, by the client of its emulator.
#[derive(Clone)]
pub struct Service {
    pub client: watch::Receiver<Client>,
    pub tool: Tool,
}

impl Service {
    /// Sends a request until it has a response that is no fault of the service.
    async fn respond(&self, request: impl Fn(&Client) -> RequestBuilder) -> Response {
        for _ in 0..REPETITIONS {
            let client = self.client.borrow().clone();
            if let Ok(Ok(response)) = timeout(PATIENCE, client::try_send(request(&client))).await
                && response.status < 500
            {
                return response;
            }
            sleep(PAUSE).await;
        }
        panic!("no response");
    }

    pub async fn post(&self, route: &str, body: &Value) -> Response {
        self.respond(|client| client.json(route, body.to_string())).await
    }

    pub async fn with_bearer(&self, method: &Method, path: &str, bearer: &str) -> Response {
        self.respond(|client| client.request(method.clone(), path).header(AUTHORIZATION, bearer)).await
    }

    pub async fn refresh(&self, token: &str) -> Response {
        self.post("refresh", &json!({ "refresh_token": token })).await
    }
}
