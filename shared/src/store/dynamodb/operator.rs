//! The operator's changes to a table. The only place that scans.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemInput;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemInput};
use aws_sdk_dynamodb::operation::scan::ScanInput;
use aws_sdk_dynamodb::operation::transact_write_items::{TransactWriteItemsError, TransactWriteItemsInput};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemInput};
use aws_sdk_dynamodb::types::{
    AttributeValue, Delete, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};

use super::DynamoDbStore;
use super::call::request_token;
use super::create::{AddError, Added, Claim, Outcome, conflict_pause, outcome};
use super::error::{is_conflict, store_error};
use super::item::{
    ACCOUNT_PREFIX, KEY_SET, PK, account_key, deleted_item, email_key, failures_key, holder, id_key,
    key_set_key, read_account, read_failures,
};
use super::sessions::REMOVE_SESSIONS;
use crate::account::{Account, AccountId, Status};
use crate::limits::lockout::{Failures, FailuresKey};
use crate::names::username::UsernameKey;
use crate::store::operator::{Change, Import, ImportOutcome, Operator, Page, Unreadable};
use crate::store::{Accounts, KeySets, StoreError};

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

    async fn change(
        &self,
        name: &UsernameKey,
        id: Option<AccountId>,
        change: &Change,
    ) -> Result<Option<Account>, StoreError> {
        let number = |number: u32| AttributeValue::N(number.to_string());
        let update = UpdateItemInput::builder()
            .table_name(&self.table)
            .key(PK, account_key(name))
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let (set, raises_version) = match change {
            Change::Disable => ("SET disabled = :disabled", true),
            Change::Enable => ("SET disabled = :disabled", false),
            Change::EndTokens => ("", true),
            Change::Password(_) => ("SET password_hash = :hash", true),
        };
        let raise =
            if raises_version { format!("ADD token_version :one {REMOVE_SESSIONS}") } else { String::new() };
        let mut conditions = vec!["attribute_exists(pk)"];
        let mut update = update.update_expression(format!("{set} {raise}").trim());
        if let Some(status) = change.status() {
            let disabled = AttributeValue::Bool(status == Status::Disabled);
            update = update.expression_attribute_values(":disabled", disabled);
        }
        if let Change::Password(hash) = change {
            let hash = AttributeValue::S(hash.as_str().to_owned());
            update = update.expression_attribute_values(":hash", hash);
        }
        if raises_version {
            conditions.push("token_version < :most");
            update = update
                .expression_attribute_values(":one", number(1))
                .expression_attribute_values(":most", number(u32::MAX));
        }
        if let Some(id) = id {
            conditions.push("id = :id");
            update = update.expression_attribute_values(":id", AttributeValue::S(id.to_string()));
        }
        let update = update.condition_expression(conditions.join(" AND "));
        let failure = match self.client.call(update.build()).await {
            Ok(updated) => return updated.attributes.map(|item| read_account(&item)).transpose(),
            Err(failure) => failure,
        };
        match failure.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(failed)) => match &failed.item {
                Some(item) if id.is_none_or(|id| holder(item) == Some(id.to_string().as_str())) => {
                    Err(StoreError::Broken("there is no higher token version".into()))
                }
                _ => Ok(None),
            },
            _ => Err(store_error(failure)),
        }
    }

    async fn delete(&self, account: &Account) -> Result<bool, StoreError> {
        let mut attempt = 1;
        loop {
            let items = self.deletion(account)?;
            let transaction = TransactWriteItemsInput::builder()
                .client_request_token(request_token()?)
                .set_transact_items(Some(items));
            let Err(failure) = self.client.call(transaction.build()).await else { return Ok(true) };
            let mut conflict = is_conflict(&failure);
            if let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
                failure.as_service_error()
            {
                let reasons = cancelled.cancellation_reasons();
                let (account_reason, email_reason) =
                    (reasons.first(), account.email.as_ref().and(reasons.get(2)));
                if account_reason.map(outcome) == Some(Outcome::Taken) {
                    // Without an item it is gone: by this call's first attempt, or by another operator.
                    return Ok(account_reason.is_some_and(|reason| reason.item.is_none()));
                }
                if email_reason.map(outcome) == Some(Outcome::Taken) {
                    return Err(StoreError::Broken("its email belongs to another account".into()));
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

    async fn forget_failures(&self, key: &FailuresKey) -> Result<Option<Failures>, StoreError> {
        let delete = DeleteItemInput::builder()
            .table_name(&self.table)
            .key(PK, failures_key(key))
            .return_values(ReturnValue::AllOld);
        let deleted = self.client.call(delete.build()).await.map_err(store_error)?;
        deleted.attributes.map(|item| read_failures(&item)).transpose()
    }

    async fn swap_key_set(&self, seen: Option<&str>, next: &str) -> Result<bool, StoreError> {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let put = PutItemInput::builder().table_name(&self.table);
        let put = put.item(PK, key_set_key()).item(KEY_SET, text(next));
        let put = match seen {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(seen) => {
                put.condition_expression("key_set = :seen").expression_attribute_values(":seen", text(seen))
            }
        };
        let Err(failure) = self.client.call(put.build()).await else { return Ok(true) };
        match failure.as_service_error() {
            // The condition also fails for the repetition of a write whose response was lost.
            Some(PutItemError::ConditionalCheckFailedException(_)) => {
                Ok(self.key_set().await?.as_deref() == Some(next))
            }
            _ => Err(store_error(failure)),
        }
    }

    async fn page(&self, after: Option<&str>) -> Result<Page, StoreError> {
        let start = after.map(|key| HashMap::from([(PK.to_owned(), AttributeValue::S(key.to_owned()))]));
        let scan = ScanInput::builder()
            .table_name(&self.table)
            .consistent_read(true)
            .limit(PAGE_SIZE)
            .set_exclusive_start_key(start)
            .filter_expression("begins_with(pk, :accounts)")
            .expression_attribute_values(":accounts", AttributeValue::S(ACCOUNT_PREFIX.to_owned()));
        let found = self.client.call(scan.build()).await.map_err(store_error)?;
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
        if import.has_id && self.is_id_of_another(account).await? {
            return Ok(ImportOutcome::IdTaken);
        }
        let claim = if import.has_id { Claim::Id } else { Claim::NoId };
        match self.add(account, claim).await {
            Ok(Added::Now) => Ok(ImportOutcome::Added),
            Ok(Added::Before(_)) => Ok(ImportOutcome::Present),
            Err(AddError::Deleted) => Ok(ImportOutcome::Deleted),
            Err(AddError::IdTaken) => Ok(ImportOutcome::IdTaken),
            Err(AddError::Store(error)) => Err(error),
            Err(AddError::Taken { username: true, .. }) => {
                let found = self.find(account.username.key()).await?;
                let present = found.is_some_and(|found| import.is(&found));
                Ok(if present { ImportOutcome::Present } else { ImportOutcome::UsernameTaken })
            }
            Err(AddError::Taken { .. }) => Ok(ImportOutcome::EmailTaken),
        }
    }

    /// `true` if a registered account by another name has this id. Registrations write no marker of their random ids, so
    /// that they cost one write; an import therefore reads all ids once.
    async fn is_id_of_another(&self, account: &Account) -> Result<bool, StoreError> {
        let ids = self.ids.get_or_try_init(|| self.read_ids()).await?;
        Ok(ids.get(&account.id).is_some_and(|name| *name != digest_of(account.username.key().as_str())))
    }

    async fn read_ids(&self) -> Result<HashMap<AccountId, u64>, StoreError> {
        let mut ids = HashMap::new();
        let mut start = None;
        loop {
            let scan = ScanInput::builder()
                .table_name(&self.table)
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .projection_expression("pk, id")
                .filter_expression("begins_with(pk, :accounts)")
                .expression_attribute_values(":accounts", AttributeValue::S(ACCOUNT_PREFIX.to_owned()));
            let found = self.client.call(scan.build()).await.map_err(store_error)?;
            for item in found.items() {
                let name = item.get(PK).and_then(|key| key.as_s().ok()?.strip_prefix(ACCOUNT_PREFIX));
                if let (Some(id), Some(name)) = (holder(item).and_then(AccountId::parse), name) {
                    ids.insert(id, digest_of(name));
                }
            }
            start = found.last_evaluated_key().cloned();
            if start.is_none() {
                return Ok(ids);
            }
        }
    }

    /// Deletes the account and its markers, and keeps its id from coming back.
    fn deletion(&self, account: &Account) -> Result<Vec<TransactWriteItem>, StoreError> {
        let id = || [(":id", account.id.to_string())];
        let key = account_key(account.username.key());
        let mut items = vec![match &account.email {
            None => self.delete_if(key, "id = :id AND attribute_not_exists(email)", &id())?,
            Some(email) => {
                let values = [(":id", account.id.to_string()), (":email", email.as_str().to_owned())];
                self.delete_if(key, "id = :id AND email = :email", &values)?
            }
        }];
        items.push(self.put_if(deleted_item(account.id), None)?);
        if let Some(email) = &account.email {
            items.push(self.delete_if(email_key(email), "attribute_not_exists(pk) OR id = :id", &id())?);
        }
        let name = [(":name", account.username.key().as_str().to_owned())];
        let marker = "attribute_not_exists(pk) OR username_key = :name";
        items.push(self.delete_if(id_key(account.id), marker, &name)?);
        Ok(items)
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

/// Eight bytes in the place of a name, so that the ids of a million accounts need tens of megabytes and not hundreds.
fn digest_of(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}
