//! Adding an account: one conditional write, or a transaction where it has an email or a mail goes with it.

use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemInput};
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};

use super::DynamoDbStore;
use super::error::store_error;
use super::item::{
    EXPIRES_AT, Item, account_item, account_key, deleted_key, email_item, id_item, read_number, read_standing,
};
use super::outbox::mail_item;
use super::transaction::{FREE, FREE_OR_NAMED, Unwritten};
use super::write::{number, text};
use crate::account::{Account, Standing};
use crate::idempotency::IdempotencyKey;
use crate::mail::Mail;
use crate::store::StoreError;
use crate::time::Timestamp;

/// The attribute with the digest of the idempotency key.
const IDEMPOTENCY: &str = "idempotency";

/// The attributes by which a registration recognises its own repetition.
const REGISTRATION: &str = "pk, id, username, token_version, disabled, email_verified, \
                            created_at, expires_at, idempotency, session_0";

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

    /// The condition of the item of the account, and its value. The name is free, or that of a pending account that is past its
    /// end, which an import leaves alone: the time of its accounts is not that of the import.
    fn condition(&self, account: &Account) -> (&'static str, Option<(&'static str, AttributeValue)>) {
        match self {
            Claim::Id | Claim::NoId => (FREE, None),
            Claim::Request(..) => {
                let now = number(account.created_at.seconds());
                ("attribute_not_exists(pk) OR expires_at <= :now", Some((":now", now)))
            }
        }
    }

    /// The item of the account, with the digest of its idempotency key.
    fn item(&self, account: &Account) -> Item {
        let mut item = account_item(account);
        if let Some(key) = self.key() {
            item.insert(IDEMPOTENCY.to_owned(), AttributeValue::S(key.as_str().to_owned()));
        }
        item
    }

    /// `true` if the stored account was made by a request with the same key, and waits for the confirmation of its address as
    /// this one would.
    fn made(&self, account: &Account, standing: &Standing, item: &Item) -> bool {
        let stored = item.get(IDEMPOTENCY).and_then(|digest| digest.as_s().ok()).map(String::as_str);
        let (Some(key), Ok(created_at)) = (self.key(), read_number(item, "created_at")) else { return false };
        let is_alike =
            standing.is_as_registered() && item.contains_key(EXPIRES_AT) == account.pending_until.is_some();
        is_alike && key.made(stored, Timestamp::from_seconds(created_at), account.created_at)
    }
}

impl DynamoDbStore {
    /// Adds an account, and a mail with it.
    pub(super) async fn add(
        &self,
        account: &Account,
        claim: Claim<'_>,
        mail: Option<&Mail>,
    ) -> Result<Added, AddError> {
        let is_one_item = account.own_email().is_none() && mail.is_none();
        match claim {
            Claim::NoId | Claim::Request(..) if is_one_item => self.put_account(account, claim).await,
            _ => self.put_account_and_markers(account, claim, mail).await,
        }
    }

    /// One conditional write: the cheapest way to make an account.
    async fn put_account(&self, account: &Account, claim: Claim<'_>) -> Result<Added, AddError> {
        let (condition, values) = claim.condition(account);
        let put = PutItemInput::builder()
            .table_name(&self.table)
            .set_item(Some(claim.item(account)))
            .condition_expression(condition)
            .set_expression_attribute_values(values.map(|(name, value)| [(name.to_owned(), value)].into()));
        let Err(failure) = self.write(put.build()).await else { return Ok(Added::Now) };
        match failure.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(_)) => {
                self.taken_unless_own(account, claim, false).await
            }
            _ => Err(store_error(failure).into()),
        }
    }

    /// Account, markers and mail, all or none.
    async fn put_account_and_markers(
        &self,
        account: &Account,
        claim: Claim<'_>,
        mail: Option<&Mail>,
    ) -> Result<Added, AddError> {
        let writes = self.creation(account, claim, mail)?;
        let written = match claim {
            Claim::Request(token, _) => self.transact_once(token, writes).await,
            Claim::Id | Claim::NoId => self.transact(writes).await,
        };
        let unmet = match written {
            Ok(()) => return Ok(Added::Now),
            Err(Unwritten::Failed(error)) => return Err(error.into()),
            Err(Unwritten::Because(unmet)) => unmet,
        };
        let markers_of_email = usize::from(account.own_email().is_some());
        let email = markers_of_email == 1 && unmet.is(1);
        if unmet.is(0) {
            self.taken_unless_own(account, claim, email).await
        } else if email {
            Err(AddError::Taken { username: false, email })
        } else if unmet.is(markers_of_email + 2) {
            Err(AddError::Deleted)
        } else {
            Err(AddError::IdTaken)
        }
    }

    /// The writes of a transaction: account, email, id, absence of its deletion, mail. Those that it needs, in this order.
    fn creation(
        &self,
        account: &Account,
        claim: Claim<'_>,
        mail: Option<&Mail>,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let (condition, values) = claim.condition(account);
        let mut writes = vec![self.put_if(claim.item(account), condition, values.as_slice())?];
        if let Some(email) = account.own_email() {
            writes.push(self.put_if(email_item(account, email), FREE, &[])?);
        }
        if let Claim::Id = claim {
            let name = [(":name", text(account.username.key().as_str()))];
            writes.push(self.put_if(id_item(account), FREE_OR_NAMED, &name)?);
            writes.push(self.check_absent(deleted_key(account.id))?);
        }
        if let Some(mail) = mail {
            writes.push(self.put(mail_item(mail)?)?);
        }
        Ok(writes)
    }

    /// The name is taken, unless this is the repetition of a write whose response was lost. The item is read by the
    /// attributes that tell.
    async fn taken_unless_own(
        &self,
        account: &Account,
        claim: Claim<'_>,
        email: bool,
    ) -> Result<Added, AddError> {
        let found = self.get_only(account_key(account.username.key()), REGISTRATION).await?;
        // An item that is no account is no repetition, and holds the name all the same.
        let found = found.and_then(|item| Some((read_standing(&item, Some(0)).ok()?, item)));
        match found {
            Some((standing, item)) if standing.id == account.id || claim.made(account, &standing, &item) => {
                Ok(Added::Before(standing))
            }
            _ => Err(AddError::Taken { username: true, email }),
        }
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

/// The moment at which an account was added.
pub(super) enum Added {
    /// An earlier request added it.
    Before(Standing),
    /// This request added it.
    Now,
}
