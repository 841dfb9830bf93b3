//! Adding an account: one conditional write, or a transaction where it has an email.

use std::error::Error;
use std::time::Duration;

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    CancellationReason, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};

use super::DynamoDbStore;
use super::error::{is_conflict, store_error};
use super::item::{Item, account_item, email_item, holder};
use crate::account::Account;
use crate::names::email::Email;
use crate::random;
use crate::store::{CreateError, StoreError};

/// Attempts of a transaction that meets another one on the same item. The SDK does not retry these.
pub(super) const CONFLICT_ATTEMPTS: u32 = 5;

/// Upper bound of the first wait after a conflict; it doubles with each further one.
pub(super) const CONFLICT_BACKOFF: Duration = Duration::from_millis(20);

impl DynamoDbStore {
    /// One conditional write: the cheapest way to make an account.
    async fn put_account(&self, account: &Account) -> Result<Added, WriteError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(account_item(account)))
            .condition_expression("attribute_not_exists(pk)")
            // This may be the repetition of a write whose response was lost: then the account is there already.
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(failure) = put.send().await else { return Ok(Added::Now) };
        match failure.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                taken_unless_own(account, failed.item.as_ref(), false)
            }
            _ => Err(failure.into()),
        }
    }

    /// Account and marker of the email address, both or neither.
    async fn put_account_and_email(
        &self,
        account: &Account,
        email: &Email,
        token: Option<&str>,
    ) -> Result<Added, WriteError> {
        let transaction = self
            .client
            .transact_write_items()
            .set_client_request_token(token.map(str::to_owned))
            .transact_items(self.put_new(account_item(account))?)
            .transact_items(self.put_new(email_item(account, email))?);
        let Err(failure) = transaction.send().await else { return Ok(Added::Now) };
        let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
            failure.as_service_error()
        else {
            return Err(failure.into());
        };
        let [username, email] = cancelled.cancellation_reasons() else { return Err(failure.into()) };
        match (outcome(username), outcome(email)) {
            (Outcome::Taken, email) => {
                taken_unless_own(account, username.item.as_ref(), email == Outcome::Taken)
            }
            (_, Outcome::Taken) => {
                Err(WriteError::Failed(CreateError::Taken { username: false, email: true }))
            }
            (Outcome::Throttled, _) | (_, Outcome::Throttled) => {
                Err(StoreError::Unavailable(failure.into()).into())
            }
            (Outcome::Conflict, _) | (_, Outcome::Conflict) => {
                Err(WriteError::Conflict(StoreError::Unavailable(failure.into())))
            }
            (Outcome::Other, Outcome::Other) => Err(failure.into()),
        }
    }

    /// Adds an account. DynamoDB recognises the repetition of a request by `token`.
    pub(super) async fn add(&self, account: &Account, token: Option<&str>) -> Result<Added, CreateError> {
        let mut attempt = 1;
        loop {
            let outcome = match &account.email {
                None => self.put_account(account).await,
                Some(email) => self.put_account_and_email(account, email, token).await,
            };
            match outcome {
                Ok(added) => return Ok(added),
                Err(WriteError::Failed(error)) => return Err(error),
                Err(WriteError::Conflict(error)) if !conflict_pause(attempt).await => {
                    return Err(error.into());
                }
                Err(WriteError::Conflict(_)) => attempt += 1,
            }
        }
    }

    fn put_new(&self, item: Item) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(|error| StoreError::Broken(error.into()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}

/// The moment at which an account was added.
pub(super) enum Added {
    /// An earlier request added it.
    Before,
    /// This request added it.
    Now,
}

/// A write failed.
enum WriteError {
    /// Another transaction works on the same item.
    Conflict(StoreError),
    /// A retry does not help.
    Failed(CreateError),
}

impl From<StoreError> for WriteError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl<E> From<SdkError<E, HttpResponse>> for WriteError
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        let conflict = is_conflict(&error);
        let error = store_error(error);
        if conflict { Self::Conflict(error) } else { Self::Failed(error.into()) }
    }
}

/// The name is taken, unless the account that has it is this very one.
fn taken_unless_own(account: &Account, found: Option<&Item>, email: bool) -> Result<Added, WriteError> {
    if found.and_then(holder) == Some(account.id.to_string().as_str()) {
        return Ok(Added::Before);
    }
    Err(WriteError::Failed(CreateError::Taken { username: true, email }))
}

/// The result for one item of a cancelled transaction.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Outcome {
    /// Another transaction works on the item.
    Conflict,
    /// The item was not the cause, or the code is unknown.
    Other,
    /// The item exists already.
    Taken,
    /// The table or the partition is throttled.
    Throttled,
}

/// The codes are listed at <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>.
pub(super) fn outcome(reason: &CancellationReason) -> Outcome {
    match reason.code() {
        Some("ConditionalCheckFailed") => Outcome::Taken,
        Some("TransactionConflict") => Outcome::Conflict,
        Some("ProvisionedThroughputExceeded" | "ThrottlingError") => Outcome::Throttled,
        _ => Outcome::Other,
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
