//! `validate`: says whether a token is good and whose it is, over HTTP and to APIs as their authorizer.

mod authorizer;
mod me;

use std::time::SystemTime;

use lambda_http::Request;
use lambda_http::http::header::{AUTHORIZATION, HeaderValue};
use lambda_runtime::{Diagnostic, LambdaEvent};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};
use shared::account::{Account, AccountId, Status};
use shared::config::AuthorizerResponse;
use shared::http::{self, ApiError, ApiResponse, Invocation, RequestError};
use shared::names::username::UsernameKey;
use shared::store::{AccountStore, StoreError};
use shared::token::bearer::Presented;
use shared::token::{Claims, Keyring, TokenError};

use authorizer::{Kind, failure, presented, reply};
use me::Me;

/// What the log calls this function.
const FUNCTION: &str = "validate";

/// The function: what it needs, made once per cold start.
#[derive(Debug)]
pub struct Validate<S> {
    store: S,
    keyring: Keyring,
    response: AuthorizerResponse,
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
    Disabled(AccountId),
    /// Its account is gone, or another one has its name now.
    Gone,
    /// Its account's token version has been raised.
    Revoked(AccountId),
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
    /// The function over a store; `response` is what HTTP APIs with payload 2.0 are answered.
    pub fn new(store: S, keyring: Keyring, response: AuthorizerResponse) -> Self {
        Self { store, keyring, response }
    }

    /// Answers an event of any kind: a request over HTTP, an API as its authorizer.
    ///
    /// # Errors
    ///
    /// `Unauthorized`, where an API wants to hear that; whatever cannot be decided, and events of no known kind: never
    /// to be taken for consent.
    pub async fn answer(
        &self,
        clock: fn() -> SystemTime,
        event: LambdaEvent<Box<RawValue>>,
    ) -> Result<Box<RawValue>, Diagnostic> {
        let members = serde_json::from_str(event.payload.get()).unwrap_or_default();
        match Kind::of(&members) {
            Some(Kind::Http) => {
                http::answer(FUNCTION, clock, event, |now, request| self.handle(now, request)).await
            }
            Some(kind) => self.authorize(kind, &members, clock, &event.context.request_id).await,
            None => Err(http::unknown_event(FUNCTION, clock(), &event.context.request_id)),
        }
    }

    async fn authorize(
        &self,
        kind: Kind,
        event: &Map<String, Value>,
        clock: fn() -> SystemTime,
        request_id: &str,
    ) -> Result<Box<RawValue>, Diagnostic> {
        let started = clock();
        let judged = http::outcome(async { self.judge(started, presented(kind, event)).await }).await;
        let invocation =
            Invocation { function: FUNCTION, event: kind.name(), request_id, started, answered: clock() };
        invocation.log(None, judged.as_ref().map(|account| account.id));

        let verdict = match &judged {
            Ok(account) => Some(account),
            Err(refused) if refused.is_verdict() => None,
            Err(_) => return Err(failure("Internal error")),
        };
        let reply = reply(kind, event, self.response, verdict)?;
        to_raw_value(&reply).map_err(|_| failure("Internal error"))
    }

    /// Answers over HTTP whether the token in the `Authorization` header is good.
    ///
    /// # Errors
    ///
    /// No token, one that is not good, a fault of ours.
    pub async fn handle(&self, now: SystemTime, request: Request) -> Result<ApiResponse, RequestError> {
        if let Some(me) = Me::of(&request) {
            return me.reply();
        }
        http::require_post(&request)?;
        let values = request.headers().get_all(AUTHORIZATION).iter().map(HeaderValue::as_bytes);
        let account = self.judge(now, Presented::of(values)).await?;
        Ok(ApiResponse::ok(&Valid { valid: true, user_id: account.id.to_string() }, account.id)?)
    }

    /// The verdict on whatever was presented; HTTP answers and authorizer replies are two renderings of it.
    async fn judge(&self, now: SystemTime, presented: Presented<'_>) -> Result<Account, RequestError> {
        let token = match presented {
            Presented::Nothing => return Err(ApiError::TokenMissing.into()),
            Presented::Unusable => return Err(ApiError::InvalidToken.because("not_a_bearer_token", None)),
            Presented::Token(token) => token,
        };
        self.verdict(now, token).await.map_err(|refusal| match refusal {
            Refusal::Undecided(error) => error.into(),
            refusal => ApiError::InvalidToken.because(refusal.reason(), refusal.account_id()),
        })
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
        return Err(Refusal::Disabled(account.id));
    }
    if account.token_version != claims.ver {
        return Err(Refusal::Revoked(account.id));
    }
    Ok(account)
}

impl Refusal {
    /// Whose token it is, where that is known.
    fn account_id(&self) -> Option<AccountId> {
        match self {
            Self::Disabled(id) | Self::Revoked(id) => Some(*id),
            Self::Gone | Self::Token(_) | Self::Undecided(_) => None,
        }
    }

    /// The word for the log.
    fn reason(&self) -> &'static str {
        match self {
            Self::Disabled(_) => "disabled",
            Self::Gone => "no_such_account",
            Self::Revoked(_) => "revoked",
            Self::Token(error) => error.reason(),
            Self::Undecided(_) => "undecided",
        }
    }
}
