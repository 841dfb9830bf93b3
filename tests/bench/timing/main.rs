//! Compares the times of failed logins with and without an account, and with and without a device token: thousands of each
//! kind, in random order. `tests/timing` runs it. It fails if times tell which accounts exist, or which tokens are known.
//!
//! Each kind is compared with another one, mostly with an unknown name: in one process, where the handler is called with
//! events, and over HTTP through the emulator. One kind is known to differ, an account whose hash has another cost: a run that
//! does not notice it fails too.

mod kind;
mod report;

use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use login::Login;
use serde_json::{Value, json};
use shared::account::{Account, AccountId, Status};
use shared::config::Config;
use shared::http::Event;
use shared::limits::lockout::FailuresKey;
use shared::names::username::{Username, UsernameKey};
use shared::password::Password;
use shared::password::hash::{Cost, Hasher, PasswordHash, Verification};
use shared::session::Sessions;
use shared::start::{self, Function, Resources};
use shared::store::{Attempts, Registrations, SqliteStore};
use shared::time::Timestamp;
use shared::token::{DeviceToken, Keyring};
use support::emulator::Emulator;
use support::samples;
use support::store::Store;
use tokio::time::Instant;

use crate::kind::{Kind, RIGHT, WRONG};
use crate::report::Report;

/// The number of measured logins of each kind unless the command gives one, and of those before that are not measured.
const ROUNDS: usize = 2000;
const WARM_UP: usize = 100;

/// One hash alone is timed in this many rounds, as the unit of differences.
const HASH_EVERY: usize = 10;

/// A login, at a name without a failure.
struct Attempt {
    kind: Kind,
    name: String,
    device: Option<String>,
}

impl Attempt {
    fn body(&self) -> Value {
        let mut body = json!({ "username": self.name, "password": self.kind.password() });
        if let Some(device) = &self.device {
            body["device_token"] = device.as_str().into();
        }
        body
    }

    /// Returns true if its failure was counted for the device, if that is known, and for the name if not.
    async fn is_counted(&self, store: &SqliteStore) -> bool {
        let key = FailuresKey::of_name(&UsernameKey::of(&self.name));
        let counted = store.failures(&key).await.expect("failures").is_some();
        counted != matches!(self.kind, Kind::KnownDevice)
    }
}

/// One login of each kind.
type Round = Vec<Attempt>;

/// The times of logins of each kind, by round, and of a hash alone; in milliseconds.
#[derive(Default)]
struct Times {
    logins: [Vec<f64>; Kind::ALL.len()],
    hashes: Vec<f64>,
}

