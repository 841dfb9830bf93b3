//! A function as a process under the stand-in for the Lambda Runtime API, with its log.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use support::runtime_api::{Outcome, Pending, RuntimeApi};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout};

use crate::deployed::assert_no_secret;

/// The time limit of Lambda for a start.
const INIT_LIMIT: Duration = Duration::from_secs(10);

/// The time limit of an invocation: far above the deadline of the functions, to tell a late response from none.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running function. It is killed when dropped.
pub struct Function {
    process: Child,
    output: Output,
    runtime_api: RuntimeApi,
}

/// The streams of a function, as files.
struct Output(TempDir);

/// An invocation: the outcome and its trace.
#[derive(Debug)]
pub struct Invoked {
    pub outcome: Outcome,
    pub trace: Trace,
}

/// An HTTP response.
#[derive(Debug)]
pub struct Response {
    pub status: u64,
    pub body: Value,
    pub headers: BTreeMap<String, String>,
    /// The values of `set-cookie`.
    pub cookies: Vec<String>,
    pub trace: Trace,
}

/// The trace of an invocation.
#[derive(Debug)]
pub struct Trace {
    pub request_id: String,
    /// The lines of the log during the invocation.
    pub log: Vec<Value>,
    pub took: Duration,
}

/// The end of a process that did not start.
#[derive(Debug)]
pub struct Refusal {
    pub code: Option<i32>,
    pub log: Vec<Value>,
}

impl Function {
    /// Starts a function and waits until it asks for its first event.
    pub async fn start(binary: &Path, environment: &BTreeMap<String, String>) -> Self {
        let mut function = Self::spawn(binary, environment).await;
        let exit = tokio::select! {
            () = function.runtime_api.ready() => return function,
            exit = function.process.wait() => exit.unwrap(),
            () = tokio::time::sleep(INIT_LIMIT) => panic!("no start in time: {:?}", function.output.lines()),
        };
        panic!("the function ended instead of starting: {exit}, {:?}", function.output.lines());
    }

    /// Starts a function that cannot start, and waits for its end.
    pub async fn refusal(binary: &Path, environment: &BTreeMap<String, String>) -> Refusal {
        let mut function = Self::spawn(binary, environment).await;
        tokio::select! {
            exit = function.process.wait() => {
                Refusal { code: exit.unwrap().code(), log: function.output.lines() }
            }
            () = function.runtime_api.ready() => panic!("the function serves: {:?}", function.output.lines()),
            () = tokio::time::sleep(INIT_LIMIT) => panic!("no end in time: {:?}", function.output.lines()),
        }
    }

    async fn spawn(binary: &Path, environment: &BTreeMap<String, String>) -> Self {
        let runtime_api = RuntimeApi::start().await;
        let output = Output(tempfile::tempdir().unwrap());
        let process = Command::new(binary)
            .env_clear()
            .envs(environment)
            .env("AWS_LAMBDA_RUNTIME_API", runtime_api.address.to_string())
            .current_dir(output.0.path())
            .stdin(Stdio::null())
            .stdout(File::create(output.path("stdout")).unwrap())
            .stderr(File::create(output.path("stderr")).unwrap())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self { process, output, runtime_api }
    }

    /// Sends a payload to the function.
    pub async fn invoke(&self, payload: &str) -> Invoked {
        let logged = self.output.lines().len();
        let started = Instant::now();
        let Pending { request_id, outcome } = self.runtime_api.invoke(payload);
        let Ok(outcome) = timeout(PATIENCE, outcome).await else {
            panic!("no response: {:?}", self.output.lines());
        };
        let took = started.elapsed();
        let log = self.output.lines().split_off(logged);
        Invoked { outcome: outcome.unwrap(), trace: Trace { request_id, log, took } }
    }

    /// Sends an HTTP event to the function.
    pub async fn call(&self, event: &Value) -> Response {
        let Invoked { outcome, trace } = self.invoke(&event.to_string()).await;
        let response = outcome.unwrap();
        let headers = response["headers"].as_object().unwrap().iter();
        let headers = headers.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
        let cookies = response["cookies"].as_array().into_iter().flatten();
        let body = response["body"].as_str().filter(|body| !body.is_empty());
        Response {
            status: response["statusCode"].as_u64().unwrap(),
            body: body.map_or(Value::Null, |body| serde_json::from_str(body).unwrap()),
            headers: headers.collect(),
            cookies: cookies.map(|cookie| cookie.as_str().unwrap().to_owned()).collect(),
            trace,
        }
    }

