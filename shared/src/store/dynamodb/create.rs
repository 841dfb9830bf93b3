//! Adding an account: one conditional write, or a transaction where it has an email.

use std::error::Error;
use std::time::Duration;

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemInput};
use aws_sdk_dynamodb::operation::transact_write_items::{TransactWriteItemsError, TransactWriteItemsInput};
use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason, ConditionCheck, Put, TransactWriteItem};

use super::DynamoDbStore;
use super::call::request_token;
use super::error::{is_conflict, store_error};
use super::item::{
    Item, PK, USERNAME_KEY, account_item, account_key, deleted_key, email_item, id_item, read_number,
    read_standing,
};
use crate::account::{Account, Standing};
use crate::idempotency::IdempotencyKey;
use crate::random;
use crate::store::StoreError;
use crate::time::Timestamp;

/// Attempts of a transaction that meets another one on the same item. The SDK does not retry these.
pub(super) const CONFLICT_ATTEMPTS: u32 = 5;

/// Upper bound of the first wait after a conflict; it doubles with each further one.
pub(super) const CONFLICT_BACKOFF: Duration = Duration::from_millis(20);

/// The attribute with the digest of the idempotency key.
const IDEMPOTENCY: &str = "idempotency";

/// The attributes by which a registration recognises its own repetition.
const REGISTRATION: &str = "pk, id, username, token_version, disabled, created_at, idempotency, session_0";

/// The markers that are written with an account.
#[derive(Clone, Copy)]
pub(super) enum Claim<'a> {
    /// The id came with the account: it gets a marker, and must not be that of a deleted account.
    Id,
    /// The id is new and random: it needs no marker.
    NoId,
    /// As [`Claim::NoId`], by a request that DynamoDB recognises by the first text when the SDK repeats it, and the service
    /// by the key when the client does.
    Request(&'a str, Option<&'a IdempotencyKey>),
}

impl Claim<'_> {
    fn key(&self) -> Option<&IdempotencyKey> {
        if let Claim::Request(_, key) = self { *key } else { None }
    }

    /// The item of the account, with the digest of its idempotency key.
    fn item(&self, account: &Account) -> Item {
        let mut item = account_item(account);
        if let Some(key) = self.key() {
            item.insert(IDEMPOTENCY.to_owned(), AttributeValue::S(key.as_str().to_owned()));
        }
        item
    }

    /// `true` if the stored account was made by a request with the same key.
    fn made(&self, standing: &Standing, item: &Item, now: Timestamp) -> bool {
        let stored = item.get(IDEMPOTENCY).and_then(|digest| digest.as_s().ok()).map(String::as_str);
        let (Some(key), Ok(created_at)) = (self.key(), read_number(item, "created_at")) else { return false };
        standing.is_as_registered() && key.made(stored, Timestamp::from_seconds(created_at), now)
    }
}

