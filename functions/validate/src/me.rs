//! `GET /me`: tells the caller its own id and name.
//!
//! Behind an HTTP API whose authorizer is `validate`, the function repeats the context that the authorizer handed on. API
//! Gateway writes that context into the event; a client cannot. Without an authorizer in front, as on a laptop, it judges
//! the token itself.

use serde::Serialize;
use shared::account::AccountId;
use shared::http::{ApiResponse, Request, RequestError};

use crate::Validate;
use crate::verdict::account_of;

/// The body.
#[derive(Serialize)]
struct Me {
    user_id: String,
    username: String,
}

/// Handles a request.
///
/// # Errors
///
/// No token, a token that is not valid, a fault of the service.
pub(crate) async fn handle(validate: &Validate, request: Request) -> Result<ApiResponse, RequestError> {
    let (id, username) = if let Some(told) = told(&request) {
        told
    } else {
        let account = account_of(validate, &request).await?;
        (account.id, account.username)
    };
    Ok(ApiResponse::ok(&Me { user_id: id.to_string(), username }, id)?)
}

/// The id and the name in the authorizer's context.
fn told(request: &Request) -> Option<(AccountId, String)> {
    let text = |name: &str| request.authorizer.get(name)?.as_str();
    Some((AccountId::parse(text("user_id")?)?, text("username")?.to_owned()))
}
