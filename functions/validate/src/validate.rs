//! `POST /validate`: tells over HTTP whether the token in the `Authorization` header is valid.

use serde::Serialize;
use shared::http::{ApiResponse, Request, RequestError};

use crate::Validate;
use crate::verdict::caller_of;

/// The body for a valid token.
#[derive(Serialize)]
struct Valid {
    valid: bool,
    user_id: String,
}

/// Handles a request.
///
/// # Errors
///
/// No token, a token that is not valid, a fault of the service.
pub(crate) async fn handle(validate: &Validate, request: Request) -> Result<ApiResponse, RequestError> {
    let account = caller_of(validate, &request).await?.account;
    Ok(ApiResponse::ok(&Valid { valid: true, user_id: account.id.to_string() }, account.id)?)
}
