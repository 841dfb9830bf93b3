//! A stand-in for the Lambda Runtime API (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>), and the
//! one process that it hands events to.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::future::pending;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex as AsyncMutex, Notify, mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout};

use crate::http::{self, Message};
use crate::service::assert_no_secret;

/// How long Lambda lets a function start.
const INIT_LIMIT: Duration = Duration::from_secs(10);

/// How long a function is waited for: far longer than it may take, so that slowness is told from silence.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running function. It is killed when dropped.
pub struct Function {
    process: Child,
    output: Output,
    events: mpsc::UnboundedSender<Invocation>,
    serving: AbortHandle,
}

/// What a function writes.
struct Output(TempDir);

struct Invocation {
    id: String,
    payload: String,
    outcome: oneshot::Sender<Outcome>,
}

/// What a function replies, and an error it may report instead.
type Outcome = Result<Value, Value>;

/// What became of an event.
#[derive(Debug)]
pub struct Invoked {
    pub outcome: Outcome,
    pub trace: Trace,
}

/// An answer for an HTTP client.
#[derive(Debug)]
pub struct Answer {
    pub status: u64,
    pub body: Value,
    pub headers: BTreeMap<String, String>,
    pub trace: Trace,
}

/// What an invocation leaves behind.
#[derive(Debug)]
pub struct Trace {
    pub request_id: String,
    /// What was logged meanwhile.
    pub log: Vec<Value>,
    pub took: Duration,
}

/// The end of a process that would not serve.
#[derive(Debug)]
pub struct Refusal {
    pub code: Option<i32>,
    pub log: Vec<Value>,
}

impl Function {
    /// Starts a function and waits until it asks for its first event.
    pub async fn start(binary: &Path, environment: &BTreeMap<String, String>) -> Self {
        let (mut function, api) = Self::spawn(binary, environment).await;
        let exit = tokio::select! {
            () = api.ready.notified() => return function,
            exit = function.process.wait() => exit.unwrap(),
            () = tokio::time::sleep(INIT_LIMIT) => panic!("no start in time: {:?}", function.output.lines()),
        };
        panic!("the function ended instead of starting: {exit}, {:?}", function.output.lines());
    }

    /// Starts a function that is not fit to serve, and waits for its end.
    pub async fn refusal(binary: &Path, environment: &BTreeMap<String, String>) -> Refusal {
        let (mut function, api) = Self::spawn(binary, environment).await;
        tokio::select! {
            exit = function.process.wait() => {
                Refusal { code: exit.unwrap().code(), log: function.output.lines() }
            }
            () = api.ready.notified() => panic!("the function serves: {:?}", function.output.lines()),
            () = tokio::time::sleep(INIT_LIMIT) => panic!("no end in time: {:?}", function.output.lines()),
        }
    }

    async fn spawn(binary: &Path, environment: &BTreeMap<String, String>) -> (Self, Arc<Api>) {
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
        let output = Output(tempfile::tempdir().unwrap());
        let process = Command::new(binary)
            .env_clear()
            .envs(environment)
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .current_dir(output.0.path())
            .stdin(Stdio::null())
            .stdout(File::create(output.path("stdout")).unwrap())
            .stderr(File::create(output.path("stderr")).unwrap())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        (Self { process, output, events, serving }, api)
    }

    /// Has a payload handled.
    pub async fn invoke(&self, payload: &str) -> Invoked {
        let id = next_id();
        let (outcome, replied) = oneshot::channel();
        let logged = self.output.lines().len();
        let started = Instant::now();
        let invocation = Invocation { id: id.clone(), payload: payload.to_owned(), outcome };
        assert!(self.events.send(invocation).is_ok());
        let Ok(outcome) = timeout(PATIENCE, replied).await else {
            panic!("no reply: {:?}", self.output.lines());
        };
        let took = started.elapsed();
        let log = self.output.lines().split_off(logged);
        Invoked { outcome: outcome.unwrap(), trace: Trace { request_id: id, log, took } }
    }

