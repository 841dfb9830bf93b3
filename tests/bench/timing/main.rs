//! Compares the times of failed logins with and without an account: thousands of each kind, in random order. `tests/timing`
//! runs it. It fails if times tell which accounts exist.
//!
//! Each kind is compared with an unknown name: in one process, where the handler is called with events, and over HTTP
//! through the emulator. One kind is known to differ, an account whose hash has another cost: a run that does not notice it
//! fails too.

mod report;

use std::process::ExitCode;
use std::time::Duration;

use login::Login;
use serde_json::json;
use shared::account::{Account, AccountId, Status};
use shared::config::Config;
use shared::http::Event;
use shared::names::username::Username;
use shared::password::Password;
use shared::password::hash::{Cost, Hasher, PasswordHash, Verification};
use shared::session::Sessions;
use shared::start;
use shared::start::Function;
use shared::store::{Registrations, SqliteStore};
use shared::time::Timestamp;
use support::emulator::Emulator;
use support::samples;
use support::store::Store;
use tokio::time::Instant;

use crate::report::Report;

/// The number of measured logins of each kind unless the command gives one, and of those before that are not measured.
const ROUNDS: usize = 2000;
const WARM_UP: usize = 100;

/// One hash alone is timed in this many rounds, as the unit of differences.
const HASH_EVERY: usize = 10;

const RIGHT: &str = "correct horse battery staple";
const WRONG: &str = "correct horse battery stapler";

/// The cause of a failed login.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Unknown,
    Wrong,
    Disabled,
    OverLong,
    OldCost,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Unknown, Self::Wrong, Self::Disabled, Self::OverLong, Self::OldCost];

    fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown name",
            Self::Wrong => "wrong password",
            Self::Disabled => "disabled account",
            Self::OverLong => "over-long password",
            Self::OldCost => "hash of another cost (control)",
        }
    }

    fn password(self) -> String {
        match self {
            Self::Unknown | Self::Disabled => RIGHT.to_owned(),
            Self::Wrong | Self::OldCost => WRONG.to_owned(),
            Self::OverLong => WRONG.repeat(10),
        }
    }

    /// Returns true if it must take the time of an unknown name.
    fn is_promised(self) -> bool {
        !matches!(self, Self::OldCost)
    }
}

/// One login of each kind, at names without a failure.
type Round = [(Kind, String); Kind::ALL.len()];

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

    let store = Store::sqlite();
    let logins = enrol(&store, WARM_UP + rounds, &mut random).await;
    let over_http = Report::new("over HTTP", &over_http(&store, &logins).await, &mut random);
    println!("{over_http}");

    println!("{}", json!([in_process.json(), over_http.json()]));
    if in_process.is_as_promised() && over_http.is_as_promised() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Makes accounts for this many rounds, each in an order of its own.
async fn enrol(store: &Store, rounds: usize, random: &mut fastrand::Rng) -> Vec<Round> {
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
        let mut round = Kind::ALL.map(|kind| (kind, names.pop().expect("enough names")));
        for (kind, name) in &round {
            let hash = if kind.is_promised() { &hash } else { &old_hash };
            if !matches!(kind, Kind::Unknown) {
                accounts.create(&account(*kind, name, hash), None, None).await.expect("an account");
            }
        }
        random.shuffle(&mut round);
        planned.push(round);
    }
    planned
}

fn account(kind: Kind, name: &str, hash: &PasswordHash) -> Account {
    Account {
        id: AccountId::random().expect("an id"),
        username: Username::parse(name).expect("a name"),
        email: None,
        email_verified: false,
        pending_until: None,
        password_hash: hash.clone(),
        token_version: 0,
        status: if matches!(kind, Kind::Disabled) { Status::Disabled } else { Status::Active },
        created_at: clock(),
        sessions: Sessions::default(),
    }
}

/// The handler alone, called with the events of an HTTP API.
async fn in_process(store: &Store, logins: &[Round]) -> Times {
    let variables = &store.variables;
    let config = Config::parse(|name| {
        variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| value.clone())
    });
    let resources = start::open(config.expect("a configuration"), clock()).await.expect("a store");
    let login = Login::new(resources).expect("a function");
    measure(logins, async |name, password| {
        let event = samples::credentials(name, password).to_string();
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
    let service = Emulator::start(&store.variables);
    let client = service.client();
    measure(logins, async |name, password| {
        let began = Instant::now();
        let response = client.login(name, password).await;
        let took = began.elapsed();
        assert_eq!(response.status, 401);
        took
    })
    .await
}

async fn measure(logins: &[Round], login: impl AsyncFn(&str, &str) -> Duration) -> Times {
    let hasher = Hasher::new(Cost::DEFAULT).expect("a hasher");
    let password = Password::parse(WRONG).expect("a password");
    let mut times = Times::default();
    for (number, round) in logins.iter().enumerate() {
        for (kind, name) in round {
            let took = login(name, &kind.password()).await;
            if number >= WARM_UP {
                times.logins[*kind as usize].push(milliseconds(took));
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

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// No time passes, so that no record of a failure expires.
fn clock() -> Timestamp {
    Timestamp::from_seconds(1_790_000_000)
}
