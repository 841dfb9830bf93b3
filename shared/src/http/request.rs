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
    http: lambda_http::Request,
}

impl Request {
    /// A request without client IP and authorizer.
    #[must_use]
    pub fn new(clock: Clock, http: lambda_http::Request) -> Self {
        Self { now: clock(), clock, client_ip: None, authorizer: Map::new(), http }
    }

    pub(super) fn of_event(now: Timestamp, clock: Clock, event: &Event, http: lambda_http::Request) -> Self {
        Self { now, clock, client_ip: event.client_ip(), authorizer: event.authorizer_context(), http }
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
