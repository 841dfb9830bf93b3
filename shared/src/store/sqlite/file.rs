//! The database file: how it is opened, made and brought up to date.

use std::cell::Cell;
use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::broken;
use crate::deadlines;
use crate::store::{BoxError, StoreError};

/// Marks a database as ours (`PRAGMA application_id`): "auth" in ASCII.
const APPLICATION_ID: i32 = 0x6175_7468;

/// The schema: each version (`PRAGMA user_version`) adds its part to the one before.
const SCHEMA: [&str; 7] = [
    include_str!("schema-1.sql"),
    include_str!("schema-2.sql"),
    include_str!("schema-3.sql"),
    include_str!("schema-4.sql"),
    include_str!("schema-5.sql"),
    include_str!("schema-6.sql"),
    include_str!("schema-7.sql"),
];

/// Pause between two attempts to get the writer's lock.
const BUSY_SLEEP: Duration = Duration::from_millis(4);

/// Opens the database at `path`, or makes it if the path does not exist.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    let named = |cause| OpenError { path: path.display().to_string(), cause };
    open_or_create(path).map_err(|error| match error {
        StoreError::Broken(cause) => StoreError::Broken(named(cause).into()),
        StoreError::Unavailable(cause) => StoreError::Unavailable(named(cause).into()),
    })
}

fn open_or_create(path: &Path) -> Result<Connection, StoreError> {
    if !path.try_exists().map_err(unusable)? {
        create(path)?;
    }
    // Without SQLITE_OPEN_CREATE: a file that vanishes now is an error, not a new database.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_handler(Some(wait_for_turn))?;
    check(&mut connection)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Without SQL, which would have to be compiled first.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    Ok(connection)
}

/// Waits while another process writes, until the deadline. SQLite's own handler sleeps longer each time, so that of many
/// waiting processes the last ones go first and some never get the lock.
#[expect(clippy::disallowed_methods, reason = "the wait is between this thread and SQLite")]
fn wait_for_turn(tries: i32) -> bool {
    thread_local! {
        static SINCE: Cell<Option<Instant>> = const { Cell::new(None) };
    }
    let now = Instant::now();
    if tries == 0 {
        SINCE.set(Some(now));
    }
    std::thread::sleep(BUSY_SLEEP);
    SINCE.get().is_none_or(|since| now.duration_since(since) < deadlines::SQLITE_LOCK)
}

/// Makes a database where there is none. It appears under its name whole or not at all, and never replaces another file.
/// Only its owner may read it: it holds password hashes, and the secret where none is configured.
fn create(path: &Path) -> Result<(), StoreError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(unusable)?;
    let file = tempfile::Builder::new().prefix(".accounts-").tempfile_in(folder).map_err(unusable)?;
    let connection = Connection::open(file.path())?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    let (schema, version) = (SCHEMA.concat(), SCHEMA.len());
    connection.execute_batch(&format!(
        "BEGIN; {schema}
         PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {version}; COMMIT;"
    ))?;
    connection.close().map_err(|(_, error)| error)?;
    match file.persist_noclobber(path) {
        Ok(file) => file.sync_all().and_then(|()| File::open(folder)?.sync_all()).map_err(unusable),
        // Another process made the database first.
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(unusable(error.error)),
    }
}

/// Checks that the database is ours and of a known schema, and brings an older one up to date.
fn check(connection: &mut Connection) -> Result<(), StoreError> {
    if pragma(connection, "application_id")? != APPLICATION_ID {
        return Err(broken("it is a database of another application, or empty"));
    }
    if missing(pragma(connection, "user_version")?)?.is_empty() {
        return Ok(());
    }
    // Several processes may start at once; the second finds nothing missing.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let missing = missing(pragma(&transaction, "user_version")?)?.concat();
    transaction.execute_batch(&format!("{missing} PRAGMA user_version = {};", SCHEMA.len()))?;
    Ok(transaction.commit()?)
}

fn pragma(connection: &Connection, name: &str) -> rusqlite::Result<i32> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}

/// The parts of the schema that a database of this version lacks.
fn missing(version: i32) -> Result<&'static [&'static str], StoreError> {
    let present = usize::try_from(version).ok().filter(|version| *version > 0);
    present.and_then(|version| SCHEMA.get(version..)).ok_or_else(|| {
        broken(&format!("its schema has version {version}, this program knows 1 to {}", SCHEMA.len()))
    })
}

/// A database file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot use {path}")]
struct OpenError {
    path: String,
    #[source]
    cause: BoxError,
}

fn unusable(error: std::io::Error) -> StoreError {
    StoreError::Unavailable(error.into())
}
