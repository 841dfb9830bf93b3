//! The operator's changes to a file.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};
use secrecy::{ExposeSecret, SecretString};

use super::accounts::{account, delete_email, email_exists, find, insert_account, insert_email};
use super::attempts::{delete_failures, failures};
use super::sessions::end_sessions;
use super::{SqliteStore, secret_json};
use crate::account::{Account, AccountId, ExternalId, Status};
use crate::limits::lockout::{Failures, FailuresKey};
use crate::names::email::Email;
use crate::names::username::UsernameKey;
use crate::store::operator::{CarryOver, Change, Import, ImportOutcome, Operator, Page, Unreadable};
use crate::store::{BoxError, StoreError};
use crate::token::secret::{Kept, SecretPlace};

/// Accounts of one transaction, which waits for the disk once. Few enough that a function's write meets its deadline
/// meanwhile.
const BATCH: usize = 1000;

/// Accounts of one page.
const PAGE_SIZE: usize = 500;

#[async_trait]
impl SecretPlace for SqliteStore {
    async fn read(&self) -> Result<Option<Kept>, BoxError> {
        let read = |row: &Row<'_>| row.get::<_, String>(0).map(SecretString::from);
        let found = self.connection().query_row("SELECT value FROM secret", [], read).optional()?;
        Ok(found.map(|revision| Kept { json: secret_json(revision.expose_secret()), revision }))
    }

    async fn replace(&self, seen: Option<&Kept>, next: &SecretString) -> Result<bool, BoxError> {
        let (connection, next) = (self.connection(), next.expose_secret());
        let changed = match seen {
            Some(seen) => connection.execute(
                "UPDATE secret SET value = ?1 WHERE value = ?2",
                [next, seen.revision.expose_secret()],
            )?,
            None => connection.execute("INSERT INTO secret VALUES (1, ?1) ON CONFLICT DO NOTHING", [next])?,
        };
        Ok(changed == 1)
    }
}

#[async_trait]
impl Operator for SqliteStore {
    fn import_batch(&self) -> usize {
        BATCH
    }

