//! A request as a handler sees it.

use lambda_http::http::{HeaderMap, Method};
use serde_json::{Map, Value};

use super::{Clock, Event};
use crate::limits::client_ip::ClientIp;
use crate::time::Timestamp;

/// An HTTP request. `Debug` shows nothing: bodies hold passwords and headers hold tokens.
pub struct Request {
    /// The arrival of the request.
    pub now: Timestamp,
    /// The clock, for moments after the arrival.
    pub clock: Clock,
    /// The client IP, where the gateway tells it.
    pub client_ip: Option<ClientIp>,
    /// The context of an authorizer in front of an HTTP API; empty without one.
    pub authorizer: Map<String, Value>,
    /// The cookies as `name=value`.
    pub(super) cookies: Vec<String>,
    /// The host, as the client says.
    pub(super) host: Option<String>,
    /// The path, with whatever stage and base path precede the route.
    path: String,
    http: lambda_http::Request,
}

impl Request {
    /// A request without client IP, authorizer, cookies, host and path.
    #[must_use]
    pub fn new(clock: Clock, http: lambda_http::Request) -> Self {
        let (authorizer, cookies, path) = (Map::new(), Vec::new(), String::new());
        Self { now: clock(), clock, client_ip: None, authorizer, cookies, host: None, path, http }
    }

    pub(super) fn of_event(now: Timestamp, clock: Clock, event: &Event, http: lambda_http::Request) -> Self {
        Self {
            now,
            clock,
            client_ip: event.client_ip(),
            authorizer: event.authorizer_context(),
            cookies: event.cookies(),
            host: event.host(),
            path: event.path().to_owned(),
            http,
        }
    }

    /// The last segment of the path.
    #[must_use]
    pub fn last_segment(&self) -> &str {
        self.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
    }

    /// The value of a header that is there once and is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers().get_all(name).iter();
        let value = values.next()?.to_str().ok();
        value.filter(|_| values.next().is_none())
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &Method {
        self.http.method()
    }

    /// The headers that are read.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.http.headers()
    }

    /// The body's bytes.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.http.body()
    }
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Request(***)")
    }
}
