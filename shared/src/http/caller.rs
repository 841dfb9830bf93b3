//! The caller of a request: whose access token it presents, and whether that account and its session still accept the token.

use lambda_http::http::header::{AUTHORIZATION, HeaderValue};

use super::{ApiError, Request, RequestError};
use crate::account::{Standing, Status};
use crate::log::Reason;
use crate::time::Timestamp;
use crate::token::bearer::Presented;
use crate::token::{Claims, Keyring};

/// The token in a request's `Authorization` header.
#[must_use]
pub fn presented(request: &Request) -> Presented<'_> {
    Presented::of(request.headers().get_all(AUTHORIZATION).iter().map(HeaderValue::as_bytes))
}

/// The claims of a presented token.
///
/// # Errors
///
/// No token, a token that is not valid, or keys that are unavailable, which is no verdict.
pub async fn claims(
    keyring: &Keyring,
    presented: Presented<'_>,
    now: Timestamp,
) -> Result<Claims, RequestError> {
    match presented {
        Presented::Nothing => Err(ApiError::TokenMissing.into()),
        Presented::Unusable => Err(ApiError::InvalidToken.because(Reason::NotABearerToken, None)),
        Presented::Token(token) => Ok(keyring.verify(token, now).await?),
    }
}

/// The account that was found by the name in the claims, if it is still the one that the token was issued to and accepts
/// that token. Of a token of a session, the session must have been looked for as well.
///
/// # Errors
///
/// [`ApiError::InvalidToken`].
pub fn accepted(found: Option<Standing>, claims: &Claims) -> Result<Standing, RequestError> {
    let Some(account) = found.filter(|account| account.id.to_string() == claims.sub) else {
        return Err(ApiError::InvalidToken.because(Reason::NoSuchAccount, None));
    };
    let refuse = |reason| Err(ApiError::InvalidToken.because(reason, Some(account.id)));
    match account.status {
        Status::Disabled => refuse(Reason::Disabled),
        Status::Active if account.token_version != claims.ver => refuse(Reason::Revoked),
        Status::Active if !is_session_there(&account, claims) => refuse(Reason::NoSuchSession),
        Status::Active => Ok(account),
    }
}

fn is_session_there(account: &Standing, claims: &Claims) -> bool {
    let Some(sid) = &claims.sid else { return true };
    account.session.as_ref().is_some_and(|session| {
        session.id.to_string() == *sid && session.token_version == account.token_version
    })
}
