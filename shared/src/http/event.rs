//! Lambda events, parsed once and only as far as a function reads them.
//!
//! Members that no function reads are never parsed, so they cannot fail an event. `lambda_http` builds a URL from the `Host`
//! header, the path and the query, and panics where that fails or where base64 is bad; it is handed a request that is made
//! from the members below, without a URL.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lambda_http::aws_lambda_events::alb::AlbTargetGroupRequest;
use lambda_http::aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayV2httpRequest};
use lambda_http::http::Method;
use lambda_http::http::header::{HeaderMap, HeaderName, HeaderValue};
use lambda_http::request::LambdaRequest;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::limits::client_ip::ClientIp;

/// The members that are read as they are.
const MEMBERS: [&str; 16] = [
    "Records",
    "authorizationToken",
    "body",
    "cookies",
    "httpMethod",
    "identitySource",
    "isBase64Encoded",
    "methodArn",
    "path",
    "rawPath",
    "resource",
    "routeArn",
    "routeKey",
    "source",
    "type",
    "version",
];

/// The headers that are read, in lower case.
const HEADERS: [&str; 10] = [
    "authorization",
    "content-encoding",
    "content-type",
    "cookie",
    "host",
    "idempotency-key",
    "origin",
    "sec-fetch-site",
    "sec-websocket-protocol",
    "user-agent",
];

/// Senders of events that only keep a function warm: schedules of `EventBridge`, and the plugin of the Serverless Framework.
const PINGS: [&str; 3] = ["aws.events", "aws.scheduler", "serverless-plugin-warmup"];

/// One Lambda event of any kind. `Debug` shows nothing: bodies hold passwords and headers hold tokens.
pub struct Event {
    request_id: String,
    members: Map<String, Value>,
    is_empty: bool,
}

/// The gateway's own facts about an event, by which a log line joins the access log of the API.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The gateway's id of the request.
    pub request_id: Option<String>,
    /// The id of the API.
    pub api_id: Option<String>,
    /// Method and path of the route as it was set up, never the path of the request.
    pub route: Option<String>,
    /// The client IP.
    pub client_ip: Option<String>,
}

/// The sender of an HTTP request, which decides the form of the response.
#[derive(Clone, Copy)]
enum Sender {
    /// An HTTP API or a function URL.
    HttpApi,
    /// An Application Load Balancer.
    LoadBalancer,
    /// A REST API, or an HTTP API with payload 1.0.
    RestApi,
}

impl Event {
    /// Parses an event. JSON of another form than AWS sends gives an event without members.
    #[must_use]
    pub fn parse(json: &str, request_id: &str) -> Self {
        let mut members = Map::new();
        for (name, raw) in object(json) {
            let value = match name.as_str() {
                "headers" | "multiValueHeaders" => {
                    some_of(raw, |name| HEADERS.contains(&&*name.to_ascii_lowercase()))
                }
                "queryStringParameters" | "multiValueQueryStringParameters" => {
                    some_of(raw, |name| name == "token")
                }
                "requestContext" => context(raw),
                name if MEMBERS.contains(&name) => value(raw),
                _ => continue,
            };
            members.insert(name, value);
        }
        let is_empty = members.is_empty()
            && matches!(serde_json::from_str(json), Ok(Value::Object(object)) if object.is_empty());
        Self { request_id: request_id.to_owned(), members, is_empty }
    }

    /// Lambda's id of the invocation.
    #[must_use]
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// A member, if it is there and is read by some function.
    #[must_use]
    pub fn get(&self, member: &str) -> Option<&Value> {
        self.members.get(member)
    }

    /// A member that is a text.
    #[must_use]
    pub fn text(&self, member: &str) -> Option<&str> {
        self.get(member)?.as_str()
    }

    /// A member of `requestContext`.
    #[must_use]
    pub fn context(&self, member: &str) -> Option<&Value> {
        self.get("requestContext")?.get(member)
    }