impl DynamoDbStore {
    /// One conditional write: the cheapest way to make an account.
    async fn put_account(&self, account: &Account, claim: Claim<'_>) -> Result<Added, WriteError> {
        let put = PutItemInput::builder()
            .table_name(&self.table)
            .set_item(Some(claim.item(account)))
            .condition_expression("attribute_not_exists(pk)");
        let Err(failure) = self.client.call(put.build()).await else { return Ok(Added::Now) };
        match failure.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(_)) => {
                self.taken_unless_own(account, claim, false).await
            }
            _ => Err(failure.into()),
        }
    }

    /// Account and markers, all or none.
    async fn put_account_and_markers(
        &self,
        account: &Account,
        claim: Claim<'_>,
    ) -> Result<Added, WriteError> {
        let mut items = vec![self.put_new(claim.item(account))?];
        if let Some(email) = &account.email {
            items.push(self.put_new(email_item(account, email))?);
        }
        if let Claim::Id = claim {
            items.push(
                self.put_if(id_item(account), Some("attribute_not_exists(pk) OR username_key = :name"))?,
            );
            items.push(self.check_absent(deleted_key(account.id))?);
        }
        let token = match claim {
            Claim::Request(token, _) => token.to_owned(),
            Claim::Id | Claim::NoId => request_token()?,
        };
        let transaction =
            TransactWriteItemsInput::builder().client_request_token(token).set_transact_items(Some(items));
        let Err(failure) = self.client.call(transaction.build()).await else { return Ok(Added::Now) };
        let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
            failure.as_service_error()
        else {
            return Err(failure.into());
        };
        let outcomes: Vec<_> = cancelled.cancellation_reasons().iter().map(outcome).collect();
        let (username, markers) = outcomes.split_first().unwrap_or((&Outcome::Other, &[]));
        let (email, id) = markers.split_at_checked(usize::from(account.email.is_some())).unwrap_or_default();
        let email = email == [Outcome::Taken];
        match (username, id) {
            (Outcome::Taken, _) => self.taken_unless_own(account, claim, email).await,
            _ if email => Err(AddError::Taken { username: false, email }.into()),
            (_, [_, Outcome::Taken]) => Err(AddError::Deleted.into()),
            (_, [Outcome::Taken, _]) => Err(AddError::IdTaken.into()),
            _ if outcomes.contains(&Outcome::Throttled) => {
                Err(StoreError::Unavailable(failure.into()).into())
            }
            _ if outcomes.contains(&Outcome::Conflict) => {
                Err(WriteError::Conflict(StoreError::Unavailable(failure.into())))
            }
            _ => Err(failure.into()),
        }
    }

    /// Adds an account.
    pub(super) async fn add(&self, account: &Account, claim: Claim<'_>) -> Result<Added, AddError> {
        let mut attempt = 1;
        loop {
            let outcome = match (&account.email, claim) {
                (None, Claim::NoId | Claim::Request(..)) => self.put_account(account, claim).await,
                (Some(_), _) | (_, Claim::Id) => self.put_account_and_markers(account, claim).await,
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

    /// The name is taken, unless this is the repetition of a write whose response was lost. The item is read by the
    /// attributes that tell, since the function that registers is not permitted the hash.
    async fn taken_unless_own(
        &self,
        account: &Account,
        claim: Claim<'_>,
        email: bool,
    ) -> Result<Added, WriteError> {
        let found = self.get_only(account_key(account.username.key()), REGISTRATION).await?;
        // An item that is no account is no repetition, and holds the name all the same.
        let found = found.and_then(|item| Some((read_standing(&item, Some(0)).ok()?, item)));
        match found {
            Some((standing, item))
                if standing.id == account.id || claim.made(&standing, &item, account.created_at) =>
            {
                Ok(Added::Before(standing))
            }
            _ => Err(AddError::Taken { username: true, email }.into()),
        }
    }

    fn check_absent(&self, key: AttributeValue) -> Result<TransactWriteItem, StoreError> {
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .key(PK, key)
            .condition_expression("attribute_not_exists(pk)")
            .build()
            .map_err(|error| StoreError::Broken(error.into()))?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    fn put_new(&self, item: Item) -> Result<TransactWriteItem, StoreError> {
        self.put_if(item, Some("attribute_not_exists(pk)"))
    }

    /// Puts an item; `:name` in the condition is its `username_key`.
    pub(super) fn put_if(
        &self,
        item: Item,
        condition: Option<&str>,
    ) -> Result<TransactWriteItem, StoreError> {
        let name =
            item.get(USERNAME_KEY).cloned().filter(|_| condition.is_some_and(|text| text.contains(":name")));
        let mut put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .set_condition_expression(condition.map(str::to_owned));
        if let Some(name) = name {
            put = put.expression_attribute_values(":name", name);
        }
        let put = put.build().map_err(|error| StoreError::Broken(error.into()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}

/// An account was not added.
#[derive(Debug, thiserror::Error)]
pub(super) enum AddError {
    /// An account with its id was deleted.
    #[error("the id is that of a deleted account")]
    Deleted,
    /// Another account has its id.
    #[error("the id is taken")]
    IdTaken,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another account has the username, the email, or both.
    #[error("the username or the email is taken")]
    Taken { username: bool, email: bool },
}

impl From<AddError> for WriteError {
    fn from(error: AddError) -> Self {
        Self::Failed(error)
    }
}

/// The moment at which an account was added.
pub(super) enum Added {
    /// An earlier request added it.
    Before(Standing),
    /// This request added it.
    Now,
}

/// A write failed.
enum WriteError {
    /// Another transaction works on the same item.
    Conflict(StoreError),
    /// A retry does not help.
    Failed(AddError),
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
