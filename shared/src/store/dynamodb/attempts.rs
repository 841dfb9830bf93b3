//! Failed attempts at passwords: an item for each name.

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::delete_item::{DeleteItemError, DeleteItemInput};
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemInput};
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};

use super::DynamoDbStore;
use super::error::store_error;
use super::item::{Item, PK, read_number, read_text};
use crate::limits::lockout::{Failures, FailuresKey};
use crate::store::{Attempts, StoreError, SwapError};
use crate::time::Timestamp;

#[async_trait]
impl Attempts for DynamoDbStore {
    async fn failures(&self, key: &FailuresKey) -> Result<Option<Failures>, StoreError> {
        self.get(failures_key(key)).await?.map(|item| read_failures(&item)).transpose()
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
}

impl DynamoDbStore {
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

/// The key of a record of failed logins.
pub(super) fn failures_key(key: &FailuresKey) -> AttributeValue {
    AttributeValue::S(format!("ATTEMPTS#{}", key.as_str()))
}

/// The item of failed logins. `expires_at` is the table's TTL attribute.
fn failures_item(key: &FailuresKey, failures: &Failures) -> Item {
    Item::from([
        (PK.to_owned(), failures_key(key)),
        ("failures".to_owned(), AttributeValue::N(failures.failures.to_string())),
        ("locked_until".to_owned(), AttributeValue::N(failures.locked_until.millis().to_string())),
        ("expires_at".to_owned(), AttributeValue::N(failures.expires_at.seconds().to_string())),
        ("version".to_owned(), AttributeValue::S(failures.version.clone())),
    ])
}

/// Reads the item of failed logins.
pub(super) fn read_failures(item: &Item) -> Result<Failures, StoreError> {
    Ok(Failures {
        failures: read_number(item, "failures")?,
        locked_until: Timestamp::from_millis(read_number(item, "locked_until")?),
        expires_at: Timestamp::from_seconds(read_number(item, "expires_at")?),
        version: read_text(item, "version")?,
    })
}
