//! What requests are made of, timed in this process: `cargo bench --package bench --bench parts`.

use std::time::{Duration, SystemTime};

use divan::{Bencher, black_box};
use lambda_http::{Body, Request};
use register::Register;
use shared::account::{Account, AccountId, Status};
use shared::names::username::Username;
use shared::password::Password;
use shared::password::hash::{Cost, Hasher, PasswordHash};
use shared::store::SqliteStore;
use shared::token::{Issuer, Key, Keyring, Keys, Rules, Verifier};

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn main() {
    divan::main();
}

#[divan::bench]
fn token_issue(bencher: Bencher<'_, '_>) {
    let (issuer, _, account) = tokens();
    bencher.bench(|| issuer.issue(black_box(&account), NOW).unwrap());
}

#[divan::bench]
fn token_verify(bencher: Bencher<'_, '_>) {
    let (issuer, verifier, account) = tokens();
    let token = issuer.issue(&account, NOW).unwrap();
    bencher.bench(|| verifier.verify(black_box(&token), NOW).unwrap());
}

#[divan::bench]
fn token_refuse(bencher: Bencher<'_, '_>) {
    let (issuer, verifier, account) = tokens();
    let token = issuer.issue(&account, NOW).unwrap();
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

/// A registration up to where its password would be hashed: the body's JSON, the name, and the list of common passwords.
#[divan::bench]
fn registration_with_a_common_password(bencher: Bencher<'_, '_>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let keyring = Keyring::fixed(rules(), &keys());
    let folder = tempfile::tempdir().unwrap();
    // Nobody gets as far as to ask it.
    let store = SqliteStore::open(&folder.path().join("accounts.db")).unwrap();
    let register = Register::new(store, Hasher::new(Cost::DEFAULT).unwrap(), keyring, 8, 0);
    let request = || {
        let mut request = Request::new(Body::from(r#"{"username":"alice","password":"password123"}"#));
        *request.method_mut() = lambda_http::http::Method::POST;
        request.headers_mut().insert("content-type", "application/json".parse().unwrap());
        request
    };
    bencher
        .with_inputs(request)
        .bench_values(|request| runtime.block_on(register.handle(NOW, request)).unwrap_err());
}

fn tokens() -> (Issuer, Verifier, Account) {
    let account = Account {
        id: AccountId::random().unwrap(),
        username: Username::parse("alice").unwrap(),
        email: None,
        password_hash: PasswordHash::from_stored(String::new()),
        token_version: 0,
        status: Status::Active,
        created_at: NOW,
    };
    let keys = keys();
    (Issuer::new(rules(), &keys), Verifier::new(&rules(), &keys), account)
}

fn rules() -> Rules {
    Rules { issuer: "benches".to_owned(), audience: "benches".to_owned(), ttl: Duration::from_hours(1) }
}

fn keys() -> Keys {
    Keys { current: Key::parse(&Key::generate().unwrap()).unwrap(), previous: None }
}
