//! `GET /sessions`, `DELETE /sessions/{id}`: the owner of an account sees its sessions, and ends one.

use serde::Serialize;
use shared::account::Account;
use shared::http::{ApiError, ApiResponse, Request, RequestError, caller};
use shared::log::Reason;
use shared::names::username::UsernameKey;
use shared::session::{Session, SessionId};
use shared::token::Claims;

use crate::Login;

/// The body of a list.
#[derive(Serialize)]
struct Sessions {
    sessions: Vec<Listed>,
}

/// A session. Times are seconds since 1970.
#[derive(Serialize)]
struct Listed {
    id: String,
    label: String,
    created_at: u64,
    last_used_at: u64,
    expires_at: u64,
    /// It is the one of the token that asks.
    current: bool,
}

/// Lists the live sessions, the one used last first.
///
/// # Errors
///
/// No access token, one that is not valid, a fault of the service.
pub(crate) async fn list(login: &Login, request: Request) -> Result<ApiResponse, RequestError> {
    let (account, claims) = account(login, &request).await?;
    let lifetimes = &login.keyring.rules().sessions;
    let live = account.live_sessions(lifetimes, request.now);
    let listed = |session: &Session| Listed {
        id: session.id.to_string(),
        label: session.label.as_str().to_owned(),
        created_at: session.created_at.seconds(),
        last_used_at: session.used_at.seconds(),
        expires_at: session.ends_at(lifetimes).seconds(),
        current: claims.sid.as_deref() == Some(session.id.to_string().as_str()),
    };
    Ok(ApiResponse::ok(&Sessions { sessions: live.into_iter().map(listed).collect() }, account.id)?)
}

/// Ends a session.
///
/// # Errors
///
/// No access token, one that is not valid, no such session, a fault of the service.
pub(crate) async fn end(login: &Login, request: Request) -> Result<ApiResponse, RequestError> {
    let (account, _) = account(login, &request).await?;
    let id = SessionId::parse(request.last_segment()).filter(|id| account.sessions.get(id).is_some());
    let id = id.ok_or_else(|| ApiError::NoSuchSession.because(Reason::NoSuchSession, Some(account.id)))?;
    // It was there a moment ago: it has ended then, by this request or by another.
    login.store.end_session(account.username.key(), &id).await?;
    Ok(ApiResponse::no_content(Some(account.id)))
}

/// The account of the caller, and the claims of its access token.
async fn account(login: &Login, request: &Request) -> Result<(Account, Claims), RequestError> {
    let claims = caller::claims(&login.keyring, caller::presented(request), request.now).await?;
    let session = claims.sid.as_deref().and_then(SessionId::parse);
    let found = login.store.find(&UsernameKey::of(&claims.username)).await?;
    caller::accepted(found.as_ref().map(|found| found.standing_in(session.as_ref())), &claims)?;
    let account = found.ok_or_else(|| ApiError::InvalidToken.because(Reason::NoSuchAccount, None))?;
    Ok((account, claims))
}
