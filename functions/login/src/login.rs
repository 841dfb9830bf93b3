//! `POST /login`: exchanges a username and a password for a token.

use std::convert::Infallible;

use serde::Serialize;
use shared::account::{Account, Status};
use shared::http::{ApiError, ApiResponse, BodyFields, Clock, Request, RequestError, rate_limit};
use shared::limits::lockout::Failures;
use shared::log::{self, Reason};
use shared::names::username::UsernameKey;
use shared::password::Password;
use shared::password::hash::{Unverifiable, Verification};
use shared::start::Function;
use shared::store::SwapError;
use shared::time::Timestamp;

use crate::Login;

/// The body of a successful login.
#[derive(Serialize)]
struct LoggedIn {
    token: String,
    token_type: &'static str,
    expires_in: u64,
}

/// The fields of a login. A text that cannot be a password is `None`: it is a wrong password, after the same work.
struct Credentials {
    name: UsernameKey,
    password: Option<Password>,
}

/// An account whose password is right, with that password if the stored hash is outdated.
struct LoggingIn<'p> {
    account: Account,
    renew: Option<&'p Password>,
}

/// Handles a login. An unknown name, a wrong password and a disabled account cost the same work, count as the same failure
/// and get the same response.
///
/// # Errors
///
/// Missing fields, invalid credentials, too many attempts, a fault of the service.
pub(crate) async fn handle(login: &Login, request: Request) -> Result<ApiResponse, RequestError> {
    let credentials = read(&request)?;
    rate_limit::check(&login.rate_limit, &*login.store, &request).await?;
    let seen = login.store.failures(&credentials.name).await?;
    Failures::admit(seen.as_ref(), request.now)?;
    let account = login.store.find(&credentials.name).await?;
    let checked = check(login, account, credentials.password.as_ref());
    if checked.as_ref().err().is_none_or(RequestError::is_client_error) {
        count(login, &credentials.name, seen, checked.is_ok(), request.clock).await?;
    }
    if checked.as_ref().is_err_and(RequestError::is_client_error) {
        rate_limit::admit(&login.rate_limit, &*login.store, &request).await?;
    }
    respond(login, checked?, request.now).await
}

fn read(request: &Request) -> Result<Credentials, ApiError> {
    let mut fields = BodyFields::read(request)?;
    let name = fields.required("username", |typed| Ok::<_, Infallible>(UsernameKey::of(typed)));
    let password = fields.required("password", |typed| Ok::<_, Infallible>(Password::parse(typed).ok()));
    match (name, password) {
        (Ok(name), Ok(password)) => Ok(Credentials { name, password }),
        _ => Err(fields.into()),
    }
}

/// Verifies the password and the status of the account.
fn check<'p>(
    login: &Login,
    account: Option<Account>,
    password: Option<&'p Password>,
) -> Result<LoggingIn<'p>, RequestError> {
    let hash = account.as_ref().map(|account| &account.password_hash);
    let verification = login.hasher.verify(hash, password);
    let Some(account) = account else {
        return Err(ApiError::InvalidCredentials.because(Reason::UnknownUser, None));
    };
    let refuse = |reason| Err(ApiError::InvalidCredentials.because(reason, Some(account.id)));
    match verification {
        Err(Unverifiable::Library) => Err(ApiError::Internal(Unverifiable::Library.into()).into()),
        // Such a row is as intended: no error line.
        Err(Unverifiable::Unusable) => refuse(Reason::NoPassword),
        Err(error) => {
            tracing::error!(function = Login::NAME, account_id = %account.id, %error, "the stored password hash cannot be verified");
            refuse(Reason::UnverifiableHash)
        }
        Ok(Verification::Mismatch) => refuse(Reason::WrongPassword),
        Ok(Verification::Match { .. }) if account.status == Status::Disabled => refuse(Reason::Disabled),
        Ok(Verification::Match { renew }) => Ok(LoggingIn { account, renew }),
    }
}

/// Counts an attempt before its response: a failure is added to those `seen`, a success removes them.
///
/// A lock runs from the response, not from the arrival: a slow hash must not use it up. Attempts made at the same time count
/// one upon the other. An attempt that finds the name locked by then gets that
/// response, whether its password was right or wrong.
async fn count(
    login: &Login,
    name: &UsernameKey,
    mut seen: Option<Failures>,
    succeeded: bool,
    clock: Clock,
) -> Result<(), RequestError> {
    loop {
        let now = clock();
        Failures::admit(seen.as_ref(), now)?;
        let next = if succeeded { None } else { Some(Failures::after_failure(seen.as_ref(), now)?) };
        match login.store.swap_failures(name, seen.as_ref(), next.as_ref()).await {
            Ok(()) => return Ok(()),
            Err(SwapError::Changed(found)) => seen = found,
            Err(SwapError::Store(error)) => return Err(error.into()),
        }
    }
}

async fn respond(
    login: &Login,
    LoggingIn { account, renew }: LoggingIn<'_>,
    now: Timestamp,
) -> Result<ApiResponse, RequestError> {
    if let Some(password) = renew {
        renew_hash(login, &account, password).await;
    }
    let token = login.keyring.issue(&account.standing(), now).await?;
    let logged_in = LoggedIn { token, token_type: "Bearer", expires_in: login.keyring.ttl().as_secs() };
    Ok(ApiResponse::ok(&logged_in, account.id)?)
}

/// Replaces an outdated hash. A failure is logged and does not fail the login: the next login tries again.
async fn renew_hash(login: &Login, account: &Account, password: &Password) {
    let failure = match login.hasher.hash(password) {
        Ok(hash) => login.store.replace_hash(account, &hash).await.err().map(|error| log::chain(&error)),
        Err(error) => Some(log::chain(&error)),
    };
    if let Some(error) = failure {
        tracing::warn!(account_id = %account.id, error, "the password hash was not renewed");
    }
}
