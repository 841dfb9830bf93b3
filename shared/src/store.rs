//! The store of accounts: one small trait for the functions, one for an operator, and their back ends.

#[cfg(test)]
pub(crate) mod contract;
mod dynamodb;
mod key_source;
mod operator;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::fmt::Debug;

use async_trait::async_trait;

pub use dynamodb::DynamoDbStore;
#[cfg(feature = "sqlite")]
pub(crate) use key_source::KeptKeys;
pub(crate) use key_source::{NotPublished, PublishedKeys};
pub use operator::{Change, Import, ImportOutcome, Operator, Page, Unreadable};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;

use crate::account::{Account, AccountId, Standing};
use crate::idempotency::IdempotencyKey;
use crate::limits::client_ip::Window;
use crate::limits::lockout::{Failures, FailuresKey};
use crate::names::username::UsernameKey;
use crate::password::hash::PasswordHash;
use crate::session::{Exchange, Session, SessionId};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Finds the standing of accounts: everything that `validate` does.
///
/// Each function has a trait with the methods that it calls and no others, as each has an IAM policy: a method that could be
/// called through `dyn` is linked, with all the code of its call to AWS. Every back end implements all of them and passes
/// the rules in `contract.rs`.
///
/// Stored text is trusted: a row is read whatever grammar new names have today.
#[async_trait]
pub trait Standings: Debug + Send + Sync {
    /// The standing of an account and one of its sessions, if it has that, by strongly consistent read of these attributes
    /// alone: no hash is read. An unknown name is `Ok(None)`.
    async fn standing(
        &self,
        name: &UsernameKey,
        session: Option<&SessionId>,
    ) -> Result<Option<Standing>, StoreError>;
}

/// Finds accounts.
#[async_trait]
pub trait Accounts: Debug + Send + Sync {
    /// Finds an account by strongly consistent read. An unknown name is `Ok(None)`.
    async fn find(&self, name: &UsernameKey) -> Result<Option<Account>, StoreError>;
}

/// Counts requests.
#[async_trait]
pub trait RequestCounts: Debug + Send + Sync {
    /// The count of a window so far.
    async fn requests(&self, window: &Window) -> Result<u64, StoreError>;

    /// Counts one request in one atomic step and returns the count so far.
    ///
    /// A request may be counted twice when the response of the first attempt was lost.
    async fn count_request(&self, window: &Window) -> Result<u64, StoreError>;
}

/// Adds accounts, as `register` does.
///
/// There is no method that tells whether a name is free: its result would be old before it is used.
#[async_trait]
pub trait Registrations: RequestCounts {
    /// Adds an account in one atomic step. [`CreateError::Taken`] changes nothing.
    ///
    /// Adding an account with the same id again succeeds and changes nothing, so that a write whose response was lost can be
    /// repeated. So does adding one with the same name and the same idempotency key within a day, which returns the
    /// account that is there, with the session in its first slot.
    async fn create(&self, account: &Account, key: Option<&IdempotencyKey>) -> Result<Standing, CreateError>;
}

/// Finds accounts, counts failed logins and keeps sessions, as `login` does.
#[async_trait]
pub trait Logins: Accounts + RequestCounts {
    /// The failed logins at a name, known or not.
    async fn failures(&self, key: &FailuresKey) -> Result<Option<Failures>, StoreError>;

    /// Replaces the password hash of `account` if it is still the one that `account` has; returns `false` otherwise.
    async fn replace_hash(&self, account: &Account, hash: &PasswordHash) -> Result<bool, StoreError>;

    /// Puts `next` in the place of `seen` if `seen` is still there: compare and swap. `None` stands for no record.
    /// From `None` to `None` only reads.
    async fn swap_failures(
        &self,
        key: &FailuresKey,
        seen: Option<&Failures>,
        next: Option<&Failures>,
    ) -> Result<(), SwapError>;

    /// Puts a new session into its slot, in the place of the one that `account` has there. [`SessionError::Changed`] if
    /// another one is there by now, or if the account has ended its tokens since, or is disabled.
    async fn begin_session(&self, account: &Account, session: &Session) -> Result<(), SessionError>;

    /// Makes an exchange in one step, without a read before it, and returns the account as it is then.
    /// [`SessionError::Changed`] if the session is not live or has another current token.
    async fn exchange(&self, name: &UsernameKey, exchange: &Exchange) -> Result<Account, SessionError>;

    /// Ends a session. Returns `false` if the account does not have it.
    async fn end_session(&self, name: &UsernameKey, session: &SessionId) -> Result<bool, StoreError>;

    /// Ends all sessions and all tokens of this account, by raising its token version. Returns `false` if the account
    /// with that name is another one.
    async fn end_tokens(&self, name: &UsernameKey, id: AccountId) -> Result<bool, StoreError>;
}

/// Has the public keys of tokens, for a function that may not read the secret.
#[async_trait]
pub trait KeySets: Debug + Send + Sync {
    /// The JWK set (RFC 7517) that an operator has put last.
    async fn key_set(&self) -> Result<Option<String>, StoreError>;
}

/// A whole store.
pub trait AccountStore: Logins + Registrations + Standings {}

impl<T: Logins + Registrations + Standings> AccountStore for T {}

/// The store failed. The cause is for the log.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store works, but not as expected: an unreadable row, a missing table, a missing permission.
    #[error("the account store is broken")]
    Broken(#[source] BoxError),
    /// The store is down, locked, full or slow. A retry may succeed.
    #[error("the account store is unavailable")]
    Unavailable(#[source] BoxError),
}

/// The account was not added.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another account has the username, the email, or both.
    #[error("the username or the email is taken")]
    Taken {
        /// The username is taken.
        username: bool,
        /// The email is taken.
        email: bool,
    },
}

/// The record of failures was not swapped.
#[derive(Debug, thiserror::Error)]
pub enum SwapError {
    /// Another record is there.
    #[error("the record changed since it was read")]
    Changed(Option<Failures>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A session was not changed.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The account or the session is another one by now. The account as it is, if there is one.
    #[error("the session changed since it was read")]
    Changed(Option<Box<Account>>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
