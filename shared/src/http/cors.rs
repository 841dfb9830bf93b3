//! CORS on a laptop. Deployed, the HTTP API of `template.yaml` does the same
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html>): it responds to preflight requests
//! itself, and its headers take the place of those of a function. So nothing works on a laptop that fails when deployed.

use lambda_http::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, HeaderMap,
    HeaderValue, ORIGIN, VARY,
};
use lambda_http::http::{Method, Request};

use crate::origins::Origins;

/// `false` in the deployed build, whose responses have no headers of this module.
const IS_LAPTOP: bool = cfg!(feature = "sqlite");

// The lists of the template. Its tests compare them.
const ALLOW_METHODS: &str = "DELETE,GET,POST";
const ALLOW_HEADERS: &str = "authorization,content-type,idempotency-key";
const EXPOSE_HEADERS: &str = "allow,retry-after,www-authenticate,x-error-codes";
/// Seconds for which a browser remembers the response to a preflight request.
const MAX_AGE: &str = "600";

/// The part of a request that CORS depends on.
pub(super) struct Cors {
    /// The request asks what a page may send. It reaches no handler.
    pub(super) is_preflight: bool,
    origin: Option<HeaderValue>,
}

impl Cors {
    pub(super) fn of<B>(request: &Request<B>) -> Self {
        let origin = if IS_LAPTOP { request.headers().get(ORIGIN).cloned() } else { None };
        Self { is_preflight: origin.is_some() && request.method() == Method::OPTIONS, origin }
    }

    /// Tells the browser what a page of its origin may read, and after a preflight request what it may send.
    pub(super) fn allow(self, origins: &Origins, headers: &mut HeaderMap) {
        let Some(origin) = self.origin else { return };
        headers.remove(ACCESS_CONTROL_ALLOW_ORIGIN);
        headers.append(VARY, HeaderValue::from_static("origin"));
        if *origins == Origins::Every {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        } else if origin.to_str().is_ok_and(|origin| origins.has(origin)) {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        } else {
            return;
        }
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSE_HEADERS));
        if self.is_preflight {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(ALLOW_METHODS));
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(ALLOW_HEADERS));
            headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE));
        }
    }
}
