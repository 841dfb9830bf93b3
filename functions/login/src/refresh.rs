//! `POST /refresh`: exchanges a refresh token for an access token and the next refresh token.

use shared::account::{Account, Standing};
use shared::http::sign_in::{SignedIn, Transport};
use shared::http::{ApiError, ApiResponse, BodyFields, Request, RequestError};
use shared::log::Reason;
use shared::session::{Exchange, Refusal, Session, Verdict};
use shared::store::SessionError;
use shared::time::Timestamp;
use shared::token::RefreshToken;

use crate::Login;
use crate::presented::{Presented, presented};

/// The result for a genuine token.
enum Exchanged {
    /// It gets the current token of this session.
    Current(Account, Session),
    /// It gets nothing.
    Refused(Reason, Option<Account>),
}

/// Handles a request.
///
/// # Errors
///
/// No token, a cookie that a page of another site sends, a token of no live session, a fault of the service.
pub(crate) async fn handle(login: &Login, request: Request) -> Result<ApiResponse, RequestError> {
    let presented = presented(login, &request, &mut BodyFields::read(&request)?)?;
    let Presented { text, transport } = presented.ok_or(ApiError::TokenMissing)?;
    let refused = |reason, account: Option<Account>| {
        let error = ApiError::InvalidSession { cookie: transport == Transport::Cookie };
        Err(error.because(reason, account.map(|account| account.id)))
    };
    let Some(token) = login.keyring.open(&text, request.now).await? else {
        return refused(Reason::NotARefreshToken, None);
    };
    match exchange(login, &token, request.now).await? {
        Exchanged::Refused(reason, account) => refused(reason, account),
        Exchanged::Current(account, session) => {
            let standing = Standing { session: Some(session), ..account.standing() };
            Ok(SignedIn::issue(&login.keyring, &standing, transport, request.now).await?.ok()?)
        }
    }
}

/// Exchanges a token: one write, without a read before it. Only where that changes nothing does what is there decide.
async fn exchange(login: &Login, token: &RefreshToken, now: Timestamp) -> Result<Exchanged, RequestError> {
    let (name, lifetimes) = (token.name(), login.keyring.rules().sessions);
    let mut exchange = Exchange::new(token.session, token.counter, lifetimes, now);
    loop {
        let account = match login.store.exchange(&name, &exchange).await {
            Ok(account) => account,
            Err(SessionError::Changed(None)) => {
                return Ok(Exchanged::Refused(reason(Refusal::NoSuchAccount), None));
            }
            Err(SessionError::Changed(Some(found))) => match found.judge(&exchange) {
                Verdict::Again => *found,
                Verdict::Exchange(next) => {
                    exchange = next;
                    continue;
                }
                Verdict::Refused(refusal) => {
                    return Ok(Exchanged::Refused(reason(refusal), Some(*found)));
                }
                Verdict::Reused => {
                    login.store.end_session(&name, &token.session).await?;
                    return Ok(Exchanged::Refused(Reason::RefreshReuse, Some(*found)));
                }
            },
            Err(SessionError::Store(error)) => return Err(error.into()),
        };
        return Ok(match account.sessions.get(&token.session).cloned() {
            Some(session) => Exchanged::Current(account, session),
            None => Exchanged::Refused(Reason::NoSuchSession, Some(account)),
        });
    }
}

/// The word in the log.
fn reason(refusal: Refusal) -> Reason {
    match refusal {
        Refusal::Disabled => Reason::Disabled,
        Refusal::Expired => Reason::SessionExpired,
        Refusal::NoSuchAccount => Reason::NoSuchAccount,
        Refusal::NoSuchSession => Reason::NoSuchSession,
        Refusal::Revoked => Reason::Revoked,
    }
}
