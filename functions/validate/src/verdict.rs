//! The one verdict on a token. HTTP responses and authorizer replies are two renderings of it.

use shared::account::Standing;
use shared::http::{Request, RequestError, caller};
use shared::names::username::UsernameKey;
use shared::session::SessionId;
use shared::time::Timestamp;
use shared::token::bearer::Presented;

use crate::Validate;

/// The caller whom a token is of, as it is now.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) account: Standing,
    /// `exp` of the token: seconds since 1970.
    pub(crate) expires_at: u64,
}

/// The caller by the token in a request's `Authorization` header.
///
/// # Errors
///
/// Those of [`caller_of_presented`].
pub(crate) async fn caller_of(validate: &Validate, request: &Request) -> Result<Caller, RequestError> {
    caller_of_presented(validate, caller::presented(request), request.now).await
}

/// The caller by a presented token.
///
/// # Errors
///
/// No token, a token that is not valid, or a fault of the service, which is no verdict.
pub(crate) async fn caller_of_presented(
    validate: &Validate,
    presented: Presented<'_>,
    now: Timestamp,
) -> Result<Caller, RequestError> {
    let claims = caller::claims(&validate.keyring, presented, now).await?;
    let session = claims.sid.as_deref().and_then(SessionId::parse);
    let found = validate.store.standing(&UsernameKey::of(&claims.username), session.as_ref()).await?;
    Ok(Caller { account: caller::accepted(found, &claims)?, expires_at: claims.exp })
}
