//! A stand-in for the Lambda Runtime API (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>) that hands
//! events to one process.

use std::collections::HashMap;
use std::future::pending;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;
use tokio::sync::{Mutex as AsyncMutex, Notify, mpsc, oneshot};
use tokio::task::AbortHandle;

use crate::server;

/// The response of a function, or the error that it reports instead.
pub type Outcome = Result<Value, Value>;

/// The stand-in. It serves until it is dropped.
#[derive(Debug)]
pub struct RuntimeApi {
    /// Where it listens, for `AWS_LAMBDA_RUNTIME_API`.
    pub address: SocketAddr,
    api: Arc<Api>,
    events: mpsc::UnboundedSender<Invocation>,
    serving: AbortHandle,
}

/// An event in the queue.
#[derive(Debug)]
pub struct Pending {
    /// The request id that Lambda gave it.
    pub request_id: String,
    /// The outcome, once the function has sent it.
    pub outcome: oneshot::Receiver<Outcome>,
}

#[derive(Debug)]
struct Invocation {
    id: String,
    payload: String,
    outcome: oneshot::Sender<Outcome>,
}

#[derive(Debug)]
struct Api {
    queue: AsyncMutex<mpsc::UnboundedReceiver<Invocation>>,
    /// Notified when the function asks for an event.
    ready: Notify,
    /// The events that the function is handling, by request id.
    waiting: Mutex<HashMap<String, oneshot::Sender<Outcome>>>,
}

impl RuntimeApi {
    /// Starts the stand-in on a free port.
    pub async fn start() -> Self {
        let (events, queue) = mpsc::unbounded_channel();
        let api = Arc::new(Api { queue: queue.into(), ready: Notify::new(), waiting: Mutex::default() });
        let runtime = Router::new()
            .route("/invocation/next", get(next))
            .route("/invocation/{id}/response", post(response))
            .route("/invocation/{id}/error", post(error))
            .route("/init/error", post(async || accepted()));
        let routes = Router::new()
            .nest("/2018-06-01/runtime", runtime)
            .layer(DefaultBodyLimit::disable())
            .with_state(api.clone());
        let (address, serving) = server::start(routes).await;
        Self { address, api, events, serving }
    }

    /// Waits until the function asks for its first event.
    pub async fn ready(&self) {
        self.api.ready.notified().await;
    }

    /// Puts an event into the queue.
    pub fn invoke(&self, payload: &str) -> Pending {
        let id = next_id();
        let (outcome, received) = oneshot::channel();
        let invocation = Invocation { id: id.clone(), payload: payload.to_owned(), outcome };
        assert!(self.events.send(invocation).is_ok());
        Pending { request_id: id, outcome: received }
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Lambda's ids have the form of a UUID.
fn next_id() -> String {
    static LAST: AtomicU64 = AtomicU64::new(0);
    format!("00000000-0000-4000-8000-{:012}", LAST.fetch_add(1, Ordering::Relaxed))
}

async fn next(State(api): State<Arc<Api>>) -> Response {
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
        ("lambda-runtime-trace-id", &trace_id(&id)),
    ];
    (headers, payload).into_response()
}

/// Another for each event, as Lambda's are, and ten times as long, so that whatever keeps them grows faster.
fn trace_id(request_id: &str) -> String {
    format!("Root={request_id};Sampled=0;Lineage={}", "0".repeat(1000))
}

async fn response(State(api): State<Arc<Api>>, Path(id): Path<String>, body: Bytes) -> impl IntoResponse {
    api.finish(&id, Ok(serde_json::from_slice(&body).unwrap()))
}

async fn error(State(api): State<Arc<Api>>, Path(id): Path<String>, body: Bytes) -> impl IntoResponse {
    api.finish(&id, Err(serde_json::from_slice(&body).unwrap()))
}

impl Api {
    fn finish(&self, id: &str, outcome: Outcome) -> impl IntoResponse + use<> {
        let waiting = self.waiting.lock().unwrap().remove(id).unwrap();
        // The receiver is gone when the test has failed.
        drop(waiting.send(outcome));
        accepted()
    }
}

fn accepted() -> impl IntoResponse {
    (StatusCode::ACCEPTED, [(CONTENT_TYPE, "application/json")], r#"{"status":"OK"}"#)
}
