//! `POST /password`: the owner of an account changes its password, which ends all other sessions and all older tokens.

use shared::http::sign_in::SignedIn;
use shared::http::{ApiError, ApiResponse, BodyFields, Request, RequestError};
use shared::log::Reason;
use shared::mail::Notice;
use shared::token::DeviceToken;

use crate::Register;
use crate::owner::{self, Caller, current_password};

/// Handles a request. The response is like that of a login.
///
/// # Errors
///
/// No valid token, a wrong current password, a new one that is too weak, too many attempts, a fault of the service.
pub(crate) async fn handle(register: &Register, request: Request) -> Result<ApiResponse, RequestError> {
    let mut fields = BodyFields::read(&request)?;
    let transport = owner::transport(register, &request)?;
    let caller = owner::caller(register, &request).await?;
    let username = &caller.account.username;
    let current = current_password(&mut fields);
    let new = fields.required("new_password", |typed| register.policy.admit(typed, Some(username), None));
    let (Ok(current), Ok(new)) = (current, new) else { return Err(ApiError::from(fields).into()) };
    let caller = caller.prove(register, current.as_ref(), &request).await?;
    register.check_again(&caller.account, &new)?;
    let hash = register.hasher.hash(&new)?;
    let Caller { account, session } = caller;
    let kept = session.as_ref();
    let next = account.with_password(&hash, kept);
    let next = next.ok_or_else(|| ApiError::Internal("there is no higher token version".into()))?;
    // Signed before the password is changed: nothing can fail between the write and the response.
    let standing = next.standing_in(kept);
    let mut signed_in = SignedIn::issue(&register.keyring, &standing, transport, request.now).await?;
    if standing.session.is_some() {
        let device = DeviceToken::new(&next, None, request.now)?;
        signed_in = signed_in.on_device(&register.keyring, &device, transport, request.now).await?;
    }
    let mail = register.notice(Notice::PasswordChanged, &account, request.now)?;
    match register.store.change_password(&account, &hash, kept, mail.as_ref()).await? {
        Some(_) => Ok(signed_in.ok()?),
        // Its password was changed, or its tokens were ended, since the password was verified.
        None => Err(ApiError::InvalidCredentials.because(Reason::Revoked, Some(account.id))),
    }
}
