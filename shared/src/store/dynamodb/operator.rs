//! The operator's changes to a table. The only place that scans.

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, Delete, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};

use super::DynamoDbStore;
use super::create::{Added, Outcome, conflict_pause, outcome};
use super::error::{is_conflict, store_error};
use super::item::{ACCOUNT_PREFIX, PK, account_key, email_key, failures_key, read_account, read_failures};
use crate::account::{Account, Status};
use crate::limits::lockout::Failures;
use crate::names::email::Email;
use crate::names::username::UsernameKey;
use crate::store::operator::{Change, Import, ImportOutcome, Operator, Page, Unreadable};
use crate::store::{Accounts, CreateError, StoreError};

/// Items of one page: a quarter of the megabyte that DynamoDB would send, so that a slow line is in time.
const PAGE_SIZE: i32 = 500;

#[async_trait]
impl Operator for DynamoDbStore {
    /// One: batches have no conditions, and a transaction of many accounts costs twice as much as single writes.
    fn import_batch(&self) -> usize {
        1
    }

    async fn import(&self, imports: &[Import]) -> Result<Vec<ImportOutcome>, StoreError> {
        let mut outcomes = Vec::with_capacity(imports.len());
        for import in imports {
            outcomes.push(self.import_one(import).await?);
        }
        Ok(outcomes)
    }

    async fn change(&self, name: &UsernameKey, change: &Change) -> Result<Option<Account>, StoreError> {
        let number = |number: u32| AttributeValue::N(number.to_string());
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(PK, account_key(name))
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let update = match change {
            Change::Disable | Change::Enable => update
                .update_expression("SET disabled = :disabled")
                .condition_expression("attribute_exists(pk)")
                .expression_attribute_values(
                    ":disabled",
                    AttributeValue::Bool(change.status() == Some(Status::Disabled)),
                ),
            Change::EndTokens => update.update_expression("ADD token_version :one"),
            Change::Password(hash) => update
                .update_expression("SET password_hash = :hash ADD token_version :one")
                .expression_attribute_values(":hash", AttributeValue::S(hash.as_str().to_owned())),
        };
        let update = match change {
            Change::Disable | Change::Enable => update,
            Change::EndTokens | Change::Password(_) => update
                .condition_expression("attribute_exists(pk) AND token_version < :most")
                .expression_attribute_values(":one", number(1))
                .expression_attribute_values(":most", number(u32::MAX)),
        };
        let failure = match update.send().await {
            Ok(updated) => return updated.attributes.map(|item| read_account(&item)).transpose(),
            Err(failure) => failure,
        };
        match failure.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(failed)) => match &failed.item {
                None => Ok(None),
                Some(_) => Err(StoreError::Broken("there is no higher token version".into())),
            },
            _ => Err(store_error(failure)),
        }
    }

    async fn delete(&self, account: &Account) -> Result<bool, StoreError> {
        match &account.email {
            None => self.delete_account(account).await,
            Some(email) => self.delete_account_and_email(account, email).await,
        }
    }

    async fn forget_failures(&self, name: &UsernameKey) -> Result<Option<Failures>, StoreError> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .key(PK, failures_key(name))
            .return_values(ReturnValue::AllOld);
        let deleted = delete.send().await.map_err(store_error)?;
        deleted.attributes.map(|item| read_failures(&item)).transpose()
    }

    async fn page(&self, after: Option<&str>) -> Result<Page, StoreError> {
        let start = after.map(|key| HashMap::from([(PK.to_owned(), AttributeValue::S(key.to_owned()))]));
        let scan = self
            .client
            .scan()
            .table_name(&self.table)
            .consistent_read(true)
            .limit(PAGE_SIZE)
            .set_exclusive_start_key(start)
            .filter_expression("begins_with(pk, :accounts)")
            .expression_attribute_values(":accounts", AttributeValue::S(ACCOUNT_PREFIX.to_owned()));
        let found = scan.send().await.map_err(store_error)?;
        let key =
            |item: &HashMap<String, AttributeValue>| item.get(PK).and_then(|key| key.as_s().ok()).cloned();
        let read = |item| {
            read_account(item).map_err(|cause| Unreadable { key: key(item).unwrap_or_default(), cause })
        };
        Ok(Page {
            accounts: found.items().iter().map(read).collect(),
            next: found.last_evaluated_key().and_then(key),
        })
    }
}