impl Times {
    fn of(&self, kind: Kind) -> &[f64] {
        &self.logins[kind as usize]
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let rounds = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(ROUNDS);
    let mut random = fastrand::Rng::new();

    let store = Store::sqlite();
    let logins = enrol(&store, WARM_UP + rounds, &mut random).await;
    let in_process = Report::new("in process", &in_process(&store, &logins).await, &mut random);
    println!("{in_process}");
    assert_counted(&store, &logins).await;

    let store = Store::sqlite();
    let logins = enrol(&store, WARM_UP + rounds, &mut random).await;
    let over_http = Report::new("over HTTP", &over_http(&store, &logins).await, &mut random);
    println!("{over_http}");
    assert_counted(&store, &logins).await;

    println!("{}", json!([in_process.json(), over_http.json()]));
    if in_process.is_as_promised() && over_http.is_as_promised() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Makes accounts for this many rounds, each in an order of its own.
async fn enrol(store: &Store, rounds: usize, random: &mut fastrand::Rng) -> Vec<Round> {
    let keyring = open(store).await.keyring;
    let accounts = SqliteStore::open(&store.file()).expect("a database");
    let [hash, old_hash] = [(19_456, 2), (12_288, 3)].map(|(memory_kib, iterations)| {
        let hasher = Hasher::new(Cost::new(memory_kib, iterations).expect("a cost")).expect("a hasher");
        hasher.hash(&Password::parse(RIGHT).expect("a password")).expect("a hash")
    });
    // Random names: their place in the database is independent of their kind.
    let mut names: Vec<_> = (0..rounds * Kind::ALL.len()).map(|number| format!("name{number:06}")).collect();
    random.shuffle(&mut names);
    let mut planned = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let mut round = Round::new();
        for kind in Kind::ALL {
            let name = names.pop().expect("enough names");
            let hash = if matches!(kind, Kind::OldCost) { &old_hash } else { &hash };
            let account = account(kind, &name, hash);
            if !matches!(kind, Kind::Unknown) {
                accounts.create(&account, None, None).await.expect("an account");
            }
            round.push(Attempt { kind, device: device(kind, &account, &keyring).await, name });
        }
        random.shuffle(&mut round);
        planned.push(round);
    }
    planned
}

/// The text in the place of a device token.
async fn device(kind: Kind, account: &Account, keyring: &Keyring) -> Option<String> {
    let token = DeviceToken::new(account, None, clock()).expect("a device");
    let known = keyring.seal(&token, clock()).await.expect("a token");
    match kind {
        Kind::KnownDevice => Some(known),
        Kind::ForgedDevice => Some(samples::forged(&known)),
        _ => None,
    }
}

fn account(kind: Kind, name: &str, hash: &PasswordHash) -> Account {
    Account {
        id: AccountId::random().expect("an id"),
        username: Username::parse(name).expect("a name"),
        email: None,
        external_id: None,
        imported: None,
        email_verified: false,
        pending_until: None,
        password_hash: hash.clone(),
        token_version: 0,
        status: if matches!(kind, Kind::Disabled) { Status::Disabled } else { Status::Active },
        created_at: clock(),
        sessions: Sessions::default(),
    }
}

/// Opens a store as the function does.
async fn open(store: &Store) -> Resources<Login> {
    let variables = &store.variables;
    let config = Config::parse(|name| {
        variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| value.clone())
    });
    start::open(config.expect("a configuration"), clock()).await.expect("a store")
}

/// The handler alone, called with the events of an HTTP API.
async fn in_process(store: &Store, logins: &[Round]) -> Times {
    let login = Login::new(open(store).await).expect("a function");
    measure(logins, async |attempt| {
        let event = samples::post(&attempt.body()).to_string();
        let began = Instant::now();
        let response = login.handle(clock, &Event::parse(&event, "")).await.expect("a response");
        let took = began.elapsed();
        assert!(response.get().contains(r#""statusCode":401"#), "{}", response.get());
        took
    })
    .await
}

/// HTTP through the emulator.
async fn over_http(store: &Store, logins: &[Round]) -> Times {
    let service = Emulator::start_optimised(&store.variables);
    let client = service.client();
    measure(logins, async |attempt| {
        let body = attempt.body().to_string();
        let began = Instant::now();
        let response = client.post("login", body).await;
        let took = began.elapsed();
        assert_eq!(response.status, 401);
        took
    })
    .await
}

async fn measure(logins: &[Round], login: impl AsyncFn(&Attempt) -> Duration) -> Times {
    let hasher = Hasher::new(Cost::DEFAULT).expect("a hasher");
    let password = Password::parse(WRONG).expect("a password");
    let mut times = Times::default();
    for (number, round) in logins.iter().enumerate() {
        for attempt in round {
            let took = login(attempt).await;
            if number >= WARM_UP {
                times.logins[attempt.kind as usize].push(milliseconds(took));
            }
        }
        if number % HASH_EVERY == 0 {
            let began = Instant::now();
            assert_eq!(hasher.verify(None, Some(&password)).map(Verification::is_match), Ok(false));
            times.hashes.push(milliseconds(began.elapsed()));
        }
    }
    times
}

/// A device token that is not known by mistake would take the time of a forged one.
async fn assert_counted(store: &Store, logins: &[Round]) {
    let store = SqliteStore::open(&store.file()).expect("a database");
    for attempt in logins.iter().flatten() {
        assert!(attempt.is_counted(&store).await, "{}", attempt.kind.name());
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// The time of day, as in the process behind the emulator: a device token must be good in both.
#[expect(clippy::disallowed_methods, reason = "the process behind the emulator has no other clock")]
fn clock() -> Timestamp {
    SystemTime::now().into()
}
