//! Compares the times of requests that anybody can make at a name or an address, with and without an account: for a mail with a
//! code, and with a wrong code. `tests/timing` runs it. It fails if times tell which accounts exist.
//!
//! The handler is called with events, over a DynamoDB engine on this machine. A request for a mail is one write. One with a code
//! hashes the new password, whoever it is for, in which the time to read an account is lost; one that confirms an address hashes
//! too, for that alone. A kind of the first two is known to differ, by one write and by the cost of its hash: a run that
//! does not notice it fails too.

use std::process::{Command, ExitCode};
use std::sync::Arc;

use register::Register;
use serde_json::{Value, json};
use shared::account::{Account, AccountId, Status};
use shared::code::{Code, CodeKey, SentCode};
use shared::config::Config;
use shared::http::Event;
use shared::mail::MailId;
use shared::names::email::Email;
use shared::names::username::{Username, UsernameKey};
use shared::password::Password;
use shared::password::hash::{Cost, Hasher, PasswordHash};
use shared::session::Sessions;
use shared::start::{self, Function};
use shared::store::Credentials;
use shared::time::Timestamp;
use support::samples::to_login;
use support::statistics::{confidence_of_median, median, separation};
use support::store::Store;
use tokio::time::Instant;

/// The number of measured requests of each kind unless the command gives one, and of those before that are not measured.
const ROUNDS: usize = 2000;
const WARM_UP: usize = 100;

/// Accounts with a name and an address. Those with an even number have a live code.
const ACCOUNTS: usize = 200;

/// The largest accepted difference of the medians, as a part of the time of a read, and distance of the AUC from a half.
struct Limit {
    difference: f64,
    auc: f64,
}

/// Nothing differs.
const OF_MAILS: Limit = Limit { difference: 0.1, auc: 0.05 };

/// The items that are found differ, and no call does.
const OF_CODES: Limit = Limit { difference: 1.0, auc: 0.1 };

