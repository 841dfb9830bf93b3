//! Changes of credentials in the file: each is a transaction that compares the account with the one that was read.

use async_trait::async_trait;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::accounts::{delete_email, find, insert_email};
use super::attempts::delete_failures;
use super::codes::consume;
use super::outbox::put_mail;
use super::{SqliteStore, broken, sessions};
use crate::account::{Account, Status};
use crate::code::{CodeKey, SentCode};
use crate::limits::lockout::FailuresKey;
use crate::mail::Mail;
use crate::password::hash::PasswordHash;
use crate::session::SessionId;
use crate::store::{Confirmed, Credentials, StoreError};

#[async_trait]
impl Credentials for SqliteStore {
    async fn change_password(
        &self,
        account: &Account,
        hash: &PasswordHash,
        kept: Option<&SessionId>,
        mail: Option<&Mail>,
    ) -> Result<Option<Account>, StoreError> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let Some(found) = find_unchanged(&transaction, account)? else { return Ok(None) };
        if found.password_hash != account.password_hash {
            return Ok(None);
        }
        let next = put_password(&transaction, &found, hash, kept)?;
        if kept.is_some_and(|kept| next.sessions.get(kept).is_none()) {
            return Ok(None);
        }
        finish(transaction, mail)?;
        Ok(Some(next))
    }

    async fn reset_password(
        &self,
        account: &Account,
        code: &SentCode,
        hash: &PasswordHash,
        mail: Option<&Mail>,
    ) -> Result<bool, StoreError> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found = find_unchanged(&transaction, account)?;
        let found = found.filter(|found| {
            (found.email.as_ref(), found.pending_until) == (Some(&code.email), account.pending_until)
        });
        let Some(found) = found else { return Ok(false) };
        if !consume(&transaction, &CodeKey::reset(account.id), code)? {
            return Ok(false);
        }
        put_password(&transaction, &found, hash, None)?;
        let name = account.username.key();
        if found.pending_until.is_some() && insert_email(&transaction, name, &code.email)? == 0 {
            return Ok(false);
        }
        transaction.execute(
            "UPDATE accounts SET email_verified = 1, pending_until = NULL WHERE username_key = ?1",
            [name.as_str()],
        )?;
        delete_failures(&transaction, &FailuresKey::of_name(name))?;
        finish(transaction, mail)?;
        Ok(true)
    }

    async fn confirm_email(&self, account: &Account, code: &SentCode) -> Result<Confirmed, StoreError> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let name = account.username.key();
        let is_as_read = find(&transaction, name)?.is_some_and(|found| {
            (found.id, found.token_version) == (account.id, code.token_version)
                && found.status == Status::Active
                && (&found.email, found.pending_until) == (&account.email, account.pending_until)
        });
        if !is_as_read || !consume(&transaction, &CodeKey::email(code.email.key()), code)? {
            return Ok(Confirmed::Changed);
        }
        if let Some(former) = account.own_email() {
            delete_email(&transaction, name, former)?;
        }
        if insert_email(&transaction, name, &code.email)? == 0 {
            return Ok(Confirmed::Taken);
        }
        transaction.execute(
            "UPDATE accounts SET email = ?2, email_verified = 1, pending_until = NULL WHERE username_key = ?1",
            [name.as_str(), code.email.as_str()],
        )?;
        transaction.commit()?;
        Ok(Confirmed::Yes)
    }

    /// The marker of the email goes with the row that it refers to.
    async fn delete(&self, account: &Account, mail: Option<&Mail>) -> Result<bool, StoreError> {
        let (name, id) = (account.username.key(), account.id.to_string());
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let Some(found) = find(&transaction, name)? else { return Ok(true) };
        let as_it_is = (found.id, found.token_version, &found.email, found.pending_until);
        if as_it_is != (account.id, account.token_version, &account.email, account.pending_until) {
            return Ok(false);
        }
        transaction.execute("DELETE FROM accounts WHERE username_key = ?1", [name.as_str()])?;
        transaction.execute("INSERT OR IGNORE INTO deleted_ids VALUES (?1)", [&id])?;
        finish(transaction, mail)?;
        Ok(true)
    }
}

/// The account, if it is active and has the token version that it had when it was read.
fn find_unchanged(connection: &Connection, account: &Account) -> Result<Option<Account>, StoreError> {
    let is_as_read = |found: &Account| {
        (found.id, found.token_version, found.status) == (account.id, account.token_version, Status::Active)
    };
    Ok(find(connection, account.username.key())?.filter(is_as_read))
}

/// Replaces the password, and ends all sessions but one.
fn put_password(
    connection: &Connection,
    account: &Account,
    hash: &PasswordHash,
    kept: Option<&SessionId>,
) -> Result<Account, StoreError> {
    let next = account.with_password(hash, kept);
    let next = next.ok_or_else(|| broken("there is no higher token version"))?;
    let name = account.username.key();
    connection.execute(
        "UPDATE accounts SET password_hash = ?2, token_version = ?3 WHERE username_key = ?1",
        params![name.as_str(), hash.as_str(), next.token_version],
    )?;
    sessions::end_sessions(connection, name)?;
    for session in next.sessions.iter() {
        sessions::put_session(connection, name, session)?;
    }
    Ok(next)
}

/// Adds the mail that goes with a change, and makes both.
fn finish(transaction: Transaction<'_>, mail: Option<&Mail>) -> Result<(), StoreError> {
    if let Some(mail) = mail {
        put_mail(&transaction, mail)?;
    }
    Ok(transaction.commit()?)
}
