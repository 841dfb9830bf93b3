//! The surroundings of the functions: stores, a secret, and Lambda's environment.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;
use support::background::Background;
use support::dynamodb::{Engine, TABLE};
use support::lambda::{self, Variables};
use support::secrets_manager::{SecretsManager, holding};
use tempfile::TempDir;

use crate::binaries::Binaries;
use crate::function::Function;

pub const PASSWORD: &str = "correct horse battery staple";
pub const SECRET: &str = "k9Xv2mQ8rT5wZ1bN4cL7dF0gH3jP6sAuE";

/// The store of accounts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Store {
    DynamoDb,
    Sqlite,
}

impl Store {
    pub const ALL: [Self; 2] = [Self::Sqlite, Self::DynamoDb];

    /// Its name in those of quantities.
    pub fn name(self) -> &'static str {
        match self {
            Self::DynamoDb => "dynamodb",
            Self::Sqlite => "sqlite",
        }
    }
}

/// Both stores and the secret. The engine and Secrets Manager are in a thread of their own.
pub struct Backends {
    binaries: Binaries,
    folder: TempDir,
    aws: Background<(Engine, SecretsManager)>,
}

impl Backends {
    pub fn start(binaries: Binaries) -> Self {
        let aws = Background::start(async || {
            (Engine::start().await, SecretsManager::start(holding(SECRET, None)).await)
        });
        Self { binaries, folder: tempfile::tempdir().unwrap(), aws }
    }

    /// Starts a function over a store. Returns the time of the start, in milliseconds.
    pub async fn function(&self, name: &str, store: Store) -> (Function, f64) {
        let binary = match store {
            Store::DynamoDb => self.binaries.deployed(name),
            Store::Sqlite => self.binaries.local(name),
        };
        Function::start(&binary, &self.environment(name, store)).await
    }

    /// Starts the function that does nothing.
    pub async fn hello(&self) -> (Function, f64) {
        Function::start(&self.binaries.hello(), &self.environment("hello", Store::Sqlite)).await
    }

    /// The variables of a function over a store.
    pub fn environment(&self, function: &str, store: Store) -> Variables {
        let mut environment = lambda::function(function, 1769);
        // All requests here come from one client IP. Its limits are not measured.
        environment.push(("LOGIN_ATTEMPTS_PER_ADDRESS", "0".to_owned()));
        environment.push(("REGISTRATIONS_PER_ADDRESS", "0".to_owned()));
        let (engine, secrets_manager) = &*self.aws;
        match store {
            Store::DynamoDb => {
                environment.extend(lambda::table(engine.address));
                environment.extend(lambda::secret(secrets_manager.address));
            }
            Store::Sqlite => environment.extend([
                ("ACCOUNT_STORE", format!("sqlite://{}", self.folder.path().join("accounts.db").display())),
                ("JWT_SECRET", SECRET.to_owned()),
            ]),
        }
        environment
    }

    /// A client of the engine, to measure one look-up without a function around it.
    pub fn client(&self) -> Client {
        self.aws.0.client()
    }
}

/// Reads the item of an account.
pub async fn look_up(client: &Client, username: &str) {
    let key = AttributeValue::S(format!("USERNAME#{username}"));
    let read = client.get_item().table_name(TABLE).key("pk", key).consistent_read(true);
    assert!(read.send().await.unwrap().item.is_some());
}

/// The token in a response.
pub fn token(response: &Value) -> String {
    let body: Value = serde_json::from_str(response["body"].as_str().unwrap()).unwrap();
    body["token"].as_str().unwrap().to_owned()
}
