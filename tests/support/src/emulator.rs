//! The functions under `cargo lambda watch`, on a port of its own. It ends with the test that started it.
//!
//! Linux only: the processes that an emulator started are found in `/proc`.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::cargo::{ROOT, build, remove_package_variables};
use crate::client::Client;
use crate::lambda::Variables;
use crate::store::Store;

/// The time limit of everything that takes well under a second on an idle machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// The interval between two looks.
const GLANCE: Duration = Duration::from_millis(20);

/// The number of free ports to try: a port can be taken between its choice and its use.
const PORTS: usize = 5;

/// Variables of a developer's shell that must not reach the functions.
const VARIABLES: [&str; 36] = [
    "ACCOUNT_STORE",
    "ALLOWED_ORIGINS",
    "APP_NAME",
    "APP_URL",
    "ARGON2_ITERATIONS",
    "ARGON2_MEMORY_KIB",
    "AUTHORIZER_RESPONSE",
    "AWS_ACCESS_KEY_ID",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_ENDPOINT_URL_LAMBDA",
    "AWS_ENDPOINT_URL_SECRETS_MANAGER",
    "AWS_ENDPOINT_URL_SESV2",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "DECOY_HASH",
    "JWT_AUDIENCE",
    "JWT_ISSUER",
    "JWT_SECRET",
    "JWT_SECRET_ARN",
    "JWT_SECRET_PREVIOUS",
    "LOGIN_ATTEMPTS_PER_ADDRESS",
    "MAILS_PER_ADDRESS",
    "MAIL_FROM",
    "MAIL_TEMPLATE_PREFIX",
    "METRICS_NAMESPACE",
    "MIGRATION_FUNCTION",
    "PASSWORD_MIN_LENGTH",
    "REGISTRATIONS_PER_ADDRESS",
    "SESSION_IDLE_DAYS",
    "SESSION_MAX_DAYS",
    "SESSION_TOKEN_TTL_SECONDS",
    "SIGNING_KEYS",
    "TOKEN_TTL_SECONDS",
    "VERIFY_EMAIL",
];

/// The variable that marks the processes of one emulator, also those that it leaves behind.
const MARK: &str = "JOURNEY";

/// Runs a command and ends it when its standard input ends, which happens when the test process ends in any way.
const ON_A_LIFELINE: &str = r#"exec 3<&0; (read -r _ <&3; kill "$$") & exec "$@" <&- 3<&-"#;

/// A running emulator. It ends when the last one that holds it is dropped, and prints its output if a test fails.
#[derive(Debug)]
pub struct Emulator(Arc<Watch>);

impl Emulator {
    /// Starts an emulator with one process for each function.
    pub fn start(variables: &Variables) -> Self {
        Self::start_many(variables, 1)
    }

    /// Starts an emulator of functions that are optimised like those that are deployed, but for what takes a linker long.
    pub fn start_optimised(variables: &Variables) -> Self {
        build(&["--bins", "--profile", "bench"]);
        let arguments = ["--ignore-changes", "--concurrency", "1", "--profile", "bench"];
        Self(Arc::new(Watch::start_built(Path::new(ROOT), &arguments, variables)))
    }

    /// Starts an emulator with several processes for each function, which it starts as they are needed.
    pub fn start_many(variables: &Variables, processes: usize) -> Self {
        let arguments = ["--ignore-changes", "--concurrency", &processes.to_string()];
        Self(Arc::new(Watch::start(Path::new(ROOT), &arguments, variables)))
    }

    /// Starts an emulator without any configuration. `folder` is the working directory.
    pub fn start_in(folder: &Path) -> Self {
        let arguments = ["--manifest-path", &format!("{ROOT}/Cargo.toml")];
        Self(Arc::new(Watch::start(folder, &arguments, &Variables::new())))
    }

    /// Starts an emulator that starts no functions.
    pub fn start_without_functions() -> Self {
        Self(Arc::new(Watch::start(Path::new(ROOT), &["--only-lambda-apis"], &Variables::new())))
    }

    /// The emulator on a database file that journeys share if they run at the same time.
    pub fn shared() -> Self {
        static SHARED: Mutex<Weak<Watch>> = Mutex::new(Weak::new());
        Self::share(&SHARED, Store::sqlite)
    }

    /// The emulator on a DynamoDB engine that journeys share if they run at the same time.
    pub fn shared_dynamodb() -> Self {
        static SHARED: Mutex<Weak<Watch>> = Mutex::new(Weak::new());
        Self::share(&SHARED, Store::dynamodb)
    }

    fn share(place: &Mutex<Weak<Watch>>, store: fn() -> Store) -> Self {
        let mut shared = place.lock().unwrap_or_else(PoisonError::into_inner);
        let emulator = shared.upgrade().unwrap_or_else(|| {
            let store = store();
            let mut emulator = Watch::start(Path::new(ROOT), &["--ignore-changes"], &store.variables);
            emulator._store = Some(store);
            Arc::new(emulator)
        });
        *shared = Arc::downgrade(&emulator);
        Self(emulator)
    }

