//! Responses: a body in JSON and the headers that all of them have.

use lambda_http::http::StatusCode;
use lambda_http::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, HeaderValue, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use lambda_http::{Body, Response};
use serde::Serialize;

use super::error::Rendered;
use super::{ApiError, Logged, RequestError};
use crate::account::AccountId;
use crate::log::Outcome;

/// A successful response.
#[derive(Debug)]
pub struct ApiResponse {
    status: StatusCode,
    body: String,
    logged: Logged,
}

impl ApiResponse {
    /// `200 OK`. The account's id is for the log.
    ///
    /// # Errors
    ///
    /// When the body cannot be written as JSON.
    pub fn ok(body: &impl Serialize, account_id: AccountId) -> Result<Self, ApiError> {
        Self::new(StatusCode::OK, body, account_id)
    }

    /// `201 Created`. The account's id is for the log.
    ///
    /// # Errors
    ///
    /// When the body cannot be written as JSON.
    pub fn created(body: &impl Serialize, account_id: AccountId) -> Result<Self, ApiError> {
        Self::new(StatusCode::CREATED, body, account_id)
    }

    fn new(status: StatusCode, body: &impl Serialize, account_id: AccountId) -> Result<Self, ApiError> {
        Ok(Self { status, body: serde_json::to_string(body)?, logged: account_id.into() })
    }

    /// The response to a health check.
    pub(super) fn healthy() -> Self {
        let logged = Logged { outcome: Outcome::HealthCheck, account_id: None };
        Self { status: StatusCode::OK, body: r#"{"healthy":true}"#.to_owned(), logged }
    }

    pub(super) fn logged(&self) -> Logged {
        self.logged
    }
}

/// The HTTP response to a request, and its status.
pub(super) fn render(result: &Result<ApiResponse, RequestError>) -> (Response<Body>, u16) {
    let (status, body, header) = match result {
        Ok(response) => (response.status, response.body.clone(), None),
        Err(error) => {
            let Rendered { status, body, header } = error.error.render();
            (status, body.to_string(), header)
        }
    };
    let mut response = Response::new(Body::Text(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.extend(header);
    (response, status.as_u16())
}
