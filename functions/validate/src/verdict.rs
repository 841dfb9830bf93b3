//! The one verdict on a token. HTTP responses and authorizer replies are two renderings of it.

use lambda_http::http::header::{AUTHORIZATION, HeaderValue};
use shared::account::{Standing, Status};
use shared::http::{ApiError, Request, RequestError};
use shared::log::Reason;
use shared::names::username::UsernameKey;
use shared::time::Timestamp;
use shared::token::Claims;
use shared::token::bearer::Presented;

use crate::Validate;

/// The account of the token in a request's `Authorization` header, as it is now.
///
/// # Errors
///
/// Those of [`account_of_presented`].
pub(crate) async fn account_of(validate: &Validate, request: &Request) -> Result<Standing, RequestError> {
    let values = request.headers().get_all(AUTHORIZATION).iter().map(HeaderValue::as_bytes);
    account_of_presented(validate, Presented::of(values), request.now).await
}

/// The account of a presented token, as it is now.
///
/// # Errors
///
/// No token, a token that is not valid, or a fault of the service, which is no verdict.
pub(crate) async fn account_of_presented(
    validate: &Validate,
    presented: Presented<'_>,
    now: Timestamp,
) -> Result<Standing, RequestError> {
    let token = match presented {
        Presented::Nothing => return Err(ApiError::TokenMissing.into()),
        Presented::Unusable => return Err(ApiError::InvalidToken.because(Reason::NotABearerToken, None)),
        Presented::Token(token) => token,
    };
    let claims = validate.keyring.verify(token, now).await?;
    let account = validate.store.standing(&UsernameKey::of(&claims.username)).await?;
    standing(account, &claims)
}

/// The account, if it is still the one that the token was issued to and accepts that token.
fn standing(account: Option<Standing>, claims: &Claims) -> Result<Standing, RequestError> {
    let Some(account) = account.filter(|account| account.id.to_string() == claims.sub) else {
        return Err(ApiError::InvalidToken.because(Reason::NoSuchAccount, None));
    };
    let refuse = |reason| Err(ApiError::InvalidToken.because(reason, Some(account.id)));
    match account.status {
        Status::Disabled => refuse(Reason::Disabled),
        Status::Active if account.token_version != claims.ver => refuse(Reason::Revoked),
        Status::Active => Ok(account),
    }
}
