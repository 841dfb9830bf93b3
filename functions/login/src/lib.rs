//! `POST /login`: exchanges a username and a password for a token.

use std::convert::Infallible;
use std::time::SystemTime;

use lambda_http::Request;
use serde::Serialize;
use shared::account::{Account, Status};
use shared::http::{self, ApiError, ApiResponse, BodyFields, RequestError};
use shared::limits::client_ip::RateLimit;
use shared::limits::lockout::Failures;
use shared::log;
use shared::names::username::UsernameKey;
use shared::password::Password;
use shared::password::hash::{Hasher, Unverifiable};
use shared::store::{AccountStore, SwapError};
use shared::token::Keyring;

/// What the log calls this function.
const FUNCTION: &str = "login";

/// The function: what it needs, made once per cold start.
#[derive(Debug)]
pub struct Login<S> {
    store: S,
    hasher: Hasher,
    keyring: Keyring,
    limit: RateLimit,
}

/// What somebody with the right password is told.
#[derive(Serialize)]
struct LoggedIn {
    token: String,
    token_type: &'static str,
    expires_in: u64,
}

/// A name to look up, and what may be its password: `None` is a text that cannot be one, and is refused like a wrong
/// password, after the same work.
struct Credentials {
    name: UsernameKey,
    password: Option<Password>,
}

impl<S: AccountStore> Login<S> {
    /// The function over a store. `attempts_per_address` is how many logins one source address may try within five
    /// minutes; 0 is no limit.
    pub fn new(store: S, hasher: Hasher, keyring: Keyring, attempts_per_address: u32) -> Self {
        Self { store, hasher, keyring, limit: RateLimit::new(FUNCTION, attempts_per_address) }
    }

    /// What makes and verifies this function's hashes.
    pub fn hasher(&self) -> &Hasher {
        &self.hasher
    }

    /// Answers a login. An unknown name, a wrong password and a disabled account cost the same work, count as the same
    /// failure and get the same answer.
    ///
    /// # Errors
    ///
    /// Missing fields, invalid credentials, too many attempts, a fault of ours.
    pub async fn handle(&self, now: SystemTime, request: Request) -> Result<ApiResponse, RequestError> {
        let Credentials { name, password } = read(&request)?;
        self.limit.admit(&self.store, http::client_ip(&request), now).await?;
        let seen = self.store.failures(&name).await?;
        Failures::admit(seen.as_ref(), now)?;
        let account = self.store.find(&name).await?;
        let verdict = self.judge(account, password.as_ref());
        if verdict.as_ref().err().is_none_or(RequestError::is_verdict) {
            self.count(&name, seen, verdict.is_ok(), now).await?;
        }
        self.welcome(now, &verdict?, password.as_ref()).await
    }

    /// The account, if the password is its own and it may be used.
    fn judge(&self, account: Option<Account>, password: Option<&Password>) -> Result<Account, RequestError> {
        let hash = account.as_ref().map(|account| &account.password_hash);
        let verdict = self.hasher.verify(hash, password);
        let Some(account) = account else {
            return Err(ApiError::InvalidCredentials.because("unknown_user", None));
        };
        let refuse = |reason| Err(ApiError::InvalidCredentials.because(reason, Some(account.id)));
        match verdict {
            Err(Unverifiable::Library) => Err(ApiError::Internal(Unverifiable::Library.into()).into()),
            // Nothing is wrong with such an account, so that nobody need be told.
            Err(Unverifiable::Unusable) => refuse("no_password"),
            Err(error) => {
                tracing::error!(function = FUNCTION, account_id = %account.id, %error, "the stored password hash cannot be verified");
                refuse("unverifiable_hash")
            }
            Ok(false) => refuse("wrong_password"),
            Ok(true) if account.status == Status::Disabled => refuse("disabled"),
            Ok(true) => Ok(account),
        }
    }

    /// Counts an attempt, without which it is never answered: a failure is added to those `seen`, a success ends them.
    ///
    /// Of attempts made at the same time each is counted upon the one before. Whoever finds the name locked by then is
    /// told that and nothing of the password, be it right or wrong.
    async fn count(
        &self,
        name: &UsernameKey,
        mut seen: Option<Failures>,
        succeeded: bool,
        now: SystemTime,
    ) -> Result<(), RequestError> {
        loop {
            Failures::admit(seen.as_ref(), now)?;
            let next = if succeeded { None } else { Some(Failures::after_failure(seen.as_ref(), now)?) };
            match self.store.swap_failures(name, seen.as_ref(), next.as_ref()).await {
                Ok(()) => return Ok(()),
                Err(SwapError::Changed(found)) => seen = found,
                Err(SwapError::Store(error)) => return Err(error.into()),
            }
        }
    }

    async fn welcome(
        &self,
        now: SystemTime,
        account: &Account,
        password: Option<&Password>,
    ) -> Result<ApiResponse, RequestError> {
        if let Some(password) = password
            && self.hasher.is_outdated(&account.password_hash)
        {
            self.renew_hash(account, password).await;
        }
        let token = self.keyring.issue(account, now).await?;
        let logged_in = LoggedIn { token, token_type: "Bearer", expires_in: self.keyring.ttl().as_secs() };
        Ok(ApiResponse::ok(&logged_in, account.id)?)
    }

    /// Replaces a hash of another cost. Nobody is kept out because that fails: the next login tries again.
    async fn renew_hash(&self, account: &Account, password: &Password) {
        let failure = match self.hasher.hash(password) {
            Ok(hash) => self.store.replace_hash(account, &hash).await.err().map(|error| log::chain(&error)),
            Err(error) => Some(log::chain(&error)),
        };
        if let Some(error) = failure {
            tracing::warn!(account_id = %account.id, error, "the password hash was not renewed");
        }
    }
}

fn read(request: &Request) -> Result<Credentials, ApiError> {
    let mut form = BodyFields::read(request)?;
    let name = form.required("username", |typed| Ok::<_, Infallible>(UsernameKey::of(typed)));
    let password = form.required("password", |typed| Ok::<_, Infallible>(Password::parse(typed).ok()));
    match (name, password) {
        (Ok(name), Ok(password)) => Ok(Credentials { name, password }),
        _ => Err(form.into()),
    }
}
