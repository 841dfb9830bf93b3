//! What can go wrong between a function and its table, made to go wrong at will.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::Barrier;
use tokio::task::JoinHandle;

use crate::http::{self, Message};
use crate::service::SESSION_TOKEN;

/// How the services of AWS say it, as status and type.
pub const ACCESS_DENIED: Fault = Fault::Answer(400, "com.amazon.coral.service#AccessDeniedException");
pub const EXPIRED_TOKEN: Fault = Fault::Answer(400, "com.amazon.coral.service#ExpiredTokenException");
pub const INTERNAL_ERROR: Fault = Fault::Answer(500, "com.amazonaws.dynamodb.v20120810#InternalServerError");
pub const THROTTLED: Fault = Fault::Answer(400, "com.amazon.coral.availability#ThrottlingException");
pub const TOO_MUCH: Fault =
    Fault::Answer(400, "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException");

/// What is done to a request instead of handing it on and its answer back.
#[derive(Clone, Debug)]
pub enum Fault {
    /// It is refused with this status and type.
    Answer(u16, &'static str),
    /// If it writes: another transaction is at the same item.
    Conflict,
    /// An answer with this status from something that is not DynamoDB.
    Garbage(u16),
    /// Nobody answers.
    Hang,
    /// If it writes: it waits for the other once to say that it is there, and once more to be handed on.
    Hold(Arc<Barrier>),
    /// If it writes: it is done, but the connection breaks before the answer.
    LoseAnswer,
    /// If it writes: it waits for the others, so that all import_one at the same time.
    Together(Arc<Barrier>),
    /// If it writes: it is done, but nobody answers.
    WithholdAnswer,
}

impl Fault {
    fn applies_to(&self, operation: &str) -> bool {
        match self {
            Self::Answer(..) | Self::Garbage(_) | Self::Hang => true,
            Self::Conflict | Self::Hold(_) | Self::LoseAnswer | Self::Together(_) | Self::WithholdAnswer => {
                ["DeleteItem", "PutItem", "TransactWriteItems", "UpdateItem"].contains(&operation)
            }
        }
    }
}

/// Stands before the engine and is taken for it. Ends with the test's runtime.
pub struct Proxy {
    pub address: SocketAddr,
    /// Keeps the port ours while nobody listens there.
    _reserved: TcpSocket,
    engine: SocketAddr,
    state: Arc<Mutex<State>>,
    serving: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    /// What happens to the next requests, and to how many of them.
    fault: Option<(Fault, usize)>,
    /// By how much every answer is late.
    delay: Duration,
    /// How many connections there have been.
    connections: usize,
    /// So many of them, the first ones, are no longer heard.
    forgotten: usize,
    calls: Vec<String>,
}

impl Proxy {
    pub fn start(engine: SocketAddr) -> Self {
        let reserved = socket("127.0.0.1:0".parse().unwrap());
        let address = reserved.local_addr().unwrap();
        let mut proxy = Self { address, _reserved: reserved, engine, state: Arc::default(), serving: None };
        proxy.listen();
        proxy
    }

    /// Everything works again.
    pub fn pass(&mut self) {
        let mut state = self.state();
        state.fault = None;
        state.delay = Duration::ZERO;
        drop(state);
        self.listen();
    }

    /// The next requests, as many, meet this fault.
    pub fn next(&self, requests: usize, fault: Fault) {
        self.state().fault = Some((fault, requests));
    }

    /// Every request meets this fault.
    pub fn always(&self, fault: Fault) {
        self.next(usize::MAX, fault);
    }

    /// Every answer comes later by this much.
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

    /// Ends all connections; new ones are welcome.
    pub async fn close_connections(&mut self) {
        self.refuse().await;
        self.listen();
    }

    /// Forgets all connections without a word, as a firewall does; new ones are welcome.
    pub fn forget_connections(&self) {
        let mut state = self.state();
        state.forgotten = state.connections;
    }

    /// How many connections there have been.
    pub fn connections(&self) -> usize {
        self.state().connections
    }

