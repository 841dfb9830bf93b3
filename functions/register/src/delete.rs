//! `POST /account/delete`: the owner deletes the account. Its name and address are free then, and its tokens and sessions end.

use shared::http::{
    ApiError, ApiResponse, BodyFields, DEVICE_COOKIE, REFRESH_COOKIE, Request, RequestError, cleared,
};
use shared::log::Reason;
use shared::mail::Notice;

use crate::Register;
use crate::owner::{self, current_password};

/// Handles a request.
///
/// # Errors
///
/// No valid token, a wrong password, too many attempts, a fault of the service.
pub(crate) async fn handle(register: &Register, request: Request) -> Result<ApiResponse, RequestError> {
    let mut fields = BodyFields::read(&request)?;
    let caller = owner::caller(register, &request).await?;
    let Ok(current) = current_password(&mut fields) else { return Err(ApiError::from(fields).into()) };
    let account = caller.prove(register, current.as_ref(), &request).await?.account;
    let mail = register.notice(Notice::AccountDeleted, &account, request.now)?;
    if !register.store.delete(&account, mail.as_ref()).await? {
        // Its address has changed, or its tokens were ended, since the password was verified.
        return Err(ApiError::InvalidCredentials.because(Reason::Revoked, Some(account.id)));
    }
    let cookies = [REFRESH_COOKIE, DEVICE_COOKIE].into_iter().filter(|name| request.has_cookie(name));
    Ok(ApiResponse::no_content(Some(account.id)).with_cookies(cookies.map(cleared).collect()))
}
