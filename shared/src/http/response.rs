//! Responses: a body in JSON and the headers that go with it.

use std::fmt;
use std::time::Duration;

use lambda_http::http::StatusCode;
use lambda_http::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, SET_COOKIE,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
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

/// A successful response. `Debug` shows the status alone: bodies and cookies hold tokens.
pub struct ApiResponse {
    status: StatusCode,
    body: String,
    cookies: Vec<HeaderValue>,
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

    /// `202 Accepted`. The account's id, where it is known, is for the log.
    ///
    /// # Errors
    ///
    /// When the body cannot be written as JSON.
    pub fn accepted(body: &impl Serialize, account_id: Option<AccountId>) -> Result<Self, ApiError> {
        let logged = Logged { outcome: Outcome::Ok, reason: None, account_id };
        let (body, cookies) = (serde_json::to_string(body)?, Vec::new());
        Ok(Self { status: StatusCode::ACCEPTED, body, cookies, is_public: false, logged })
    }

    /// `200 OK` with a body that is the same for everybody: caches may keep it, and scripts of every origin read it.
    ///
    /// # Errors
    ///
    /// When the body cannot be written as JSON.
    pub fn public(body: &impl Serialize) -> Result<Self, ApiError> {
        let logged = Logged { outcome: Outcome::Ok, reason: None, account_id: None };
        let body = serde_json::to_string(body)?;
        Ok(Self { status: StatusCode::OK, body, cookies: Vec::new(), is_public: true, logged })
    }

    /// `204 No Content`. The account's id, where it is known, is for the log.
    #[must_use]
    pub fn no_content(account_id: Option<AccountId>) -> Self {
        let logged = Logged { outcome: Outcome::Ok, reason: None, account_id };
        let (body, cookies) = (String::new(), Vec::new());
        Self { status: StatusCode::NO_CONTENT, body, cookies, is_public: false, logged }
    }

    /// The same response with cookies, as values of `set-cookie`.
    #[must_use]
    pub fn with_cookies(self, cookies: Vec<HeaderValue>) -> Self {
        Self { cookies, ..self }
    }

    fn new(status: StatusCode, body: &impl Serialize, account_id: AccountId) -> Result<Self, ApiError> {
        let (body, cookies) = (serde_json::to_string(body)?, Vec::new());
        Ok(Self { status, body, cookies, is_public: false, logged: account_id.into() })
    }

    /// The response to a health check.
    pub(super) fn healthy() -> Self {
        let logged = Logged { outcome: Outcome::HealthCheck, reason: None, account_id: None };
        let (body, cookies) = (r#"{"healthy":true}"#.to_owned(), Vec::new());
        Self { status: StatusCode::OK, body, cookies, is_public: false, logged }
    }

    pub(super) fn logged(&self) -> Logged {
        self.logged
    }
}

impl fmt::Debug for ApiResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiResponse({})", self.status)
    }
}

/// The HTTP response to a request, and its status.
pub(super) fn render(result: &Result<ApiResponse, RequestError>) -> (Response<Body>, u16) {
    let (status, body, own) = match result {
        Ok(response) => {
            let cookies = response.cookies.iter().map(|cookie| (SET_COOKIE, cookie.clone()));
            (response.status, response.body.clone(), cookies.collect())
        }
        Err(error) => {
            let Rendered { status, body, headers } = error.error.render();
            (status, body.to_string(), headers)
        }
    };
    let is_empty = body.is_empty();
    let mut response = Response::new(if is_empty { Body::Empty } else { Body::Text(body) });
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if !is_empty {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if result.as_ref().is_ok_and(|response| response.is_public) {
        headers.insert(CACHE_CONTROL, PUBLIC);
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    for (name, value) in own {
        headers.append(name, value);
    }
    (response, status.as_u16())
}
