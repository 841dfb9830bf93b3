//! What the functions run against: their stores, a secret, and Lambda's environment.

use std::path::Path;
use std::sync::mpsc;
use std::thread;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::binaries::Binaries;
use crate::engine::{Engine, TABLE};
use crate::function::Function;
use crate::secrets::{self, Secrets};

pub const PASSWORD: &str = "correct horse battery staple";
pub const SESSION_TOKEN: &str = "IQoJb3JpZ2luX2VjEXAMPLETOKEN";
const SECRET: &str = "k9Xv2mQ8rT5wZ1bN4cL7dF0gH3jP6sAuE";

/// Where accounts live.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Store {
    DynamoDb,
    Sqlite,
}

impl Store {
    pub const ALL: [Self; 2] = [Self::Sqlite, Self::DynamoDb];

    /// The word in the names of quantities.
    pub fn name(self) -> &'static str {
        match self {
            Self::DynamoDb => "dynamodb",
            Self::Sqlite => "sqlite",
        }
    }
}

/// Both stores, on a thread and a runtime of their own.
pub struct Service {
    binaries: Binaries,
    folder: TempDir,
    dynamodb: String,
    secrets: String,
}

impl Service {
    pub fn start(binaries: Binaries) -> Self {
        let (tell, told) = mpsc::channel();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let engine = Engine::start().await;
                let secrets = Secrets::start(secrets::holding(SECRET, None)).await;
                tell.send((engine.address, secrets.address)).unwrap();
                std::future::pending::<()>().await;
            });
        });
        let (dynamodb, secrets) = told.recv().unwrap();
        let folder = tempfile::tempdir().unwrap();
        Self {
            binaries,
            folder,
            dynamodb: format!("http://{dynamodb}"),
            secrets: format!("http://{secrets}"),
        }
    }

    /// Starts a function over a store; how long that took.
    pub async fn function(&self, name: &str, store: Store) -> (Function, f64) {
        let binary = match store {
            Store::DynamoDb => self.binaries.deployed(name),
            Store::Sqlite => self.binaries.local(name),
        };
        Function::start(&binary, &self.environment(name, store)).await
    }

    /// Starts the least that a function can be.
    pub async fn hello(&self) -> (Function, f64) {
        Function::start(&self.binaries.hello(), &self.environment("hello", Store::Sqlite)).await
    }

    fn environment(&self, function: &str, store: Store) -> Vec<(&'static str, String)> {
        let mut environment = vec![
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1769".to_owned()),
            ("AWS_LAMBDA_FUNCTION_NAME", function.to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{function}")),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/11/22/[$LATEST]0".to_owned()),
            // Everything here comes from one address, which is not what is measured.
            ("LOGIN_ATTEMPTS_PER_ADDRESS", "0".to_owned()),
            ("REGISTRATIONS_PER_ADDRESS", "0".to_owned()),
        ];
        match store {
            Store::DynamoDb => environment.extend([
                ("ACCOUNT_STORE", format!("dynamodb://{TABLE}")),
                ("AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE".to_owned()),
                ("AWS_ENDPOINT_URL_DYNAMODB", self.dynamodb.clone()),
                ("AWS_ENDPOINT_URL_SECRETS_MANAGER", self.secrets.clone()),
                ("AWS_REGION", "eu-west-1".to_owned()),
                ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY".to_owned()),
                ("AWS_SESSION_TOKEN", SESSION_TOKEN.to_owned()),
                ("JWT_SECRET_ARN", secrets::ARN.to_owned()),
            ]),
            Store::Sqlite => environment.extend([
                ("ACCOUNT_STORE", format!("sqlite://{}", self.folder.path().join("accounts.db").display())),
                ("JWT_SECRET", SECRET.to_owned()),
            ]),
        }
        environment
    }

    /// A client of the engine, to see what one look-up takes without a function around it.
    pub fn client(&self) -> Client {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::from_static("eu-west-1"))
            .credentials_provider(Credentials::new("key", "secret", None, None, "benches"))
            .endpoint_url(&self.dynamodb)
            .http_client(aws_smithy_http_client::Builder::new().build_http());
        Client::from_conf(config.build())
    }
}

/// Reads the item of an account.
pub async fn look_up(client: &Client, username: &str) {
    let key = AttributeValue::S(format!("USERNAME#{username}"));
    let read = client.get_item().table_name(TABLE).key("pk", key).consistent_read(true);
    assert!(read.send().await.unwrap().item.is_some());
}

/// A `POST` of a body to `register` or `login`, as an HTTP API sends it.
pub fn post(body: &Value) -> Value {
    let mut event = sample("login");
    event["body"] = body.to_string().into();
    event
}

pub fn credentials(username: &str, password: &str) -> Value {
    post(&json!({ "username": username, "password": password }))
}

/// A `POST` to `validate` with a token.
pub fn bearing(token: &str) -> Value {
    let mut event = sample("validate");
    event["headers"] = json!({ "authorization": format!("Bearer {token}") });
    event
}

/// The token in an answer.
pub fn token(reply: &Value) -> String {
    let body: Value = serde_json::from_str(reply["body"].as_str().unwrap()).unwrap();
    body["token"].as_str().unwrap().to_owned()
}

/// The same token with another signature.
pub fn forged(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    // Still base64, so that it takes a MAC to tell.
    format!("{signed}.{}{}", if signature.starts_with('A') { 'B' } else { 'A' }, &signature[1..])
}

fn sample(function: &str) -> Value {
    let events = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events");
    let text = std::fs::read_to_string(events.join(format!("{function}-http-api.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}
