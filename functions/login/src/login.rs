//! `POST /login`: exchanges a username and a password for a token, and begins a session if the request asks for one.

use std::convert::Infallible;

use shared::account::{Account, Standing, Status};
use shared::http::sign_in::{Asked, SignedIn, Transport};
use shared::http::{
    ApiError, ApiResponse, BodyFields, Clock, DEVICE_COOKIE, REFRESH_COOKIE, Request, RequestError,
    cross_site, rate_limit,
};
use shared::limits::lockout::{Failures, FailuresKey};
use shared::log::{self, Reason};
use shared::names::username::UsernameKey;
use shared::password::Password;
use shared::password::hash::{Unverifiable, Verification};
use shared::session::SessionId;
use shared::start::Function;
use shared::store::{SessionError, SwapError};
use shared::time::Timestamp;
use shared::token::{DeviceToken, RefreshToken};

use crate::Login;

/// The fields of a login. A text that cannot be a password is `None`: it is a wrong password, after the same work.
struct Credentials {
    name: UsernameKey,
    password: Option<Password>,
    /// The session that is asked for.
    session: Option<Asked>,
    /// The text that claims to be a device token.
    device: Option<String>,
    /// The text that claims to be the refresh token of the session that a browser is in already.
    refresh: Option<String>,
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
/// Missing fields, a cookie that a page of another site asks for, invalid credentials, too many attempts, a fault of the
/// service.
pub(crate) async fn handle(login: &Login, request: Request) -> Result<ApiResponse, RequestError> {
    let credentials = read(login, &request)?;
    rate_limit::check(&login.rate_limit, &*login.store, &request).await?;
    let account = login.store.find(&credentials.name).await?;
    let device = device(login, &credentials, account.as_ref(), request.now).await;
    let key = match &device {
        Some(device) => FailuresKey::of_device(&credentials.name, device.device()),
        None => FailuresKey::of_name(&credentials.name),
    };
    let seen = login.store.failures(&key).await?;
    Failures::admit(seen.as_ref(), request.now)?;
    let checked = check(login, account, credentials.password.as_ref());
    if checked.as_ref().err().is_none_or(RequestError::is_client_error) {
        count(login, &key, seen, checked.is_ok(), request.clock).await?;
    }
    if checked.as_ref().is_err_and(RequestError::is_client_error) {
        rate_limit::admit(&login.rate_limit, &*login.store, &request).await?;
    }
    let LoggingIn { account, renew } = checked?;
    if let Some(password) = renew {
        renew_hash(login, &account, password).await;
    }
    match &credentials.session {
        None => SignedIn::issue(&login.keyring, &account.standing(), Transport::Token, request.now).await?,
        Some(asked) => {
            let device = DeviceToken::new(&account, device.as_ref(), request.now)?;
            begin_session(login, account, &credentials, asked, &device, request.now).await?
        }
    }
    .ok()
    .map_err(RequestError::from)
}

fn read(login: &Login, request: &Request) -> Result<Credentials, ApiError> {
    let mut fields = BodyFields::read(request)?;
    let name = fields.required("username", |typed| Ok::<_, Infallible>(UsernameKey::of(typed)));
    let password = fields.required("password", |typed| Ok::<_, Infallible>(Password::parse(typed).ok()));
    let session = Asked::read(&mut fields, request);
    let device = fields.optional("device_token", |text| Ok::<_, Infallible>(text.to_owned()));
    let (Ok(name), Ok(password), Ok(session), Ok(mut device)) = (name, password, session, device) else {
        return Err(fields.into());
    };
    let mut refresh = None;
    if session.as_ref().is_some_and(|asked| asked.transport == Transport::Cookie) {
        cross_site::check(&login.origins, request)?;
        device = request.cookie(DEVICE_COOKIE).map(str::to_owned);
        refresh = request.cookie(REFRESH_COOKIE).map(str::to_owned);
    }
    Ok(Credentials { name, password, session, device, refresh })
}

/// The device on which this account was logged in to before. Any other text counts as no device.
async fn device(
    login: &Login,
    credentials: &Credentials,
    account: Option<&Account>,
    now: Timestamp,
) -> Option<DeviceToken> {
    let device: DeviceToken = login.keyring.open(credentials.device.as_deref()?, now).await.ok()??;
    let is_known = account.is_some_and(|account| device.is_of(account));
    (is_known && device.is_for(&credentials.name, now)).then_some(device)
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
    key: &FailuresKey,
    mut seen: Option<Failures>,
    succeeded: bool,
    clock: Clock,
) -> Result<(), RequestError> {
    loop {
        let now = clock();
        Failures::admit(seen.as_ref(), now)?;
        let next = if succeeded { None } else { Some(Failures::after_failure(seen.as_ref(), now)?) };
        match login.store.swap_failures(key, seen.as_ref(), next.as_ref()).await {
            Ok(()) => return Ok(()),
            Err(SwapError::Changed(found)) => seen = found,
            Err(SwapError::Store(error)) => return Err(error.into()),
        }
    }
}

/// Begins a session. Its tokens are signed before it is written: nothing can fail between the write and the response.
async fn begin_session(
    login: &Login,
    mut account: Account,
    credentials: &Credentials,
    asked: &Asked,
    device: &DeviceToken,
    now: Timestamp,
) -> Result<SignedIn, RequestError> {
    let lifetimes = &login.keyring.rules().sessions;
    let former = former_session(login, credentials, now).await;
    loop {
        let former =
            former.filter(|former| account.sessions.get(former).is_some()).map(|former| former.slot());
        let slot =
            former.unwrap_or_else(|| account.sessions.slot_for_new(account.token_version, lifetimes, now));
        let session = asked.session(SessionId::random(slot)?, account.token_version, now);
        let standing = Standing { session: Some(session.clone()), ..account.standing() };
        let signed_in = SignedIn::issue(&login.keyring, &standing, asked.transport, now).await?;
        let signed_in = signed_in.on_device(&login.keyring, device, asked.transport, now).await?;
        match login.store.begin_session(&account, &session).await {
            Ok(()) => return Ok(signed_in),
            // Another login took the slot.
            Err(SessionError::Changed(Some(found))) if found.standing() == account.standing() => {
                account = *found;
            }
            // The account was disabled, or its tokens were ended, since the password was verified.
            Err(SessionError::Changed(_)) => {
                return Err(ApiError::InvalidCredentials.because(Reason::Revoked, Some(account.id)));
            }
            Err(SessionError::Store(error)) => return Err(error.into()),
        }
    }
}

/// The session of the cookie that the new one replaces. It makes room first: a browser that logs in daily must not push out
/// the sessions of other devices.
async fn former_session(login: &Login, credentials: &Credentials, now: Timestamp) -> Option<SessionId> {
    let token: RefreshToken = login.keyring.open(credentials.refresh.as_deref()?, now).await.ok()??;
    (token.name() == credentials.name).then_some(token.session)
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
