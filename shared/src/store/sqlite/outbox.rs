//! Mails that wait in the file.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use super::{SqliteStore, broken, sql_seconds};
use crate::deadlines::TAKEN_FOR;
use crate::mail::{LIFETIME, Mail, MailId};
use crate::store::{Outbox, StoreError, Taken};
use crate::time::Timestamp;

#[async_trait]
impl Outbox for SqliteStore {
    async fn post(&self, mail: &Mail) -> Result<(), StoreError> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        put_mail(&transaction, mail)?;
        Ok(transaction.commit()?)
    }

    async fn take(&self, id: &MailId, now: Timestamp) -> Result<Taken, StoreError> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let Some((mail, taken_until)) = find_mail(&transaction, id)? else { return Ok(Taken::Gone) };
        if mail.expires_at <= now {
            return Ok(Taken::Gone);
        }
        if taken_until > now {
            return Ok(Taken::Busy);
        }
        transaction.execute(
            "UPDATE mails SET taken_until = ?2 WHERE id = ?1",
            params![id.as_str(), sql_millis(now + TAKEN_FOR)],
        )?;
        transaction.commit()?;
        Ok(Taken::Mail(mail))
    }

    async fn forget(&self, id: &MailId) -> Result<(), StoreError> {
        self.connection().execute("DELETE FROM mails WHERE id = ?1", [id.as_str()])?;
        Ok(())
    }

    async fn waiting(&self, now: Timestamp) -> Result<Vec<MailId>, StoreError> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(
            "SELECT id FROM mails WHERE taken_until <= ?1 AND expires_at > ?2 ORDER BY expires_at",
        )?;
        let ids = statement
            .query_map([sql_millis(now), sql_seconds(now)], |row| row.get(0))?
            .collect::<Result<Vec<String>, _>>()?;
        ids.iter()
            .map(|id| MailId::parse(id).ok_or_else(|| broken("the id of a mail is malformed")))
            .collect()
    }
}

/// Adds a mail within a transaction.
pub(super) fn put_mail(connection: &Connection, mail: &Mail) -> Result<(), StoreError> {
    // DynamoDB deletes expired items by itself.
    let posted_at = mail.expires_at.minus(LIFETIME);
    connection.execute("DELETE FROM mails WHERE expires_at <= ?1", [sql_seconds(posted_at)])?;
    let request = serde_json::to_string(&mail.request).map_err(|error| StoreError::Broken(error.into()))?;
    connection.execute(
        "INSERT OR REPLACE INTO mails (id, request, expires_at) VALUES (?1, ?2, ?3)",
        params![mail.id.as_str(), request, sql_seconds(mail.expires_at)],
    )?;
    Ok(())
}

/// A mail, and the moment until which it is somebody's.
fn find_mail(connection: &Connection, id: &MailId) -> Result<Option<(Mail, Timestamp)>, StoreError> {
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?));
    let found: Option<(String, _, _)> = connection
        .prepare_cached("SELECT request, taken_until, expires_at FROM mails WHERE id = ?1")?
        .query_row([id.as_str()], read)
        .optional()?;
    let Some((request, taken_until, expires_at)) = found else { return Ok(None) };
    // The error of the parser may quote the text.
    let request = serde_json::from_str(&request).map_err(|_| broken("the request of a mail is malformed"))?;
    let expires_at = Timestamp::from_seconds(expires_at.cast_unsigned());
    let mail = Mail { id: id.clone(), request, expires_at };
    Ok(Some((mail, Timestamp::from_millis(taken_until.cast_unsigned()))))
}

fn sql_millis(moment: Timestamp) -> i64 {
    moment.millis().cast_signed()
}
