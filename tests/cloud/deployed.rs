//! The service as it is deployed: three binaries, a table, a secret, and Lambda's environment.

use std::collections::BTreeMap;

use serde_json::json;
use support::dynamodb::Engine;
use support::keys;
use support::lambda::{self, SECRET_ACCESS_KEY, SESSION_TOKEN, Variables};
use support::samples;
use support::secrets_manager::{self, Mode, SecretsManager};

use crate::binaries;
use crate::function::{Function, Refusal, Response};
use crate::proxy::Proxy;

pub const PASSWORD: &str = "correct horse battery staple";

/// Two secrets that sign tokens.
pub const SECRET: &str = "k9Xv2mQ8rT5wZ1bN4cL7dF0gH3jP6sAuE";
pub const NEW_SECRET: &str = "another-Secret-0f-thirty-two-byt3s";

/// Variables that ask for as much in the log as there can be.
pub const LOUDEST: [(&str, &str); 3] =
    [("AWS_LAMBDA_LOG_LEVEL", "TRACE"), ("RUST_BACKTRACE", "full"), ("RUST_LOG", "trace")];

/// Asserts that a log shows no password, hash, secret, token, credential or body.
pub fn assert_no_secret(log: &str) {
    let telltales = [
        "correct horse",
        "$argon2",
        SECRET,
        NEW_SECRET,
        SECRET_ACCESS_KEY,
        SESSION_TOKEN,
        "canary",
        "Bearer",
        "eyJ",
        "device.",
        "refresh.",
    ];
    let private_key = keys::RSA_2048.lines().nth(1).unwrap();
    for telltale in telltales.into_iter().chain([private_key]) {
        assert!(!log.contains(telltale), "{telltale} in {log}");
    }
}

/// The service as it is deployed.
pub struct Deployed {
    pub engine: Engine,
    /// The proxy before the engine.
    pub proxy: Proxy,
    pub secrets: SecretsManager,
}

impl Deployed {
    pub async fn new() -> Self {
        Self::with_secret(secrets_manager::holding(SECRET, None)).await
    }

    pub async fn with_secret(mode: Mode) -> Self {
        let engine = Engine::start().await;
        let proxy = Proxy::start(engine.address);
        Self { engine, proxy, secrets: SecretsManager::start(mode).await }
    }

    /// Starts a function.
    pub async fn start(&self, function: &str) -> Function {
        self.start_with(function, &[]).await
    }

    /// Starts a function with some variables changed or removed.
    pub async fn start_with(&self, function: &str, changes: &[(&str, Option<&str>)]) -> Function {
        Function::start(&binaries::deployed(function), &self.environment(function, changes)).await
    }

    /// Starts a function that cannot start, and returns its end.
    pub async fn refusal(&self, function: &str, changes: &[(&str, Option<&str>)]) -> Refusal {
        Function::refusal(&binaries::deployed(function), &self.environment(function, changes)).await
    }

    /// The variables that lead to the table.
    pub fn way(&self) -> Variables {
        lambda::table(self.proxy.address)
    }

    fn environment(&self, function: &str, changes: &[(&str, Option<&str>)]) -> BTreeMap<String, String> {
        let environment = [
            lambda::function(function, 256),
            lambda::table(self.proxy.address),
            lambda::secret(self.secrets.address),
            LOUDEST.map(|(variable, value)| (variable, value.to_owned())).into(),
        ];
        let environment = environment.into_iter().flatten();
        let mut environment: BTreeMap<_, _> =
            environment.map(|(variable, value)| (variable.to_owned(), value)).collect();
        for (variable, value) in changes {
            match value {
                Some(value) => environment.insert((*variable).to_owned(), (*value).to_owned()),
                None => environment.remove(*variable),
            };
        }
        environment
    }
}

impl Function {
    pub async fn register(&self, username: &str, email: Option<&str>) -> Response {
        let mut body = json!({ "username": username, "password": PASSWORD });
        if let Some(email) = email {
            body["email"] = email.into();
        }
        self.call(&samples::post(&body)).await
    }

    pub async fn login(&self, username: &str, password: &str) -> Response {
        self.call(&samples::credentials(username, password)).await
    }

    pub async fn validate(&self, token: &str) -> Response {
        self.call(&samples::bearing(token)).await
    }

    /// Asserts that no kind of API gets a verdict on a token. It would take any for a permission or a denial.
    pub async fn assert_undecided(&self, token: &str) {
        for event in samples::authorizing(token) {
            self.invoke(&event.to_string()).await.assert_undecided();
        }
    }

    /// Asserts that every kind of API gets a permission for a token.
    pub async fn assert_lets_in(&self, token: &str) {
        for event in samples::authorizing(token) {
            let response = self.invoke(&event.to_string()).await.outcome.unwrap();
            let effect = &response["policyDocument"]["Statement"][0]["Effect"];
            assert!(response["isAuthorized"] == true || effect == "Allow", "{response}");
        }
    }
}

impl Response {
    pub fn token(&self) -> &str {
        self.body["token"].as_str().unwrap()
    }
}
