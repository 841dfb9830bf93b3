//! `POST /password/reset`: a code from a mail permits a new password. It ends all sessions and tokens, lifts the lock of the
//! name, confirms the address, and does not log in.

use serde_json::json;
use shared::account::AccountId;
use shared::code::{Code, CodeKey};
use shared::http::attempt::Named;
use shared::http::{ApiError, ApiResponse, BodyFields, Request, RequestError, rate_limit};
use shared::mail::Notice;
use shared::password::Password;

use crate::{Register, code};

/// The fields of a reset.
struct Reset {
    named: Named,
    code: Option<Code>,
    password: Password,
}

/// Handles a request. A name that nobody has costs the same calls as one with a code, and the same hash: it takes so much longer
/// than whatever else differs that no response tells by its time who has an account.
///
/// # Errors
///
/// Bad fields, no such code, a password that is too weak, no mail here, too many failures, a fault of the service.
pub(crate) async fn handle(register: &Register, request: Request) -> Result<ApiResponse, RequestError> {
    register.check_mail()?;
    let Reset { named, code, password } = read(register, &request)?;
    rate_limit::check(&register.guesses, &*register.store, &request).await?;
    let hash = register.hasher.hash(&password)?;
    let (_, account) = named.find(&*register.store).await?;
    let id = account.as_ref().map_or_else(AccountId::random, |account| Ok(account.id))?;
    let sent = code::redeem(register, &CodeKey::reset(id), code.as_ref(), &request).await?;
    let Some(account) = account.filter(|account| sent.is_of(account)) else {
        return Err(code::refuse(register, &request).await);
    };
    register.check_again(&account, &password)?;
    let mail = register.notice(Notice::PasswordChanged, &account, request.now)?;
    if register.store.reset_password(&account, &sent, &hash, mail.as_ref()).await? {
        return Ok(ApiResponse::ok(&json!({}), account.id)?);
    }
    // Another request has consumed the code.
    Err(code::refuse(register, &request).await)
}

fn read(register: &Register, request: &Request) -> Result<Reset, ApiError> {
    let mut fields = BodyFields::read(request)?;
    let named = Named::read(&mut fields);
    let code = code::read(&mut fields);
    let email = named.as_ref().ok().and_then(Named::email);
    let password = fields.required("new_password", |typed| register.policy.admit(typed, None, email));
    let (Ok(named), Ok(code), Ok(password)) = (named, code, password) else { return Err(fields.into()) };
    Ok(Reset { named, code, password })
}
