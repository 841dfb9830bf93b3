//! An attempt at the password of an account: the account is found, the attempt admitted, verified and counted.

use std::convert::Infallible;

use super::{ApiError, BodyFields, Clock, Invalid, Request, RequestError, rate_limit};
use crate::account::{Account, Status};
use crate::limits::client_ip::RateLimit;
use crate::limits::lockout::{Failures, FailuresKey};
use crate::log::Reason;
use crate::names::email::Email;
use crate::names::username::UsernameKey;
use crate::password::Password;
use crate::password::hash::{Hasher, Unverifiable, Verification};
use crate::store::{Accounts, Attempts, RequestCounts, StoreError, SwapError};

/// The way in which a request names an account.
#[derive(Clone, Debug)]
pub enum Named {
    /// By its email.
    Email {
        /// The email; `None` for a text that cannot be one.
        email: Option<Email>,
        /// The text as a name, for an account that waits for the confirmation of the email that it is named by.
        typed: UsernameKey,
    },
    /// By its username.
    Username(UsernameKey),
}

impl Named {
    /// Reads the field `username`, or `email` in its place.
    ///
    /// # Errors
    ///
    /// When there is neither, or one is no text. The error is kept for the response.
    pub fn read(fields: &mut BodyFields) -> Result<Self, Invalid> {
        if fields.has("email") && !fields.has("username") {
            let by_email =
                |typed: &str| Self::Email { email: Email::parse(typed).ok(), typed: UsernameKey::of(typed) };
            return fields.required("email", |typed| Ok::<_, Infallible>(by_email(typed)));
        }
        username(fields).map(Self::Username)
    }

    /// The email, if that names the account.
    #[must_use]
    pub fn email(&self) -> Option<&Email> {
        if let Self::Email { email, .. } = self { email.as_ref() } else { None }
    }

    /// The account, and the name at which attempts count. An email costs a call more than a username, known or not.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn find(
        &self,
        store: &(impl Accounts + ?Sized),
    ) -> Result<(UsernameKey, Option<Account>), StoreError> {
        let (name, typed, unknown) = match self {
            Self::Username(name) => return Ok((name.clone(), store.find(name).await?)),
            Self::Email { email: None, typed } => (None, typed, typed.clone()),
            Self::Email { email: Some(email), typed } => {
                // Attempts at all spellings of an email that nobody has count together, as those of a known one do.
                (store.name_of(email.key()).await?, typed, UsernameKey::of(email.key().as_str()))
            }
        };
        let is_known = name.is_some();
        // What has the text as its username is meant only if it is its email too, and still to be confirmed.
        let is_meant = |account: &Account| is_known || self.is_email_of(account);
        let account = store.find(name.as_ref().unwrap_or(typed)).await?.filter(is_meant);
        let counted = account.as_ref().map(|account| account.username.key().clone());
        Ok((counted.or(name).unwrap_or(unknown), account))
    }

    fn is_email_of(&self, account: &Account) -> bool {
        self.email().is_some_and(|email| account.email.as_ref().map(Email::key) == Some(email.key()))
    }
}

/// Reads the field `username`. An email beside it makes no difference, but is a text or none.
///
/// # Errors
///
/// When there is no username, or one of the two is no text. The error is kept for the response.
pub fn username(fields: &mut BodyFields) -> Result<UsernameKey, Invalid> {
    let email = fields.optional("email", |_| Ok::<_, Infallible>(()));
    let username = fields.required("username", |typed| Ok::<_, Infallible>(UsernameKey::of(typed)));
    email.and(username)
}

/// An account whose password is right, with that password if the stored hash is outdated.
#[derive(Debug)]
pub struct Proven<'p> {
    /// The account.
    pub account: Account,
    /// The password.
    pub renew: Option<&'p Password>,
}

/// What attempts at passwords are held to.
#[derive(Debug)]
pub struct Guard<'a, S: ?Sized> {
    /// The function, for its log.
    pub function: &'static str,
    /// Verifies passwords.
    pub hasher: &'a Hasher,
    /// The limit of failures of a client IP.
    pub limit: &'a RateLimit,
    /// Counts them.
    pub store: &'a S,
}

impl<S: Attempts + RequestCounts + ?Sized> Guard<'_, S> {
    /// Makes an attempt. An unknown name, a wrong password, a text that cannot be one (`None`), and a disabled account cost the
    /// same work, count as the same failure, and get the same error. Whether the client IP is over its limit
    /// must have been [checked](rate_limit::check) before the account was found.
    ///
    /// # Errors
    ///
    /// Invalid credentials, too many attempts, a fault of the service.
    pub async fn attempt<'p>(
        &self,
        key: &FailuresKey,
        account: Option<Account>,
        password: Option<&'p Password>,
        request: &Request,
    ) -> Result<Proven<'p>, RequestError> {
        let seen = self.store.failures(key).await?;
        Failures::admit(seen.as_ref(), request.now)?;
        let checked = self.check(account, password);
        if checked.as_ref().err().is_none_or(RequestError::is_client_error) {
            self.count(key, seen, checked.is_ok(), request.clock).await?;
        }
        if checked.as_ref().is_err_and(RequestError::is_client_error) {
            rate_limit::admit(self.limit, self.store, request).await?;
        }
        checked
    }

    /// Verifies the password and the status of the account.
    fn check<'p>(
        &self,
        account: Option<Account>,
        password: Option<&'p Password>,
    ) -> Result<Proven<'p>, RequestError> {
        let hash = account.as_ref().map(|account| &account.password_hash);
        let verification = self.hasher.verify(hash, password);
        let Some(account) = account else {
            return Err(ApiError::InvalidCredentials.because(Reason::UnknownUser, None));
        };
        let refuse = |reason| Err(ApiError::InvalidCredentials.because(reason, Some(account.id)));
        match verification {
            Err(Unverifiable::Library) => Err(ApiError::Internal(Unverifiable::Library.into()).into()),
            // Such a row is as intended: no error line.
            Err(Unverifiable::Unusable) => refuse(Reason::NoPassword),
            Err(error) => {
                tracing::error!(function = self.function, account_id = %account.id, %error, "the stored password hash cannot be verified");
                refuse(Reason::UnverifiableHash)
            }
            Ok(Verification::Mismatch) => refuse(Reason::WrongPassword),
            Ok(Verification::Match { .. }) if account.status == Status::Disabled => refuse(Reason::Disabled),
            Ok(Verification::Match { renew }) => Ok(Proven { account, renew }),
        }
    }

    /// Counts an attempt before its response: a failure is added to those `seen`, a success removes them.
    ///
    /// A lock runs from the response, not from the arrival: a slow hash must not use it up. Attempts made at the same time
    /// count one upon the other. An attempt that finds the name locked by then gets that response, whether its password was
    /// right or wrong.
    async fn count(
        &self,
        key: &FailuresKey,
        mut seen: Option<Failures>,
        succeeded: bool,
        clock: Clock,
    ) -> Result<(), RequestError> {
        loop {
            let now = clock();
            Failures::admit(seen.as_ref(), now)?;
            let next = if succeeded { None } else { Some(Failures::after_failure(seen.as_ref(), now)?) };
            match self.store.swap_failures(key, seen.as_ref(), next.as_ref()).await {
                Ok(()) => return Ok(()),
                Err(SwapError::Changed(found)) => seen = found,
                Err(SwapError::Store(error)) => return Err(error.into()),
            }
        }
    }
}
