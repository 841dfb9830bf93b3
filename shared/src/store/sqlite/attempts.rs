//! Failed logins in the file.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use super::{SqliteStore, sql_seconds};
use crate::limits::lockout::{Failures, FailuresKey};
use crate::store::{Attempts, StoreError, SwapError};
use crate::time::Timestamp;

#[async_trait]
impl Attempts for SqliteStore {
    async fn failures(&self, key: &FailuresKey) -> Result<Option<Failures>, StoreError> {
        Ok(failures(&self.connection(), key)?)
    }

    async fn swap_failures(
        &self,
        key: &FailuresKey,
        seen: Option<&Failures>,
        next: Option<&Failures>,
    ) -> Result<(), SwapError> {
        let mut connection = self.connection();
        // Checked before the lock as well: an attempt that has lost already does not wait for it.
        check_failures(&connection, key, seen)?;
        if seen.is_none() && next.is_none() {
            return Ok(());
        }
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(StoreError::from)?;
        check_failures(&transaction, key, seen)?;
        match next {
            Some(next) => put_failures(&transaction, key, next),
            None => delete_failures(&transaction, key),
        }
        .map_err(StoreError::from)?;
        Ok(transaction.commit().map_err(StoreError::from)?)
    }
}

pub(super) fn failures(connection: &Connection, key: &FailuresKey) -> rusqlite::Result<Option<Failures>> {
    let mut statement = connection.prepare_cached(
        "SELECT failures, locked_until, expires_at, version FROM attempts WHERE digest = ?1",
    )?;
    let read = |row: &Row<'_>| {
        Ok(Failures {
            failures: row.get(0)?,
            locked_until: Timestamp::from_millis(row.get::<_, i64>(1)?.cast_unsigned()),
            expires_at: Timestamp::from_seconds(row.get::<_, i64>(2)?.cast_unsigned()),
            version: row.get(3)?,
        })
    };
    statement.query_row([key.as_str()], read).optional()
}

fn check_failures(
    connection: &Connection,
    key: &FailuresKey,
    seen: Option<&Failures>,
) -> Result<(), SwapError> {
    let found = failures(connection, key).map_err(StoreError::from)?;
    if found.as_ref().map(|found| &found.version) == seen.map(|seen| &seen.version) {
        return Ok(());
    }
    Err(SwapError::Changed(found))
}

fn put_failures(connection: &Connection, key: &FailuresKey, next: &Failures) -> rusqlite::Result<()> {
    // DynamoDB deletes expired items by itself.
    connection.execute("DELETE FROM attempts WHERE expires_at <= ?1", [sql_seconds(next.counted_at())])?;
    let mut statement =
        connection.prepare_cached("INSERT OR REPLACE INTO attempts VALUES (?1, ?2, ?3, ?4, ?5)")?;
    statement.execute(params![
        key.as_str(),
        next.failures,
        next.locked_until.millis().cast_signed(),
        sql_seconds(next.expires_at),
        next.version,
    ])?;
    Ok(())
}

pub(super) fn delete_failures(connection: &Connection, key: &FailuresKey) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM attempts WHERE digest = ?1", [key.as_str()])?;
    Ok(())
}
