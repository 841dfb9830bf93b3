//! `GET /me`: tells the caller its own ids and name, whether its email is verified, and of the token its session and its end.
//!
//! Behind an HTTP API whose authorizer is `validate`, the function repeats the context that the authorizer handed on. API
//! Gateway writes that context into the event; a client cannot. Without an authorizer in front, as on a laptop, it judges
//! the token itself.

use serde::Serialize;
use shared::account::AccountId;
use shared::http::{ApiResponse, Request, RequestError};

use crate::Validate;
use crate::verdict::caller_of;

/// The body.
#[derive(Serialize)]
struct Me {
    user_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<String>,
    username: String,
    email_verified: bool,
    exp: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
}

/// Handles a request.
///
/// # Errors
///
/// No token, a token that is not valid, a fault of the service.
pub(crate) async fn handle(validate: &Validate, request: Request) -> Result<ApiResponse, RequestError> {
    if let Some((me, id)) = told(&request) {
        return Ok(ApiResponse::ok(&me, id)?);
    }
    let caller = caller_of(validate, &request).await?;
    let me = Me {
        user_id: caller.account.id.to_string(),
        external_id: caller.account.external_id.as_ref().map(ToString::to_string),
        email_verified: caller.account.email_verified,
        exp: caller.expires_at,
        sid: caller.account.session.as_ref().map(|session| session.id.to_string()),
        username: caller.account.username,
    };
    Ok(ApiResponse::ok(&me, caller.account.id)?)
}

/// The caller by the authorizer's context.
fn told(request: &Request) -> Option<(Me, AccountId)> {
    let text = |name: &str| request.authorizer.get(name)?.as_str();
    let id = AccountId::parse(text("user_id")?)?;
    let me = Me {
        user_id: id.to_string(),
        external_id: text("external_id").map(str::to_owned),
        username: text("username")?.to_owned(),
        email_verified: text("email_verified") == Some("true"),
        exp: text("exp")?.parse().ok()?,
        sid: text("sid").map(str::to_owned),
    };
    Some((me, id))
}
