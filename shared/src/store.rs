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
pub use operator::{CarryOver, Change, Import, ImportOutcome, Operator, Page, Unreadable};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;

use crate::account::{Account, AccountId, Standing};
use crate::code::{CodeKey, SentCode};
use crate::idempotency::IdempotencyKey;
use crate::limits::lockout::{Failures, FailuresKey};
use crate::limits::window::Window;
use crate::mail::{Mail, MailId};
use crate::names::email::EmailKey;
use crate::names::username::UsernameKey;
use crate::password::hash::PasswordHash;
use crate::session::{Exchange, Session, SessionId};
use crate::time::Timestamp;

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

    /// The name of the account whose own this address is, by strongly consistent read. An unknown address is `Ok(None)`.
    ///
    /// So is that of an account in DynamoDB that is older than this look-up, until an operator has repaired it.
    async fn name_of(&self, email: &EmailKey) -> Result<Option<UsernameKey>, StoreError>;
}

/// Keeps the records of failed attempts at passwords.
#[async_trait]
pub trait Attempts: Debug + Send + Sync {
    /// The failed attempts at a name, known or not.
    async fn failures(&self, key: &FailuresKey) -> Result<Option<Failures>, StoreError>;

    /// Puts `next` in the place of `seen` if `seen` is still there: compare and swap. `None` stands for no record.
    /// From `None` to `None` only reads.
    async fn swap_failures(
        &self,
        key: &FailuresKey,
        seen: Option<&Failures>,
        next: Option<&Failures>,
    ) -> Result<(), SwapError>;
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

/// Adds accounts, as `register` does, and `login` where another system has some that come one by one.
///
/// There is no method that tells whether a name is free: its result would be old before it is used.
#[async_trait]
pub trait Registrations: RequestCounts {
    /// Adds an account in one atomic step. [`CreateError::Taken`] changes nothing.
    ///
    /// Adding an account with the same id again succeeds and changes nothing, so that a write whose response was lost can be
    /// repeated. So does adding one with the same name and the same idempotency key within a day, which returns the
    /// account that is there, with the session in its first slot.
    ///
    /// An account that is [pending](Account::pending_until) does not take its address: any number of them may have it, also
    /// beside the one whose own it is. `mail`, the mail that asks for its confirmation, is added in the same step. A pending
    /// account whose end has come by the creation of the new one does not hold its name any more.
    async fn create(
        &self,
        account: &Account,
        key: Option<&IdempotencyKey>,
        mail: Option<&Mail>,
    ) -> Result<Standing, CreateError>;
}

/// Keeps mails until they are sent.
#[async_trait]
pub trait Outbox: Debug + Send + Sync {
    /// Adds a mail. One write, whatever it asks for.
    async fn post(&self, mail: &Mail) -> Result<(), StoreError>;

    /// Takes a mail for [`TAKEN_FOR`](crate::deadlines::TAKEN_FOR): until then it is nobody else's.
    async fn take(&self, id: &MailId, now: Timestamp) -> Result<Taken, StoreError>;

    /// Removes a mail that is sent, or that never will be.
    async fn forget(&self, id: &MailId) -> Result<(), StoreError>;

    /// The mails that nobody has taken, where nothing calls for their delivery. A table has a stream that does, so there
    /// are none.
    async fn waiting(&self, now: Timestamp) -> Result<Vec<MailId>, StoreError>;
}

/// The result of taking a mail.
#[derive(Debug)]
pub enum Taken {
    /// It is the caller's to send.
    Mail(Mail),
    /// Somebody else is sending it, or died doing so.
    Busy,
    /// It is sent, or expired.
    Gone,
}

/// Keeps the codes that were sent.
#[async_trait]
pub trait Codes: Debug + Send + Sync {
    /// Puts a code in the place of the account's former one under this key, and allows new tries. Returns `false`, and changes
    /// nothing, if the former does not [give way](SentCode::gives_way_to) to it. Of more than [`MOST`](crate::code::MOST)
    /// accounts, the oldest codes are dropped.
    async fn put_code(&self, key: &CodeKey, code: &SentCode) -> Result<bool, StoreError>;

    /// Counts a try, and returns the codes that are live under this key: none if there are none, if the tries are used up, or
    /// at their end. One call, whatever is there.
    async fn try_code(&self, key: &CodeKey, now: Timestamp) -> Result<Vec<SentCode>, StoreError>;
}

/// Changes credentials, as `register` does.
///
/// Each change is one atomic step, with the mail that tells the owner of it. It changes nothing, and returns `None` or `false`,
/// if the account is not any more as it was when it was read, in what the change builds upon.
#[async_trait]
pub trait Credentials: Accounts + Attempts + Registrations + Outbox + Codes {
    /// Replaces the password, if the account still has the one that `account` has, and ends all tokens. All sessions end but
    /// `kept`, whose token version is raised. Returns the account as it is then.
    async fn change_password(
        &self,
        account: &Account,
        hash: &PasswordHash,
        kept: Option<&SessionId>,
        mail: Option<&Mail>,
    ) -> Result<Option<Account>, StoreError>;

    /// Replaces the password by a code that was sent to the account's address, which consumes the code, ends all tokens and
    /// sessions, and forgets the failures at the name. The address is verified then, and a pending account becomes like any
    /// other, unless its address has become another account's own.
    async fn reset_password(
        &self,
        account: &Account,
        code: &SentCode,
        hash: &PasswordHash,
        mail: Option<&Mail>,
    ) -> Result<bool, StoreError>;

    /// Makes the address of a code the account's own and verified, in the place of its former one, which is free then. The code
    /// is consumed. A pending account becomes like any other.
    async fn confirm_email(&self, account: &Account, code: &SentCode) -> Result<Confirmed, StoreError>;

    /// Removes this account and the marker of its email, both or neither. Returns whether it is gone. Its id never comes
    /// back.
    ///
    /// It stays when its email or its token version has changed since it was read. Another account by the same name is not touched.
    async fn delete(&self, account: &Account, mail: Option<&Mail>) -> Result<bool, StoreError>;
}

/// The result of confirming an address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Confirmed {
    /// It is the account's own.
    Yes,
    /// The code is consumed by now, or the account has changed.
    Changed,
    /// It is another account's own.
    Taken,
}

/// Finds accounts, counts failed logins and keeps sessions, as `login` does.
#[async_trait]
pub trait Logins: Accounts + Attempts + Registrations {
    /// Replaces the password hash of `account` if it is still the one that `account` has; returns `false` otherwise.
    async fn replace_hash(&self, account: &Account, hash: &PasswordHash) -> Result<bool, StoreError>;

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
pub trait AccountStore: Logins + Credentials + Standings {}

impl<T: Logins + Credentials + Standings> AccountStore for T {}

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