    /// The texts of a header, from both maps. Where both have it, the second map has all its values.
    pub fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let values = |map: &str| -> Vec<&'a str> {
            let headers = self.get(map).and_then(Value::as_object).into_iter().flatten();
            let named = headers.filter(|(header, _)| header.eq_ignore_ascii_case(name));
            named.flat_map(|(_, value)| texts(Some(value))).collect()
        };
        let (single, multiple) = (values("headers"), values("multiValueHeaders"));
        if multiple.is_empty() { single } else { multiple }.into_iter()
    }

    /// `true` for an event that only keeps the function warm.
    #[must_use]
    pub fn is_ping(&self) -> bool {
        let is_ping = self.text("source").is_some_and(|source| PINGS.contains(&source));
        let of_api = ["methodArn", "requestContext", "routeArn", "type"];
        self.is_empty || (is_ping && of_api.iter().all(|member| self.get(member).is_none_or(Value::is_null)))
    }

    /// `true` for the health check of a load balancer.
    pub(super) fn is_health_check(&self) -> bool {
        let is_checker = self.header("user-agent").any(|agent| agent.starts_with("ELB-HealthChecker/"));
        matches!(self.sender(), Some(Sender::LoadBalancer)) && is_checker
    }

    /// The gateway's own facts about the event.
    #[must_use]
    pub fn origin(&self) -> Origin {
        let context = |member: &str| Some(self.context(member)?.as_str()?.to_owned());
        let of_arn =
            || self.text("methodArn").or(self.text("routeArn"))?.split('/').next()?.rsplit(':').next();
        let rest_route = || Some(format!("{} {}", self.text("httpMethod")?, self.text("resource")?));
        let client_ip =
            ["http", "identity"].iter().find_map(|part| self.context(part)?.get("sourceIp")?.as_str());
        Origin {
            request_id: context("requestId"),
            api_id: context("apiId").or_else(|| of_arn().map(str::to_owned)),
            route: self.text("routeKey").map(str::to_owned).or_else(rest_route),
            client_ip: client_ip.map(str::to_owned),
        }
    }

    /// The client IP as the gateway saw it. A load balancer tells it only in a header that a client can forge.
    pub(super) fn client_ip(&self) -> Option<ClientIp> {
        let part = match self.sender()? {
            Sender::HttpApi => "http",
            Sender::RestApi => "identity",
            Sender::LoadBalancer => return None,
        };
        ClientIp::parse(self.context(part)?.get("sourceIp")?.as_str()?)
    }

    /// The context that the authorizer of an HTTP API handed on. API Gateway writes it; a client cannot.
    pub(super) fn authorizer_context(&self) -> Map<String, Value> {
        self.context("authorizer").and_then(Value::as_object).cloned().unwrap_or_default()
    }

    /// The cookies of an HTTP request as `name=value`. HTTP APIs list them; the emulator of a laptop leaves them in the header
    /// as well.
    pub(super) fn cookies(&self) -> Vec<String> {
        let listed = texts(self.get("cookies"));
        let headers = self.header("cookie").filter(|_| listed.is_empty());
        let cookies = listed.iter().copied().chain(headers.flat_map(|header| header.split(';')));
        cookies.map(|cookie| cookie.trim().to_owned()).collect()
    }

    /// The host that an HTTP request was sent to, as the client says.
    pub(super) fn host(&self) -> Option<String> {
        let mut hosts = self.header("host");
        hosts.next().filter(|_| hosts.next().is_none()).map(str::to_owned)
    }

    /// The path of an HTTP request, with whatever stage and base path precede the route.
    pub(super) fn path(&self) -> &str {
        self.text("rawPath").or(self.text("path")).unwrap_or_default()
    }

    /// The HTTP request for `lambda_http`; `None` for events of other kinds.
    pub(super) fn to_lambda_request(&self) -> Option<LambdaRequest> {
        let sender = self.sender()?;
        let method = match sender {
            Sender::HttpApi => self.context("http")?.get("method")?.as_str()?,
            Sender::LoadBalancer | Sender::RestApi => self.text("httpMethod")?,
        };
        let method = Method::from_bytes(method.as_bytes()).ok()?;
        let (headers, (body, encoded)) = (self.headers(), self.body());
        Some(match sender {
            Sender::HttpApi => {
                let mut request = ApiGatewayV2httpRequest::default();
                request.request_context.http.method = method;
                (request.headers, request.body, request.is_base64_encoded) = (headers, body, encoded);
                LambdaRequest::ApiGatewayV2(request)
            }
            Sender::LoadBalancer => {
                let mut request = AlbTargetGroupRequest::default();
                request.http_method = method;
                (request.headers, request.body, request.is_base64_encoded) = (headers, body, encoded);
                LambdaRequest::Alb(request)
            }
            Sender::RestApi => {
                let mut request = ApiGatewayProxyRequest::default();
                request.http_method = method;
                (request.headers, request.body, request.is_base64_encoded) = (headers, body, encoded);
                LambdaRequest::ApiGatewayV1(request)
            }
        })
    }

    fn sender(&self) -> Option<Sender> {
        if ["type", "methodArn", "routeArn"].iter().any(|member| self.text(member).is_some()) {
            return None;
        }
        let context = self.get("requestContext")?.as_object()?;
        match () {
            () if context.contains_key("elb") => Some(Sender::LoadBalancer),
            () if context.contains_key("http") => Some(Sender::HttpApi),
            () if self.text("httpMethod").is_some() => Some(Sender::RestApi),
            () => None,
        }
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        // `lambda_http` would build a URL from the host.
        for name in HEADERS.into_iter().filter(|name| *name != "host") {
            for text in self.header(name) {
                // A header cannot hold a control character. Its substitute is part of no value that is accepted.
                let text = text.replace(|c: char| c.is_control() && c != '\t', "\u{FFFD}");
                if let Ok(value) = HeaderValue::from_bytes(text.as_bytes()) {
                    headers.append(HeaderName::from_static(name), value);
                }
            }
        }
        headers
    }

    /// The body, and whether it is in base64. Bad base64 becomes an ordinary body that is not JSON.
    fn body(&self) -> (Option<String>, bool) {
        let Some(body) = self.text("body") else { return (None, false) };
        let encoded = self.get("isBase64Encoded") == Some(&Value::Bool(true));
        if encoded && BASE64_STANDARD.decode(body).is_err() {
            return (Some("not base64".to_owned()), false);
        }
        (Some(body.to_owned()), encoded)
    }
}

