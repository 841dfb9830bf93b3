//! `POST /email/confirm`: a code from a mail makes its address an account's own. It needs no token: a registration may wait for
//! it.

use serde_json::json;
use shared::code::CodeKey;
use shared::http::{ApiError, ApiResponse, BodyFields, Request, RequestError, rate_limit};
use shared::names::email::Email;
use shared::store::Confirmed;
use shared::time::Timestamp;

use crate::register::taken;
use crate::{Register, code};

/// Handles a request. It costs a hash, in which is lost what an address with a code takes longer than any other: no response tells
/// by its time who waits for a confirmation.
///
/// # Errors
///
/// Bad fields, no such code, an address that is another account's own by now, no mail here, too many failures, a fault of the
/// service.
pub(crate) async fn handle(register: &Register, request: Request) -> Result<ApiResponse, RequestError> {
    register.check_mail()?;
    let mut fields = BodyFields::read(&request)?;
    let (email, typed) = (fields.required("email", Email::parse), code::read(&mut fields));
    let (Ok(email), Ok(typed)) = (email, typed) else { return Err(ApiError::from(fields).into()) };
    rate_limit::check(&register.guesses, &*register.store, &request).await?;
    // Nothing matches. It is the time that counts.
    _ = register.hasher.verify(None, None);
    let sent = code::redeem(register, &CodeKey::email(email.key()), typed.as_ref(), &request).await?;
    let account = register.store.find(&sent.username).await?;
    let is_over = |end: Timestamp| end <= request.now;
    let account = account.filter(|found| sent.is_of(found) && !found.pending_until.is_some_and(is_over));
    let Some(account) = account else { return Err(code::refuse(register, &request).await) };
    match register.store.confirm_email(&account, &sent).await? {
        Confirmed::Yes => {
            let body = json!({ "email": sent.email.as_str(), "verified": true });
            Ok(ApiResponse::ok(&body, account.id)?)
        }
        Confirmed::Changed => Err(code::refuse(register, &request).await),
        Confirmed::Taken => Err(taken(false, true)),
    }
}
