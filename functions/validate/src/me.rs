//! `GET` behind an HTTP API that has `validate` as its authorizer: repeats whom the authorizer let in.
//!
//! It shows what a function behind the authorizer is handed, and saves an API that only wants to know who is calling a
//! function of its own. API Gateway writes the authorizer's context into the event; no client can.

use lambda_http::http::Method;
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt};
use serde::Serialize;
use shared::account::AccountId;
use shared::http::{ApiResponse, RequestError};

/// Who is calling, in the authorizer's words.
#[derive(Serialize)]
pub(crate) struct Me {
    user_id: String,
    username: String,
    #[serde(skip)]
    id: AccountId,
}

impl Me {
    /// Who is calling, if this is a `GET` that our authorizer has let through.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        let RequestContext::ApiGatewayV2(context) = request.request_context_ref()? else { return None };
        let told = &context.authorizer.as_ref()?.fields;
        let text = |name: &str| Some(told.get(name)?.as_str()?.to_owned());
        let (user_id, username) = (text("user_id")?, text("username")?);
        let id = AccountId::parse(&user_id)?;
        (request.method() == Method::GET).then_some(Self { user_id, username, id })
    }

    pub(crate) fn reply(self) -> Result<ApiResponse, RequestError> {
        Ok(ApiResponse::ok(&self, self.id)?)
    }
}
