//! Counts the instructions of warm requests to `validate`, built for release, and compares them with those on record. Other
//! work on the machine changes a time, but not this count.
//!
//! ```sh
//! tests/instructions            # fails when a request needs more than the record and the tolerance allow
//! tests/instructions --record   # puts the counts of now on record
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use shared::account::{Account, AccountId, Status};
use shared::names::username::Username;
use shared::password::hash::PasswordHash;
use shared::session::{Lifetimes, Sessions};
use shared::store::{Registrations, SqliteStore};
use shared::time::Timestamp;
use shared::token::{Issuer, Key, Keys, Rules};
use support::runtime_api::RuntimeApi;
use support::{cargo, samples};

const SECRET: &str = "k9Xv2mQ8rT5wZ1bN4cL7dF0gH3jP6sAuE";

/// The counts on record, by processor architecture: they cannot be compared across architectures.
const RECORD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.json");

/// The accepted change of a count. Compilers and libraries change it less, a second look-up or parse more.
const TOLERANCE: f64 = 0.05;

/// Requests in a short and in a long run. The difference of their counts is free of the start.
const REQUESTS: [u32; 2] = [20, 220];

fn main() -> ExitCode {
    // With SQLite.
    let binary = cargo::build(&["--release", "--package", "validate"]).pop().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let counts = runtime.block_on(async {
        let scene = Scene::new().await;
        let mut counts = BTreeMap::new();
        for (name, authorization, status) in scene.requests() {
            let [short, long] = [
                scene.count(&binary, &authorization, status, REQUESTS[0]).await,
                scene.count(&binary, &authorization, status, REQUESTS[1]).await,
            ];
            counts.insert(name, (long - short) / u64::from(REQUESTS[1] - REQUESTS[0]));
        }
        counts
    });
    let record = fs::read_to_string(RECORD).map_or(json!({}), |text| serde_json::from_str(&text).unwrap());
    if std::env::args().any(|argument| argument == "--record") {
        put_on_record(record, &counts);
        return ExitCode::SUCCESS;
    }
    compare(&record[std::env::consts::ARCH], &counts)
}

/// Prints the counts beside those on record. Fails if there are more instructions, or far fewer: such a record is stale and
/// hides the next increase.
fn compare(record: &Value, counts: &BTreeMap<&str, u64>) -> ExitCode {
    let mut outcome = ExitCode::SUCCESS;
    for (name, count) in counts {
        let Some(recorded) = record[name].as_f64() else {
            println!("{name}: {count} instructions, none on record for {}", std::env::consts::ARCH);
            continue;
        };
        #[expect(clippy::cast_precision_loss, reason = "millions")]
        let change = *count as f64 / recorded - 1.0;
        println!("{name}: {count} instructions, {:+.1} % of those on record", change * 100.0);
        if change.abs() > TOLERANCE {
            println!(
                "  That is beyond ±{} %. If it is meant: tests/instructions --record",
                TOLERANCE * 100.0
            );
            outcome = ExitCode::FAILURE;
        }
    }
    outcome
}

fn put_on_record(mut record: Value, counts: &BTreeMap<&str, u64>) {
    record[std::env::consts::ARCH] = json!(counts);
    fs::write(RECORD, format!("{record:#}\n")).unwrap();
    println!("{record:#}");
}

/// An account, and a token of it.
struct Scene {
    folder: tempfile::TempDir,
    token: String,
}

impl Scene {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let account = Account {
            id: AccountId::random().unwrap(),
            username: Username::parse("alice").unwrap(),
            email: None,
            external_id: None,
            imported: None,
            email_verified: false,
            pending_until: None,
            password_hash: PasswordHash::from_stored("unread".to_owned()),
            token_version: 0,
            status: Status::Active,
            created_at: Timestamp::EPOCH,
            sessions: Sessions::default(),
        };
        SqliteStore::open(&folder.path().join("accounts.db"))
            .unwrap()
            .create(&account, None, None)
            .await
            .unwrap();
        let name = "serverless-auth".to_owned();
        let rules = Rules {
            issuer: name.clone(),
            audience: name,
            ttl: Duration::from_hours(1),
            sessions: Lifetimes::DEFAULT,
        };
        let keys = Keys::new(Key::parse(SECRET).unwrap(), None);
        #[expect(clippy::disallowed_methods, reason = "the function has no other clock")]
        let token = Issuer::new(rules, &keys).issue(&account.standing(), SystemTime::now().into()).unwrap();
        Self { folder, token }
    }

    /// Requests with ever less work. The difference of the last two is the verification of a token.
    fn requests(&self) -> [(&'static str, String, u64); 3] {
        let forged = samples::forged(&self.token);
        [
            ("good token", format!("Bearer {}", self.token), 200),
            ("forged token", format!("Bearer {forged}"), 401),
            ("no bearer token", format!("Basic {}", self.token), 401),
        ]
    }

    /// The instructions of a process that serves this many requests.
    async fn count(&self, binary: &Path, authorization: &str, status: u64, requests: u32) -> u64 {
        let runtime_api = RuntimeApi::start().await;
        let folder = self.folder.path();
        let mut valgrind = Command::new("valgrind");
        #[expect(clippy::disallowed_methods, reason = "valgrind is found where this is")]
        let path = std::env::var_os("PATH").unwrap_or_default();
        valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(binary);
        let environment = [
            ("ACCOUNT_STORE", format!("sqlite://{}", folder.join("accounts.db").display())),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256".to_owned()),
            ("AWS_LAMBDA_FUNCTION_NAME", "validate".to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "validate".to_owned()),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "0".to_owned()),
            ("AWS_LAMBDA_RUNTIME_API", runtime_api.address.to_string()),
            ("JWT_SECRET", SECRET.to_owned()),
        ];
        let (log, said) = (folder.join("log"), folder.join("valgrind"));
        let mut process = valgrind
            .env_clear()
            .env("PATH", path)
            .envs(environment)
            .stdout(fs::File::create(&log).unwrap())
            .stderr(fs::File::create(&said).unwrap())
            .spawn()
            .expect("valgrind is needed: apt-get install valgrind");
        let event = samples::authorization(authorization).to_string();
        for _ in 0..requests {
            let response = runtime_api.invoke(&event).outcome.await.unwrap().unwrap();
            assert_eq!(response["statusCode"], status, "{response}");
        }
        let terminate = format!("kill -TERM {}", process.id());
        assert!(Command::new("sh").args(["-c", &terminate]).status().unwrap().success());
        process.wait().unwrap();
        let said = fs::read_to_string(said).unwrap();
        let collected = said.lines().find_map(|line| line.split_once("Collected : ")).expect(&said).1;
        collected.trim().parse().unwrap()
    }
}
