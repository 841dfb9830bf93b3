//! Accounts in one SQLite file that several processes share: the store of a laptop.

mod accounts;
mod attempts;
mod codes;
mod credentials;
mod file;
mod operator;
mod outbox;
mod sessions;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use rusqlite::{Connection, ErrorCode, OptionalExtension, TransactionBehavior, params};
use secrecy::{ExposeSecret, SecretString};

use super::{
    Accounts, CreateError, KeySets, Logins, Registrations, RequestCounts, SessionError, Standings, StoreError,
};
use crate::account::{Account, AccountId, Standing, Status};
use crate::idempotency::IdempotencyKey;
use crate::limits::window::Window;
use crate::mail::Mail;
use crate::names::email::EmailKey;
use crate::names::username::UsernameKey;
use crate::password::hash::PasswordHash;
use crate::session::{Exchange, Session, SessionId};
use crate::time::Timestamp;
use crate::token::secret::Secret;
use crate::token::{Key, Keys};
use accounts::{delete_expired, email_exists, find, find_alone, insert_account, insert_email, stored};
use outbox::put_mail;

/// An account store in a file.
///
/// Calls block the thread for as long as SQLite takes. A Lambda environment, and so each process of the emulator, has
/// one event at a time, so nothing else waits for the thread.
#[derive(Debug)]
pub struct SqliteStore {
    connection: Mutex<Connection>,
}

impl SqliteStore {
    /// Opens the database at `path`, or makes it if there is nothing at all.
    ///
    /// # Errors
    ///
    /// When the file is not a database of this service and of this version, or cannot be read. It is left as it is.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { connection: Mutex::new(file::open(path)?) })
    }

    /// The keys of this database: a text made at the first call, or the JSON of [`Secret`], which no such text is.
    ///
    /// # Errors
    ///
    /// When the store fails, there is no randomness to make a secret of, or what is there cannot be used.
    pub fn keys(&self) -> Result<Keys, StoreError> {
        let connection = self.connection();
        let find = || -> rusqlite::Result<Option<String>> {
            connection.query_row("SELECT value FROM secret", [], |row| row.get(0)).optional()
        };
        let secret = if let Some(secret) = find()? {
            secret
        } else {
            let fresh = Key::generate().map_err(|error| StoreError::Broken(error.into()))?;
            connection.execute("INSERT INTO secret VALUES (1, ?1) ON CONFLICT DO NOTHING", [&fresh])?;
            find()?.ok_or_else(|| broken("the secret was not kept"))?
        };
        let secret = Secret::parse(secret_json(&secret).expose_secret());
        Ok(secret.map_err(|error| StoreError::Broken(error.into()))?.into())
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // Every write is one transaction, so a panic leaves no half of one.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Standings for SqliteStore {
    async fn standing(
        &self,
        name: &UsernameKey,
        session: Option<&SessionId>,
    ) -> Result<Option<Standing>, StoreError> {
        let connection = self.connection();
        let Some(account) = find_alone(&connection, name)? else { return Ok(None) };
        let session = session.map(|id| sessions::find_session(&connection, name, id)).transpose()?.flatten();
        Ok(Some(Standing { session, ..account.standing() }))
    }
}

#[async_trait]
impl Accounts for SqliteStore {
    async fn find(&self, name: &UsernameKey) -> Result<Option<Account>, StoreError> {
        find(&self.connection(), name)
    }

    async fn name_of(&self, email: &EmailKey) -> Result<Option<UsernameKey>, StoreError> {
        let connection = self.connection();
        let mut statement =
            connection.prepare_cached("SELECT username_key FROM emails WHERE email_key = ?1")?;
        let name: Option<String> = statement.query_row([email.as_str()], |row| row.get(0)).optional()?;
        Ok(name.map(UsernameKey::from_stored))
    }
}

#[async_trait]
impl KeySets for SqliteStore {
    async fn key_set(&self) -> Result<Option<String>, StoreError> {
        let connection = self.connection();
        Ok(connection.query_row("SELECT value FROM key_set", [], |row| row.get(0)).optional()?)
    }
}

#[async_trait]
impl RequestCounts for SqliteStore {
    async fn requests(&self, window: &Window) -> Result<u64, StoreError> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached("SELECT requests FROM windows WHERE key = ?1")?;
        let requests: Option<i64> = statement.query_row([&window.key], |row| row.get(0)).optional()?;
        Ok(requests.unwrap_or_default().unsigned_abs())
    }

    async fn count_request(&self, window: &Window) -> Result<u64, StoreError> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // DynamoDB deletes expired items by itself.
        transaction.execute("DELETE FROM windows WHERE ends_at <= ?1", [sql_seconds(window.began_at)])?;
        let requests: i64 = transaction.query_row(
            "INSERT INTO windows VALUES (?1, 1, ?2)
             ON CONFLICT (key) DO UPDATE SET requests = requests + 1 RETURNING requests",
            params![window.key, sql_seconds(window.ends_at)],
            |row| row.get(0),
        )?;
        transaction.commit()?;
        Ok(requests.unsigned_abs())
    }
}

