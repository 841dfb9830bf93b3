//! Transactions: conditional writes of several items, all or none.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::transact_write_items::{TransactWriteItemsError, TransactWriteItemsInput};
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemInputBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem, Update,
};

use super::DynamoDbStore;
use super::call::request_token;
use super::error::{is_conflict, store_error};
use super::item::{Item, PK};
use super::write::conflict_pause;
use crate::store::StoreError;

/// No item is there.
pub(super) const FREE: &str = "attribute_not_exists(pk)";

/// No item is there, or the marker of the account whose id is `:id`.
pub(super) const FREE_OR_OWN: &str = "attribute_not_exists(pk) OR id = :id";

/// No item is there, or the marker that leads to the name `:name`.
pub(super) const FREE_OR_NAMED: &str = "attribute_not_exists(pk) OR username_key = :name";

/// Values of a condition, by their names.
pub(super) type Values<'a> = &'a [(&'a str, AttributeValue)];

impl DynamoDbStore {
    /// Writes all of these or none.
    pub(super) async fn transact(&self, writes: Vec<TransactWriteItem>) -> Result<(), Unwritten> {
        let token = request_token().map_err(Unwritten::Failed)?;
        self.transact_once(&token, writes).await
    }

    /// As [`transact`](Self::transact). DynamoDB recognises a repetition within ten minutes by the token.
    pub(super) async fn transact_once(
        &self,
        token: &str,
        writes: Vec<TransactWriteItem>,
    ) -> Result<(), Unwritten> {
        let mut attempt = 1;
        loop {
            let transaction = TransactWriteItemsInput::builder()
                .client_request_token(token)
                .set_transact_items(Some(writes.clone()));
            let Err(failure) = self.client.call(transaction.build()).await else { return Ok(()) };
            let reasons = match failure.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    cancelled.cancellation_reasons()
                }
                _ => &[],
            };
            let any = |wanted| reasons.iter().any(|reason| outcome(reason) == wanted);
            if any(Outcome::Unmet) {
                return Err(Unwritten::Because(Unmet(reasons.to_vec())));
            }
            if any(Outcome::Throttled) {
                return Err(Unwritten::Failed(StoreError::Unavailable(failure.into())));
            }
            if !any(Outcome::Conflict) && !is_conflict(&failure) {
                return Err(Unwritten::Failed(store_error(failure)));
            }
            if !conflict_pause(attempt).await {
                return Err(Unwritten::Failed(StoreError::Unavailable(failure.into())));
            }
            attempt += 1;
        }
    }

    /// Puts an item, whatever is there.
    pub(super) fn put(&self, item: Item) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder().table_name(&self.table).set_item(Some(item));
        Ok(TransactWriteItem::builder().put(built(put.build())?).build())
    }

    /// Puts an item on a condition.
    pub(super) fn put_if(
        &self,
        item: Item,
        condition: &str,
        values: Values<'_>,
    ) -> Result<TransactWriteItem, StoreError> {
        let mut put =
            Put::builder().table_name(&self.table).set_item(Some(item)).condition_expression(condition);
        for (name, value) in values {
            put = put.expression_attribute_values(*name, value.clone());
        }
        Ok(TransactWriteItem::builder().put(built(put.build())?).build())
    }

    /// Deletes an item on a condition. Its failed condition tells the item that is there.
    pub(super) fn delete_if(
        &self,
        key: AttributeValue,
        condition: &str,
        values: Values<'_>,
    ) -> Result<TransactWriteItem, StoreError> {
        let mut delete = Delete::builder()
            .table_name(&self.table)
            .key(PK, key)
            .condition_expression(condition)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        for (name, value) in values {
            delete = delete.expression_attribute_values(*name, value.clone());
        }
        Ok(TransactWriteItem::builder().delete(built(delete.build())?).build())
    }

    /// Deletes an item, whether it is there or not.
    pub(super) fn delete_any(&self, key: AttributeValue) -> Result<TransactWriteItem, StoreError> {
        let delete = Delete::builder().table_name(&self.table).key(PK, key);
        Ok(TransactWriteItem::builder().delete(built(delete.build())?).build())
    }

    /// Checks that no item is there.
    pub(super) fn check_absent(&self, key: AttributeValue) -> Result<TransactWriteItem, StoreError> {
        let check = ConditionCheck::builder().table_name(&self.table).key(PK, key).condition_expression(FREE);
        Ok(TransactWriteItem::builder().condition_check(built(check.build())?).build())
    }
}

/// An update as a part of a transaction, which returns no item.
pub(super) fn in_transaction(update: UpdateItemInputBuilder) -> Result<TransactWriteItem, StoreError> {
    let update = built(update.build())?;
    let update = Update::builder()
        .set_table_name(update.table_name)
        .set_key(update.key)
        .set_update_expression(update.update_expression)
        .set_condition_expression(update.condition_expression)
        .set_expression_attribute_names(update.expression_attribute_names)
        .set_expression_attribute_values(update.expression_attribute_values);
    Ok(TransactWriteItem::builder().update(built(update.build())?).build())
}

fn built<T>(part: Result<T, BuildError>) -> Result<T, StoreError> {
    part.map_err(|error| StoreError::Broken(error.into()))
}

/// A transaction wrote nothing.
pub(super) enum Unwritten {
    /// Some items do not meet their conditions.
    Because(Unmet),
    /// The store failed.
    Failed(StoreError),
}

/// The items that do not meet their conditions.
pub(super) struct Unmet(Vec<CancellationReason>);

impl Unmet {
    /// `true` if the write with this index, from 0 on, is among the causes.
    pub(super) fn is(&self, index: usize) -> bool {
        self.0.get(index).map(outcome) == Some(Outcome::Unmet)
    }

    /// The item that a write has met, if it asks for it.
    pub(super) fn item(&self, index: usize) -> Option<&Item> {
        self.0.get(index)?.item()
    }
}

/// The result for one item of a cancelled transaction.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Outcome {
    /// Another transaction works on the item.
    Conflict,
    /// The item was not the cause, or the code is unknown.
    Other,
    /// The table or the partition is throttled.
    Throttled,
    /// The item does not meet the condition.
    Unmet,
}

/// The codes are listed at <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>.
fn outcome(reason: &CancellationReason) -> Outcome {
    match reason.code() {
        Some("ConditionalCheckFailed") => Outcome::Unmet,
        Some("TransactionConflict") => Outcome::Conflict,
        Some("ProvisionedThroughputExceeded" | "ThrottlingError") => Outcome::Throttled,
        _ => Outcome::Other,
    }
}
