//! A code that was typed: whose it is.

use std::convert::Infallible;

use shared::code::{Code, CodeKey, SentCode};
use shared::http::{ApiError, BodyFields, Invalid, Request, RequestError, rate_limit};
use shared::log::Reason;

use crate::Register;

/// The field `code`. A text that cannot be a code is `None`: it is a wrong one, after the same work.
pub(crate) fn read(fields: &mut BodyFields) -> Result<Option<Code>, Invalid> {
    fields.required("code", |typed| Ok::<_, Infallible>(Code::parse(typed)))
}

/// Counts a try, and finds the code that was sent. One call of the store, whatever is there.
///
/// # Errors
///
/// No such code, a fault of the service.
pub(crate) async fn redeem(
    register: &Register,
    key: &CodeKey,
    typed: Option<&Code>,
    request: &Request,
) -> Result<SentCode, RequestError> {
    let sent = register.store.try_code(key, request.now).await?;
    let digest = typed.map(|code| key.digest(code));
    let found = sent.into_iter().find(|sent| digest.as_ref().is_some_and(|digest| sent.digest.is(digest)));
    match found {
        Some(found) => Ok(found),
        None => Err(refuse(register, request).await),
    }
}

/// The error of a code that is not good. It counts against the client IP.
pub(crate) async fn refuse(register: &Register, request: &Request) -> RequestError {
    match rate_limit::admit(&register.guesses, &*register.store, request).await {
        Ok(()) => ApiError::invalid_code().because(Reason::WrongCode, None),
        Err(error) => error,
    }
}
