//! A proxy before the DynamoDB engine that makes faults.

use std::collections::BTreeSet;
use std::future::pending;
use std::io::Error;
use std::io::ErrorKind::ConnectionAborted;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{self, Request};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use support::lambda::{REGION, SECRET_ACCESS_KEY, SESSION_TOKEN};
use support::signature::Received;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::Barrier;
use tokio::task::{JoinHandle, JoinSet};

use crate::attributes;
use crate::calls::{call, parts};

/// Errors of DynamoDB, by status and type.
pub const ACCESS_DENIED: Fault = Fault::Error(400, "com.amazon.coral.service#AccessDeniedException");
pub const EXPIRED_TOKEN: Fault = Fault::Error(400, "com.amazon.coral.service#ExpiredTokenException");
pub const INTERNAL_ERROR: Fault = Fault::Error(500, "com.amazonaws.dynamodb.v20120810#InternalServerError");
pub const THROTTLED: Fault = Fault::Error(400, "com.amazon.coral.availability#ThrottlingException");
pub const TOO_MUCH: Fault =
    Fault::Error(400, "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException");

/// The fault that a request meets. Those of writes leave reads alone.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Of writes: an error, since another transaction uses the same item.
    Conflict,
    /// An error with this status and type.
    Error(u16, &'static str),
    /// A response with this status that is not from DynamoDB.
    Garbage(u16),
    /// No response.
    Hang,
    /// Of writes: it waits at the barrier twice, once to be seen and once to be let on.
    Hold(Arc<Barrier>),
    /// Of writes: it is done, but the connection breaks before the response.
    LoseResponse,
    /// Of writes: it is done, waits at the barrier to be seen, and there is no response.
    Stop(Arc<Barrier>),
    /// Of writes: it waits for the others, so that all arrive at the same time.
    Together(Arc<Barrier>),
    /// Of writes: it is done, but there is no response.
    WithholdResponse,
}

impl Fault {
    fn applies_to(&self, operation: &str) -> bool {
        match self {
            Self::Error(..) | Self::Garbage(_) | Self::Hang => true,
            Self::Conflict
            | Self::Hold(_)
            | Self::LoseResponse
            | Self::Stop(_)
            | Self::Together(_)
            | Self::WithholdResponse => {
                ["DeleteItem", "PutItem", "TransactWriteItems", "UpdateItem"].contains(&operation)
            }
        }
    }
}

/// The proxy. It ends with the test's runtime.
pub struct Proxy {
    pub address: SocketAddr,
    /// Reserves the port while the proxy does not listen.
    _reserved: TcpSocket,
    engine: SocketAddr,
    state: Arc<Mutex<State>>,
    serving: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    /// The fault of the next requests.
    fault: Option<Planned>,
    /// The delay of every response.
    delay: Duration,
    /// The number of connections so far.
    connections: usize,
    /// The number of them that get no response any more, from the first.
    forgotten: usize,
    calls: Vec<String>,
    named: Vec<(String, BTreeSet<String>)>,
    responses: Vec<String>,
}

/// A fault of some requests, of those that it applies to.
struct Planned {
    fault: Fault,
    /// The number that pass before.
    passing: usize,
    /// The number that meet it then.
    meeting: usize,
}

impl Proxy {
    pub fn start(engine: SocketAddr) -> Self {
        let reserved = socket("127.0.0.1:0".parse().unwrap());
        let address = reserved.local_addr().unwrap();
        let mut proxy = Self { address, _reserved: reserved, engine, state: Arc::default(), serving: None };
        proxy.listen();
        proxy
    }

    /// Ends all faults.
    pub fn pass(&mut self) {
        let mut state = self.state();
        state.fault = None;
        state.delay = Duration::ZERO;
        drop(state);
        self.listen();
    }

    /// Makes this number of requests meet a fault.
    pub fn next(&self, requests: usize, fault: Fault) {
        self.state().fault = Some(Planned { fault, passing: 0, meeting: requests });
    }

    /// Makes one request meet a fault, after this number of others that pass.
    pub fn after(&self, requests: usize, fault: Fault) {
        self.state().fault = Some(Planned { fault, passing: requests, meeting: 1 });
    }

    /// Makes every request meet a fault.
    pub fn always(&self, fault: Fault) {
        self.next(usize::MAX, fault);
    }

    /// Delays every response.
    pub fn delay(&self, delay: Duration) {
        self.state().delay = delay;
    }