    async fn import(&self, imports: &[Import]) -> Result<Vec<ImportOutcome>, StoreError> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let outcomes: Result<_, _> = imports.iter().map(|import| import_one(&transaction, import)).collect();
        let outcomes = outcomes?;
        transaction.commit()?;
        Ok(outcomes)
    }

    async fn change(
        &self,
        name: &UsernameKey,
        id: Option<AccountId>,
        change: &Change,
    ) -> Result<Option<Account>, StoreError> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found = find(&transaction, name)?;
        let Some(before) = found.filter(|found| id.is_none_or(|id| id == found.id)) else { return Ok(None) };
        match change {
            Change::Disable => transaction.execute(
                "UPDATE accounts SET disabled = 1, token_version = token_version + 1 WHERE username_key = ?1",
                [name.as_str()],
            ),
            Change::Enable => transaction
                .execute("UPDATE accounts SET disabled = 0 WHERE username_key = ?1", [name.as_str()]),
            Change::EndTokens => transaction.execute(
                "UPDATE accounts SET token_version = token_version + 1 WHERE username_key = ?1",
                [name.as_str()],
            ),
            Change::Password(hash) => transaction.execute(
                "UPDATE accounts SET password_hash = ?2, token_version = token_version + 1
                 WHERE username_key = ?1",
                [name.as_str(), hash.as_str()],
            ),
        }?;
        if !matches!(change, Change::Enable) {
            end_sessions(&transaction, name)?;
        }
        transaction.commit()?;
        Ok(Some(before))
    }

    async fn carry_over(&self, seen: &Account, next: &Account) -> Result<CarryOver, StoreError> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let name = seen.username.key();
        let found = find(&transaction, name)?;
        if !found.is_some_and(|found| Account { sessions: seen.sessions.clone(), ..found } == *seen) {
            return Ok(CarryOver::Changed);
        }
        if let Some(former) = &seen.email {
            delete_email(&transaction, name, former)?;
        }
        if let Some(email) = &next.email
            && insert_email(&transaction, name, email)? == 0
        {
            return Ok(CarryOver::EmailTaken);
        }
        update_account(&transaction, next)?;
        if next.token_version != seen.token_version {
            end_sessions(&transaction, name)?;
        }
        transaction.commit()?;
        Ok(CarryOver::Yes)
    }

    /// Every marker has led to its account from the first version on.
    async fn repair(&self, _: &Account) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn forget_failures(&self, key: &FailuresKey) -> Result<Option<Failures>, StoreError> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let forgotten = failures(&transaction, key)?;
        delete_failures(&transaction, key)?;
        transaction.commit()?;
        Ok(forgotten)
    }

    async fn swap_key_set(&self, seen: Option<&str>, next: &str) -> Result<bool, StoreError> {
        let changed = match seen {
            Some(seen) => self
                .connection()
                .execute("UPDATE key_set SET value = ?1 WHERE value IN (?1, ?2)", [next, seen])?,
            None => self.connection().execute(
                "INSERT INTO key_set VALUES (1, ?1) ON CONFLICT DO UPDATE SET value = ?1 WHERE value = ?1",
                [next],
            )?,
        };
        Ok(changed == 1)
    }

    async fn page(&self, after: Option<&str>) -> Result<Page, StoreError> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(
            "SELECT * FROM accounts WHERE username_key > ?1 ORDER BY username_key LIMIT ?2",
        )?;
        // No key is empty, so all of them come after nothing.
        let rows = statement.query_map(params![after.unwrap_or_default(), PAGE_SIZE], |row| {
            let key: String = row.get("username_key")?;
            Ok((account(row).map_err(|cause| Unreadable { key: key.clone(), cause }), key))
        })?;
        let (accounts, keys): (Vec<_>, Vec<_>) = rows.collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
        let next = if keys.len() < PAGE_SIZE { None } else { keys.into_iter().next_back() };
        Ok(Page { accounts, next })
    }
}

/// Adds an account within a transaction that holds the writer's lock.
fn import_one(connection: &Connection, import: &Import) -> Result<ImportOutcome, StoreError> {
    let account = &import.account;
    if let Some(found) = find(connection, account.username.key())? {
        return Ok(if import.is(&found) { ImportOutcome::Present } else { ImportOutcome::UsernameTaken });
    }
    if let Some(email) = account.own_email()
        && email_exists(connection, email)?
    {
        return Ok(ImportOutcome::EmailTaken);
    }
    if import.has_id && is_there(connection, "SELECT 1 FROM accounts WHERE id = ?1", account)? {
        return Ok(ImportOutcome::IdTaken);
    }
    if import.has_id && is_there(connection, "SELECT 1 FROM deleted_ids WHERE id = ?1", account)? {
        return Ok(ImportOutcome::Deleted);
    }
    insert_account(connection, account, None)?;
    if let Some(email) = account.own_email() {
        insert_email(connection, account.username.key(), email)?;
    }
    Ok(ImportOutcome::Added)
}

/// Writes what [`Operator::carry_over`] replaces.
fn update_account(connection: &Connection, account: &Account) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "UPDATE accounts SET password_hash = ?2, token_version = ?3, disabled = ?4, email = ?5,
             email_verified = ?6, imported = ?7, external_id = ?8
         WHERE username_key = ?1",
    )?;
    statement.execute(params![
        account.username.key().as_str(),
        account.password_hash.as_str(),
        account.token_version,
        account.status == Status::Disabled,
        account.email.as_ref().map(Email::as_str),
        account.email_verified,
        account.imported.as_ref().map(ToString::to_string),
        account.external_id.as_ref().map(ExternalId::as_str),
    ])?;
    Ok(())
}

fn is_there(connection: &Connection, select: &str, account: &Account) -> Result<bool, StoreError> {
    Ok(connection.prepare_cached(select)?.exists([account.id.to_string()])?)
}
