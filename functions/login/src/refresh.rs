//! `POST /refresh`: exchanges a refresh token for an access token and the next refresh token.

use std::convert::Infallible;

use shared::account::{Account, Standing};
use shared::http::sign_in::{SignedIn, Transport};
use shared::http::{ApiError, ApiResponse, BodyFields, REFRESH_COOKIE, Request, RequestError, cross_site};
use shared::log::Reason;
use shared::names::username::UsernameKey;
use shared::session::{Exchange, Session, Verdict};
use shared::store::SessionError;
use shared::time::Timestamp;
use shared::token::RefreshToken;

use crate::Login;

/// A text that claims to be a refresh token, and how it came.
pub(crate) struct Presented {
    pub(crate) text: String,
    pub(crate) transport: Transport,
}

/// Handles a request.
///
/// # Errors
///
/// No token, a cookie that a page of another site sends, a token of no live session, a fault of the service.
pub(crate) async fn handle(login: &Login, request: Request) -> Result<ApiResponse, RequestError> {
    let presented = presented(login, &request, &mut BodyFields::read(&request)?)?;
    let Presented { text, transport } = presented.ok_or(ApiError::TokenMissing)?;
    let refused =
        |reason| ApiError::InvalidSession { cookie: transport == Transport::Cookie }.because(reason, None);
    let token: RefreshToken =
        login.keyring.open(&text, request.now).await?.ok_or_else(|| refused(Reason::NotARefreshToken))?;
    let (account, session) = match exchange(login, &token, request.now).await? {
        Ok(exchanged) => exchanged,
        Err((reason, account)) => {
            return Err(ApiError::InvalidSession { cookie: transport == Transport::Cookie }
                .because(reason, account.map(|account| account.id)));
        }
    };
    let standing = Standing { session: Some(session), ..account.standing() };
    Ok(SignedIn::issue(&login.keyring, &standing, transport, request.now).await?.ok()?)
}

/// The refresh token of a request: that in the body, or else the cookie, if the page that sends it may.
///
/// # Errors
///
/// A field that is no text, or a page of another site.
pub(crate) fn presented(
    login: &Login,
    request: &Request,
    fields: &mut BodyFields,
) -> Result<Option<Presented>, ApiError> {
    let Ok(token) = fields.optional("refresh_token", |text| Ok::<_, Infallible>(text.to_owned())) else {
        return Err(std::mem::take(fields).into());
    };
    if let Some(text) = token {
        return Ok(Some(Presented { text, transport: Transport::Token }));
    }
    if !request.has_cookie(REFRESH_COOKIE) {
        return Ok(None);
    }
    cross_site::check(&login.origins, request)?;
    let text = request.cookie(REFRESH_COOKIE).unwrap_or_default().to_owned();
    Ok(Some(Presented { text, transport: Transport::Cookie }))
}

type Exchanged = Result<(Account, Session), (Reason, Option<Account>)>;

/// Exchanges a token that is genuine: one write, without a read before it. Only where that changes nothing does what is
/// there decide.
async fn exchange(login: &Login, token: &RefreshToken, now: Timestamp) -> Result<Exchanged, RequestError> {
    let (name, lifetimes) = (token.name(), login.keyring.rules().sessions);
    let mut exchange = Exchange::new(token.session, token.counter, lifetimes, now);
    loop {
        let found = match login.store.exchange(&name, &exchange).await {
            Ok(account) => {
                let session = account.sessions.get(&token.session).cloned();
                return Ok(session.map(|session| (account, session)).ok_or((Reason::NoSuchSession, None)));
            }
            Err(SessionError::Changed(found)) => found.map(|found| *found),
            Err(SessionError::Store(error)) => return Err(error.into()),
        };
        match (exchange.judge(found.as_ref()), found) {
            (Verdict::Again(session), Some(account)) => return Ok(Ok((account, session))),
            (Verdict::Exchange(next), _) => exchange = next,
            (Verdict::Refused(reason), account) => return Ok(Err((reason, account))),
            (_, account) => {
                end(login, &name, token).await?;
                return Ok(Err((Reason::RefreshReuse, account)));
            }
        }
    }
}

async fn end(login: &Login, name: &UsernameKey, token: &RefreshToken) -> Result<(), RequestError> {
    login.store.end_session(name, &token.session).await?;
    Ok(())
}
