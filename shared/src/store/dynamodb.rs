//! Accounts in one DynamoDB table: the store of the cloud.
//!
//! | `pk` | attributes |
//! |---|---|
//! | `USERNAME#<key>` | the whole account: one `GetItem` finds it. `session_0` to `session_9` are its sessions. `expires_at` is the end of one that is pending. `external_id` is the id in another system that it comes from, `imported` what an import has read there |
//! | `EMAIL#<key>` | `id` and `username_key` of the account whose own that email is; written in one transaction with it. Those of older accounts may have the `id` alone |
//! | `ID#<id>` | `username_key` of an imported account whose id came with it |
//! | `DELETED#<id>` | nothing: the id was that of a deleted account, and never comes back |
//! | `ATTEMPTS#<digest>` | failed logins at a name, known or not, by everybody or on one device; `expires_at` is the table's TTL attribute |
//! | `CODE#<key>` | codes that were sent: `code_<id>` for each account, `tries` for all; `expires_at` is the end of the last |
//! | `MAIL#<id>` | a mail that waits: its `request`; `taken_until` while somebody sends it; `expires_at` |
//! | `KEYS` | `key_set`: the public keys that verify tokens |
//! | `ADDRESS#<function>#<address>#<end>` | requests of a client IP in a window; `expires_at` is its end |
//!
//! There is no index, and no read before a write of an account: conditions decide (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html>).

mod attempts;
mod call;
mod carry_over;
mod codes;
mod create;
mod credentials;
mod error;
mod item;
mod operator;
mod outbox;
mod sessions;
mod transaction;
mod write;

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::get_item::GetItemInput;
use aws_sdk_dynamodb::operation::update_item::UpdateItemInput;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use tokio::sync::OnceCell;

use super::{
    Accounts, CreateError, KeySets, Logins, Registrations, RequestCounts, SessionError, Standings, StoreError,
};
use crate::account::{Account, AccountId, Standing};
use crate::aws::Aws;
use crate::deadlines;
use crate::idempotency::IdempotencyKey;
use crate::limits::window::Window;
use crate::mail::Mail;
use crate::names::email::EmailKey;
use crate::names::username::UsernameKey;
use crate::password::hash::PasswordHash;
use crate::session::{Exchange, Session, SessionId};
use call::Client;
use create::{AddError, Added, Claim};
use error::store_error;
use item::{
    Item, KEY_SET, PK, USERNAME_KEY, account_key, email_key, key_set_key, read_account, read_number,
    read_standing, read_text, session_attribute, window_key,
};
use write::text;

/// The key that is read to open the connection. No item has it.
const PRIMING_KEY: &str = "PRIME";

/// The attributes that tell whether an account may be used.
const STANDING: &str = "pk, id, external_id, username, token_version, disabled, email_verified";

/// The attributes that lead from an email to its account.
const MARKER: &str = "pk, username_key";

/// An account store in a DynamoDB table.
#[derive(Clone, Debug)]
pub struct DynamoDbStore {
    client: Client,
    table: String,
    /// The ids of all accounts, with a digest of their names, read by the first import that brings ids.
    ids: OnceCell<HashMap<AccountId, u64>>,
}

impl DynamoDbStore {
    /// A store in a table that exists. `endpoint` replaces the region's endpoint.
    #[must_use]
    pub(crate) fn new(aws: &Aws, endpoint: Option<&str>, table: &str) -> Self {
        Self { client: Client::new(aws, endpoint), table: table.to_owned(), ids: OnceCell::new() }
    }

    /// Opens the connection, so that the first request does not wait for it. Failing is left to that request.
    pub(crate) async fn prime(&self) {
        let key = AttributeValue::S(PRIMING_KEY.to_owned());
        let read = self.get_only(key, STANDING);
        let error = match tokio::time::timeout(deadlines::STORE_PRIMING, read).await {
            Ok(Ok(_)) => return,
            Ok(Err(error)) => crate::log::chain(&error),
            Err(late) => late.to_string(),
        };
        tracing::warn!(error, "the connection to the account store could not be opened ahead");
    }

    async fn get(&self, key: AttributeValue) -> Result<Option<Item>, StoreError> {
        // Strongly consistent: a change of a moment ago counts now.
        let get = GetItemInput::builder().table_name(&self.table).key(PK, key).consistent_read(true);
        Ok(self.client.call(get.build()).await.map_err(store_error)?.item)
    }

    /// Reads some attributes. `validate` is not permitted the hash.
    async fn get_only(&self, key: AttributeValue, attributes: &str) -> Result<Option<Item>, StoreError> {
        let get = GetItemInput::builder().table_name(&self.table).key(PK, key).consistent_read(true);
        let get = get.projection_expression(attributes);
        Ok(self.client.call(get.build()).await.map_err(store_error)?.item)
    }
}

