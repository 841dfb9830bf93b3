//! The owner of an account, who shows an access token and types the password once more (reauthentication, NIST SP
//! 800-63B-4 section 5.2), before anything is changed that would let a thief of the token in for good.

use std::convert::Infallible;

use shared::account::Account;
use shared::http::attempt::{Guard, Proven};
use shared::http::sign_in::Transport;
use shared::http::{
    ApiError, BodyFields, Invalid, REFRESH_COOKIE, Request, RequestError, caller, cross_site, rate_limit,
};
use shared::limits::lockout::FailuresKey;
use shared::log::Reason;
use shared::names::username::UsernameKey;
use shared::password::Password;
use shared::session::SessionId;
use shared::start::Function;

use crate::Register;

/// The account of a token that is good, and the session that it is of.
pub(crate) struct Caller {
    pub(crate) account: Account,
    pub(crate) session: Option<SessionId>,
}

/// The caller by the token in a request's `Authorization` header.
///
/// # Errors
///
/// No token, a token that is not valid, too many failures of the client IP, a fault of the service.
pub(crate) async fn caller(register: &Register, request: &Request) -> Result<Caller, RequestError> {
    let claims = caller::claims(&register.keyring, caller::presented(request), request.now).await?;
    rate_limit::check(&register.guesses, &*register.store, request).await?;
    let session = claims.sid.as_deref().and_then(SessionId::parse);
    let found = register.store.find(&UsernameKey::of(&claims.username)).await?;
    caller::accepted(found.as_ref().map(|found| found.standing_in(session.as_ref())), &claims)?;
    // Nobody has a token of an account that is pending.
    let account = found.filter(|found| found.pending_until.is_none());
    let account = account.ok_or_else(|| ApiError::InvalidToken.because(Reason::NoSuchAccount, None))?;
    Ok(Caller { account, session })
}

/// The field `current_password`. A text that cannot be a password is `None`: it is a wrong one, after the same work.
pub(crate) fn current_password(fields: &mut BodyFields) -> Result<Option<Password>, Invalid> {
    fields.required("current_password", |typed| Ok::<_, Infallible>(Password::parse(typed).ok()))
}

impl Caller {
    /// Verifies the current password, as a login does: by the same failures, under the same lock.
    ///
    /// # Errors
    ///
    /// A wrong password, too many attempts, a fault of the service.
    pub(crate) async fn prove(
        self,
        register: &Register,
        password: Option<&Password>,
        request: &Request,
    ) -> Result<Self, RequestError> {
        let Self { account, session } = self;
        let guard = Guard {
            function: Register::NAME,
            hasher: &register.hasher,
            limit: &register.guesses,
            store: &*register.store,
        };
        let key = FailuresKey::of_name(account.username.key());
        let Proven { account, .. } = guard.attempt(&key, Some(account), password, request).await?;
        Ok(Self { account, session })
    }
}

/// The way in which the caller keeps the refresh token of its session.
///
/// # Errors
///
/// A cookie that a page of another site sends.
pub(crate) fn transport(register: &Register, request: &Request) -> Result<Transport, ApiError> {
    if !request.has_cookie(REFRESH_COOKIE) {
        return Ok(Transport::Token);
    }
    cross_site::check(&register.origins, request)?;
    Ok(Transport::Cookie)
}
