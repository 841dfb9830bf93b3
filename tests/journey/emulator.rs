//! The service under `cargo lambda watch`: on a port of its own, and gone with the test that started it.
//!
//! Linux only: what an emulator started is found in `/proc`.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::client::Client;
use crate::store::{Store, Variables};

/// The root of the workspace.
pub const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// How long anything may take that takes well under a second on a machine with nothing else to do.
const PATIENCE: Duration = Duration::from_mins(1);

/// How often it is asked whether it has happened.
const GLANCE: Duration = Duration::from_millis(20);

/// How many free ports are tried: a port can be taken between its choice and its use.
const PORTS: usize = 5;

/// What a developer's shell may say to the service, and no journey should hear.
const VARIABLES: [&str; 20] = [
    "ACCOUNT_STORE",
    "ARGON2_ITERATIONS",
    "ARGON2_MEMORY_KIB",
    "AUTHORIZER_RESPONSE",
    "AWS_ACCESS_KEY_ID",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_ENDPOINT_URL_SECRETS_MANAGER",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "JWT_AUDIENCE",
    "JWT_ISSUER",
    "JWT_SECRET",
    "JWT_SECRET_ARN",
    "JWT_SECRET_PREVIOUS",
    "LOGIN_ATTEMPTS_PER_ADDRESS",
    "PASSWORD_MIN_LENGTH",
    "REGISTRATIONS_PER_ADDRESS",
    "TOKEN_TTL_SECONDS",
];

/// The variable by which the processes of one emulator are known, also those that it left behind.
const MARK: &str = "JOURNEY";

/// Runs a command that is told to end as soon as its standard input does, which happens when the test process ends,
/// however it ends.
const ON_A_LIFELINE: &str = r#"exec 3<&0; (read -r _ <&3; kill "$$") & exec "$@" <&- 3<&-"#;

/// A running service. Its emulator ends with the last of those that hold it, and tells what it saw if a test fails.
pub struct Service(Arc<Emulator>);

impl Service {
    /// The service with one process a function.
    pub fn start(variables: &Variables) -> Self {
        Self::start_many(variables, 1)
    }

    /// The service with several processes a function, started as they are needed.
    pub fn start_many(variables: &Variables, processes: usize) -> Self {
        let arguments = ["--ignore-changes", "--concurrency", &processes.to_string()];
        Self(Arc::new(Emulator::start(Path::new(ROOT), &arguments, variables)))
    }

    /// The service as it is without any configuration, where `folder` is the working directory.
    pub fn start_in(folder: &Path) -> Self {
        let arguments = ["--manifest-path", &format!("{ROOT}/Cargo.toml")];
        Self(Arc::new(Emulator::start(folder, &arguments, &Variables::new())))
    }

    /// The emulator alone, for functions that are started by somebody else.
    pub fn start_without_functions() -> Self {
        Self(Arc::new(Emulator::start(Path::new(ROOT), &["--only-lambda-apis"], &Variables::new())))
    }

    /// The one that journeys share if they run at the same time and need nothing special: a database file, which
    /// they do not look into.
    pub fn shared() -> Self {
        static SHARED: Mutex<Weak<Emulator>> = Mutex::new(Weak::new());
        Self::share(&SHARED, Store::sqlite)
    }

    /// The one that journeys share on a DynamoDB engine.
    pub fn shared_dynamodb() -> Self {
        static SHARED: Mutex<Weak<Emulator>> = Mutex::new(Weak::new());
        Self::share(&SHARED, Store::dynamodb)
    }

    fn share(place: &Mutex<Weak<Emulator>>, store: fn() -> Store) -> Self {
        let mut shared = place.lock().unwrap_or_else(PoisonError::into_inner);
        let emulator = shared.upgrade().unwrap_or_else(|| {
            let store = store();
            let mut emulator = Emulator::start(Path::new(ROOT), &["--ignore-changes"], &store.variables);
            emulator._store = Some(store);
            Arc::new(emulator)
        });
        *shared = Arc::downgrade(&emulator);
        Self(emulator)
    }

    /// A client of this service.
    pub fn client(&self) -> Client {
        Client::new(self.port())
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.0.port
    }

    /// All that the emulator and the functions have written.
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

impl Drop for Service {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the emulator on port {} ---\n{}---", self.port(), self.output());
        }
    }
}

/// `cargo lambda watch`, and all that it starts.
struct Emulator {
    port: u16,
    process: Child,
    lifeline: Option<ChildStdin>,
    folder: TempDir,
    /// Kept for as long as the emulator runs, if nobody else does.
    _store: Option<Store>,
}

impl Emulator {
    /// Starts an emulator and waits until it listens.
    fn start(folder: &Path, arguments: &[&str], variables: &Variables) -> Self {
        programs();
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
        forget_this_package(&mut command);
        command.envs(variables.iter().map(|(name, value)| (name, value))).env(MARK, own.path());
        command.current_dir(folder).process_group(0).stdin(Stdio::piped());
        command.stdout(output.try_clone().expect("a second handle")).stderr(output);
        let mut process = command.spawn().expect("sh");
        let lifeline = process.stdin.take();
        Self { port, process, lifeline, folder: own, _store: None }
    }

    /// Whether it has come up, rather than ended.
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

impl Drop for Emulator {
    /// Ends the emulator as Ctrl-C does, and then whatever is left.
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

/// The programs of the three functions, by name. Built once, by the command that the emulator's own `cargo run` finds
/// nothing left to do after.
pub fn programs() -> &'static [(String, PathBuf)] {
    static PROGRAMS: OnceLock<Vec<(String, PathBuf)>> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--bins", "--message-format", "json-render-diagnostics"]).current_dir(ROOT);
        forget_this_package(&mut cargo);
        let built = cargo.output().expect("cargo");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        let messages = String::from_utf8(built.stdout).expect("messages of cargo");
        let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        messages.filter_map(|message| program(&message)).collect()
    })
}

/// Build scripts watch the variables that tell of the package being built or tested; those of this test would have half
/// of the dependencies compiled again.
fn forget_this_package(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_MANIFEST_") || text.starts_with("CARGO_PKG_") {
            command.env_remove(&name);
        }
    }
}

fn program(message: &Value) -> Option<(String, PathBuf)> {
    let name = message["target"]["name"].as_str()?;
    Some((name.to_owned(), message["executable"].as_str()?.into()))
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
        // One that has just ended by itself is as good.
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
