//! Rules of the SQLite back end beyond the contract: it never damages a file, and names the fault of a broken one.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use rusqlite::OpenFlags;
use secrecy::{ExposeSecret, SecretString};

use super::*;
use crate::code::{CodeKey, SentCode};
use crate::deadlines::TAKEN_FOR;
use crate::limits::lockout::{Failures, FailuresKey};
use crate::mail::LIFETIME;
use crate::store::contract::credentials::claim_credential_contract;
use crate::store::contract::emails::claim_email_contract;
use crate::store::contract::imports::claim_import_contract;
use crate::store::contract::mail::claim_mail_contract;
use crate::store::contract::operator::claim_operator_contract;
use crate::store::contract::sessions::claim_session_contract;
use crate::store::contract::{Place, account, claim_contract};
use crate::store::{
    Attempts, CarryOver, Codes, Confirmed, Credentials, Import, ImportOutcome, Operator, Outbox, contract,
};
use crate::token::secret::SecretPlace;

/// A folder in which a database may come to be.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn database(&self) -> PathBuf {
        self.0.path().join("deeper/accounts.db")
    }

    fn store(&self) -> SqliteStore {
        SqliteStore::open(&self.database()).unwrap()
    }

    /// A connection beside the store's, for doing what the store never would.
    fn meddle(&self, sql: &str) -> Connection {
        let connection = Connection::open(self.database()).unwrap();
        connection.execute_batch(sql).unwrap();
        connection
    }
}

impl Place for Folder {
    type Store = SqliteStore;

    async fn open(&self) -> SqliteStore {
        self.store()
    }
}

claim_contract!(Folder::new());
claim_operator_contract!(Folder::new());
claim_session_contract!(Folder::new());
claim_credential_contract!(Folder::new());
claim_email_contract!(Folder::new());
claim_mail_contract!(Folder::new());
claim_import_contract!(Folder::new());

fn assert_unavailable<T: std::fmt::Debug>(result: Result<T, impl Into<CreateError>>) {
    let error = result.map_err(Into::into).unwrap_err();
    assert!(matches!(error, CreateError::Store(StoreError::Unavailable(_))), "{error:?}");
}

fn assert_broken<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    let error = result.unwrap_err();
    assert!(matches!(error, StoreError::Broken(_)), "{error:?}");
}

#[test]
fn a_new_database_is_durable_and_its_owners_alone() {
    let folder = Folder::new();
    let store = folder.store();
    let connection = store.connection();
    let pragma =
        |name| connection.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0));
    assert_eq!(pragma("journal_mode").unwrap(), "wal".to_owned().into());
    assert_eq!(pragma("synchronous").unwrap(), 2.into(), "FULL");
    assert_eq!(std::fs::metadata(folder.database()).unwrap().permissions().mode() & 0o777, 0o600);
    let left: Vec<_> = std::fs::read_dir(folder.database().parent().unwrap()).unwrap().collect();
    assert!(
        left.iter().all(|file| file
            .as_ref()
            .unwrap()
            .file_name()
            .to_string_lossy()
            .starts_with("accounts.db"))
    );
}

#[tokio::test]
async fn accounts_survive_closing_and_opening() {
    let folder = Folder::new();
    let alice = account("alice", "alice@example.com");
    folder.store().create(&alice, None, None).await.unwrap();
    assert_eq!(folder.store().find(alice.username.key()).await.unwrap(), Some(alice));
}

#[test]
fn a_file_that_is_not_ours_is_refused_and_left_as_it_is() {
    let other = {
        let file = tempfile::NamedTempFile::new().unwrap();
        Connection::open(file.path()).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
        std::fs::read(file.path()).unwrap()
    };
    for bytes in [Vec::new(), b"not a database, but somebody's only copy".to_vec(), vec![0; 8192], other] {
        let folder = Folder::new();
        std::fs::create_dir(folder.0.path().join("deeper")).unwrap();
        std::fs::write(folder.database(), &bytes).unwrap();
        let error = SqliteStore::open(&folder.database()).unwrap_err();
        assert!(crate::log::chain(&error).contains("accounts.db"), "{error}");
        assert_eq!(std::fs::read(folder.database()).unwrap(), bytes);
    }
}