    /// Has an HTTP event answered.
    pub async fn call(&self, event: &Value) -> Answer {
        let Invoked { outcome, trace } = self.invoke(&event.to_string()).await;
        let reply = outcome.unwrap();
        let headers = reply["headers"].as_object().unwrap().iter();
        let headers = headers.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
        Answer {
            status: reply["statusCode"].as_u64().unwrap(),
            body: serde_json::from_str(reply["body"].as_str().unwrap()).unwrap(),
            headers: headers.collect(),
            trace,
        }
    }

    /// All that the process has written so far, to whichever stream.
    pub fn written(&self) -> String {
        self.output.streams().concat()
    }

    /// Stops the process between two events, as Lambda does.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    /// Lets it run on.
    pub fn thaw(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let command = format!("kill -{name} {}", self.process.id().unwrap());
        assert!(std::process::Command::new("sh").args(["-c", &command]).status().unwrap().success());
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Output {
    fn path(&self, stream: &str) -> std::path::PathBuf {
        self.0.path().join(stream)
    }

    fn streams(&self) -> [String; 2] {
        ["stdout", "stderr"].map(|stream| fs::read_to_string(self.path(stream)).unwrap())
    }

    /// All that was logged: one JSON object per line, no secrets among it, and nothing beside it.
    fn lines(&self) -> Vec<Value> {
        let [log, errors] = self.streams();
        assert_eq!(errors, "");
        assert_no_secret(&log);
        log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
    }
}

impl Invoked {
    /// Asserts that an authorizer says, in time, that it does not know.
    #[track_caller]
    pub fn assert_undecided(&self) {
        assert_eq!(self.outcome.as_ref().unwrap_err()["errorMessage"], "Internal error", "{self:?}");
        self.trace.assert_in_time();
        self.trace.assert_fault();
    }
}

impl Answer {
    /// Asserts the status of an answer that is no fault of ours, and that the log agrees.
    #[track_caller]
    pub fn assert_status(self, status: u64) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        let line = self.trace.request_line();
        assert_eq!((&line["status"], &line["level"]), (&status.into(), &"INFO".into()), "{self:?}");
        self
    }

    /// Asserts that nobody knows: to be asked again, soon, and answered in time.
    #[track_caller]
    pub fn assert_unavailable(&self) {
        assert_eq!((self.status, &self.body), (503, &json!({ "error": "Service unavailable" })), "{self:?}");
        assert_eq!(self.headers["retry-after"], "2");
        self.trace.assert_in_time();
        self.trace.assert_fault();
        assert_eq!(self.trace.errors(), 1, "{self:?}");
    }

    /// Asserts that somebody has to look after it, and that the log tells them.
    #[track_caller]
    pub fn assert_internal_error(&self) {
        assert_eq!((self.status, &self.body), (500, &json!({ "error": "Internal error" })), "{self:?}");
        assert!(!self.headers.contains_key("retry-after"), "{self:?}");
        self.trace.assert_fault();
        assert_eq!(self.trace.errors(), 1, "{self:?}");
    }
}

impl Trace {
    /// The one line that was logged of the request.
    #[track_caller]
    pub fn request_line(&self) -> &Value {
        let lines: Vec<_> = self.log.iter().filter(|line| line["message"] == "request").collect();
        let [line] = lines[..] else { panic!("{self:?}") };
        assert_eq!(line["request_id"], self.request_id, "{self:?}");
        line
    }

    /// How many errors were logged.
    pub fn errors(&self) -> usize {
        self.log.iter().filter(|line| line["level"] == "ERROR").count()
    }

    /// Asserts that the request was logged as an error, with its cause.
    #[track_caller]
    pub fn assert_fault(&self) {
        assert_eq!(self.request_line()["level"], "ERROR", "{self:?}");
        assert!(self.request_line()["error"].is_string(), "{self:?}");
    }

    /// Asserts that nobody waited longer than promised.
    #[track_caller]
    pub fn assert_in_time(&self) {
        assert!(self.took < Duration::from_secs(3), "{self:?}");
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
