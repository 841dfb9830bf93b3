//! `POST /email`: the owner of an account asks for another address, or for the confirmation of the one it has. A code goes
//! to the address; the account keeps the one it has until the code is back.

use serde_json::json;
use shared::http::{ApiError, ApiResponse, BodyFields, Request, RequestError, rate_limit};
use shared::limits::address_mails;
use shared::mail::{Mail, MailRequest, Notice};
use shared::names::email::Email;

use crate::Register;
use crate::owner::{self, current_password};

/// Handles a request. Whether somebody else has the address is told to nobody but the owner of its mailbox.
///
/// # Errors
///
/// No valid token, bad fields, a wrong password, no mail here, too many attempts, another request of the account within a minute,
/// a fault of the service.
pub(crate) async fn handle(register: &Register, request: Request) -> Result<ApiResponse, RequestError> {
    register.check_mail()?;
    let mut fields = BodyFields::read(&request)?;
    let caller = owner::caller(register, &request).await?;
    let (email, current) = (fields.required("email", Email::parse), current_password(&mut fields));
    let (Ok(email), Ok(current)) = (email, current) else { return Err(ApiError::from(fields).into()) };
    let account = caller.prove(register, current.as_ref(), &request).await?.account;
    rate_limit::admit(&register.mails, &*register.store, &request).await?;
    let mails = address_mails::window(account.id, request.now);
    rate_limit::admit_account(&mails, account.id, &*register.store, request.now).await?;
    let is_other = account.email.as_ref().is_some_and(|own| own.key() != email.key());
    if is_other && let Some(notice) = register.notice(Notice::EmailChanging, &account, request.now)? {
        register.store.post(&notice).await?;
    }
    register.store.post(&Mail::new(MailRequest::confirm(&account, &email), request.now)?).await?;
    Ok(ApiResponse::accepted(&json!({}), Some(account.id))?)
}
