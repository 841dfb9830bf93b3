//! Conditional writes of one item. One that meets a transaction on the item is tried again.

use std::time::Duration;

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemInputBuilder;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemInput};
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};

use super::DynamoDbStore;
use super::call::OperationInput;
use super::error::{is_conflict, store_error};
use super::item::{Item, PK, read_account};
use crate::account::Account;
use crate::random;
use crate::store::StoreError;

/// Attempts of a write that meets a transaction on the same item. The SDK does not retry these.
pub(super) const CONFLICT_ATTEMPTS: u32 = 5;

/// Upper bound of the first wait after a conflict; it doubles with each further one.
pub(super) const CONFLICT_BACKOFF: Duration = Duration::from_millis(20);

impl DynamoDbStore {
    /// An update. Its failed condition tells the item that is there.
    pub(super) fn update(&self, key: AttributeValue) -> UpdateItemInputBuilder {
        UpdateItemInput::builder()
            .table_name(&self.table)
            .key(PK, key)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    /// Makes a conditional update. Returns the item as the update asks for it, or the item that fails the condition.
    pub(super) async fn change_if(&self, update: UpdateItemInputBuilder) -> Result<Option<Item>, Unchanged> {
        let failure = match self.write(update.build()).await {
            Ok(updated) => return Ok(updated.attributes),
            Err(failure) => failure,
        };
        match failure.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                Err(Unchanged::Because(failed.item.clone()))
            }
            _ => Err(Unchanged::Failed(store_error(failure))),
        }
    }

    /// Makes a conditional update. Returns whether the condition was met.
    pub(super) async fn is_changed(&self, update: UpdateItemInputBuilder) -> Result<bool, StoreError> {
        match self.change_if(update).await {
            Ok(_) => Ok(true),
            Err(Unchanged::Because(_)) => Ok(false),
            Err(Unchanged::Failed(error)) => Err(error),
        }
    }

    /// Writes one item.
    pub(super) async fn write<I>(
        &self,
        input: Result<I, BuildError>,
    ) -> Result<I::Output, SdkError<I::Error, HttpResponse>>
    where
        I: OperationInput + Clone,
        I::Error: ProvideErrorMetadata,
    {
        let input = input.map_err(SdkError::construction_failure)?;
        let mut attempt = 1;
        loop {
            match self.client.call(Ok(input.clone())).await {
                Err(failure) if is_conflict(&failure) && conflict_pause(attempt).await => attempt += 1,
                result => return result,
            }
        }
    }
}

/// A conditional update changed nothing.
pub(super) enum Unchanged {
    /// The item does not meet the condition.
    Because(Option<Item>),
    /// The store failed.
    Failed(StoreError),
}

impl Unchanged {
    /// Success, unless the store failed.
    pub(super) fn ignored(self) -> Result<(), StoreError> {
        match self {
            Self::Because(_) => Ok(()),
            Self::Failed(error) => Err(error),
        }
    }

    /// The account as it is, where that is the cause.
    pub(super) fn account(self) -> Result<Option<Account>, StoreError> {
        match self {
            Self::Because(item) => item.map(|item| read_account(&item)).transpose(),
            Self::Failed(error) => Err(error),
        }
    }
}

/// Waits after a conflict; `false` when there were enough attempts.
pub(super) async fn conflict_pause(attempt: u32) -> bool {
    if attempt < CONFLICT_ATTEMPTS {
        tokio::time::sleep(backoff(attempt)).await;
    }
    attempt < CONFLICT_ATTEMPTS
}

/// A random wait, so that two transactions that met do not meet again.
pub(super) fn backoff(attempt: u32) -> Duration {
    let most = CONFLICT_BACKOFF * 2u32.saturating_pow(attempt - 1);
    let share = random::bytes::<1>().map_or(0.5, |[byte]| f64::from(byte) / 255.0);
    most.mul_f64(share)
}

/// The token version of an account cannot be raised.
pub(super) fn no_higher_version() -> StoreError {
    StoreError::Broken("there is no higher token version".into())
}

/// A text as the value of an attribute.
pub(super) fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// A number as the value of an attribute.
pub(super) fn number(number: impl Into<u64>) -> AttributeValue {
    AttributeValue::N(number.into().to_string())
}