#[test]
fn another_version_of_the_schema_is_refused() {
    let folder = Folder::new();
    folder.store();
    for version in [0, 8, -1] {
        folder.meddle(&format!("PRAGMA user_version = {version}"));
        let error = crate::log::chain(&SqliteStore::open(&folder.database()).unwrap_err());
        let expected = format!("its schema has version {version}, this program knows 1 to 7");
        assert!(error.ends_with(&expected), "{error}");
    }
}

/// A file that each earlier version of this service has made, with an account.
#[test]
fn a_database_of_an_older_version_is_brought_up_to_date_once() {
    let parts = [
        include_str!("schema-1.sql"),
        include_str!("schema-2.sql"),
        include_str!("schema-3.sql"),
        include_str!("schema-4.sql"),
        include_str!("schema-5.sql"),
        include_str!("schema-6.sql"),
    ];
    for version in 1..=parts.len() {
        let folder = Folder::new();
        std::fs::create_dir(folder.0.path().join("deeper")).unwrap();
        let old = Connection::open(folder.database()).unwrap();
        let insert = "INSERT INTO accounts
            (username_key, id, username, email, password_hash, token_version, disabled, created_at) VALUES
            ('alice', '6a2f41a3-c54c-4ce8-a4d1-0d2f5b1c8e77', 'Alice', 'alice@example.com', 'hash', 7, 0, 1790000000);
            INSERT INTO emails VALUES ('alice@example.com', 'alice')";
        let schema = parts[..version].concat();
        old.execute_batch(&format!(
            "PRAGMA journal_mode = WAL; {schema} {insert};
             PRAGMA application_id = 1635087464; PRAGMA user_version = {version};"
        ))
        .unwrap();
        old.close().unwrap();
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| folder.store())).collect();
            for thread in threads {
                thread.join().unwrap();
            }
        });
        let (runtime, store) =
            (tokio::runtime::Builder::new_current_thread().build().unwrap(), folder.store());
        let alice = runtime.block_on(store.find(&UsernameKey::of("alice"))).unwrap().unwrap();
        assert_eq!((alice.username.as_str(), alice.token_version), ("Alice", 7));
        assert_eq!((alice.email_verified, alice.pending_until), (false, None));
        assert_eq!((&alice.external_id, &alice.imported), (&None, &None));
        let imported =
            Account { imported: Some(crate::account::Imported::of("hash", &alice)), ..alice.clone() };
        assert_eq!(runtime.block_on(store.carry_over(&alice, &imported)).unwrap(), CarryOver::Yes);
        assert_eq!(runtime.block_on(store.find(alice.username.key())).unwrap(), Some(imported));
        let key = CodeKey::email(alice.email.as_ref().unwrap().key());
        let code = contract::mail::code(&alice, "alice@example.com", &key);
        assert!(runtime.block_on(store.put_code(&key, &code)).unwrap());
        assert_eq!(runtime.block_on(store.confirm_email(&alice, &code)).unwrap(), Confirmed::Yes);
        runtime.block_on(store.post(&contract::mail::mail())).unwrap();
        let failure = Failures::after_failure(None, alice.created_at).unwrap();
        runtime
            .block_on(store.swap_failures(&FailuresKey::of_name(alice.username.key()), None, Some(&failure)))
            .unwrap();
        assert!(runtime.block_on(store.delete(&alice, None)).unwrap());
        assert!(runtime.block_on(store.swap_key_set(None, "{}")).unwrap());
    }
}

#[test]
fn a_truncated_database_is_refused_or_broken_but_never_made_anew() {
    let folder = Folder::new();
    drop(folder.store());
    let whole = std::fs::read(folder.database()).unwrap();
    let half = &whole[..whole.len() / 2];
    std::fs::write(folder.database(), half).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let outcome = SqliteStore::open(&folder.database());
    let outcome = outcome.and_then(|store| runtime.block_on(store.find(&UsernameKey::of("alice"))));
    assert_broken(outcome);
    assert!(std::fs::read(folder.database()).unwrap().starts_with(&half[..100]));
}

