//! Responses: a body in JSON and the headers that go with it.

use std::time::Duration;

use lambda_http::http::StatusCode;
use lambda_http::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use lambda_http::{Body, Response};
use serde::Serialize;

use super::error::Rendered;
use super::{ApiError, Logged, RequestError};
use crate::account::AccountId;
use crate::log::Outcome;

/// Time for which caches may keep a response that is for everybody.
pub const PUBLIC_MAX_AGE: Duration = Duration::from_mins(10);

/// Its `cache-control`.
const PUBLIC: HeaderValue = HeaderValue::from_static("public, max-age=600");

const _: () = assert!(PUBLIC_MAX_AGE.as_secs() == 600);

/// A successful response.
#[derive(Debug)]
pub struct ApiResponse {
    status: StatusCode,
    body: String,
    is_public: bool,
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

    /// `200 OK` with a body that is the same for everybody: caches may keep it, and scripts of every origin read it.
    ///
    /// # Errors
    ///
    /// When the body cannot be written as JSON.
    pub fn public(body: &impl Serialize) -> Result<Self, ApiError> {
        let logged = Logged { outcome: Outcome::Ok, account_id: None };
        Ok(Self { status: StatusCode::OK, body: serde_json::to_string(body)?, is_public: true, logged })
    }

    fn new(status: StatusCode, body: &impl Serialize, account_id: AccountId) -> Result<Self, ApiError> {
        Ok(Self { status, body: serde_json::to_string(body)?, is_public: false, logged: account_id.into() })
    }

    /// The response to a health check.
    pub(super) fn healthy() -> Self {
        let logged = Logged { outcome: Outcome::HealthCheck, account_id: None };
        Self { status: StatusCode::OK, body: r#"{"healthy":true}"#.to_owned(), is_public: false, logged }
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
    if result.as_ref().is_ok_and(|response| response.is_public) {
        headers.insert(CACHE_CONTROL, PUBLIC);
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    headers.extend(header);
    (response, status.as_u16())
}
