//! Accounts in one DynamoDB table: the store of the cloud.
//!
//! | `pk` | attributes |
//! |---|---|
//! | `USERNAME#<key>` | the whole account: one `GetItem` finds it. `session_0` to `session_9` are its sessions |
//! | `EMAIL#<key>` | `id` of the account with that email; written in one transaction with it |
//! | `ID#<id>` | `username_key` of an imported account whose id came with it |
//! | `DELETED#<id>` | nothing: the id was that of a deleted account, and never comes back |
//! | `ATTEMPTS#<digest>` | failed logins at a name, known or not, by everybody or on one device; `expires_at` is the table's TTL attribute |
//! | `KEYS` | `key_set`: the public keys that verify tokens |
//! | `ADDRESS#<function>#<address>#<end>` | requests of a client IP in a window; `expires_at` is its end |
//!
//! There is no index, and no read before a write of an account: conditions decide (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html>).

mod call;
mod create;
mod error;
mod item;
mod operator;
mod sessions;

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::delete_item::{DeleteItemError, DeleteItemInput};
use aws_sdk_dynamodb::operation::get_item::GetItemInput;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemInput};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemInput};
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use tokio::sync::OnceCell;

use super::{
    Accounts, CreateError, KeySets, Logins, Registrations, RequestCounts, SessionError, Standings,
    StoreError, SwapError,
};
use crate::account::{Account, AccountId, Standing};
use crate::aws::Aws;
use crate::deadlines;
use crate::idempotency::IdempotencyKey;
use crate::limits::client_ip::Window;
use crate::limits::lockout::{Failures, FailuresKey};
use crate::names::username::UsernameKey;
use crate::password::hash::PasswordHash;
use crate::session::{Exchange, Session, SessionId};
use call::Client;
use create::{AddError, Added, Claim};
use error::store_error;
use item::{
    Item, KEY_SET, PK, account_key, failures_item, failures_key, key_set_key, read_account, read_failures,
    read_number, read_standing, read_text, session_attribute, window_key,
};

/// The key that is read to open the connection. No item has it.
const PRIMING_KEY: &str = "PRIME";

/// The attributes that tell whether an account may be used.
const STANDING: &str = "pk, id, username, token_version, disabled";

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

    /// Reads some attributes. `validate` and `register` are not permitted the hash.
    async fn get_only(&self, key: AttributeValue, attributes: &str) -> Result<Option<Item>, StoreError> {
        let get = GetItemInput::builder().table_name(&self.table).key(PK, key).consistent_read(true);
        let get = get.projection_expression(attributes);
        Ok(self.client.call(get.build()).await.map_err(store_error)?.item)
    }

    async fn put_failures(
        &self,
        key: &FailuresKey,
        seen: Option<&Failures>,
        next: &Failures,
    ) -> Result<(), SwapError> {
        let put = PutItemInput::builder()
            .table_name(&self.table)
            .set_item(Some(failures_item(key, next)))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let put = match seen {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(seen) => put
                .condition_expression("version = :seen")
                .expression_attribute_values(":seen", AttributeValue::S(seen.version.clone())),
        };
        let Err(failure) = self.client.call(put.build()).await else { return Ok(()) };
        let Some(PutItemError::ConditionalCheckFailedException(failed)) = failure.as_service_error() else {
            return Err(store_error(failure).into());
        };
        match failed.item.as_ref().map(read_failures).transpose()? {
            // This is the repetition of a write whose response was lost.
            Some(found) if found.version == next.version => Ok(()),
            found => Err(SwapError::Changed(found)),
        }
    }

    async fn delete_failures(&self, key: &FailuresKey, seen: &Failures) -> Result<(), SwapError> {
        let delete = DeleteItemInput::builder()
            .table_name(&self.table)
            .key(PK, failures_key(key))
            .condition_expression("version = :seen")
            .expression_attribute_values(":seen", AttributeValue::S(seen.version.clone()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(failure) = self.client.call(delete.build()).await else { return Ok(()) };
        let Some(DeleteItemError::ConditionalCheckFailedException(failed)) = failure.as_service_error()
        else {
            return Err(store_error(failure).into());
        };
        match failed.item.as_ref().map(read_failures).transpose()? {
            // The record is gone: by this call, by its first attempt whose response was lost, or by another success.
            None => Ok(()),
            found => Err(SwapError::Changed(found)),
        }
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
    async fn create(&self, account: &Account, key: Option<&IdempotencyKey>) -> Result<Standing, CreateError> {
        // DynamoDB itself recognises a repetition within ten minutes.
        match self.add(account, Claim::Request(&account.id.to_string(), key)).await {
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
    async fn failures(&self, key: &FailuresKey) -> Result<Option<Failures>, StoreError> {
        self.get(failures_key(key)).await?.map(|item| read_failures(&item)).transpose()
    }

    async fn replace_hash(&self, account: &Account, hash: &PasswordHash) -> Result<bool, StoreError> {
        let update = UpdateItemInput::builder()
            .table_name(&self.table)
            .key(PK, account_key(account.username.key()))
            .update_expression("SET password_hash = :new")
            .condition_expression("id = :id AND password_hash = :old")
            .expression_attribute_values(":new", AttributeValue::S(hash.as_str().to_owned()))
            .expression_attribute_values(":old", AttributeValue::S(account.password_hash.as_str().to_owned()))
            .expression_attribute_values(":id", AttributeValue::S(account.id.to_string()));
        match self.client.call(update.build()).await {
            Ok(_) => Ok(true),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Ok(false)
            }
            Err(error) => Err(store_error(error)),
        }
    }

    async fn swap_failures(
        &self,
        key: &FailuresKey,
        seen: Option<&Failures>,
        next: Option<&Failures>,
    ) -> Result<(), SwapError> {
        match (seen, next) {
            (None, None) => match self.failures(key).await? {
                None => Ok(()),
                found => Err(SwapError::Changed(found)),
            },
            (seen, Some(next)) => self.put_failures(key, seen, next).await,
            (Some(seen), None) => self.delete_failures(key, seen).await,
        }
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