#[async_trait]
impl Standings for DynamoDbStore {
    async fn standing(
        &self,
        name: &UsernameKey,
        session: Option<&SessionId>,
    ) -> Result<Option<Standing>, StoreError> {
        let slot = session.map(SessionId::slot);
        let attributes = slot.map(|slot| format!("{STANDING}, {}", session_attribute(slot)));
        let item = self.get_only(account_key(name), attributes.as_deref().unwrap_or(STANDING)).await?;
        let Some(item) = item else { return Ok(None) };
        let mut standing = read_standing(&item, slot)?;
        standing.session = standing.session.filter(|found| session == Some(&found.id));
        Ok(Some(standing))
    }
}

#[async_trait]
impl Accounts for DynamoDbStore {
    async fn find(&self, name: &UsernameKey) -> Result<Option<Account>, StoreError> {
        self.get(account_key(name)).await?.map(|item| read_account(&item)).transpose()
    }

    async fn name_of(&self, email: &EmailKey) -> Result<Option<UsernameKey>, StoreError> {
        let marker = self.get_only(email_key(email), MARKER).await?;
        let named = marker.filter(|marker| marker.contains_key(USERNAME_KEY));
        let name = named.map(|marker| read_text(&marker, USERNAME_KEY)).transpose()?;
        Ok(name.map(UsernameKey::from_stored))
    }
}

#[async_trait]
impl KeySets for DynamoDbStore {
    async fn key_set(&self) -> Result<Option<String>, StoreError> {
        self.get_only(key_set_key(), KEY_SET).await?.map(|item| read_text(&item, KEY_SET)).transpose()
    }
}

#[async_trait]
impl RequestCounts for DynamoDbStore {
    async fn requests(&self, window: &Window) -> Result<u64, StoreError> {
        let found = self.get(window_key(window)).await?;
        found.map_or(Ok(0), |item| read_number(&item, "requests"))
    }

    async fn count_request(&self, window: &Window) -> Result<u64, StoreError> {
        let update = UpdateItemInput::builder()
            .table_name(&self.table)
            .key(PK, window_key(window))
            .update_expression("SET expires_at = :end ADD requests :one")
            .expression_attribute_values(":end", AttributeValue::N(window.ends_at.seconds().to_string()))
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
            .return_values(ReturnValue::UpdatedNew);
        let updated = self.client.call(update.build()).await.map_err(store_error)?;
        read_number(&updated.attributes.unwrap_or_default(), "requests")
    }
}

#[async_trait]
impl Registrations for DynamoDbStore {
    async fn create(
        &self,
        account: &Account,
        key: Option<&IdempotencyKey>,
        mail: Option<&Mail>,
    ) -> Result<Standing, CreateError> {
        // DynamoDB itself recognises a repetition within ten minutes.
        match self.add(account, Claim::Request(&account.id.to_string(), key), mail).await {
            Ok(Added::Now) => Ok(account.standing()),
            Ok(Added::Before(standing)) => Ok(standing),
            Err(AddError::Taken { username, email }) => Err(CreateError::Taken { username, email }),
            Err(AddError::Store(error)) => Err(error.into()),
            Err(error) => Err(StoreError::Broken(error.into()).into()),
        }
    }
}

#[async_trait]
impl Logins for DynamoDbStore {
    async fn replace_hash(&self, account: &Account, hash: &PasswordHash) -> Result<bool, StoreError> {
        let update = self
            .update(account_key(account.username.key()))
            .update_expression("SET password_hash = :new")
            .condition_expression("id = :id AND password_hash = :old")
            .expression_attribute_values(":new", text(hash.as_str()))
            .expression_attribute_values(":old", text(account.password_hash.as_str()))
            .expression_attribute_values(":id", text(account.id.to_string()));
        self.is_changed(update).await
    }

    async fn begin_session(&self, account: &Account, session: &Session) -> Result<(), SessionError> {
        self.put_session(account, session).await
    }

    async fn exchange(&self, name: &UsernameKey, exchange: &Exchange) -> Result<Account, SessionError> {
        self.exchange_token(name, exchange).await
    }

    async fn end_session(&self, name: &UsernameKey, session: &SessionId) -> Result<bool, StoreError> {
        self.remove_session(name, session).await
    }

    async fn end_tokens(&self, name: &UsernameKey, id: AccountId) -> Result<bool, StoreError> {
        self.raise_token_version(name, id).await
    }
}

#[cfg(test)]
mod tests;
