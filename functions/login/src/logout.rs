//! `POST /logout`: ends a session, or all sessions of the account.

use shared::account::AccountId;
use shared::http::{
    ApiError, ApiResponse, BodyFields, REFRESH_COOKIE, Request, RequestError, caller, cleared,
};
use shared::log::Reason;
use shared::names::username::UsernameKey;
use shared::session::SessionId;
use shared::token::RefreshToken;
use shared::token::bearer::Presented as Bearer;

use crate::Login;
use crate::presented::presented;

/// A session that a token names. It need not be live.
struct Named {
    name: UsernameKey,
    session: SessionId,
}

/// Handles a request. Each token that it has ends its session. What has ended before has ended: the response is the same.
///
/// # Errors
///
/// No token, a cookie that a page of another site sends; without a refresh token, an access token that is not valid or names
/// no session; a fault of the service.
pub(crate) async fn handle(login: &Login, request: Request) -> Result<ApiResponse, RequestError> {
    let mut fields = BodyFields::read(&request)?;
    let Ok(all) = fields.flag("all") else { return Err(ApiError::from(fields).into()) };
    let refresh = presented(login, &request, &mut fields)?;
    let access = by_access_token(login, &request).await;
    let named = match refresh {
        // The access token beside it has often expired.
        Some(refresh) => [by_refresh_token(login, &refresh.text, &request).await?, access.ok()],
        None => [Some(access?), None],
    };
    let mut account_id = None;
    for named in named.into_iter().flatten() {
        account_id = end(login, &named, all, &request).await?.or(account_id);
    }
    let response = ApiResponse::no_content(account_id);
    let has_cookie = request.has_cookie(REFRESH_COOKIE);
    Ok(if has_cookie { response.with_cookies(vec![cleared(REFRESH_COOKIE)]) } else { response })
}

/// A text that is no refresh token names no session (RFC 7009 section 2.2).
async fn by_refresh_token(
    login: &Login,
    text: &str,
    request: &Request,
) -> Result<Option<Named>, RequestError> {
    let token: Option<RefreshToken> = login.keyring.open(text, request.now).await?;
    Ok(token.map(|token| Named { name: token.name(), session: token.session }))
}

async fn by_access_token(login: &Login, request: &Request) -> Result<Named, RequestError> {
    let presented = caller::presented(request);
    if presented == Bearer::Nothing {
        return Err(ApiError::TokenMissing.into());
    }
    let claims = caller::claims(&login.keyring, presented, request.now).await?;
    let session = claims.sid.as_deref().and_then(SessionId::parse);
    let session = session.ok_or_else(|| ApiError::InvalidToken.because(Reason::NoSuchSession, None))?;
    Ok(Named { name: UsernameKey::of(&claims.username), session })
}

/// Ends the session. All of them can only be ended in one that is live.
async fn end(
    login: &Login,
    named: &Named,
    all: bool,
    request: &Request,
) -> Result<Option<AccountId>, RequestError> {
    if !all {
        login.store.end_session(&named.name, &named.session).await?;
        return Ok(None);
    }
    let lifetimes = &login.keyring.rules().sessions;
    let Some(account) = login.store.find(&named.name).await? else { return Ok(None) };
    let session = account.sessions.get(&named.session);
    if !session.is_some_and(|session| session.is_live(account.token_version, lifetimes, request.now)) {
        return Ok(None);
    }
    login.store.end_tokens(&named.name, account.id).await?;
    Ok(Some(account.id))
}
