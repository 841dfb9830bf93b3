//! `POST /validate`: says whether a token is good and whose it is.

mod bearer;

use std::time::SystemTime;

use lambda_http::Request;
use lambda_http::http::header::{AUTHORIZATION, HeaderValue};
use serde::Serialize;
use shared::account::{Account, Status};
use shared::http::{self, ApiError, Refused, Reply};
use shared::store::{AccountStore, StoreError};
use shared::token::{Claims, Keyring, TokenError};
use shared::username::UsernameKey;

use bearer::Presented;

/// The function: what it needs, made once per cold start.
#[derive(Debug)]
pub struct Validate<S> {
    store: S,
    keyring: Keyring,
}

/// What the bearer of a good token is told.
#[derive(Serialize)]
struct Valid {
    valid: bool,
    user_id: String,
}

/// Why a token is not good, or could not be judged.
#[derive(Debug)]
pub enum Refusal {
    /// Its account is disabled.
    Disabled,
    /// Its account is gone, or another one has its name now.
    Gone,
    /// Its account's token version has been raised.
    Revoked,
    /// The token itself is not good.
    Token(TokenError),
    /// Nobody knows: the store or the secret could not be reached. Never to be taken for a verdict.
    Undecided(StoreError),
}

impl From<TokenError> for Refusal {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::KeysUnavailable => Self::Undecided(StoreError::Unavailable(error.reason().into())),
            error => Self::Token(error),
        }
    }
}

impl<S: AccountStore> Validate<S> {
    /// The function over a store.
    pub fn new(store: S, keyring: Keyring) -> Self {
        Self { store, keyring }
    }

    /// Answers whether the token in the `Authorization` header is good.
    ///
    /// # Errors
    ///
    /// No token, one that is not good, a fault of ours.
    pub async fn handle(&self, now: SystemTime, request: Request) -> Result<Reply, Refused> {
        http::require_post(&request)?;
        let values = request.headers().get_all(AUTHORIZATION).iter().map(HeaderValue::as_bytes);
        let token = match Presented::of(values) {
            Presented::Nothing => return Err(ApiError::TokenMissing.into()),
            Presented::Unusable => return Err(ApiError::InvalidToken.because("not_a_bearer_token", None)),
            Presented::Token(token) => token,
        };
        match self.verdict(now, token).await {
            Ok(account) => {
                let valid = Valid { valid: true, user_id: account.id.to_string() };
                Ok(Reply::ok(&valid, account.id)?)
            }
            Err(Refusal::Undecided(error)) => Err(error.into()),
            Err(refusal) => Err(ApiError::InvalidToken.because(refusal.reason(), None)),
        }
    }

    /// The one verdict on a token: the account whose it is, as it is now.
    ///
    /// # Errors
    ///
    /// Why the token is not good, or [`Refusal::Undecided`].
    pub async fn verdict(&self, now: SystemTime, token: &str) -> Result<Account, Refusal> {
        let claims = self.keyring.verify(token, now).await?;
        let account =
            self.store.find(&UsernameKey::of(&claims.username)).await.map_err(Refusal::Undecided)?;
        standing(account.ok_or(Refusal::Gone)?, &claims)
    }
}

/// Whether an account still stands behind a token.
fn standing(account: Account, claims: &Claims) -> Result<Account, Refusal> {
    if account.id.to_string() != claims.sub {
        return Err(Refusal::Gone);
    }
    if account.status == Status::Disabled {
        return Err(Refusal::Disabled);
    }
    if account.token_version != claims.ver {
        return Err(Refusal::Revoked);
    }
    Ok(account)
}

impl Refusal {
    /// The word for the log.
    fn reason(&self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Gone => "no_such_account",
            Self::Revoked => "revoked",
            Self::Token(error) => error.reason(),
            Self::Undecided(_) => "undecided",
        }
    }
}
