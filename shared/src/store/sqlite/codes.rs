//! Codes that were sent, in the file.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, named_params, params};

use super::{SqliteStore, broken, sql_seconds};
use crate::account::AccountId;
use crate::code::{CodeDigest, CodeKey, MOST, SentCode, TRIES};
use crate::names::email::Email;
use crate::names::username::UsernameKey;
use crate::store::{Codes, StoreError};
use crate::time::Timestamp;

#[async_trait]
impl Codes for SqliteStore {
    async fn put_code(&self, key: &CodeKey, code: &SentCode) -> Result<bool, StoreError> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let former = transaction
            .prepare_cached("SELECT * FROM codes WHERE key = ?1 AND account_id = ?2")?
            .query_row([key.as_str(), &code.account_id.to_string()], |row| Ok(sent_code(row)))
            .optional()?
            .transpose()?;
        if former.is_some_and(|former| !former.gives_way_to(code)) {
            return Ok(false);
        }
        replace_code(&transaction, key, code)?;
        transaction.commit()?;
        Ok(true)
    }

    async fn try_code(&self, key: &CodeKey, now: Timestamp) -> Result<Vec<SentCode>, StoreError> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(
            "UPDATE codes SET tries = tries + 1 WHERE key = ?1 AND tries < ?2 AND expires_at > ?3 RETURNING *",
        )?;
        let key = params![key.as_str(), TRIES, sql_seconds(now)];
        let codes = statement.query_map(key, |row| Ok(sent_code(row)))?;
        codes.map(|code| code?).collect()
    }
}

fn replace_code(connection: &Connection, key: &CodeKey, code: &SentCode) -> rusqlite::Result<()> {
    // DynamoDB deletes expired items by itself.
    connection.execute("DELETE FROM codes WHERE expires_at <= ?1", [sql_seconds(code.sent_at)])?;
    connection.execute(
        "INSERT OR REPLACE INTO codes
             (key, account_id, username_key, email, digest, mail, sent_at, token_version, former, expires_at, tries)
         VALUES
             (:key, :account_id, :username_key, :email, :digest, :mail, :sent_at, :token_version, :former,
              :expires_at, 0)",
        named_params! {
            ":key": key.as_str(),
            ":account_id": code.account_id.to_string(),
            ":username_key": code.username.as_str(),
            ":email": code.email.as_str(),
            ":digest": code.digest.as_str(),
            ":mail": code.mail,
            ":sent_at": sql_seconds(code.sent_at),
            ":token_version": code.token_version,
            ":former": code.former.as_ref().map(Email::as_str),
            ":expires_at": sql_seconds(code.ends_at(key)),
        },
    )?;
    connection.execute("UPDATE codes SET tries = 0 WHERE key = ?1", [key.as_str()])?;
    connection.execute(
        "DELETE FROM codes WHERE key = ?1 AND account_id NOT IN
             (SELECT account_id FROM codes WHERE key = ?1 ORDER BY sent_at DESC LIMIT ?2)",
        params![key.as_str(), MOST],
    )?;
    Ok(())
}

/// Removes a code within a transaction. Returns `false` if it is gone, or another one has its place.
pub(super) fn consume(connection: &Connection, key: &CodeKey, code: &SentCode) -> rusqlite::Result<bool> {
    let consumed = connection.execute(
        "DELETE FROM codes WHERE key = ?1 AND account_id = ?2 AND digest = ?3",
        [key.as_str(), &code.account_id.to_string(), code.digest.as_str()],
    )?;
    Ok(consumed == 1)
}

fn sent_code(row: &Row<'_>) -> Result<SentCode, StoreError> {
    let id: String = row.get("account_id")?;
    Ok(SentCode {
        account_id: AccountId::parse(&id).ok_or_else(|| broken("a code is of no account"))?,
        username: UsernameKey::from_stored(row.get("username_key")?),
        email: Email::from_stored(row.get("email")?),
        digest: CodeDigest::from_stored(row.get("digest")?),
        mail: row.get("mail")?,
        sent_at: Timestamp::from_seconds(row.get::<_, i64>("sent_at")?.cast_unsigned()),
        token_version: row.get("token_version")?,
        former: row.get::<_, Option<String>>("former")?.map(Email::from_stored),
    })
}
