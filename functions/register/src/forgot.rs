//! `POST /password/forgot`: asks for a mail with a code for a new password. One write and one response, whoever is asked for.

use serde_json::json;
use shared::http::attempt::username;
use shared::http::{ApiError, ApiResponse, BodyFields, Request, RequestError, rate_limit};
use shared::mail::{Mail, MailRequest};
use shared::names::email::Email;

use crate::Register;

/// Handles a request.
///
/// # Errors
///
/// Neither username nor email, no mail here, too many requests of the client IP, a fault of the service.
pub(crate) async fn handle(register: &Register, request: Request) -> Result<ApiResponse, RequestError> {
    register.check_mail()?;
    let mail = read(&request)?;
    rate_limit::admit(&register.mails, &*register.store, &request).await?;
    register.store.post(&Mail::new(mail, request.now)?).await?;
    Ok(ApiResponse::accepted(&json!({}), None)?)
}

fn read(request: &Request) -> Result<MailRequest, ApiError> {
    let mut fields = BodyFields::read(request)?;
    let mail = if fields.has("email") && !fields.has("username") {
        fields.required("email", |typed| Email::parse(typed).map(|email| MailRequest::reset_by_email(&email)))
    } else {
        username(&mut fields).map(|name| MailRequest::reset_by_username(&name))
    };
    mail.map_err(|_| fields.into())
}