impl DynamoDbStore {
    async fn import_one(&self, import: &Import) -> Result<ImportOutcome, StoreError> {
        let account = &import.account;
        match self.add(account, None).await {
            Ok(Added::Now) => Ok(ImportOutcome::Added),
            Ok(Added::Before) => Ok(ImportOutcome::Present),
            Err(CreateError::Store(error)) => Err(error),
            Err(CreateError::Taken { username: true, .. }) => {
                let found = self.find(account.username.key()).await?;
                let present = found.is_some_and(|found| import.is(&found));
                Ok(if present { ImportOutcome::Present } else { ImportOutcome::UsernameTaken })
            }
            Err(CreateError::Taken { .. }) => Ok(ImportOutcome::EmailTaken),
        }
    }

    async fn delete_account(&self, account: &Account) -> Result<bool, StoreError> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .key(PK, account_key(account.username.key()))
            .condition_expression("id = :id AND attribute_not_exists(email)")
            .expression_attribute_values(":id", AttributeValue::S(account.id.to_string()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(failure) = delete.send().await else { return Ok(true) };
        match failure.as_service_error() {
            // The account is gone: by this call, by its first attempt whose response was lost, or by another operator.
            Some(DeleteItemError::ConditionalCheckFailedException(failed)) => Ok(failed.item.is_none()),
            _ => Err(store_error(failure)),
        }
    }

    async fn delete_account_and_email(&self, account: &Account, email: &Email) -> Result<bool, StoreError> {
        let mut attempt = 1;
        loop {
            let transaction = self
                .client
                .transact_write_items()
                .transact_items(self.delete_if(
                    account_key(account.username.key()),
                    "id = :id AND email = :email",
                    &[(":id", account.id.to_string()), (":email", email.as_str().to_owned())],
                )?)
                .transact_items(self.delete_if(
                    email_key(email),
                    "attribute_not_exists(pk) OR id = :id",
                    &[(":id", account.id.to_string())],
                )?);
            let Err(failure) = transaction.send().await else { return Ok(true) };
            let mut conflict = is_conflict(&failure);
            if let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
                failure.as_service_error()
            {
                let reasons = cancelled.cancellation_reasons();
                let (account, email) = (reasons.first(), reasons.get(1));
                if account.map(outcome) == Some(Outcome::Taken) {
                    return Ok(account.is_some_and(|account| account.item.is_none()));
                }
                if email.map(outcome) == Some(Outcome::Taken) {
                    return Err(StoreError::Broken("its email address belongs to another account".into()));
                }
                if reasons.iter().any(|reason| outcome(reason) == Outcome::Throttled) {
                    return Err(StoreError::Unavailable(failure.into()));
                }
                conflict = reasons.iter().any(|reason| outcome(reason) == Outcome::Conflict);
            }
            if !conflict {
                return Err(store_error(failure));
            }
            if !conflict_pause(attempt).await {
                return Err(StoreError::Unavailable(failure.into()));
            }
            attempt += 1;
        }
    }

    fn delete_if(
        &self,
        key: AttributeValue,
        condition: &str,
        values: &[(&str, String)],
    ) -> Result<TransactWriteItem, StoreError> {
        let mut delete = Delete::builder()
            .table_name(&self.table)
            .key(PK, key)
            .condition_expression(condition)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        for (name, value) in values {
            delete = delete.expression_attribute_values(*name, AttributeValue::S(value.clone()));
        }
        let delete = delete.build().map_err(|error| StoreError::Broken(error.into()))?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }
}