impl std::fmt::Debug for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Event(***)")
    }
}

/// A text, or the texts of a list.
#[must_use]
pub fn texts(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The members of an object with their unparsed values; none for other JSON.
fn object(json: &str) -> BTreeMap<String, &RawValue> {
    serde_json::from_str(json).unwrap_or_default()
}

/// A value; `null` for JSON that this parser does not support, such as a number beyond all bounds.
fn value(raw: &RawValue) -> Value {
    serde_json::from_str(raw.get()).unwrap_or_default()
}

/// The members of an object whose names are read.
fn some_of(raw: &RawValue, is_read: impl Fn(&str) -> bool) -> Value {
    let members = object(raw.get()).into_iter().filter(|(name, _)| is_read(name));
    Value::Object(members.map(|(name, raw)| (name, value(raw))).collect())
}

/// `requestContext`, as far as it is read. Anything but an object is no context.
fn context(raw: &RawValue) -> Value {
    if !raw.get().starts_with('{') {
        return Value::Null;
    }
    let members = object(raw.get()).into_iter().filter_map(|(name, raw)| {
        let value = match name.as_str() {
            // Members of other kinds of events may be there and `null`.
            _ if raw.get() == "null" => return None,
            "http" => some_of(raw, |name| ["method", "sourceIp"].contains(&name)),
            "identity" => some_of(raw, |name| name == "sourceIp"),
            "authorizer" => object(raw.get()).get("lambda").map_or(Value::Null, |raw| value(raw)),
            // Their presence alone tells the kind of the event.
            "connectionId" | "elb" | "operation" | "queryString" => Value::Bool(true),
            "apiId" | "requestId" => value(raw),
            _ => return None,
        };
        Some((name, value))
    });
    Value::Object(members.collect())
}

#[cfg(test)]
mod tests;
