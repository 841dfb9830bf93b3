//! Three handlers in one process, over one SQLite file whose calls are noted.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use login::Login;
use register::Register;
use serde_json::{Value, json};
use shared::account::Account;
use shared::config::Config;
use shared::http::Event;
use shared::names::username::UsernameKey;
use shared::start::{self, Function, Resources};
use shared::store::{Accounts, SqliteStore};
use shared::time::Timestamp;
use validate::Validate;

use crate::contract;
use crate::noted::Noted;

/// The time of requests, unless they come [later].
pub const NOW: Duration = Duration::from_secs(1_790_000_000);

thread_local! {
    static LATER: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// Lets time pass for the test of this thread.
pub fn later(time: Duration) {
    LATER.set(LATER.get() + time);
}

fn clock() -> Timestamp {
    Timestamp::EPOCH + NOW + LATER.get()
}

/// The headers of every response.
const ALWAYS: [(&str, &str); 4] = [
    ("cache-control", "no-store"),
    ("content-type", "application/json"),
    ("strict-transport-security", "max-age=31536000"),
    ("x-content-type-options", "nosniff"),
];

pub struct Handlers {
    folder: tempfile::TempDir,
    register: Register,
    login: Login,
    validate: Validate,
    calls: Arc<Mutex<Vec<String>>>,
    panics: Arc<AtomicBool>,
}

/// An HTTP response.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    pub status: u64,
    pub body: String,
    /// Sorted; values of one name joined as they would be on the wire.
    pub headers: Vec<(String, String)>,
    /// The values of `set-cookie`.
    pub cookies: Vec<String>,
}

impl Response {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Asserts this status, these bytes, and no headers but those of every response and `header`.
    #[track_caller]
    pub fn must_be(&self, status: u64, body: &str, header: Option<(&str, &str)>) {
        let codes = self.codes_of_fields();
        let codes = codes.as_deref().map(|codes| ("x-error-codes", codes));
        let mut headers: Vec<_> = ALWAYS.into_iter().chain(header).chain(codes).collect();
        headers.sort_unstable();
        let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        assert_eq!(*self, Self { status, body: body.to_owned(), headers, cookies: Vec::new() });
    }

    /// The header with the codes of field errors, which names each field as often as the body has messages for it.
    #[track_caller]
    pub fn codes_of_fields(&self) -> Option<String> {
        let codes = self.header("x-error-codes")?;
        let mut named: Vec<_> =
            codes.split(", ").map(|code| code.split_once('=').unwrap().0.to_owned()).collect();
        named.sort_unstable();
        let body = self.json();
        let fields = body.as_object().unwrap().iter();
        let told: Vec<_> = fields
            .flat_map(|(field, messages)| vec![field.clone(); messages.as_array().unwrap().len()])
            .collect();
        assert_eq!(named, told, "{self:?}");
        Some(codes.to_owned())
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }
}

impl Handlers {
    pub async fn new() -> Self {
        Self::with(&[]).await
    }

    /// The handlers with some variables set.
    pub async fn with(variables: &[(&str, &str)]) -> Self {
        Self::over(tempfile::tempdir().unwrap(), variables).await
    }

    /// The same accounts under another configuration.
    pub async fn reconfigured(self, variables: &[(&str, &str)]) -> Self {
        Self::over(self.folder, variables).await
    }

