//! `POST /login`: exchanges a username and a password for a token.

use std::convert::Infallible;
use std::time::SystemTime;

use lambda_http::Request;
use serde::Serialize;
use shared::account::{Account, Status};
use shared::hash::{Hasher, Unverifiable};
use shared::http::{ApiError, Form, Refused, Reply};
use shared::log;
use shared::password::Password;
use shared::store::AccountStore;
use shared::token::Keyring;
use shared::username::UsernameKey;

/// What the log calls this function.
const FUNCTION: &str = "login";

/// The function: what it needs, made once per cold start.
#[derive(Debug)]
pub struct Login<S> {
    store: S,
    hasher: Hasher,
    keyring: Keyring,
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
    /// The function over a store.
    pub fn new(store: S, hasher: Hasher, keyring: Keyring) -> Self {
        Self { store, hasher, keyring }
    }

    /// What makes and verifies this function's hashes.
    pub fn hasher(&self) -> &Hasher {
        &self.hasher
    }

    /// Answers a login. An unknown name, a wrong password and a disabled account cost the same work and get the same
    /// answer.
    ///
    /// # Errors
    ///
    /// Missing fields, invalid credentials, a fault of ours.
    pub async fn handle(&self, now: SystemTime, request: Request) -> Result<Reply, Refused> {
        let Credentials { name, password } = read(&request)?;
        let account = self.store.find(&name).await?;
        let hash = account.as_ref().map(|account| &account.password_hash);
        let verdict = self.hasher.verify(hash, password.as_ref());
        let Some(account) = account else {
            return Err(ApiError::InvalidCredentials.because("unknown_user", None));
        };
        let refuse = |reason| Err(ApiError::InvalidCredentials.because(reason, Some(account.id)));
        match verdict {
            Err(Unverifiable::Library) => Err(ApiError::Internal(Unverifiable::Library.into()).into()),
            Err(error) => {
                tracing::error!(function = FUNCTION, account_id = %account.id, %error, "the stored password hash cannot be verified");
                refuse("unverifiable_hash")
            }
            Ok(false) => refuse("wrong_password"),
            Ok(true) if account.status == Status::Disabled => refuse("disabled"),
            Ok(true) => self.welcome(now, &account, password.as_ref()).await,
        }
    }

    async fn welcome(
        &self,
        now: SystemTime,
        account: &Account,
        password: Option<&Password>,
    ) -> Result<Reply, Refused> {
        if let Some(password) = password
            && self.hasher.is_outdated(&account.password_hash)
        {
            self.renew_hash(account, password).await;
        }
        let token = self.keyring.issue(account, now).await?;
        let logged_in = LoggedIn { token, token_type: "Bearer", expires_in: self.keyring.ttl().as_secs() };
        Ok(Reply::ok(&logged_in, account.id)?)
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
    let mut form = Form::read(request)?;
    let name = form.required("username", |typed| Ok::<_, Infallible>(UsernameKey::of(typed)));
    let password = form.required("password", |typed| Ok::<_, Infallible>(Password::parse(typed).ok()));
    match (name, password) {
        (Ok(name), Ok(password)) => Ok(Credentials { name, password }),
        _ => Err(form.into()),
    }
}
