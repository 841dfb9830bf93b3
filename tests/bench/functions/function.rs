//! A function as a process under the Runtime API, measured from outside.

use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use support::runtime_api::RuntimeApi;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// The time limit of everything here.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running function. It is killed when dropped.
pub struct Function {
    process: Child,
    runtime_api: RuntimeApi,
    folder: TempDir,
    started: Instant,
}

impl Function {
    /// Starts a process and waits until it asks for its first event. Returns the time of that, in milliseconds.
    pub async fn start(binary: &Path, environment: &[(&str, String)]) -> (Self, f64) {
        let runtime_api = RuntimeApi::start().await;
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(binary);
        command
            .env_clear()
            .envs(environment.iter().map(|(variable, value)| (variable, value)))
            .env("AWS_LAMBDA_RUNTIME_API", runtime_api.address.to_string())
            .stdin(Stdio::null())
            .stdout(File::create(folder.path().join("log")).unwrap())
            .kill_on_drop(true);
        let started = Instant::now();
        let process = command.spawn().unwrap();
        let function = Self { process, runtime_api, folder, started };
        assert!(
            timeout(PATIENCE, function.runtime_api.ready()).await.is_ok(),
            "no start: {}",
            function.log()
        );
        let took = function.age();
        (function, took)
    }

    /// Sends an event, which must get this status. Returns the response and its time, in milliseconds.
    pub async fn send(&self, event: &Value, status: u64) -> (Value, f64) {
        let payload = event.to_string();
        let asked = Instant::now();
        let pending = self.runtime_api.invoke(&payload);
        let response = timeout(PATIENCE, pending.outcome).await;
        let took = milliseconds(asked.elapsed());
        let Ok(Ok(Ok(response))) = response else { panic!("no response: {}", self.log()) };
        assert_eq!(response["statusCode"], status, "{response}");
        (response, took)
    }

    /// Milliseconds since the process was started.
    pub fn age(&self) -> f64 {
        milliseconds(self.started.elapsed())
    }

    /// The peak of resident memory, in MB.
    pub fn peak_memory(&self) -> f64 {
        let status = self.proc("status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let kib: f64 = line.trim().trim_end_matches(" kB").parse().unwrap();
        kib * 1024.0 / 1e6
    }

    /// The processor time of all threads, in milliseconds.
    pub fn processor_time(&self) -> f64 {
        processor_time(self.process.id().unwrap())
    }

    /// The size of its log, in bytes.
    pub fn logged(&self) -> u64 {
        fs::metadata(self.folder.path().join("log")).unwrap().len()
    }

    fn proc(&self, file: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{file}", self.process.id().unwrap())).unwrap()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }
}

/// The processor time of all threads of a process, in milliseconds.
pub fn processor_time(process: u32) -> f64 {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let nanoseconds = |task: fs::DirEntry| -> f64 {
        let times = fs::read_to_string(task.path().join("schedstat")).unwrap();
        times.split(' ').next().unwrap().parse().unwrap()
    };
    tasks.map(|task| nanoseconds(task.unwrap())).sum::<f64>() / 1e6
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
