//! A stand-in for Amazon SES that keeps the mails it gets.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};

use crate::lambda::{REGION, SECRET_ACCESS_KEY, SESSION_TOKEN};
use crate::server;
use crate::signature::Received;

/// The path of the operation `SendEmail`.
pub const PATH: &str = "/v2/email/outbound-emails";

/// The response to a mail.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mode {
    /// An error of this status and type.
    Fails(u16, &'static str),
    /// None at all.
    Hangs,
    /// The mail is taken.
    Takes,
}

/// The account of AWS is suspended.
pub const ACCOUNT_SUSPENDED: Mode = Mode::Fails(400, "AccountSuspendedException");
/// The function's role has no permission.
pub const ACCESS_DENIED: Mode = Mode::Fails(403, "AccessDeniedException");
/// SES is down.
pub const DOWN: Mode = Mode::Fails(503, "ServiceUnavailableException");
/// The quota of a day is used up.
pub const LIMIT_EXCEEDED: Mode = Mode::Fails(400, "LimitExceededException");
/// There is no such template.
pub const NO_TEMPLATE: Mode = Mode::Fails(404, "NotFoundException");
/// The request is wrong in itself, as for an address that SES does not take.
pub const REFUSED: Mode = Mode::Fails(400, "BadRequestException");
/// Mail is paused for the account.
pub const SENDING_PAUSED: Mode = Mode::Fails(400, "SendingPausedException");
/// Too many requests a second.
pub const THROTTLED: Mode = Mode::Fails(429, "TooManyRequestsException");
/// The sender is not verified, or in the sandbox the recipient.
pub const UNVERIFIED: Mode = Mode::Fails(400, "MessageRejected");

/// The stand-in. It ends with the runtime that started it.
#[derive(Debug)]
pub struct Ses {
    /// Where it listens.
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    mode: Mode,
    mails: Vec<Mail>,
    requests: usize,
}

/// A mail that was taken. Members are those of `SendEmail`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mail {
    /// `FromEmailAddress`.
    pub from: String,
    /// The one address of `Destination`.
    pub to: String,
    /// `Content`.
    pub content: Value,
}

impl Mail {
    /// The subject, of a mail without a template.
    pub fn subject(&self) -> &str {
        self.content["Simple"]["Subject"]["Data"].as_str().unwrap()
    }

    /// The text, of a mail without a template.
    pub fn text(&self) -> &str {
        self.content["Simple"]["Body"]["Text"]["Data"].as_str().unwrap()
    }

    /// The HTML, of a mail without a template.
    pub fn html(&self) -> &str {
        self.content["Simple"]["Body"]["Html"]["Data"].as_str().unwrap()
    }

    /// The code, which is alone on a line: `01234-56789`.
    pub fn code(&self) -> Option<&str> {
        let is_code = |line: &&str| {
            let (start, end) = line.split_once('-').unwrap_or_default();
            [start, end]
                .iter()
                .all(|half| half.len() == 5 && half.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        };
        self.text().lines().find(is_code)
    }

    /// The name of the template, and the values of its variables.
    pub fn template(&self) -> (&str, Value) {
        let template = &self.content["Template"];
        let data = template["TemplateData"].as_str().unwrap();
        (template["TemplateName"].as_str().unwrap(), serde_json::from_str(data).unwrap())
    }
}

impl Ses {
    /// Starts the stand-in on a free port.
    pub async fn start() -> Self {
        let state = State { mode: Mode::Takes, mails: Vec::new(), requests: 0 };
        let state = Arc::new(Mutex::new(state));
        let routes = Router::new().route(PATH, post(handle)).with_state(state.clone());
        let (address, _) = server::start(routes).await;
        Self { address, state }
    }

    /// Sets the response from now on.
    pub fn set(&self, mode: Mode) {
        self.state().mode = mode;
    }

    /// The mails that were taken since the last call.
    pub fn mails(&self) -> Vec<Mail> {
        std::mem::take(&mut self.state().mails)
    }

    /// The number of requests since the last call, refused ones included.
    pub fn requests(&self) -> usize {
        std::mem::take(&mut self.state().requests)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

async fn handle(
    Shared(state): Shared<Arc<Mutex<State>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mode = {
        let mut state = state.lock().unwrap();
        state.requests += 1;
        state.mode
    };
    if headers.get("x-amz-security-token").is_none_or(|token| token != SESSION_TOKEN) {
        return error(403, "UnrecognizedClientException", "for the log");
    }
    let received = Received { method: &method, path: uri.path(), headers: &headers, body: &body };
    if let Err(problem) = received.check(SECRET_ACCESS_KEY, REGION, "ses") {
        return error(403, "InvalidSignatureException", &problem);
    }
    match mode {
        Mode::Fails(status, kind) => error(status, kind, "for the log"),
        Mode::Hangs => pending().await,
        Mode::Takes => match mail(&headers, &body) {
            Some(mail) => {
                state.lock().unwrap().mails.push(mail);
                respond(200, &json!({ "MessageId": "010001" }))
            }
            None => error(400, "BadRequestException", "for the log"),
        },
    }
}

/// Reads a request as strictly as SES: mailboxes are one line of ASCII, and a mail has words or a template.
fn mail(headers: &HeaderMap, body: &[u8]) -> Option<Mail> {
    let is_line = |text: &str| text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let request: Value = serde_json::from_slice(body).ok()?;
    let from = request["FromEmailAddress"].as_str()?;
    let [to] = &request["Destination"]["ToAddresses"].as_array()?[..] else { return None };
    let to = to.as_str()?;
    let content = &request["Content"];
    let simple = &content["Simple"];
    let words = [&simple["Subject"], &simple["Body"]["Text"], &simple["Body"]["Html"]];
    let has_words = words.iter().all(|part| part["Data"].is_string() && part["Charset"] == "UTF-8");
    let has_template = content["Template"]["TemplateName"].is_string()
        && serde_json::from_str::<Value>(content["Template"]["TemplateData"].as_str().unwrap_or_default())
            .is_ok_and(|data| data.is_object());
    let is_good = headers.get(CONTENT_TYPE)? == "application/json"
        && is_line(from)
        && is_line(to)
        && to.contains('@')
        && !to.contains([' ', '<', '>', ','])
        && has_words != has_template;
    is_good.then(|| Mail { from: from.to_owned(), to: to.to_owned(), content: content.clone() })
}

/// As in the protocol `restJson1`: the type is in a header.
fn error(status: u16, kind: &'static str, message: &str) -> Response {
    let mut response = respond(status, &json!({ "message": message }));
    response.headers_mut().insert("x-amzn-errortype", kind.parse().unwrap());
    response
}

fn respond(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    (status, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