#[tokio::test]
async fn while_another_process_writes_reads_go_on_and_writes_are_unavailable() {
    let folder = Folder::new();
    let store = folder.store();
    let alice = account("alice", "");
    store.create(&alice, None, None).await.unwrap();
    let writer = folder.meddle("BEGIN IMMEDIATE");
    assert_eq!(store.find(alice.username.key()).await.unwrap(), Some(alice));
    assert_unavailable(store.create(&account("bob", ""), None, None).await);
    drop(writer);
    store.create(&account("bob", ""), None, None).await.unwrap();
}

#[tokio::test]
async fn a_full_disk_is_unavailable_and_loses_nothing() {
    let folder = Folder::new();
    let store = folder.store();
    let mut stored = Vec::new();
    // SQLite answers SQLITE_FULL when the file may not grow, as it does when the disk is full.
    store.connection().pragma_update_and_check(None, "max_page_count", 20, |_| Ok(())).unwrap();
    let refused = loop {
        let account = account(&format!("user{}", stored.len()), &format!("user{}@example.com", stored.len()));
        match store.create(&account, None, None).await {
            Ok(_) => stored.push(account),
            Err(error) => break (account, error),
        }
    };
    assert_unavailable::<()>(Err(refused.1));
    assert_eq!(store.find(refused.0.username.key()).await.unwrap(), None);
    for account in stored {
        assert_eq!(store.find(account.username.key()).await.unwrap(), Some(account));
    }
    store.connection().pragma_update_and_check(None, "max_page_count", 1000, |_| Ok(())).unwrap();
    store.create(&refused.0, None, None).await.unwrap();
}

#[tokio::test]
async fn a_read_only_database_is_read_and_unavailable_for_writing() {
    let folder = Folder::new();
    let alice = account("alice", "");
    let _writer = folder.store();
    folder.store().create(&alice, None, None).await.unwrap();
    let connection =
        Connection::open_with_flags(folder.database(), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let store = SqliteStore { connection: Mutex::new(connection) };
    assert_eq!(store.find(alice.username.key()).await.unwrap(), Some(alice.clone()));
    assert_unavailable(store.create(&account("bob", ""), None, None).await);
    assert_unavailable(store.replace_hash(&alice, &account("x", "").password_hash).await);
}

#[tokio::test]
async fn a_row_that_is_no_account_is_broken() {
    for damage in ["id = 'not a uuid'", "created_at = -1"] {
        let folder = Folder::new();
        let store = folder.store();
        store.create(&account("alice", ""), None, None).await.unwrap();
        folder.meddle(&format!("UPDATE accounts SET {damage}"));
        assert_broken(store.find(&UsernameKey::of("alice")).await);
    }
}

fn kids(folder: &Folder) -> Vec<String> {
    folder.store().keys().unwrap().ids().map(str::to_owned).collect()
}

#[test]
fn the_secret_is_made_once_by_racing_processes() {
    let folder = Folder::new();
    let ids: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| kids(&folder))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(kids(&folder), ids[0]);
    assert_ne!(kids(&Folder::new()), ids[0]);
}

