//! The service as it is deployed: three binaries, a table, a secret, and Lambda's environment.

use std::collections::BTreeMap;

use serde_json::json;

use crate::binaries;
use crate::engine::{Engine, TABLE};
use crate::event;
use crate::proxy::Proxy;
use crate::runtime_api::{Answer, Function, Refusal};
use crate::secrets::{self, Mode, Secrets};

pub const PASSWORD: &str = "correct horse battery staple";

/// Two secrets to sign with.
pub const SECRET: &str = "k9Xv2mQ8rT5wZ1bN4cL7dF0gH3jP6sAuE";
pub const NEW_SECRET: &str = "another-Secret-0f-thirty-two-byt3s";

/// What Lambda gives a function to sign its requests with.
const SECRET_KEY: &str = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY";
pub const SESSION_TOKEN: &str = "IQoJb3JpZ2luX2VjEXAMPLETOKEN";

/// What might make a function tell more in its log than it should, all the way down to whole events.
pub const LOUDEST: [(&str, &str); 3] =
    [("AWS_LAMBDA_LOG_LEVEL", "TRACE"), ("RUST_BACKTRACE", "full"), ("RUST_LOG", "trace")];

/// Asserts that a log shows no password, hash, secret, token, credential or body.
pub fn assert_no_secret(log: &str) {
    let telltales = [
        "correct horse",
        "$argon2",
        SECRET,
        NEW_SECRET,
        SECRET_KEY,
        SESSION_TOKEN,
        "canary",
        "Bearer",
        "eyJ",
    ];
    for telltale in telltales {
        assert!(!log.contains(telltale), "{telltale} in {log}");
    }
}

pub struct Service {
    pub engine: Engine,
    /// Before the engine.
    pub proxy: Proxy,
    pub secrets: Secrets,
}

impl Service {
    pub async fn new() -> Self {
        Self::with_secret(secrets::holding(SECRET, None)).await
    }

    pub async fn with_secret(mode: Mode) -> Self {
        let engine = Engine::start().await;
        let proxy = Proxy::start(engine.address);
        Self { engine, proxy, secrets: Secrets::start(mode).await }
    }

    /// Starts a function.
    pub async fn start(&self, function: &str) -> Function {
        self.start_with(function, &[]).await
    }

    /// Starts a function with some variables set, or not set.
    pub async fn start_with(&self, function: &str, changes: &[(&str, Option<&str>)]) -> Function {
        Function::start(&binaries::deployed(function), &self.environment(function, changes)).await
    }

    /// The end of a function that cannot start.
    pub async fn refusal(&self, function: &str, changes: &[(&str, Option<&str>)]) -> Refusal {
        Function::refusal(&binaries::deployed(function), &self.environment(function, changes)).await
    }

    /// What leads to the table, and nothing else.
    pub fn way(&self) -> BTreeMap<String, String> {
        let way = ["ACCOUNT_STORE", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_REGION"];
        let credentials = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
        let mut environment = self.environment("accounts", &[]);
        environment.retain(|name, _| way.iter().chain(&credentials).any(|wanted| wanted == name));
        environment
    }

    fn environment(&self, function: &str, changes: &[(&str, Option<&str>)]) -> BTreeMap<String, String> {
        let mut environment: BTreeMap<_, _> = [
            ("ACCOUNT_STORE", format!("dynamodb://{TABLE}")),
            ("AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE".to_owned()),
            ("AWS_ENDPOINT_URL_DYNAMODB", format!("http://{}", self.proxy.address)),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", format!("http://{}", self.secrets.address)),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256".to_owned()),
            ("AWS_LAMBDA_FUNCTION_NAME", function.to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{function}")),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/11/22/[$LATEST]0".to_owned()),
            ("AWS_REGION", "eu-west-1".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY.to_owned()),
            ("AWS_SESSION_TOKEN", SESSION_TOKEN.to_owned()),
            ("JWT_SECRET_ARN", secrets::ARN.to_owned()),
        ]
        .into_iter()
        .chain(LOUDEST.map(|(variable, value)| (variable, value.to_owned())))
        .map(|(variable, value)| (variable.to_owned(), value))
        .collect();
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
    pub async fn register(&self, username: &str, email: Option<&str>) -> Answer {
        let mut body = json!({ "username": username, "password": PASSWORD });
        if let Some(email) = email {
            body["email"] = email.into();
        }
        self.call(&event::post(&body)).await
    }

    pub async fn login(&self, username: &str, password: &str) -> Answer {
        self.call(&event::post(&json!({ "username": username, "password": password }))).await
    }

    pub async fn validate(&self, token: &str) -> Answer {
        self.call(&event::bearing(token)).await
    }

    /// Asserts that no kind of API is told a verdict on a token: it would be taken for consent or for a refusal.
    pub async fn assert_undecided(&self, token: &str) {
        for event in event::authorizing(token) {
            self.invoke(&event.to_string()).await.assert_undecided();
        }
    }

    /// Asserts that every kind of API is told to let a token in.
    pub async fn assert_lets_in(&self, token: &str) {
        for event in event::authorizing(token) {
            let reply = self.invoke(&event.to_string()).await.outcome.unwrap();
            let effect = &reply["policyDocument"]["Statement"][0]["Effect"];
            assert!(reply["isAuthorized"] == true || effect == "Allow", "{reply}");
        }
    }
}

impl Answer {
    pub fn token(&self) -> &str {
        self.body["token"].as_str().unwrap()
    }
}