    /// What was asked for since the last time: each operation with its keys, and reads with their consistency.
    pub fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.state().calls)
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
        let (fault, requests) = self.fault.as_mut().filter(|(fault, _)| fault.applies_to(operation))?;
        *requests = requests.checked_sub(1)?;
        Some(fault.clone())
    }
}

fn socket(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(address).unwrap();
    socket
}

async fn serve(listener: TcpListener, engine: SocketAddr, state: Arc<Mutex<State>>) {
    let connect = || {
        let state = state.clone();
        state.lock().unwrap().connections += 1;
        let connection = state.lock().unwrap().connections;
        move |request| answer(request, connection, engine, state.clone())
    };
    http::serve(listener, connect).await;
}

async fn answer(
    request: Message,
    connection: usize,
    engine: SocketAddr,
    state: Arc<Mutex<State>>,
) -> Option<Message> {
    if connection <= state.lock().unwrap().forgotten {
        return pending().await;
    }
    let operation = operation(&request);
    let (fault, delay) = {
        let mut state = state.lock().unwrap();
        state.calls.push(call(&operation, &request.body));
        (state.meet(&operation), state.delay)
    };
    tokio::time::sleep(delay).await;
    if request.header("x-amz-security-token") != Some(SESSION_TOKEN) {
        return Some(refusal(400, "com.amazon.coral.service#UnrecognizedClientException", Value::Null));
    }
    match fault {
        None => forward(request, engine).await,
        Some(Fault::Answer(status, kind)) => Some(refusal(status, kind, Value::Null)),
        Some(Fault::Conflict) => Some(conflict(&operation)),
        Some(Fault::Garbage(status)) => {
            Some(Message::answer(status, &[("content-type", "text/html")], "<html>canary</html>"))
        }
        Some(Fault::Hang) => pending().await,
        Some(Fault::Hold(other)) => {
            other.wait().await;
            other.wait().await;
            forward(request, engine).await
        }
        Some(Fault::LoseAnswer) => {
            forward(request, engine).await;
            None
        }
        Some(Fault::Together(others)) => {
            // On a machine with much else to do some come late, and the first must not be given up meanwhile.
            drop(tokio::time::timeout(Duration::from_millis(500), others.wait()).await);
            forward(request, engine).await
        }
        Some(Fault::WithholdAnswer) => {
            forward(request, engine).await;
            pending().await
        }
    }
}

async fn forward(request: Message, engine: SocketAddr) -> Option<Message> {
    Some(request.exchange(engine).await.unwrap())
}

/// What AWS answers instead. The message stands for all that may be in one.
fn refusal(status: u16, kind: &str, reasons: Value) -> Message {
    let body = json!({ "__type": kind, "message": "for the log only", "CancellationReasons": reasons });
    Message::answer(status, &[("content-type", "application/x-amz-json-1.0")], body.to_string())
}

/// A transaction is cancelled for it; any other write fails as such.
fn conflict(operation: &str) -> Message {
    let kind = |name| format!("com.amazonaws.dynamodb.v20120810#{name}");
    if operation == "TransactWriteItems" {
        let reasons = json!([{ "Code": "TransactionConflict", "Message": "m" }, { "Code": "None" }]);
        return refusal(400, &kind("TransactionCanceledException"), reasons);
    }
    refusal(400, &kind("TransactionConflictException"), Value::Null)
}

fn operation(request: &Message) -> String {
    request.header("x-amz-target").unwrap().strip_prefix("DynamoDB_20120810.").unwrap().to_owned()
}

/// An operation with its keys, as `GetItem USERNAME#alice`.
fn call(operation: &str, body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap();
    let transaction = body["TransactItems"].as_array().map(Vec::as_slice).unwrap_or_default();
    let keys =
        [&body["Key"], &body["Item"]].into_iter().chain(transaction.iter().map(|item| &item["Put"]["Item"]));
    let keys: Vec<_> = keys.filter_map(|item| item["pk"]["S"].as_str()).collect();
    let consistent = if body["ConsistentRead"] == true { "consistent " } else { "" };
    format!("{consistent}{operation} {}", keys.join(" "))
}