#[test]
fn the_secret_may_hold_the_keys_of_a_rotation() {
    let folder = Folder::new();
    let [made] = &kids(&folder)[..] else { panic!("one key") };
    folder.meddle(
        r#"UPDATE secret SET value = '{"current":"another-Secret-0f-thirty-two-byt3s","previous":"' || value || '"}'"#,
    );
    let rotated = kids(&folder);
    assert_eq!((rotated.len(), &rotated[1]), (2, made));
    folder.meddle(r#"UPDATE secret SET value = '{"current":"canary"}'"#);
    let error = folder.store().keys().unwrap_err();
    assert!(!crate::log::chain(&error).contains("canary"));
}

#[tokio::test]
async fn a_secret_takes_the_place_of_the_one_that_was_seen_and_of_no_other() {
    let store = Folder::new().store();
    let [one, two, three] = ["one", "{\"two\":2}", "three"].map(SecretString::from);
    assert!(store.read().await.unwrap().is_none());
    assert!(store.replace(None, &one).await.unwrap());
    assert!(!store.replace(None, &two).await.unwrap());
    let seen = store.read().await.unwrap().unwrap();
    assert_eq!(seen.json.expose_secret(), r#"{"current":"one"}"#);
    assert!(store.replace(Some(&seen), &two).await.unwrap());
    assert!(!store.replace(Some(&seen), &three).await.unwrap());
    assert_eq!(store.read().await.unwrap().unwrap().json.expose_secret(), two.expose_secret());
}

/// A table has a stream that calls for deliveries.
#[tokio::test]
async fn mails_wait_until_somebody_takes_them() {
    let folder = Folder::new();
    let store = folder.store();
    let (first, second) = (contract::mail::mail(), contract::mail::mail());
    let now = contract::mail::START;
    store.post(&first).await.unwrap();
    store.post(&second).await.unwrap();
    assert_eq!(store.waiting(now).await.unwrap().len(), 2);
    store.take(&first.id, now).await.unwrap();
    assert_eq!(store.waiting(now).await.unwrap(), std::slice::from_ref(&second.id));
    assert_eq!(store.waiting(now + TAKEN_FOR).await.unwrap().len(), 2, "whoever has it is late");
    store.forget(&second.id).await.unwrap();
    assert_eq!(store.waiting(now + TAKEN_FOR).await.unwrap(), [first.id]);
    assert_eq!(store.waiting(now + LIFETIME).await.unwrap(), []);
}

#[tokio::test]
async fn expired_mails_and_codes_are_deleted_when_new_ones_are_written() {
    let folder = Folder::new();
    let store = folder.store();
    let (alice, now) = (account("alice", ""), contract::mail::START);
    let key = CodeKey::reset(alice.id);
    let count = |table| {
        let count = format!("SELECT count(*) FROM {table}");
        store.connection().query_row(&count, [], |row| row.get::<_, i64>(0)).unwrap()
    };
    for days in 0..3 {
        let now = now + days * LIFETIME;
        let mail = Mail { expires_at: now + LIFETIME, ..contract::mail::mail() };
        let code =
            SentCode { sent_at: now, ..contract::mail::code(&account("x", ""), "x@example.com", &key) };
        store.post(&mail).await.unwrap();
        assert!(store.put_code(&key, &code).await.unwrap());
        assert_eq!((count("mails"), count("codes")), (1, 1));
    }
}

/// DynamoDB has no index of ids to ask.
#[tokio::test]
async fn an_import_with_the_id_of_another_is_refused_and_the_others_are_added() {
    let folder = Folder::new();
    let store = folder.store();
    let alice = account("alice", "");
    store.create(&alice, None, None).await.unwrap();
    let twin = Account { id: alice.id, ..account("bob", "bob@example.com") };
    let imports = [account("carol", ""), twin, account("dave", "bob@example.com")]
        .map(|account| Import { account, has_id: true });
    let outcomes = store.import(&imports).await.unwrap();
    assert_eq!(outcomes, [ImportOutcome::Added, ImportOutcome::IdTaken, ImportOutcome::Added]);
}

#[tokio::test]
async fn a_page_goes_on_after_a_row_that_is_no_account() {
    let folder = Folder::new();
    let store = folder.store();
    for name in ["alice", "bob", "carol"] {
        store.create(&account(name, ""), None, None).await.unwrap();
    }
    folder.meddle("UPDATE accounts SET id = 'canary' WHERE username_key = 'bob'");
    let page = store.page(None).await.unwrap();
    let names: Vec<_> = page
        .accounts
        .iter()
        .map(|read| {
            read.as_ref().map(|account| account.username.as_str()).map_err(|error| error.key.as_str())
        })
        .collect();
    assert_eq!(names, [Ok("alice"), Err("bob"), Ok("carol")]);
}
