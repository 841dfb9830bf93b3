//! Accounts in the file: rows with their sessions and the markers of their emails.

use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::{broken, sessions, sql_seconds};
use crate::account::{Account, AccountId, ExternalId, Imported, Standing, Status};
use crate::idempotency::IdempotencyKey;
use crate::names::email::Email;
use crate::names::username::{Username, UsernameKey};
use crate::password::hash::PasswordHash;
use crate::session::Sessions;
use crate::store::StoreError;
use crate::time::Timestamp;

/// An account with its sessions. These are looked for in any case: otherwise an unknown name would take less time.
pub(super) fn find(connection: &Connection, name: &UsernameKey) -> Result<Option<Account>, StoreError> {
    let sessions = sessions::sessions(connection, name)?;
    Ok(find_alone(connection, name)?.map(|account| Account { sessions, ..account }))
}

/// An account without its sessions.
pub(super) fn find_alone(connection: &Connection, name: &UsernameKey) -> Result<Option<Account>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM accounts WHERE username_key = ?1")?;
    statement.query_row([name.as_str()], |row| Ok(account(row))).optional()?.transpose()
}

pub(super) fn insert_account(
    connection: &Connection,
    account: &Account,
    key: Option<&IdempotencyKey>,
) -> Result<usize, StoreError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO accounts
             (username_key, id, external_id, username, email, email_verified, pending_until, password_hash,
              token_version, disabled, created_at, imported, idempotency)
         VALUES
             (:username_key, :id, :external_id, :username, :email, :email_verified, :pending_until,
              :password_hash, :token_version, :disabled, :created_at, :imported, :idempotency)
         ON CONFLICT (username_key) DO NOTHING",
    )?;
    let inserted = statement.execute(named_params! {
        ":username_key": account.username.key().as_str(),
        ":id": account.id.to_string(),
        ":external_id": account.external_id.as_ref().map(ExternalId::as_str),
        ":username": account.username.as_str(),
        ":email": account.email.as_ref().map(Email::as_str),
        ":email_verified": account.email_verified,
        ":pending_until": account.pending_until.map(sql_seconds),
        ":password_hash": account.password_hash.as_str(),
        ":token_version": account.token_version,
        ":disabled": account.status == Status::Disabled,
        ":created_at": sql_seconds(account.created_at),
        ":imported": account.imported.as_ref().map(ToString::to_string),
        ":idempotency": key.map(IdempotencyKey::as_str),
    })?;
    if inserted == 1 {
        for session in account.sessions.iter() {
            sessions::put_session(connection, account.username.key(), session)?;
        }
    }
    Ok(inserted)
}

/// Takes an address for an account. Returns 0 if another one has it.
pub(super) fn insert_email(
    connection: &Connection,
    name: &UsernameKey,
    email: &Email,
) -> Result<usize, StoreError> {
    let mut statement =
        connection.prepare_cached("INSERT INTO emails VALUES (?1, ?2) ON CONFLICT (email_key) DO NOTHING")?;
    Ok(statement.execute([email.key().as_str(), name.as_str()])?)
}

pub(super) fn delete_email(
    connection: &Connection,
    name: &UsernameKey,
    email: &Email,
) -> Result<(), StoreError> {
    let marker = [email.key().as_str(), name.as_str()];
    connection.execute("DELETE FROM emails WHERE email_key = ?1 AND username_key = ?2", marker)?;
    Ok(())
}

/// Frees a name that a pending account has held until its end.
pub(super) fn delete_expired(
    connection: &Connection,
    name: &UsernameKey,
    now: Timestamp,
) -> Result<(), StoreError> {
    connection.execute(
        "DELETE FROM accounts WHERE username_key = ?1 AND pending_until <= ?2",
        params![name.as_str(), sql_seconds(now)],
    )?;
    Ok(())
}

/// The account that has the name already, if it is this very one: by its id, or by the key of its registration.
pub(super) fn stored(
    connection: &Connection,
    account: &Account,
    key: Option<&IdempotencyKey>,
) -> Result<Option<Standing>, StoreError> {
    let Some(found) = find(connection, account.username.key())? else { return Ok(None) };
    let mut statement =
        connection.prepare_cached("SELECT idempotency FROM accounts WHERE username_key = ?1")?;
    let made: Option<String> = statement.query_row([account.username.key().as_str()], |row| row.get(0))?;
    let is_made = |key: &IdempotencyKey| key.made(made.as_deref(), found.created_at, account.created_at);
    let is_alike = found.standing().is_as_registered()
        && found.pending_until.is_some() == account.pending_until.is_some();
    let is_own = found.id == account.id || (is_alike && key.is_some_and(is_made));
    let session = found.sessions.in_slot(0).cloned();
    Ok(is_own.then(|| Standing { session, ..found.standing() }))
}

pub(super) fn email_exists(connection: &Connection, email: &Email) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached("SELECT 1 FROM emails WHERE email_key = ?1")?
        .exists([email.key().as_str()])?)
}

/// Reads a row of `accounts`, which has no sessions. Types are checked; names are trusted, whatever grammar new ones have.
pub(super) fn account(row: &Row<'_>) -> Result<Account, StoreError> {
    let id: String = row.get("id")?;
    let external_id: Option<String> = row.get("external_id")?;
    let email: Option<String> = row.get("email")?;
    let pending_until: Option<i64> = row.get("pending_until")?;
    let imported: Option<String> = row.get("imported")?;
    let imported = imported
        .map(|text| Imported::parse(&text).ok_or_else(|| broken("imported is malformed")))
        .transpose()?;
    let seconds = u64::try_from(row.get::<_, i64>("created_at")?);
    Ok(Account {
        id: AccountId::parse(&id).ok_or_else(|| broken("id is malformed"))?,
        external_id: external_id.map(ExternalId::from_stored),
        username: Username::from_stored(row.get("username")?, row.get("username_key")?),
        email: email.map(Email::from_stored),
        email_verified: row.get("email_verified")?,
        pending_until: pending_until.map(|end| Timestamp::from_seconds(end.unsigned_abs())),
        password_hash: PasswordHash::from_stored(row.get("password_hash")?),
        token_version: row.get("token_version")?,
        status: if row.get("disabled")? { Status::Disabled } else { Status::Active },
        created_at: Timestamp::from_seconds(seconds.map_err(|_| broken("created_at is out of range"))?),
        imported,
        sessions: Sessions::default(),
    })
}