    /// Sends a payload to the function many times, without a look at its log.
    pub async fn repeat(&self, payload: &str, times: u32) {
        for _ in 0..times {
            let outcome = timeout(PATIENCE, self.runtime_api.invoke(payload).outcome).await;
            assert!(matches!(outcome, Ok(Ok(Ok(_)))), "{outcome:?}");
        }
    }

    /// The resident memory of the process in KiB.
    pub fn resident_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id().unwrap())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
    }

    /// The output of the process so far, of both streams.
    pub fn written(&self) -> String {
        self.output.streams().concat()
    }

    /// Kills the process.
    pub async fn kill(mut self) {
        self.process.kill().await.unwrap();
    }

    /// Stops the process between two events, as Lambda does.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    /// Continues the process.
    pub fn thaw(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        run(&format!("kill -{name} {}", self.process.id().unwrap()));
    }

    /// Limits the memory of the process to what it has and this much more, in bytes.
    pub fn limit_memory(&self, more: usize) {
        let pid = self.process.id().unwrap();
        let pages = fs::read_to_string(format!("/proc/{pid}/statm")).unwrap();
        let pages: usize = pages.split(' ').next().unwrap().parse().unwrap();
        run(&format!("prlimit --pid {pid} --as=$(({pages} * $(getconf PAGESIZE) + {more}))"));
    }
}

fn run(command: &str) {
    assert!(std::process::Command::new("sh").args(["-c", command]).status().unwrap().success(), "{command}");
}

impl Output {
    fn path(&self, stream: &str) -> std::path::PathBuf {
        self.0.path().join(stream)
    }

    fn streams(&self) -> [String; 2] {
        ["stdout", "stderr"].map(|stream| fs::read_to_string(self.path(stream)).unwrap())
    }

    /// The log. Asserts that each line is a JSON object without secrets, and that standard error is empty.
    fn lines(&self) -> Vec<Value> {
        let [log, errors] = self.streams();
        assert_eq!(errors, "");
        assert_no_secret(&log);
        log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
    }
}

impl Invoked {
    /// Asserts that an authorizer reports an internal error in time, and no verdict.
    #[track_caller]
    pub fn assert_undecided(&self) {
        assert_eq!(self.outcome.as_ref().unwrap_err()["errorMessage"], "Internal error", "{self:?}");
        self.trace.assert_in_time();
        self.trace.assert_fault();
    }
}

impl Response {
    /// Asserts a status below 500, in the response and in the log.
    #[track_caller]
    pub fn assert_status(self, status: u64) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        let line = self.trace.request_line();
        assert_eq!((&line["status"], &line["level"]), (&status.into(), &"INFO".into()), "{self:?}");
        self
    }

    /// Asserts a 503 in time, with `retry-after`.
    #[track_caller]
    pub fn assert_unavailable(&self) {
        assert_eq!(
            (self.status, &self.body),
            (503, &json!({ "code": "unavailable", "error": "Service unavailable", "retry_after": 2 })),
            "{self:?}"
        );
        assert_eq!(self.headers["retry-after"], "2");
        self.trace.assert_in_time();
        self.trace.assert_fault();
        assert_eq!(self.trace.errors(), 1, "{self:?}");
    }

    /// Asserts a 500, logged as an error.
    #[track_caller]
    pub fn assert_internal_error(&self) {
        assert_eq!(
            (self.status, &self.body),
            (500, &json!({ "code": "internal_error", "error": "Internal error" })),
            "{self:?}"
        );
        assert!(!self.headers.contains_key("retry-after"), "{self:?}");
        self.trace.assert_fault();
        assert_eq!(self.trace.errors(), 1, "{self:?}");
    }
}

impl Trace {
    /// The one line of the log about the request.
    #[track_caller]
    pub fn request_line(&self) -> &Value {
        let lines: Vec<_> = self.log.iter().filter(|line| line["message"] == "request").collect();
        let [line] = lines[..] else { panic!("{self:?}") };
        assert_eq!(line["request_id"], self.request_id, "{self:?}");
        line
    }

    /// The number of errors in the log.
    pub fn errors(&self) -> usize {
        self.log.iter().filter(|line| line["level"] == "ERROR").count()
    }

    /// Asserts that the log has the request as an error, with its cause.
    #[track_caller]
    pub fn assert_fault(&self) {
        assert_eq!(self.request_line()["level"], "ERROR", "{self:?}");
        assert!(self.request_line()["error"].is_string(), "{self:?}");
    }

    /// Asserts that the invocation kept the deadline.
    #[track_caller]
    pub fn assert_in_time(&self) {
        assert!(self.took < Duration::from_secs(3), "{self:?}");
    }
}
