//! The floor of `tests/peers` beside ours, over both stores: the processor time of a response.

use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use support::client::{Client, Response};
use support::lambda::Variables;
use support::samples::{bearing, credentials};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::backends::{Backends, PASSWORD, SECRET, Store, token};
use crate::function::{Function, processor_time};
use crate::requests::label;
use crate::statistics::Measurements;

const USERNAME: &str = "regular";

/// Requests of a round to each service.
const LOGINS: u32 = 20;
const VALIDATIONS: u32 = 200;

/// A round of the warm-up of each service.
const WARM_UP: usize = 3;

/// Lets all services take turns for some rounds, and notes for each the mean of a response in each round.
pub async fn measure(backends: &Backends, rounds: usize, into: &mut Measurements) {
    let floor = Floor::start(Vec::new()).await;
    let with_a_table = backends.environment("floor", Store::DynamoDb);
    let floor_with_a_table = Floor::start(with_a_table).await;
    let mut ours = Vec::new();
    for store in Store::ALL {
        ours.push(Ours::start(backends, store).await);
    }
    for round in 0..rounds + WARM_UP {
        let mut notes = Vec::new();
        for service in &ours {
            notes.push((label("login beside peers cpu", Some(service.store)), service.login().await));
            notes.push((label("validate beside peers cpu", Some(service.store)), service.validate().await));
        }
        for (name, floor) in [("floor", &floor), ("floor with a table", &floor_with_a_table)] {
            notes.push((format!("{name}, login cpu"), floor.login().await));
            notes.push((format!("{name}, validate cpu"), floor.validate().await));
        }
        notes.push(("@node-rs/argon2 verification cpu".to_owned(), floor.verify().await));
        for (name, milliseconds) in notes.into_iter().filter(|_| round >= WARM_UP) {
            into.add(format!("{name} ms"), milliseconds);
        }
    }
}

/// Our functions over a store, with an account.
struct Ours {
    store: Store,
    login: Function,
    validate: Function,
    token: String,
}

impl Ours {
    async fn start(backends: &Backends, store: Store) -> Self {
        let (register, _) = backends.function("register", store).await;
        let (response, _) = register.send(&credentials(USERNAME, PASSWORD), 201).await;
        let (login, _) = backends.function("login", store).await;
        let (validate, _) = backends.function("validate", store).await;
        Self { store, login, validate, token: token(&response) }
    }

    async fn login(&self) -> f64 {
        each(&self.login, LOGINS, &credentials(USERNAME, PASSWORD)).await
    }

    async fn validate(&self) -> f64 {
        each(&self.validate, VALIDATIONS, &bearing(&self.token)).await
    }
}

/// The processor time of a response, in milliseconds.
async fn each(function: &Function, count: u32, event: &Value) -> f64 {
    let before = function.processor_time();
    for _ in 0..count {
        function.send(event, 200).await;
    }
    (function.processor_time() - before) / f64::from(count)
}

/// The floor with an account. It is killed when dropped.
struct Floor {
    process: Child,
    client: Client,
    bearer: String,
}

impl Floor {
    async fn start(environment: Variables) -> Self {
        let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../peers");
        let mut process = Command::new(node(&peers))
            .arg(peers.join("floor/server.mjs"))
            .env_clear()
            .envs(environment)
            .env("JWT_SECRET", SECRET)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut port = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut port).await.unwrap();
        let client = Client::new(port.trim().parse().unwrap());
        let bearer = checked(client.register(USERNAME, PASSWORD).await, 201).bearer();
        Self { process, client, bearer }
    }

    async fn login(&self) -> f64 {
        self.each(LOGINS, async || self.client.login(USERNAME, PASSWORD).await).await
    }

    async fn validate(&self) -> f64 {
        self.each(VALIDATIONS, async || self.client.validate(&self.bearer).await).await
    }

    /// The processor time of a response, in milliseconds.
    async fn each(&self, count: u32, send: impl AsyncFn() -> Response) -> f64 {
        let process = self.process.id().unwrap();
        let before = processor_time(process);
        for _ in 0..count {
            checked(send().await, 200);
        }
        (processor_time(process) - before) / f64::from(count)
    }

    /// The processor time of a verification without a service around it, as the server has measured it.
    async fn verify(&self) -> f64 {
        let body = json!({ "username": USERNAME, "password": PASSWORD }).to_string();
        let mut sum = 0.0;
        for _ in 0..LOGINS {
            let response = checked(self.client.post("bare", body.clone()).await, 200);
            let body: Value = serde_json::from_str(&response.body).unwrap();
            sum += body["milliseconds"].as_f64().unwrap();
        }
        sum / f64::from(LOGINS)
    }
}

fn checked(response: Response, status: u16) -> Response {
    assert_eq!(response.status, status, "{response:?}");
    response
}

/// The path of Node. It and the packages of the floor are installed if they are not there.
fn node(peers: &Path) -> String {
    let mut install = std::process::Command::new(peers.join("install"));
    let output = install.arg("floor").stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "tests/peers/install failed");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