    async fn over(folder: tempfile::TempDir, variables: &[(&str, &str)]) -> Self {
        let (calls, panics) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<AtomicBool>::default());
        let database = format!("sqlite://{}/accounts.db", folder.path().display());
        let lookup = |name: &str| match name {
            "ACCOUNT_STORE" => Some(database.clone()),
            _ => {
                variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned())
            }
        };
        let config = || Config::parse(lookup).unwrap();
        let noted = || Noted {
            store: SqliteStore::open(&folder.path().join("accounts.db")).unwrap(),
            calls: calls.clone(),
            panics: panics.clone(),
        };
        Self {
            register: make::<Register>(config(), Arc::new(noted())).await,
            login: make::<Login>(config(), Arc::new(noted())).await,
            validate: make::<Validate>(config(), Arc::new(noted())).await,
            calls,
            panics,
            folder,
        }
    }

    pub async fn register(&self, event: Value) -> Response {
        self.call("register", event).await
    }

    pub async fn login(&self, event: Value) -> Response {
        self.call("login", event).await
    }

    pub async fn validate(&self, event: Value) -> Response {
        self.call("validate", event).await
    }

    /// Calls a function over HTTP. The response must be one of the contract.
    pub async fn call(&self, function: &'static str, event: Value) -> Response {
        let response = read(&Box::pin(self.invoke(function, event.clone())).await.unwrap());
        contract::check(function, &event, &response);
        response
    }

    /// Calls `validate` as an authorizer: its response, or the message of its error.
    pub async fn ask(&self, event: Value) -> Result<Value, String> {
        Box::pin(self.invoke("validate", event)).await
    }

    /// Calls a function: its response, or the message of its error.
    pub async fn invoke(&self, function: &'static str, event: Value) -> Result<Value, String> {
        let event = Event::parse(&event.to_string(), "");
        let response = match function {
            "register" => self.register.handle(clock, &event).await,
            "login" => self.login.handle(clock, &event).await,
            _ => self.validate.handle(clock, &event).await,
        };
        response
            .map(|response| serde_json::from_str(response.get()).unwrap())
            .map_err(|error| error.error_message)
    }

    /// The number of hashes that the login function has computed.
    pub fn login_hashes(&self) -> u64 {
        self.login.hasher().computations()
    }

    /// The number of them at another cost or scheme than that of new hashes.
    pub fn login_hashes_elsewhere(&self) -> u64 {
        self.login.hasher().computations_elsewhere()
    }

    /// The number of calls of all stores.
    pub fn store_calls(&self) -> u64 {
        self.calls.lock().unwrap().len() as u64
    }

    /// The calls of all stores since the last time, with their arguments.
    pub fn take_store_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    /// Makes every call of a store panic, or none.
    pub fn let_stores_panic(&self, panics: bool) {
        self.panics.store(panics, Ordering::Relaxed);
    }

    /// The folder of the database.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// The account as it is stored.
    pub async fn account(&self, name: &str) -> Option<Account> {
        self.store().find(&UsernameKey::of(name)).await.unwrap()
    }

    pub fn store(&self) -> SqliteStore {
        SqliteStore::open(&self.folder.path().join("accounts.db")).unwrap()
    }

    /// Replaces the hash of an account, as an import does.
    pub fn import(&self, username: &str, hash: &str) {
        self.sql(&format!("UPDATE accounts SET password_hash = '{hash}' WHERE username = '{username}'"));
    }

    /// Changes the database directly.
    pub fn sql(&self, sql: &str) {
        let connection = rusqlite::Connection::open(self.folder.path().join("accounts.db")).unwrap();
        connection.execute_batch(sql).unwrap();
    }

    /// The number of rows of a table.
    pub fn count(&self, table: &str) -> u64 {
        let connection = rusqlite::Connection::open(self.folder.path().join("accounts.db")).unwrap();
        connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    }

    /// Registers an account with the password [`PASSWORD`] and returns its token.
    pub async fn enrol(&self, username: &str) -> String {
        let body = json!({ "username": username, "password": PASSWORD }).to_string();
        let response = self.register(super::event::Sender::HttpApi.post(&body)).await;
        assert_eq!(response.status, 201, "{response:?}");
        response.json()["token"].as_str().unwrap().to_owned()
    }
}

/// Starts a function over this store.
async fn make<F: Function>(config: Config, store: Arc<F::Store>) -> F {
    let resources = start::open::<F>(config, clock()).await.unwrap();
    F::new(Resources { store, ..resources }).unwrap()
}

pub const PASSWORD: &str = "correct horse battery staple";

/// A text, or the texts of a list.
fn texts(value: &Value) -> Vec<String> {
    shared::http::texts(Some(value)).into_iter().map(str::to_owned).collect()
}

/// Reads a response in the form of any sender.
fn read(response: &Value) -> Response {
    let (mut headers, mut cookies) = (Vec::new(), texts(&response["cookies"]));
    for map in ["headers", "multiValueHeaders"] {
        for (name, value) in response[map].as_object().unwrap() {
            if name == "set-cookie" {
                cookies.extend(texts(value));
                continue;
            }
            let value = match value {
                Value::Array(values) => {
                    values.iter().map(|value| value.as_str().unwrap()).collect::<Vec<_>>().join(", ")
                }
                value => value.as_str().unwrap().to_owned(),
            };
            headers.push((name.clone(), value));
        }
    }
    headers.sort();
    headers.dedup();
    cookies.sort();
    cookies.dedup();
    assert_eq!(response["isBase64Encoded"], false);
    Response {
        status: response["statusCode"].as_u64().unwrap(),
        body: response["body"].as_str().unwrap_or_default().to_owned(),
        headers,
        cookies,
    }
}
