//! `POST /login`: exchanges a username or an email, and a password for a token, and begins a session if the request asks for one.

use std::convert::Infallible;

use shared::account::{Account, Standing};
use shared::http::attempt::{Guard, Named, Proven};
use shared::http::sign_in::{Asked, SignedIn, Transport};
use shared::http::{
    ApiError, ApiResponse, BodyFields, DEVICE_COOKIE, REFRESH_COOKIE, Request, RequestError, cross_site,
    rate_limit,
};
use shared::limits::lockout::FailuresKey;
use shared::log::{self, Reason};
use shared::names::username::UsernameKey;
use shared::password::Password;
use shared::session::SessionId;
use shared::start::Function;
use shared::store::SessionError;
use shared::time::Timestamp;
use shared::token::{DeviceToken, RefreshToken};

use crate::{Login, migrate};

/// The fields of a login. A text that cannot be a password is `None`: it is a wrong password, after the same work.
struct Credentials {
    named: Named,
    password: Option<Password>,
    /// The session that is asked for.
    session: Option<Asked>,
    /// The text that claims to be a device token.
    device: Option<String>,
    /// The text that claims to be the refresh token of the session that a browser is in already.
    refresh: Option<String>,
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
    let (name, account) = credentials.named.find(&*login.store).await?;
    let account = match account {
        None => {
            migrate::find(login, &credentials.named, &name, credentials.password.as_ref(), request.now)
                .await?
        }
        known => known,
    };
    let device = device(login, &credentials, &name, account.as_ref(), request.now).await;
    let key = match &device {
        Some(device) => FailuresKey::of_device(&name, device.device()),
        None => FailuresKey::of_name(&name),
    };
    let guard = Guard {
        function: Login::NAME,
        hasher: &login.hasher,
        limit: &login.rate_limit,
        store: &*login.store,
    };
    let Proven { account, renew } =
        guard.attempt(&key, account, credentials.password.as_ref(), &request).await?;
    if account.pending_until.is_some() {
        return Err(ApiError::EmailNotVerified.because(Reason::Pending, Some(account.id)));
    }
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
    let named = Named::read(&mut fields);
    let password = fields.required("password", |typed| Ok::<_, Infallible>(Password::parse(typed).ok()));
    let session = Asked::read(&mut fields, request);
    let device = fields.optional("device_token", |text| Ok::<_, Infallible>(text.to_owned()));
    let (Ok(named), Ok(password), Ok(session), Ok(mut device)) = (named, password, session, device) else {
        return Err(fields.into());
    };
    let mut refresh = None;
    if session.as_ref().is_some_and(|asked| asked.transport == Transport::Cookie) {
        cross_site::check(&login.origins, request)?;
        device = request.cookie(DEVICE_COOKIE).map(str::to_owned);
        refresh = request.cookie(REFRESH_COOKIE).map(str::to_owned);
    }
    Ok(Credentials { named, password, session, device, refresh })
}

/// The device on which this account was logged in to before. Any other text counts as no device.
async fn device(
    login: &Login,
    credentials: &Credentials,
    name: &UsernameKey,
    account: Option<&Account>,
    now: Timestamp,
) -> Option<DeviceToken> {
    let device: DeviceToken = login.keyring.open(credentials.device.as_deref()?, now).await.ok()??;
    let is_known = account.is_some_and(|account| device.is_of(account));
    (is_known && device.is_for(name, now)).then_some(device)
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
    let former = former_session(login, &account, credentials, now).await;
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
async fn former_session(
    login: &Login,
    account: &Account,
    credentials: &Credentials,
    now: Timestamp,
) -> Option<SessionId> {
    let token: RefreshToken = login.keyring.open(credentials.refresh.as_deref()?, now).await.ok()??;
    (token.name() == *account.username.key()).then_some(token.session)
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
