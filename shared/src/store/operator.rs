//! Changes of accounts that an operator may make and no function. Both back ends pass the rules in
//! `contract/operator.rs`.
//!
//! The trait is apart from [`AccountStore`] so that its code, `Scan` included, is not linked into the functions.

use async_trait::async_trait;

use super::{AccountStore, KeySets, StoreError};
use crate::account::{Account, AccountId, Status};
use crate::limits::lockout::{Failures, FailuresKey};
use crate::names::username::UsernameKey;
use crate::password::hash::PasswordHash;

/// The store as an operator uses it.
#[async_trait]
pub trait Operator: AccountStore + KeySets {
    /// The number of accounts that are best added by one call.
    fn import_batch(&self) -> usize;

    /// Adds accounts that were made elsewhere, each if its name, its email and its id are free and the id is not that of a
    /// deleted account. Returns one outcome for each, in their order.
    ///
    /// Each is added as a whole or not at all. Nothing is overwritten. The call can be repeated after a failure.
    async fn import(&self, imports: &[Import]) -> Result<Vec<ImportOutcome>, StoreError>;

    /// Changes an account in one atomic step. Returns the account as it was before; `None` for an unknown name, or if the
    /// account with that name has another id than `id`.
    async fn change(
        &self,
        name: &UsernameKey,
        id: Option<AccountId>,
        change: &Change,
    ) -> Result<Option<Account>, StoreError>;

    /// Carries over what has changed in another system: puts the hash, the address, the status, the token version, the
    /// external id and what an import has read of `next` in the place of those of `seen`, in one atomic step, if the account is still as it was seen. Its sessions end with a new token version.
    async fn carry_over(&self, seen: &Account, next: &Account) -> Result<CarryOver, StoreError>;

    /// Completes the marker of an account's email that is older than [`Accounts::name_of`](super::Accounts::name_of). Returns
    /// whether there was anything to complete.
    async fn repair(&self, account: &Account) -> Result<bool, StoreError>;

    /// Removes a record of failed logins and returns it.
    async fn forget_failures(&self, key: &FailuresKey) -> Result<Option<Failures>, StoreError>;

    /// Puts `next` in the place of `seen`, the JWK set that [`KeySets::key_set`] has returned: compare and swap. Returns `false`,
    /// and changes nothing, if another than these is there by now. The call can be repeated after a failure.
    async fn swap_key_set(&self, seen: Option<&str>, next: &str) -> Result<bool, StoreError>;

    /// A page of all accounts in the store's own order: the first one, or the one after `after`.
    async fn page(&self, after: Option<&str>) -> Result<Page, StoreError>;
}

/// An account that was made elsewhere.
#[derive(Clone, Debug)]
pub struct Import {
    /// The account.
    pub account: Account,
    /// The id came with the account. An id made up for the import does not identify anything.
    pub has_id: bool,
}

impl Import {
    /// Recognises an account that was added before: by its id, or by its hash where the id was made up.
    pub(super) fn is(&self, found: &Account) -> bool {
        found.id == self.account.id || (!self.has_id && found.password_hash == self.account.password_hash)
    }
}

/// The result of importing one account.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ImportOutcome {
    /// The account was added.
    Added,
    /// An account with its id was deleted.
    Deleted,
    /// Another account has its email.
    EmailTaken,
    /// Another account has its id.
    IdTaken,
    /// The account was there before and is unchanged.
    Present,
    /// Another account has its name.
    UsernameTaken,
}

/// The result of carrying over to an account what has changed in another system.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CarryOver {
    /// The account is another one than was seen, or gone. Nothing was changed.
    Changed,
    /// Another account has the new email. Nothing was changed.
    EmailTaken,
    /// It has the new parts.
    Yes,
}

/// A change of an account. Attributes that it does not name stay as they are.
#[derive(Clone, Debug)]
pub enum Change {
    /// Refuses its password and ends its tokens for good.
    Disable,
    /// Ends [`Change::Disable`].
    Enable,
    /// Raises the token version, which ends all tokens and sessions.
    EndTokens,
    /// Replaces the password hash and raises the token version.
    Password(PasswordHash),
}

impl Change {
    /// The new status, if the change sets one.
    #[must_use]
    pub fn status(&self) -> Option<Status> {
        match self {
            Self::Disable => Some(Status::Disabled),
            Self::Enable => Some(Status::Active),
            Self::EndTokens | Self::Password(_) => None,
        }
    }
}

/// A part of all accounts.
#[derive(Debug)]
pub struct Page {
    /// Accounts, and rows that cannot be read as one.
    pub accounts: Vec<Result<Account, Unreadable>>,
    /// The argument that gets the next page; `None` on the last one.
    pub next: Option<String>,
}

/// A row that cannot be read as an account.
#[derive(Debug, thiserror::Error)]
#[error("the account {key:?} cannot be read")]
pub struct Unreadable {
    /// Its key in the store.
    pub key: String,
    /// The fault of the row.
    #[source]
    pub cause: StoreError,
}