    /// A client of this emulator.
    pub fn client(&self) -> Client {
        Client::new(self.port())
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.0.port
    }

    /// The output of the emulator and the functions.
    pub fn output(&self) -> String {
        self.0.output()
    }

    /// The errors that the functions have logged.
    pub fn errors(&self) -> Vec<Value> {
        let lines = self.output();
        let logged = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        logged.filter(|line| line["level"] == "ERROR").collect()
    }

    /// The running processes of a function.
    pub fn processes(&self, function: &str) -> Vec<u32> {
        let runs = |pid: &u32| {
            fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|program| program.ends_with(function))
        };
        marked(&self.0.mark()).into_iter().filter(runs).collect()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the emulator on port {} ---\n{}---", self.port(), self.output());
        }
    }
}

/// `cargo lambda watch` and all that it starts.
#[derive(Debug)]
struct Watch {
    port: u16,
    process: Child,
    lifeline: Option<ChildStdin>,
    folder: TempDir,
    /// The store of a shared emulator, which no test holds.
    _store: Option<Store>,
}

impl Watch {
    /// Builds the functions and starts an emulator of them.
    fn start(folder: &Path, arguments: &[&str], variables: &Variables) -> Self {
        executables();
        Self::start_built(folder, arguments, variables)
    }

    /// Starts an emulator and waits until it listens.
    fn start_built(folder: &Path, arguments: &[&str], variables: &Variables) -> Self {
        for _ in 0..PORTS {
            let mut emulator = Self::spawn(folder, arguments, variables);
            if emulator.listens() {
                return emulator;
            }
            eprintln!("cargo lambda watch did not start:\n{}", emulator.output());
        }
        panic!("no emulator; is cargo-lambda installed?");
    }

    fn spawn(folder: &Path, arguments: &[&str], variables: &Variables) -> Self {
        let port = free_port();
        let own = TempDir::new().expect("a temporary folder");
        let output = File::create(own.path().join("output")).expect("a file for the output");
        let mut command = Command::new("sh");
        command.args(["-c", ON_A_LIFELINE, "sh", env!("CARGO"), "lambda", "watch"]);
        command.args(["--invoke-address", "127.0.0.1", "--invoke-port", &port.to_string()]).args(arguments);
        for variable in VARIABLES {
            command.env_remove(variable);
        }
        remove_package_variables(&mut command);
        command.envs(variables.iter().map(|(name, value)| (name, value))).env(MARK, own.path());
        command.current_dir(folder).process_group(0).stdin(Stdio::piped());
        command.stdout(output.try_clone().expect("a second handle")).stderr(output);
        let mut process = command.spawn().expect("sh");
        let lifeline = process.stdin.take();
        Self { port, process, lifeline, folder: own, _store: None }
    }

    /// Waits until it listens or has ended.
    fn listens(&mut self) -> bool {
        let (port, process) = (self.port, &mut self.process);
        let connects = || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
        let mut ended = || process.try_wait().expect("the state of a child").is_some();
        let settled = soon(|| (connects() || ended()).then_some(()));
        settled.is_some() && !ended()
    }

    fn output(&self) -> String {
        let bytes = fs::read(self.folder.path().join("output")).expect("the output");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn mark(&self) -> String {
        format!("{MARK}={}", self.folder.path().display())
    }
}

impl Drop for Watch {
    /// Ends the emulator as Ctrl-C does, and then all processes that are left.
    fn drop(&mut self) {
        self.lifeline.take();
        let process = &mut self.process;
        soon(|| process.try_wait().ok().flatten());
        let mark = self.mark();
        soon(|| {
            let left = marked(&mark);
            kill(&left);
            left.is_empty().then_some(())
        });
        _ = self.process.wait();
    }
}

/// The executables of the functions. Built once, by the command after which the emulator's own `cargo run` has nothing
/// left to do.
pub fn executables() -> &'static [PathBuf] {
    static EXECUTABLES: OnceLock<Vec<PathBuf>> = OnceLock::new();
    EXECUTABLES.get_or_init(|| build(&["--bins"]))
}

/// Waits for something to happen; `None` if it does not.
fn soon<T>(mut happened: impl FnMut() -> Option<T>) -> Option<T> {
    for _ in 0..PATIENCE.as_millis() / GLANCE.as_millis() {
        if let Some(outcome) = happened() {
            return Some(outcome);
        }
        std::thread::sleep(GLANCE);
    }
    None
}

/// The living processes with a variable of this name and value.
fn marked(mark: &str) -> Vec<u32> {
    let has_mark = |pid: &u32| {
        fs::read(format!("/proc/{pid}/environ")).is_ok_and(|variables| {
            variables.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
        })
    };
    let entries = fs::read_dir("/proc").into_iter().flatten();
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter(has_mark).collect()
}

/// `kill -9`.
pub fn kill(pids: &[u32]) {
    if !pids.is_empty() {
        let pids = pids.iter().map(u32::to_string);
        // One may just have ended by itself.
        _ = Command::new("sh")
            .args(["-c", r#"kill -9 "$@""#, "sh"])
            .args(pids)
            .stderr(Stdio::null())
            .status();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("its number").port()
}