    /// Ends all connections and refuses new ones.
    pub async fn refuse(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.abort();
            assert!(serving.await.unwrap_err().is_cancelled());
        }
    }

    /// Ends all connections; new ones are accepted.
    pub async fn close_connections(&mut self) {
        self.refuse().await;
        self.listen();
    }

    /// Drops what comes by the connections of now, as a firewall does; new ones are accepted.
    pub fn forget_connections(&self) {
        let mut state = self.state();
        state.forgotten = state.connections;
    }

    /// The number of connections so far.
    pub fn connections(&self) -> usize {
        self.state().connections
    }

    /// The operations since the last call, with their keys, and reads with their consistency.
    pub fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.state().calls)
    }

    /// The attributes that the operations since the last call have named, with the operation and its key.
    pub fn named(&self) -> Vec<(String, BTreeSet<String>)> {
        std::mem::take(&mut self.state().named)
    }

    /// The bodies of DynamoDB's responses since the last call.
    pub fn responses(&self) -> Vec<String> {
        std::mem::take(&mut self.state().responses)
    }

    fn listen(&mut self) {
        if self.serving.is_some() {
            return;
        }
        let listener = socket(self.address).listen(128).unwrap();
        let (engine, state) = (self.engine, self.state.clone());
        self.serving = Some(tokio::spawn(serve(listener, engine, state)));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl State {
    /// The fault that a request of this operation meets.
    fn meet(&mut self, operation: &str) -> Option<Fault> {
        let planned = self.fault.as_mut().filter(|planned| planned.fault.applies_to(operation))?;
        if let Some(passing) = planned.passing.checked_sub(1) {
            planned.passing = passing;
            return None;
        }
        planned.meeting = planned.meeting.checked_sub(1)?;
        Some(planned.fault.clone())
    }
}

fn socket(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(address).unwrap();
    socket
}

/// Serves without `axum::serve`: the tests count connections, leave some without a response, and cut all of them.
async fn serve(listener: TcpListener, engine: SocketAddr, state: Arc<Mutex<State>>) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    // Dropped with this future, and all connections with it.
    let mut connections = JoinSet::new();
    loop {
        let (connection, _) = listener.accept().await.unwrap();
        let number = {
            let mut state = state.lock().unwrap();
            state.connections += 1;
            state.connections
        };
        let (client, state) = (client.clone(), state.clone());
        let service = service_fn(move |request| {
            let (client, state) = (client.clone(), state.clone());
            // An error closes the connection.
            async move {
                respond(request, number, engine, client, state).await.ok_or(Error::from(ConnectionAborted))
            }
        });
        // A request goes on after its client has given up, as in DynamoDB.
        let server =
            http1::Builder::new().half_close(true).serve_connection(TokioIo::new(connection), service);
        connections.spawn(server);
    }
}

/// The response, or none if the connection breaks.
async fn respond(
    request: Request<Incoming>,
    connection: usize,
    engine: SocketAddr,
    client: reqwest::Client,
    state: Arc<Mutex<State>>,
) -> Option<Response> {
    if connection <= state.lock().unwrap().forgotten {
        return pending().await;
    }
    let (head, body) = request.into_parts();
    let body = to_bytes(Body::new(body), usize::MAX).await.ok()?;
    let operation = operation(&head);
    let (fault, delay) = {
        let mut state = state.lock().unwrap();
        let request = serde_json::from_slice(&body).unwrap();
        let parts = parts(&operation, &request).into_iter();
        state.named.extend(parts.map(|(operation, part)| (call(operation, part), attributes::named(part))));
        state.calls.push(call(&operation, &request));
        (state.meet(&operation), state.delay)
    };
    tokio::time::sleep(delay).await;
    if head.headers.get("x-amz-security-token").is_none_or(|token| token != SESSION_TOKEN) {
        return Some(error(400, "com.amazon.coral.service#UnrecognizedClientException", Value::Null));
    }
    let received =
        Received { method: &head.method, path: head.uri.path(), headers: &head.headers, body: &body };
    if received.check(SECRET_ACCESS_KEY, REGION, "dynamodb").is_err() {
        return Some(error(400, "com.amazon.coral.service#InvalidSignatureException", Value::Null));
    }
    let forward = forward(head, body, engine, client, state);
    match fault {
        None => Some(forward.await),
        Some(Fault::Error(status, kind)) => Some(error(status, kind, Value::Null)),
        Some(Fault::Conflict) => Some(conflict(&operation)),
        Some(Fault::Garbage(status)) => Some(response(status, "text/html", "<html>canary</html>")),
        Some(Fault::Hang) => pending().await,
        Some(Fault::Hold(other)) => {
            other.wait().await;
            other.wait().await;
            Some(forward.await)
        }
        Some(Fault::LoseResponse) => {
            forward.await;
            None
        }
        Some(Fault::Stop(other)) => {
            forward.await;
            other.wait().await;
            pending().await
        }
        Some(Fault::Together(others)) => {
            // On a busy machine some come late. The first must not be given up meanwhile.
            drop(tokio::time::timeout(Duration::from_millis(500), others.wait()).await);
            Some(forward.await)
        }
        Some(Fault::WithholdResponse) => {
            forward.await;
            pending().await
        }
    }
}

async fn forward(
    head: Parts,
    body: Bytes,
    engine: SocketAddr,
    client: reqwest::Client,
    state: Arc<Mutex<State>>,
) -> Response {
    let request = client.request(head.method, format!("http://{engine}{}", head.uri));
    let response = request.headers(head.headers).body(body).send().await.unwrap();
    let (head, body) = http::Response::from(response).into_parts();
    let body = to_bytes(Body::new(body), usize::MAX).await.unwrap();
    state.lock().unwrap().responses.push(String::from_utf8(body.to_vec()).unwrap());
    Response::from_parts(head, body.into())
}

/// An error of AWS. The message stands for all that may be in one.
fn error(status: u16, kind: &str, reasons: Value) -> Response {
    let body = json!({ "__type": kind, "message": "for the log only", "CancellationReasons": reasons });
    response(status, "application/x-amz-json-1.0", body.to_string())
}

fn response(status: u16, content_type: &'static str, body: impl Into<Body>) -> Response {
    let response = http::Response::builder().status(status).header(CONTENT_TYPE, content_type);
    response.body(body.into()).unwrap()
}

/// A transaction is cancelled by a conflict; any other write fails with one.
fn conflict(operation: &str) -> Response {
    let kind = |name| format!("com.amazonaws.dynamodb.v20120810#{name}");
    if operation == "TransactWriteItems" {
        let reasons = json!([{ "Code": "TransactionConflict", "Message": "m" }, { "Code": "None" }]);
        return error(400, &kind("TransactionCanceledException"), reasons);
    }
    error(400, &kind("TransactionConflictException"), Value::Null)
}

fn operation(head: &Parts) -> String {
    let target = head.headers["x-amz-target"].to_str().unwrap();
    target.strip_prefix("DynamoDB_20120810.").unwrap().to_owned()
}
