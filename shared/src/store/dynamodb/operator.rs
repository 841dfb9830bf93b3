//! The operator's changes to a table. The only place that scans.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemInput;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemInput};
use aws_sdk_dynamodb::operation::scan::ScanInput;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};

use super::DynamoDbStore;
use super::attempts::{failures_key, read_failures};
use super::create::{AddError, Added, Claim};
use super::error::store_error;
use super::item::{ACCOUNT_PREFIX, KEY_SET, PK, account_key, email_key, holder, key_set_key, read_account};
use super::sessions::REMOVE_SESSIONS;
use super::write::{Unchanged, no_higher_version, number, text};
use crate::account::{Account, AccountId, Status};
use crate::limits::lockout::{Failures, FailuresKey};
use crate::names::username::UsernameKey;
use crate::store::operator::{CarryOver, Change, Import, ImportOutcome, Operator, Page, Unreadable};
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
        let update = self.update(account_key(name)).return_values(ReturnValue::AllOld);
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
                .expression_attribute_values(":one", number(1_u64))
                .expression_attribute_values(":most", number(u32::MAX));
        }
        if let Some(id) = id {
            conditions.push("id = :id");
            update = update.expression_attribute_values(":id", AttributeValue::S(id.to_string()));
        }
        let update = update.condition_expression(conditions.join(" AND "));
        match self.change_if(update).await {
            Ok(item) => item.map(|item| read_account(&item)).transpose(),
            Err(Unchanged::Failed(error)) => Err(error),
            Err(Unchanged::Because(Some(item)))
                if id.is_none_or(|id| holder(&item) == Some(id.to_string().as_str())) =>
            {
                Err(no_higher_version())
            }
            Err(Unchanged::Because(_)) => Ok(None),
        }
    }

    async fn carry_over(&self, seen: &Account, next: &Account) -> Result<CarryOver, StoreError> {
        self.put_carried_over(seen, next).await
    }

    async fn repair(&self, account: &Account) -> Result<bool, StoreError> {
        let Some(email) = account.own_email() else { return Ok(false) };
        let update = self
            .update(email_key(email.key()))
            .update_expression("SET username_key = :name")
            .condition_expression("id = :id AND attribute_not_exists(username_key)")
            .expression_attribute_values(":name", text(account.username.key().as_str()))
            .expression_attribute_values(":id", text(account.id.to_string()));
        self.is_changed(update).await
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
        match self.add(account, claim, None).await {
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
}

/// Eight bytes in the place of a name, so that the ids of a million accounts need tens of megabytes and not hundreds.
fn digest_of(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}
