//! What an operator does to accounts and no function may. Both back ends pass the rules in `contract/operator.rs`.
//!
//! All of it is apart from [`AccountStore`], and so from the functions: what they never call is not linked into them.

use std::future::Future;

use futures_util::FutureExt;

use super::{AccountStore, Store, StoreError, each_back_end};
use crate::account::{Account, Status};
use crate::limits::lockout::Failures;
use crate::names::username::UsernameKey;
use crate::password::hash::PasswordHash;

/// Keeps accounts, and lets an operator at them.
pub trait Operator: AccountStore {
    /// How many accounts are best added at once.
    fn import_batch(&self) -> usize;

    /// Adds accounts that were made elsewhere, each if its name, its email address and its id are free. What came of
    /// each, in their order.
    ///
    /// Each is added as a whole or not at all, nothing is ever overwritten, and all of it can be repeated after a
    /// failure.
    fn import<'a>(
        &'a self,
        imports: &'a [Import],
    ) -> impl Future<Output = Result<Vec<ImportOutcome>, StoreError>> + Send;

    /// Changes an account in one atomic step. The account as it was before; `None` when nobody has the name.
    fn change<'a>(
        &'a self,
        name: &'a UsernameKey,
        change: &'a Change,
    ) -> impl Future<Output = Result<Option<Account>, StoreError>> + Send;

    /// Removes this account and the marker of its email address, both or neither. Whether it is gone now: it stays
    /// when its address is another one by now, and of another account by the same name nothing is touched.
    fn delete<'a>(&'a self, account: &'a Account) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Forgets the failed attempts at a name. Those that there were.
    fn forget_failures<'a>(
        &'a self,
        name: &'a UsernameKey,
    ) -> impl Future<Output = Result<Option<Failures>, StoreError>> + Send;

    /// All accounts, some at a time and in an order of the store's own: the first ones, or those after a page.
    fn page<'a>(&'a self, after: Option<&'a str>) -> impl Future<Output = Result<Page, StoreError>> + Send;
}

/// An account that was made elsewhere.
#[derive(Clone, Debug)]
pub struct Import {
    /// The account.
    pub account: Account,
    /// Whether its id is known elsewhere. One that was made up on the way here tells nothing of who it is.
    pub has_id: bool,
}

impl Import {
    /// Whether this is the account that has its name already: by its id, or, where that was made up, by its hash.
    pub(super) fn is(&self, found: &Account) -> bool {
        found.id == self.account.id || (!self.has_id && found.password_hash == self.account.password_hash)
    }
}

/// What came of an account that was to be added.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ImportOutcome {
    /// It is there now.
    Added,
    /// Another account has its email address.
    EmailTaken,
    /// Another account has its id.
    IdTaken,
    /// It was there before, and was left as it is.
    Present,
    /// Another account has its name.
    UsernameTaken,
}

/// A change of an account. All that it does not name stays as it is.
#[derive(Clone, Debug)]
pub enum Change {
    /// Lets nobody in, whatever their password or token.
    Disable,
    /// Takes that back.
    Enable,
    /// Raises the token version, which ends all tokens.
    EndTokens,
    /// Replaces the password, and ends all tokens.
    Password(PasswordHash),
}

impl Change {
    /// What the account may be used for from now on, if that changes.
    #[must_use]
    pub fn status(&self) -> Option<Status> {
        match self {
            Self::Disable => Some(Status::Disabled),
            Self::Enable => Some(Status::Active),
            Self::EndTokens | Self::Password(_) => None,
        }
    }
}

/// Some of all accounts.
#[derive(Debug)]
pub struct Page {
    /// The accounts, and what cannot be read as one.
    pub accounts: Vec<Result<Account, Unreadable>>,
    /// Where the next page begins; `None` when this is the last one.
    pub next: Option<String>,
}

/// Something stands where an account should.
#[derive(Debug, thiserror::Error)]
#[error("the account {key:?} cannot be read")]
pub struct Unreadable {
    /// Under which key of the store.
    pub key: String,
    /// What is wrong with it.
    #[source]
    pub cause: StoreError,
}

impl Operator for Store {
    fn import_batch(&self) -> usize {
        match self {
            Self::DynamoDb(store) => store.import_batch(),
            #[cfg(feature = "sqlite")]
            Self::Sqlite(store) => store.import_batch(),
        }
    }

    fn import<'a>(
        &'a self,
        imports: &'a [Import],
    ) -> impl Future<Output = Result<Vec<ImportOutcome>, StoreError>> + Send {
        each_back_end!(self, store => store.import(imports))
    }

    fn change<'a>(
        &'a self,
        name: &'a UsernameKey,
        change: &'a Change,
    ) -> impl Future<Output = Result<Option<Account>, StoreError>> + Send {
        each_back_end!(self, store => store.change(name, change))
    }

    fn delete<'a>(&'a self, account: &'a Account) -> impl Future<Output = Result<bool, StoreError>> + Send {
        each_back_end!(self, store => store.delete(account))
    }

    fn forget_failures<'a>(
        &'a self,
        name: &'a UsernameKey,
    ) -> impl Future<Output = Result<Option<Failures>, StoreError>> + Send {
        each_back_end!(self, store => store.forget_failures(name))
    }

    fn page<'a>(&'a self, after: Option<&'a str>) -> impl Future<Output = Result<Page, StoreError>> + Send {
        each_back_end!(self, store => store.page(after))
    }
}
