//! Where accounts live: one small trait for the functions, one for an operator, and their back ends.

#[cfg(test)]
pub(crate) mod contract;
mod dynamodb;
mod operator;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::future::Future;
#[cfg(feature = "sqlite")]
use std::future::ready;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

pub use dynamodb::DynamoDbStore;
pub use operator::{Change, Import, ImportOutcome, Operator, Page, Unreadable};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;

use crate::account::Account;
use crate::limits::client_ip::Window;
use crate::limits::lockout::Failures;
use crate::names::username::UsernameKey;
use crate::password::hash::PasswordHash;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Keeps accounts. Every back end passes the rules in `contract.rs`.
///
/// There is no way to ask whether a name is free: the answer would be old before it is used.
///
/// What a method is given lives as long as `'a`, all of it, so that the future of any back end can be boxed.
pub trait AccountStore: Send + Sync {
    /// Adds an account, in one atomic step: when it fails as [`CreateError::Taken`], nothing has changed.
    ///
    /// Adding the very same account again (the same id) succeeds and changes nothing, so that a request whose answer
    /// was lost can be repeated.
    fn create<'a>(&'a self, account: &'a Account) -> impl Future<Output = Result<(), CreateError>> + Send;

    /// Finds an account as it is now. Nobody by that name is `Ok(None)`, not an error.
    fn find<'a>(
        &'a self,
        name: &'a UsernameKey,
    ) -> impl Future<Output = Result<Option<Account>, StoreError>> + Send;

    /// Replaces the password hash of `account`, if it is still the one that `account` has. Whether it was.
    fn replace_hash<'a>(
        &'a self,
        account: &'a Account,
        hash: &'a PasswordHash,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// The failed attempts at a name, whether anybody has it or not.
    fn failures<'a>(
        &'a self,
        name: &'a UsernameKey,
    ) -> impl Future<Output = Result<Option<Failures>, StoreError>> + Send;

    /// Puts `next` in the place of `seen` (or nothing in the place of something, and the other way round), if that is
    /// still what is there. Nothing in the place of nothing only looks, and writes nothing.
    fn swap_failures<'a>(
        &'a self,
        name: &'a UsernameKey,
        seen: Option<&'a Failures>,
        next: Option<&'a Failures>,
    ) -> impl Future<Output = Result<(), SwapError>> + Send;

    /// Counts one request, in one atomic step. How many it has been.
    ///
    /// One whose answer was lost may be counted twice.
    fn count_request<'a>(
        &'a self,
        window: &'a Window,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;
}

/// Why a store did not do what it was asked. Its causes are for the log.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store works but not as we expect: a row we cannot read, a table that is not there, a right we lack.
    #[error("the account store is broken")]
    Broken(#[source] BoxError),
    /// The store is down, locked, full or slow: it may work again shortly.
    #[error("the account store is unavailable")]
    Unavailable(#[source] BoxError),
}

/// Why an account was not added.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Somebody else has the username, the email address, or both.
    #[error("the username or the email address is taken")]
    Taken {
        /// The username is taken.
        username: bool,
        /// The email address is taken.
        email: bool,
    },
}

/// Why a record of attempts was not swapped.
#[derive(Debug, thiserror::Error)]
pub enum SwapError {
    /// Another one is there.
    #[error("somebody else was faster")]
    Changed(Option<Failures>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The back end that the configuration names.
#[derive(Debug)]
pub enum Store {
    /// A table, for any number of machines.
    DynamoDb(DynamoDbStore),
    /// A file, for one machine.
    #[cfg(feature = "sqlite")]
    Sqlite(SqliteStore),
}

impl Store {
    /// Opens the connection ahead of the first request, where there is one to open.
    pub(crate) fn prime(&self) -> BoxFuture<'_, ()> {
        match self {
            Self::DynamoDb(store) => store.prime().boxed(),
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => ready(()).boxed(),
        }
    }
}

/// Hands each call to the back end.
///
/// Boxed, for a future whose type is known is compiled where it is awaited: in every function, and at the function's
/// level of optimisation instead of ours.
macro_rules! each_back_end {
    ($self:ident, $store:ident => $call:expr) => {
        match $self {
            Store::DynamoDb($store) => $call.boxed(),
            #[cfg(feature = "sqlite")]
            Store::Sqlite($store) => $call.boxed(),
        }
    };
}

use each_back_end;

impl AccountStore for Store {
    fn create<'a>(&'a self, account: &'a Account) -> impl Future<Output = Result<(), CreateError>> + Send {
        each_back_end!(self, store => store.create(account))
    }

    fn find<'a>(
        &'a self,
        name: &'a UsernameKey,
    ) -> impl Future<Output = Result<Option<Account>, StoreError>> + Send {
        each_back_end!(self, store => store.find(name))
    }

    fn replace_hash<'a>(
        &'a self,
        account: &'a Account,
        hash: &'a PasswordHash,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send {
        each_back_end!(self, store => store.replace_hash(account, hash))
    }

    fn failures<'a>(
        &'a self,
        name: &'a UsernameKey,
    ) -> impl Future<Output = Result<Option<Failures>, StoreError>> + Send {
        each_back_end!(self, store => store.failures(name))
    }

    fn swap_failures<'a>(
        &'a self,
        name: &'a UsernameKey,
        seen: Option<&'a Failures>,
        next: Option<&'a Failures>,
    ) -> impl Future<Output = Result<(), SwapError>> + Send {
        each_back_end!(self, store => store.swap_failures(name, seen, next))
    }

    fn count_request<'a>(
        &'a self,
        window: &'a Window,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send {
        each_back_end!(self, store => store.count_request(window))
    }
}