/// A kind of request.
struct Kind {
    name: &'static str,
    path: &'static str,
    /// The member that names the account.
    by: &'static str,
    account: Known,
    /// The kind that it is compared with, by its place; itself, if it is one of those.
    beside: usize,
    /// It is known to differ.
    is_control: bool,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Known {
    No,
    WithCode,
    WithoutCode,
}

const fn kind(
    name: &'static str,
    path: &'static str,
    by: &'static str,
    account: Known,
    beside: usize,
) -> Kind {
    Kind { name, path, by, account, beside, is_control: false }
}

const PASSWORD: &str = "correct horse battery staple";
const FORGOT: &str = "/password/forgot";
const RESET: &str = "/password/reset";
const CONFIRM: &str = "/email/confirm";

const KINDS: [Kind; 15] = [
    kind("forgot, unknown name", FORGOT, "username", Known::No, 0),
    kind("forgot, known name", FORGOT, "username", Known::WithoutCode, 0),
    kind("forgot, unknown address", FORGOT, "email", Known::No, 2),
    kind("forgot, known address", FORGOT, "email", Known::WithoutCode, 2),
    Kind { is_control: true, ..kind("forgot, counted (control)", FORGOT, "username", Known::No, 0) },
    kind("reset, unknown name", RESET, "username", Known::No, 5),
    kind("reset, known name without a code", RESET, "username", Known::WithoutCode, 5),
    kind("reset, known name with a code", RESET, "username", Known::WithCode, 5),
    kind("reset, unknown address", RESET, "email", Known::No, 8),
    kind("reset, known address without a code", RESET, "email", Known::WithoutCode, 8),
    kind("reset, known address with a code", RESET, "email", Known::WithCode, 8),
    Kind { is_control: true, ..kind("reset, another cost (control)", RESET, "username", Known::No, 5) },
    kind("confirm, unknown address", CONFIRM, "email", Known::No, 12),
    kind("confirm, known address without a code", CONFIRM, "email", Known::WithoutCode, 12),
    kind("confirm, known address with a code", CONFIRM, "email", Known::WithCode, 12),
];

/// What makes the controls differ: requests for mail are counted, and hashes have another cost.
const CONTROL: [(&str, &str); 3] =
    [("ARGON2_ITERATIONS", "3"), ("ARGON2_MEMORY_KIB", "12288"), ("MAILS_PER_ADDRESS", "1000000000")];

/// The function as it is configured by default, and with a limit of requests that send mail and another cost of hashes; and the
/// store of both.
struct Service {
    plain: Register,
    control: Register,
    store: Arc<dyn Credentials>,
    ids: Vec<AccountId>,
}

/// The table is in this process, and the function in another one, whose environment leads it there.
fn main() -> ExitCode {
    if variable("ACCOUNT_STORE").is_some() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        return runtime.expect("a runtime").block_on(measure());
    }
    let store = Store::dynamodb();
    let mut measuring = Command::new(std::env::current_exe().expect("a path"));
    measuring.args(std::env::args().skip(1)).envs(store.variables.iter().map(|(name, value)| (name, value)));
    let is_as_promised = measuring.status().expect("a process").success();
    if is_as_promised { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[expect(clippy::disallowed_methods, reason = "credentials are read from the environment alone")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

async fn measure() -> ExitCode {
    let rounds = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(ROUNDS);
    let mut random = fastrand::Rng::new();
    let service = Service::start().await;
    let mut times: [Vec<f64>; KINDS.len()] = Default::default();
    let hasher = Hasher::new(Cost::DEFAULT).expect("a hasher");
    let password = Password::parse(PASSWORD).expect("a password");
    let (mut reads, mut hashes) = (Vec::new(), Vec::new());
    for round in 0..WARM_UP + rounds {
        let mut order: Vec<_> = (0..KINDS.len()).collect();
        random.shuffle(&mut order);
        for place in order {
            let took = service.ask(&KINDS[place], &mut random).await;
            if round >= WARM_UP {
                times[place].push(took);
            }
        }
        let began = Instant::now();
        service.store.name_of(email("nobody").key()).await.expect("a read");
        reads.push(milliseconds(began));
        let began = Instant::now();
        hasher.hash(&password).expect("a hash");
        hashes.push(milliseconds(began));
    }
    if report(&times, median(&reads), median(&hashes), &mut random) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

impl Service {
    async fn start() -> Self {
        let resources = async |changes: &[(&str, &str)]| {
            let config = Config::parse(|name| {
                let mut own = changes.iter().chain(&[("MAIL_FROM", "noreply@example.com")]);
                let own = own.find(|(variable, _)| *variable == name);
                own.map(|(_, value)| (*value).to_owned()).or_else(|| variable(name))
            });
            start::open::<Register>(config.expect("a configuration"), clock()).await.expect("a store")
        };
        let plain = resources(&[]).await;
        let store = plain.store.clone();
        let mut ids = Vec::new();
        for number in 0..ACCOUNTS {
            let account = account(number);
            store.create(&account, None, None).await.expect("an account");
            ids.push(account.id);
        }
        let control = resources(&CONTROL).await;
        let [plain, control] =
            [plain, control].map(|resources| Register::new(resources).expect("a function"));
        Self { plain, control, store, ids }
    }

    /// The time of a request of this kind, at any name of its own, in milliseconds.
    async fn ask(&self, kind: &Kind, random: &mut fastrand::Rng) -> f64 {
        let number = 2 * random.usize(..ACCOUNTS / 2) + usize::from(kind.account == Known::WithoutCode);
        // Before each kind, so that all find the engine in the same state. A code has five tries.
        self.send_codes(2 * random.usize(..ACCOUNTS / 2)).await;
        self.send_codes(number & !1).await;
        let name = if kind.account == Known::No { unknown(number) } else { known(number) };
        let value = if kind.by == "email" { email(&name).as_str().to_owned() } else { name };
        let body = json!({ kind.by: value, "code": "00000-00000", "new_password": PASSWORD });
        let event = Event::parse(&to_login("POST", kind.path, &body).to_string(), "");
        let register = if kind.is_control { &self.control } else { &self.plain };
        let began = Instant::now();
        let response = register.handle(clock, &event).await.expect("a response");
        let took = milliseconds(began);
        let status = if kind.path == FORGOT { r#""statusCode":202"# } else { r#""statusCode":400"# };
        assert!(
            response.get().contains(status) && !response.get().contains("new_password"),
            "{}",
            response.get()
        );
        took
    }

    /// Keeps the codes of an account that has some, with all of their tries.
    async fn send_codes(&self, number: usize) {
        for key in [CodeKey::reset(self.ids[number]), CodeKey::email(email(&known(number)).key())] {
            self.send_code(&key, number).await;
        }
    }

    async fn send_code(&self, key: &CodeKey, number: usize) {
        let code = SentCode {
            account_id: self.ids[number],
            username: UsernameKey::of(&known(number)),
            email: email(&known(number)),
            digest: key.digest(&Code::random().expect("randomness")),
            mail: MailId::parse(&"0".repeat(32)).expect("an id").as_str().to_owned(),
            sent_at: clock(),
            token_version: 0,
            former: Some(email(&known(number))),
        };
        assert!(self.store.put_code(key, &code).await.expect("a write"));
    }
}

/// Prints a table and the same as JSON. Returns true if the controls differ and nothing else.
fn report(times: &[Vec<f64>; KINDS.len()], read: f64, hash: f64, random: &mut fastrand::Rng) -> bool {
    let rounds = times[0].len();
    println!("{rounds} requests of each kind, where a read takes {read:.3} ms and a hash {hash:.2} ms:\n");
    println!("| request | median (ms) | differs by (ms) | 95 % | of a read | p | AUC | told apart |");
    println!("|---|---|---|---|---|---|---|---|");
    let mut all = Vec::new();
    for (kind, own) in KINDS.iter().zip(times) {
        let base = &times[kind.beside];
        let differences: Vec<_> = own.iter().zip(base).map(|(one, other)| one - other).collect();
        let (difference, (low, high)) = (median(&differences), confidence_of_median(&differences, random));
        let separation = separation(base, own);
        let limit = if kind.path == FORGOT { OF_MAILS } else { OF_CODES };
        let is_told_apart =
            difference.abs() >= limit.difference * read || (separation.auc - 0.5).abs() > limit.auc;
        println!(
            "| {} | {:.3} | {difference:+.3} | {low:+.3} to {high:+.3} | {:+.1} % | {:.2} | {:.3} | {}{} |",
            kind.name,
            median(own),
            100.0 * difference / read,
            separation.p,
            separation.auc,
            if is_told_apart { "yes" } else { "no" },
            if is_told_apart == kind.is_control { "" } else { ", which is wrong" },
        );
        all.push(json!({
            "kind": kind.name, "median_ms": median(own), "difference_ms": difference, "confidence_ms": [low, high],
            "p": separation.p, "auc": separation.auc, "told_apart": is_told_apart,
            "as_promised": is_told_apart == kind.is_control,
        }));
    }
    println!("\n{}", Value::from(all.clone()));
    all.iter().all(|kind| kind["as_promised"] == true)
}

fn account(number: usize) -> Account {
    Account {
        id: AccountId::random().expect("an id"),
        username: Username::parse(&known(number)).expect("a name"),
        email: Some(email(&known(number))),
        external_id: None,
        imported: None,
        email_verified: false,
        pending_until: None,
        password_hash: PasswordHash::from_stored("$argon2id$".to_owned()),
        token_version: 0,
        status: Status::Active,
        created_at: clock(),
        sessions: Sessions::default(),
    }
}

fn known(number: usize) -> String {
    format!("known.{number:04}")
}

fn unknown(number: usize) -> String {
    format!("other.{number:04}")
}

fn email(name: &str) -> Email {
    Email::parse(&format!("{name}@example.com")).expect("an email")
}

fn milliseconds(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1000.0
}

/// No time passes, so that no code expires.
fn clock() -> Timestamp {
    Timestamp::from_seconds(1_790_000_000)
}
