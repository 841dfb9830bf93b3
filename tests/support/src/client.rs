//! An HTTP client for the functions under an emulator.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use reqwest::{Body, Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A password that registration accepts.
pub const PASSWORD: &str = "a long enough password";

/// No response takes this long. Without a limit a lost one would hang the tests.
const PATIENCE: Duration = Duration::from_mins(1);

/// Headers of the emulator.
const EMULATORS: [&str; 2] = ["content-length", "date"];

/// The headers of every response.
const ALWAYS: [(&str, &str); 4] = [
    ("cache-control", "no-store"),
    ("content-type", "application/json"),
    ("strict-transport-security", "max-age=31536000"),
    ("x-content-type-options", "nosniff"),
];

/// A client of one emulator.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    port: u16,
}

impl Client {
    /// A client of the emulator on this port.
    pub fn new(port: u16) -> Self {
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build();
        Self { http: http.expect("an HTTP client"), port }
    }

    /// `POST /register`.
    pub async fn register(&self, username: &str, password: &str) -> Response {
        self.post("register", json!({ "username": username, "password": password }).to_string()).await
    }

    /// `POST /login`.
    pub async fn login(&self, username: &str, password: &str) -> Response {
        self.post("login", json!({ "username": username, "password": password }).to_string()).await
    }

    /// `POST /validate` with this `Authorization`.
    pub async fn validate(&self, authorization: &str) -> Response {
        send(self.request(Method::POST, "/validate").header(AUTHORIZATION, authorization)).await
    }

    /// Calls `validate` as the authorizer of an API: the decision on a token, or an error.
    pub async fn authorize(&self, token: &str) -> Result<bool, Value> {
        let event = json!({
            "authorizationToken": token,
            "requestContext": { "apiId": "a1b2c3d4e5", "queryString": "{ me }" },
        });
        let request = self.request(Method::POST, "/2015-03-31/functions/validate/invocations");
        let response = request.json(&event).send().await.expect("a response");
        let response: Value = response.json().await.expect("JSON");
        response["isAuthorized"].as_bool().ok_or(response)
    }

    /// Sends a body as JSON.
    pub async fn post(&self, function: &str, body: impl Into<Body>) -> Response {
        send(self.json(function, body)).await
    }

    /// A request with a body that is declared to be JSON.
    pub fn json(&self, function: &str, body: impl Into<Body>) -> RequestBuilder {
        let request = self.request(Method::POST, &format!("/{function}"));
        request.header(CONTENT_TYPE, "application/json").body(body)
    }

    /// A request of any kind.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("http://127.0.0.1:{}{path}", self.port))
    }

    /// Sends a request line as it is, over a connection of its own, since HTTP clients refuse bad ones. The body is an empty
    /// JSON object. Returns the status.
    pub async fn status_of(&self, request_line: &str) -> u16 {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.expect("a connection");
        let headers =
            "host: localhost\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close";
        let request = format!("{request_line}\r\n{headers}\r\n\r\n{{}}");
        stream.write_all(request.as_bytes()).await.expect("a request sent");
        let mut response = String::new();
        stream.read_to_string(&mut response).await.expect("a response");
        let status = response.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
        status.unwrap_or_else(|| panic!("no status: {response}"))
    }
}

/// Sends a request that must get a response.
pub async fn send(request: RequestBuilder) -> Response {
    try_send(request).await.expect("a response")
}

/// Sends a request that may get no response.
pub async fn try_send(request: RequestBuilder) -> reqwest::Result<Response> {
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), services(response.headers()));
    Ok(Response { status, headers, body: response.text().await? })
}

/// The headers of the service.
fn services(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut own = BTreeMap::new();
    for name in headers.keys().filter(|name| !EMULATORS.contains(&name.as_str())) {
        let values: Vec<_> =
            headers.get_all(name).iter().map(|value| value.to_str().expect("ASCII")).collect();
        own.insert(name.to_string(), values.join(" | "));
    }
    own
}

/// A response of the service.
#[derive(Debug, Eq, PartialEq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers, without those of the emulator.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: String,
}

impl Response {
    /// Asserts this status, these bytes, and no headers but those of every response and `header`.
    #[track_caller]
    pub fn must_be(&self, status: u16, body: &str, header: Option<(&str, &str)>) {
        let codes = self.headers.get("x-error-codes").map(|codes| ("x-error-codes", codes.as_str()));
        assert_eq!(codes.is_some(), status == 400 && !body.contains(r#""code":"#), "{self:?}");
        let headers = ALWAYS.into_iter().chain(header).chain(codes);
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        assert_eq!(*self, Response { status, headers, body: body.to_owned() });
    }

    /// A text member of the body.
    #[track_caller]
    pub fn text(&self, member: &str) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"));
        body[member].as_str().unwrap_or_else(|| panic!("no {member}: {self:?}")).to_owned()
    }

    /// The token in the body, as an `Authorization` header presents it.
    #[track_caller]
    pub fn bearer(&self) -> String {
        format!("Bearer {}", self.text("token"))
    }
}
