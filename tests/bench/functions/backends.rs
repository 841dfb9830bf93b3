//! The surroundings of the functions: stores, a secret, and Lambda's environment.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::Instant;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use serde_json::Value;
use support::background::Background;
use support::dynamodb::{Engine, TABLE};
use support::keys;
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

/// Both stores and the secrets. What stands for AWS is in a thread of its own.
pub struct Backends {
    binaries: Binaries,
    folder: TempDir,
    aws: Background<Aws>,
}

struct Aws {
    engine: Engine,
    /// One with a text and one with an RSA key.
    secrets: [SecretsManager; 2],
}

impl Backends {
    pub fn start(binaries: Binaries) -> Self {
        let aws = Background::start(async || Aws {
            engine: Engine::start().await,
            secrets: [
                SecretsManager::start(holding(SECRET, None)).await,
                SecretsManager::start(holding(keys::RSA_2048, None)).await,
            ],
        });
        Self { binaries, folder: tempfile::tempdir().unwrap(), aws }
    }

    /// Starts a function over a store. Returns the time of the start, in milliseconds.
    pub async fn function(&self, name: &str, store: Store) -> (Function, f64) {
        Function::start(&self.binary(name, store), &self.environment(name, store)).await
    }

    /// Starts `login` over a store, with a key of RS256.
    pub async fn login_by_rs256(&self, store: Store) -> Function {
        let mut environment = self.environment("login", store);
        match store {
            Store::DynamoDb => environment.extend(lambda::secret(self.aws.secrets[1].address)),
            Store::Sqlite => environment.push(("JWT_SECRET", keys::RSA_2048.to_owned())),
        }
        Function::start(&self.binary("login", store), &environment).await.0
    }

    fn binary(&self, name: &str, store: Store) -> PathBuf {
        match store {
            Store::DynamoDb => self.binaries.deployed(name),
            Store::Sqlite => self.binaries.local(name),
        }
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
        match store {
            Store::DynamoDb => {
                environment.extend(lambda::table(self.aws.engine.address));
                environment.extend(lambda::secret(self.aws.secrets[0].address));
                // No request of these has a mail sent.
                environment.push(("MAIL_FROM", "noreply@example.com".to_owned()));
            }
            Store::Sqlite => environment.extend([
                ("ACCOUNT_STORE", format!("sqlite://{}", self.folder.path().join("accounts.db").display())),
                ("JWT_SECRET", SECRET.to_owned()),
            ]),
        }
        environment
    }

    /// The time in milliseconds until both services that a start calls have responded to the first request on a connection of
    /// their own, where nothing is done beside: no TLS, no signature, and no wait for one before the other.
    pub fn first_responses(&self) -> f64 {
        let asked = Instant::now();
        let services = [self.aws.engine.address, self.aws.secrets[0].address];
        let mut connections = services.map(|address| TcpStream::connect(address).unwrap());
        let read =
            format!(r#"{{"TableName":"{TABLE}","Key":{{"pk":{{"S":"PRIME"}}}},"ConsistentRead":true}}"#);
        for (connection, (operation, body)) in connections.iter_mut().zip([
            ("DynamoDB_20120810.GetItem", read.as_str()),
            ("secretsmanager.GetSecretValue", r#"{"SecretId":"secret"}"#),
        ]) {
            connection.set_nodelay(true).unwrap();
            let request = format!(
                "POST / HTTP/1.1\r\nhost: aws\r\ncontent-type: application/x-amz-json-1.0\r\nx-amz-target: {operation}\r\n\
                 content-length: {}\r\n\r\n{body}",
                body.len()
            );
            connection.write_all(request.as_bytes()).unwrap();
        }
        for connection in &mut connections {
            assert!(connection.read(&mut [0; 4096]).unwrap() > 0);
        }
        asked.elapsed().as_secs_f64() * 1000.0
    }

    /// A client of the engine, to measure one look-up, or one write, without a function around it.
    pub fn client(&self) -> Client {
        self.aws.engine.client()
    }
}

/// Reads the item of an account.
pub async fn look_up(client: &Client, username: &str) {
    let read = client.get_item().table_name(TABLE).key("pk", key(username)).consistent_read(true);
    assert!(read.send().await.unwrap().item.is_some());
}

/// Writes the item of an account under a condition, and leaves it as it is.
pub async fn write(client: &Client, username: &str) {
    let write = client.update_item().table_name(TABLE).key("pk", key(username));
    let write = write.update_expression("SET disabled = :no").condition_expression("disabled = :no");
    let write = write.expression_attribute_values(":no", AttributeValue::Bool(false));
    assert!(write.return_values(ReturnValue::AllNew).send().await.unwrap().attributes.is_some());
}

fn key(username: &str) -> AttributeValue {
    AttributeValue::S(format!("USERNAME#{username}"))
}

/// The token in a response.
pub fn token(response: &Value) -> String {
    member(response, "token")
}

/// The refresh token in a response.
pub fn refresh_token(response: &Value) -> String {
    member(response, "refresh_token")
}

fn member(response: &Value, name: &str) -> String {
    let body: Value = serde_json::from_str(response["body"].as_str().unwrap()).unwrap();
    body[name].as_str().unwrap().to_owned()
}
