//! A stand-in for the Lambda Runtime API (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>) that hands
//! events to one process.

use std::collections::HashMap;
use std::future::pending;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Mutex as AsyncMutex, Notify, mpsc, oneshot};
use tokio::task::AbortHandle;

use crate::http::{self, Message};

/// What a function replies, and an error it may report instead.
pub type Outcome = Result<Value, Value>;

/// Serves until it is dropped.
pub struct Lambda {
    pub address: SocketAddr,
    api: Arc<Api>,
    events: mpsc::UnboundedSender<Invocation>,
    serving: AbortHandle,
}

/// An event that was handed over.
pub struct Pending {
    pub request_id: String,
    pub outcome: oneshot::Receiver<Outcome>,
}

struct Invocation {
    id: String,
    payload: String,
    outcome: oneshot::Sender<Outcome>,
}

impl Lambda {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (events, queue) = mpsc::unbounded_channel();
        let api = Arc::new(Api { queue: queue.into(), ready: Notify::new(), waiting: Mutex::default() });
        let served = api.clone();
        let connect = move || {
            let api = served.clone();
            move |request| answer(request, api.clone())
        };
        let serving = tokio::spawn(http::serve(listener, connect)).abort_handle();
        Self { address, api, events, serving }
    }

    /// Waits until the process asks for its first event.
    pub async fn ready(&self) {
        self.api.ready.notified().await;
    }

    /// Has a payload handled.
    pub fn invoke(&self, payload: &str) -> Pending {
        let id = next_id();
        let (outcome, replied) = oneshot::channel();
        let invocation = Invocation { id: id.clone(), payload: payload.to_owned(), outcome };
        assert!(self.events.send(invocation).is_ok());
        Pending { request_id: id, outcome: replied }
    }
}

impl Drop for Lambda {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Lambda's ids have the form of a UUID.
fn next_id() -> String {
    static LAST: AtomicU64 = AtomicU64::new(0);
    format!("00000000-0000-4000-8000-{:012}", LAST.fetch_add(1, Ordering::Relaxed))
}

struct Api {
    queue: AsyncMutex<mpsc::UnboundedReceiver<Invocation>>,
    /// The function has asked for its first event.
    ready: Notify,
    /// Who waits for what becomes of an event.
    waiting: Mutex<HashMap<String, oneshot::Sender<Outcome>>>,
}

async fn answer(request: Message, api: Arc<Api>) -> Option<Message> {
    const PREFIX: &str = "/2018-06-01/runtime/";
    let (method, path) = request.target();
    let path = path.strip_prefix(PREFIX).unwrap();
    let steps: Vec<_> = path.split('/').collect();
    match (method, &steps[..]) {
        ("GET", ["invocation", "next"]) => Some(next(&api).await),
        ("POST", ["invocation", id, kind @ ("response" | "error")]) => {
            let body = serde_json::from_slice(&request.body).unwrap();
            let waiting = api.waiting.lock().unwrap().remove(*id).unwrap();
            // Nobody waits any more when the test has failed.
            drop(waiting.send(if *kind == "response" { Ok(body) } else { Err(body) }));
            Some(accepted())
        }
        ("POST", ["init", "error"]) => Some(accepted()),
        _ => panic!("the Runtime API has no {method} {path}"),
    }
}

fn accepted() -> Message {
    Message::answer(202, &[("content-type", "application/json")], r#"{"status":"OK"}"#)
}

async fn next(api: &Api) -> Message {
    api.ready.notify_one();
    let Some(Invocation { id, payload, outcome }) = api.queue.lock().await.recv().await else {
        return pending().await;
    };
    api.waiting.lock().unwrap().insert(id.clone(), outcome);
    let headers = [
        ("content-type", "application/json"),
        ("lambda-runtime-aws-request-id", &id),
        ("lambda-runtime-deadline-ms", "4102444800000"),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-west-1:123456789012:function:auth"),
        ("lambda-runtime-trace-id", "Root=1-67891234-0123456789abcdef01234567;Sampled=0"),
    ];
    Message::answer(200, &headers, payload)
}