#[async_trait]
impl Registrations for SqliteStore {
    async fn create(
        &self,
        account: &Account,
        key: Option<&IdempotencyKey>,
        mail: Option<&Mail>,
    ) -> Result<Standing, CreateError> {
        let (mut connection, name) = (self.connection(), account.username.key());
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(StoreError::from)?;
        delete_expired(&transaction, name, account.created_at)?;
        let username_taken = insert_account(&transaction, account, key)? == 0;
        if username_taken && let Some(standing) = stored(&transaction, account, key)? {
            return Ok(standing);
        }
        let email_taken = match account.own_email() {
            Some(email) if username_taken => email_exists(&transaction, email)?,
            Some(email) => insert_email(&transaction, name, email)? == 0,
            None => false,
        };
        if username_taken || email_taken {
            return Err(CreateError::Taken { username: username_taken, email: email_taken });
        }
        if let Some(mail) = mail {
            put_mail(&transaction, mail)?;
        }
        transaction.commit().map_err(StoreError::from)?;
        Ok(account.standing())
    }
}

#[async_trait]
impl Logins for SqliteStore {
    async fn replace_hash(&self, account: &Account, hash: &PasswordHash) -> Result<bool, StoreError> {
        let changed = self.connection().execute(
            "UPDATE accounts SET password_hash = ?1 WHERE username_key = ?2 AND id = ?3 AND password_hash = ?4",
            params![
                hash.as_str(),
                account.username.key().as_str(),
                account.id.to_string(),
                account.password_hash.as_str()
            ],
        )?;
        Ok(changed == 1)
    }

    async fn begin_session(&self, account: &Account, session: &Session) -> Result<(), SessionError> {
        let (mut connection, name) = (self.connection(), account.username.key());
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(StoreError::from)?;
        let found = find(&transaction, name)?;
        let slot = session.id.slot();
        let is_as_seen = |found: &Account| {
            (found.id, found.token_version, found.status)
                == (account.id, account.token_version, Status::Active)
                && found.sessions.in_slot(slot) == account.sessions.in_slot(slot)
        };
        if found.as_ref().is_some_and(|found| found.sessions.get(&session.id).is_some()) {
            return Ok(());
        }
        if !found.as_ref().is_some_and(is_as_seen) {
            return Err(SessionError::Changed(found.map(Box::new)));
        }
        sessions::put_session(&transaction, name, session)?;
        Ok(transaction.commit().map_err(StoreError::from)?)
    }

    async fn exchange(&self, name: &UsernameKey, exchange: &Exchange) -> Result<Account, SessionError> {
        let mut connection = self.connection();
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(StoreError::from)?;
        let Some(mut account) = find(&transaction, name)? else { return Err(SessionError::Changed(None)) };
        let Some(next) = exchanged(&account, exchange) else {
            return Err(SessionError::Changed(Some(Box::new(account))));
        };
        sessions::put_session(&transaction, name, &next)?;
        transaction.commit().map_err(StoreError::from)?;
        account.sessions.put(next);
        Ok(account)
    }

    async fn end_session(&self, name: &UsernameKey, session: &SessionId) -> Result<bool, StoreError> {
        Ok(sessions::end_session(&self.connection(), name, session)?)
    }

    async fn end_tokens(&self, name: &UsernameKey, id: AccountId) -> Result<bool, StoreError> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let raised = transaction.execute(
            "UPDATE accounts SET token_version = token_version + 1 WHERE username_key = ?1 AND id = ?2",
            [name.as_str(), &id.to_string()],
        )?;
        if raised == 1 {
            sessions::end_sessions(&transaction, name)?;
        }
        transaction.commit()?;
        Ok(raised == 1)
    }
}

/// The session after an exchange, if it is live and has the token.
fn exchanged(account: &Account, exchange: &Exchange) -> Option<Session> {
    let session = account.sessions.get(&exchange.session)?;
    let is_live = session.is_live(account.token_version, &exchange.lifetimes, exchange.now);
    (is_live && account.status == Status::Active).then(|| session.after(exchange))?
}

/// The secret of a database as JSON: it begins as a bare text, and a rotation makes JSON of it.
fn secret_json(kept: &str) -> SecretString {
    if kept.trim_start().starts_with('{') {
        kept.into()
    } else {
        serde_json::json!({ "current": kept }).to_string().into()
    }
}

/// SQLite's integers are signed.
fn sql_seconds(moment: Timestamp) -> i64 {
    moment.seconds().cast_signed()
}

fn broken(problem: &str) -> StoreError {
    StoreError::Broken(problem.into())
}

impl From<rusqlite::Error> for StoreError {
    /// Failures that may pass by themselves, or by making room, are `Unavailable`.
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(
                ErrorCode::CannotOpen
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DiskFull
                | ErrorCode::OutOfMemory
                | ErrorCode::ReadOnly
                | ErrorCode::SystemIoFailure,
            ) => Self::Unavailable(error.into()),
            _ => Self::Broken(error.into()),
        }
    }
}

#[cfg(test)]
mod tests;
