//! The times of a look-up, a refresh and a registration by the number of accounts in a SQLite file.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};
use shared::account::{Account, AccountId, Status};
use shared::names::username::{Username, UsernameKey};
use shared::password::hash::PasswordHash;
use shared::session::{Exchange, Label, Lifetimes, Session, SessionId, Sessions};
use shared::store::{Accounts, Logins, Registrations, SqliteStore};
use shared::time::Timestamp;

use crate::statistics::Measurements;

/// The numbers of accounts of a usual run.
pub const SIZES: [u32; 3] = [1_000, 100_000, 1_000_000];

const HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$ISO7kkvFzh19GM8qB7patN3C3Y9HHsjlVTfEZ9T600Y";

/// `sizes` are ascending.
pub async fn measure(sizes: &[u32], repetitions: u32, into: &mut Measurements) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("accounts.db");
    drop(SqliteStore::open(&path).unwrap());
    let mut filled = 0;
    for &size in sizes {
        fill(&path, filled..size);
        filled = size;
        let store = SqliteStore::open(&path).unwrap();
        for repetition in 0..repetitions {
            // Far apart, so that no page is read twice.
            let number = u64::from(repetition) * u64::from(size) / u64::from(repetitions);
            let key = UsernameKey::of(&format!("user{number}"));
            let started = Instant::now();
            let owner = store.find(&key).await.unwrap().unwrap();
            let found = started.elapsed();
            let refreshed = refresh(&store, &key, &owner).await;
            let account = account(&format!("new{size}-{repetition}"));
            let started = Instant::now();
            store.create(&account, None, None).await.unwrap();
            into.add(format!("sqlite, {size} accounts, find µs"), found.as_secs_f64() * 1e6);
            into.add(format!("sqlite, {size} accounts, create µs"), started.elapsed().as_secs_f64() * 1e6);
            into.add(format!("sqlite, {size} accounts, refresh µs"), refreshed.as_secs_f64() * 1e6);
        }
    }
}

/// Begins a session. Returns the time of the exchange of its first token.
async fn refresh(store: &SqliteStore, key: &UsernameKey, owner: &Account) -> Duration {
    let id = SessionId::random(0).unwrap();
    let session = Session::new(id, owner.token_version, Label::of_user_agent("bench"), Timestamp::EPOCH);
    store.begin_session(owner, &session).await.unwrap();
    let exchange = Exchange::new(id, 0, Lifetimes::DEFAULT, Timestamp::EPOCH);
    let started = Instant::now();
    store.exchange(key, &exchange).await.unwrap();
    started.elapsed()
}

/// Writes rows in one transaction, without the store.
fn fill(path: &Path, numbers: std::ops::Range<u32>) {
    let mut connection = Connection::open(path).unwrap();
    connection.pragma_update(None, "cache_size", -500_000).unwrap();
    let transaction = connection.transaction().unwrap();
    {
        let columns = "username_key, id, username, password_hash, token_version, disabled, created_at";
        let insert = format!("INSERT INTO accounts ({columns}) VALUES (?1, ?2, ?1, ?3, 0, 0, 1763800000)");
        let mut insert = transaction.prepare(&insert).unwrap();
        for number in numbers {
            let id = AccountId::random().unwrap().to_string();
            insert.execute(params![format!("user{number}"), id, HASH]).unwrap();
        }
    }
    transaction.commit().unwrap();
    // Moves the writes out of the WAL, so that the measured store does not have to.
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    std::fs::File::open(path).unwrap().sync_all().unwrap();
}

fn account(name: &str) -> Account {
    Account {
        id: AccountId::random().unwrap(),
        username: Username::parse(name).unwrap(),
        email: None,
        external_id: None,
        imported: None,
        email_verified: false,
        pending_until: None,
        password_hash: PasswordHash::from_stored(HASH.to_owned()),
        token_version: 0,
        status: Status::Active,
        created_at: Timestamp::EPOCH,
        sessions: Sessions::default(),
    }
}
