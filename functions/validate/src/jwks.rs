//! `GET /.well-known/jwks.json`: the public keys by which others verify our tokens (RFC 7517). No store is read.

use shared::http::{ApiResponse, Request, RequestError};

use crate::Validate;

/// Handles a request.
///
/// # Errors
///
/// The keys are unavailable.
pub(crate) async fn handle(validate: &Validate, request: Request) -> Result<ApiResponse, RequestError> {
    let keys = validate.keyring.published(request.now).await?;
    Ok(ApiResponse::public(&*keys)?)
}
