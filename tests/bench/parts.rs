//! Times of parts of requests, in this process: `cargo bench --package bench --bench parts`.

use std::time::Duration;

use divan::{Bencher, black_box};
use register::Register;
use serde_json::json;
use shared::account::{Account, AccountId, Status};
use shared::config::Config;
use shared::http::Event;
use shared::names::username::Username;
use shared::password::Password;
use shared::password::hash::{Cost, Hasher, PasswordHash};
use shared::session::{Lifetimes, Sessions};
use shared::start::{self, Function};
use shared::time::Timestamp;
use shared::token::{Issuer, Key, Keys, Rules, Verifier};
use support::keys;

const NOW: Timestamp = Timestamp::from_seconds(1_790_000_000);

fn main() {
    divan::main();
}

#[divan::bench(args = Kind::ALL)]
fn token_issue(bencher: Bencher<'_, '_>, kind: Kind) {
    let (issuer, _, account) = tokens(kind);
    bencher.bench(|| issuer.issue(black_box(&account.standing()), NOW).unwrap());
}

#[divan::bench(args = Kind::ALL)]
fn token_verify(bencher: Bencher<'_, '_>, kind: Kind) {
    let (issuer, verifier, account) = tokens(kind);
    let token = issuer.issue(&account.standing(), NOW).unwrap();
    bencher.bench(|| verifier.verify(black_box(&token), NOW).unwrap());
}

#[divan::bench(args = Kind::ALL)]
fn token_refuse(bencher: Bencher<'_, '_>, kind: Kind) {
    let (issuer, verifier, account) = tokens(kind);
    let token = issuer.issue(&account.standing(), NOW).unwrap();
    let forged = support::samples::forged(&token);
    bencher.bench(|| verifier.verify(black_box(&forged), NOW).unwrap_err());
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn password_hash(bencher: Bencher<'_, '_>) {
    let hasher = Hasher::new(Cost::DEFAULT).unwrap();
    let password = Password::parse("correct horse battery staple").unwrap();
    bencher.bench(|| hasher.hash(black_box(&password)).unwrap());
}

#[divan::bench(args = ["alice", "Ａlice.Müller+ß@example"])]
fn username_parse(name: &str) -> Username {
    Username::parse(black_box(name)).unwrap()
}

/// A registration without its hash: the body's JSON, the name, and the list of common passwords.
#[divan::bench]
fn registration_with_a_common_password(bencher: Bencher<'_, '_>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let config = Config::parse(|variable| {
        let database = format!("sqlite://{}/accounts.db", folder.path().display());
        (variable == "ACCOUNT_STORE").then_some(database)
    });
    // The store is opened and never asked.
    let resources = runtime.block_on(start::open(config.unwrap(), NOW)).unwrap();
    let register = Register::new(resources).unwrap();
    let event = json!({
        "version": "2.0", "rawPath": "/register", "headers": { "content-type": "application/json" },
        "requestContext": { "http": { "method": "POST" } },
        "body": r#"{"username":"alice","password":"password123"}"#,
    });
    let event = Event::parse(&event.to_string(), "");
    bencher.bench(|| runtime.block_on(register.handle(|| NOW, &event)).unwrap());
}

/// The kinds of keys.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Text,
    Rsa2048,
    Rsa3072,
    Rsa4096,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Text, Self::Rsa2048, Self::Rsa3072, Self::Rsa4096];

    fn key(self) -> Key {
        let key = match self {
            Self::Text => &Key::generate().unwrap(),
            Self::Rsa2048 => keys::RSA_2048,
            Self::Rsa3072 => keys::RSA_3072,
            Self::Rsa4096 => keys::RSA_4096,
        };
        Key::parse(key).unwrap()
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

fn tokens(kind: Kind) -> (Issuer, Verifier, Account) {
    let account = Account {
        id: AccountId::random().unwrap(),
        username: Username::parse("alice").unwrap(),
        email: None,
        external_id: None,
        imported: None,
        email_verified: false,
        pending_until: None,
        password_hash: PasswordHash::from_stored(String::new()),
        token_version: 0,
        status: Status::Active,
        created_at: NOW,
        sessions: Sessions::default(),
    };
    let keys = Keys::new(kind.key(), None);
    (Issuer::new(rules(), &keys), Verifier::new(&rules(), &keys), account)
}

fn rules() -> Rules {
    Rules {
        issuer: "benches".to_owned(),
        audience: "benches".to_owned(),
        ttl: Duration::from_hours(1),
        sessions: Lifetimes::DEFAULT,
    }
}
