//! Database files that cannot be used: the functions say so and do not change them.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use support::client::{PASSWORD, Response};
use support::emulator::{self, Emulator};
use support::lambda::Variables;
use support::store::Store;
use tempfile::TempDir;
use tokio::time::Instant;

const FUNCTIONS: [&str; 3] = ["register", "login", "validate"];

/// The longest wait for a response while the store is down.
const RESPONDS_WITHIN: Duration = Duration::from_secs(3);

/// The id of the user `nobody`, who has no permissions.
const NOBODY: u32 = 65534;

/// Asserts a line that gives the reason for a failed start and names the file.
#[track_caller]
fn is_refusal(line: &Value, file: &Path, reason: &str) {
    assert_eq!(line["message"], "cannot start", "{line}");
    let error = line["error"].as_str().expect("a reason");
    assert!(error.contains(&file.display().to_string()) && error.contains(reason), "{error}");
}

#[tokio::test]
async fn a_corrupt_database_stops_the_start_with_its_reason_and_stays_as_it_is() {
    let store = Store::sqlite();
    let garbage: Vec<u8> = (0..20_000_u32).map(|n| (n * n % 251) as u8).collect();
    fs::write(store.file(), &garbage).unwrap();
    let service = Emulator::start(&store.variables);
    for function in FUNCTIONS {
        for _ in 0..2 {
            let response = service.client().post(function, "{}").await;
            let reason = response.text("error");
            assert_eq!(response.status, 500, "{response:?}");
            assert!(reason.starts_with("Cannot start: ") && reason.contains("not a database"), "{reason}");
            assert!(reason.contains(&store.file().display().to_string()), "{reason}");
        }
    }
    let errors = service.errors();
    let refusals: Vec<_> = errors.iter().filter(|line| line["message"] == "cannot start").collect();
    assert_eq!(refusals.len(), FUNCTIONS.len(), "{errors:?}");
    for refusal in refusals {
        is_refusal(refusal, &store.file(), "not a database");
    }
    drop(service);
    assert_eq!(fs::read(store.file()).unwrap(), garbage);
    assert_eq!(fs::read_dir(store.file().parent().unwrap()).unwrap().count(), 1, "other files appeared");
}

#[tokio::test]
async fn a_file_that_is_no_whole_database_of_this_service_stops_the_start_and_stays_as_it_is() {
    let whole = fs::read(with_an_account().await.file()).unwrap();
    let foreign = Store::sqlite();
    let other = rusqlite::Connection::open(foreign.file()).unwrap();
    other.execute_batch("CREATE TABLE accounts (name TEXT); INSERT INTO accounts VALUES ('ada')").unwrap();
    drop(other);
    let foreign = fs::read(foreign.file()).unwrap();
    let programs = Programs::copied();
    for (bytes, reason) in [
        (&whole[..whole.len() / 2], "malformed"),
        (&whole[..100], "malformed"),
        (&[][..], "empty"),
        (&foreign, "another application"),
    ] {
        let store = Store::sqlite();
        fs::write(store.file(), bytes).unwrap();
        permit(&store, 0o777, 0o666);
        for function in FUNCTIONS {
            is_refusal(&programs.refusal(function, &store.variables), &store.file(), reason);
        }
        assert_eq!(fs::read(store.file()).unwrap(), bytes, "{reason}");
    }
}

#[tokio::test]
async fn a_database_out_of_reach_stops_the_start_and_stays_as_it_is() {
    let store = with_an_account().await;
    let before = fs::read(store.file()).unwrap();
    let programs = Programs::copied();
    for (folder, file, reason) in [
        (0o555, 0o444, "readonly"),
        (0o555, 0o666, "readonly"),
        (0o755, 0o000, "unable to open"),
        (0o000, 0o666, "Permission denied"),
    ] {
        permit(&store, folder, file);
        for function in FUNCTIONS {
            is_refusal(&programs.refusal(function, &store.variables), &store.file(), reason);
        }
    }
    permit(&store, 0o700, 0o600);
    assert_eq!(fs::read(store.file()).unwrap(), before);
    assert_eq!(Emulator::start(&store.variables).client().login("ada", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_stops_the_start() {
    let in_the_way = Store::sqlite();
    fs::write(in_the_way.file(), "a file").unwrap();
    permit(&in_the_way, 0o777, 0o666);
    let file = in_the_way.file().join("accounts.db");
    let variables = vec![("ACCOUNT_STORE", format!("sqlite://{}", file.display()))];
    let programs = Programs::copied();
    for function in FUNCTIONS {
        is_refusal(&programs.refusal(function, &variables), &file, "Not a directory");
    }
}

#[tokio::test]
async fn a_read_only_file_serves_its_readers_and_stays_as_it_is() {
    let store = with_an_account().await;
    let before = fs::read(store.file()).unwrap();
    permit(&store, 0o777, 0o444);
    let (programs, emulator) = (Programs::copied(), Emulator::start_without_functions());
    let _functions = FUNCTIONS.map(|function| programs.run(function, &store.variables, &emulator, &[]));
    let client = emulator.client();
    let login = client.login("ada", PASSWORD).await;
    assert_eq!(login.status, 200);
    assert_eq!(client.validate(&login.bearer()).await.status, 200);
    assert_eq!(client.authorize(&login.text("token")).await, Ok(true));
    is_unavailable(&client.register("grace", PASSWORD).await);
    // A failed login that cannot be counted is an error.
    is_unavailable(&client.login("grace", PASSWORD).await);
    assert_eq!(fs::read(store.file()).unwrap(), before);
}

#[tokio::test]
async fn a_locked_database_is_unavailable_to_writers_until_it_is_free() {
    let store = Store::sqlite();
    let service = Emulator::start(&store.variables);
    let client = service.client();
    assert_eq!(client.register("ada", PASSWORD).await.status, 201);
    assert_eq!(client.login("ada", PASSWORD).await.status, 200);

    let greedy = rusqlite::Connection::open(store.file()).unwrap();
    greedy.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let asked = Instant::now();
    is_unavailable(&client.register("grace", PASSWORD).await);
    assert!(asked.elapsed() < RESPONDS_WITHIN, "{:?}", asked.elapsed());
    let login = client.login("ada", PASSWORD).await;
    assert_eq!(login.status, 200, "readers do not wait for writers");
    assert_eq!(client.validate(&login.bearer()).await.status, 200);
    assert_eq!(client.authorize(&login.text("token")).await, Ok(true));

    greedy.execute_batch("COMMIT").unwrap();
    assert_eq!(client.register("grace", PASSWORD).await.status, 201);
}

/// A limit on the size of files stands in for a full disk: the system refuses writes in the same way.
#[tokio::test]
async fn a_full_disk_serves_its_readers_and_loses_nothing() {
    let store = with_an_account().await;
    permit(&store, 0o777, 0o666);
    let (programs, emulator) = (Programs::copied(), Emulator::start_without_functions());
    let limited = ["sh", "-c", r#"trap "" XFSZ; ulimit -f 128; exec "$@""#, "sh"];
    let functions = FUNCTIONS.map(|function| programs.run(function, &store.variables, &emulator, &limited));
    let client = emulator.client();
    let mut acknowledged = Vec::new();
    let refused = loop {
        let name = format!("user{}", acknowledged.len());
        let response = client.register(&name, PASSWORD).await;
        match response.status {
            201 => acknowledged.push((name, response)),
            _ => break (name, response),
        }
        assert!(acknowledged.len() < 200, "there was no limit");
    };
    let (name, response) = refused;
    is_unavailable(&response);
    assert!(!acknowledged.is_empty(), "the first was refused already");
    is_unavailable(&client.register(&name, PASSWORD).await);
    let login = client.login("ada", PASSWORD).await;
    assert_eq!(login.status, 200);
    assert_eq!(client.validate(&login.bearer()).await.status, 200);
    assert_eq!(client.authorize(&login.text("token")).await, Ok(true));
    is_unavailable(&client.login("ada", "a wrong password").await);
    drop((functions, emulator));

    let service = Emulator::start(&store.variables);
    let client = service.client();
    for (name, registered) in acknowledged {
        assert_eq!(client.login(&name, PASSWORD).await.status, 200, "{name} is lost");
        assert_eq!(client.validate(&registered.bearer()).await.status, 200, "{name} is another account now");
    }
    assert_eq!(client.register(&name, PASSWORD).await.status, 201);
}

#[track_caller]
fn is_unavailable(response: &Response) {
    response.must_be(
        503,
        r#"{"code":"unavailable","error":"Service unavailable","retry_after":2}"#,
        Some(("retry-after", "2")),
    );
}

/// A database that a service has used and that no process has open.
async fn with_an_account() -> Store {
    let store = Store::sqlite();
    let service = Emulator::start(&store.variables);
    assert_eq!(service.client().register("ada", PASSWORD).await.status, 201);
    drop(service);
    // The emulator kills its functions. Opening and closing the file moves their writes from the WAL into it.
    let database = rusqlite::Connection::open(store.file()).unwrap();
    database.query_row("SELECT id FROM accounts", [], |row| row.get::<_, String>(0)).unwrap();
    drop(database);
    store
}

/// A user who is bound by permissions: `nobody` if the tests run as root, else the user of the tests.
fn bound_user() -> Option<u32> {
    (fs::metadata("/proc/self").unwrap().uid() == 0).then_some(NOBODY)
}

/// Copies of the executables that every user may run.
struct Programs(TempDir);

impl Programs {
    fn copied() -> Self {
        let folder = TempDir::new().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let mut copy = Command::new("cp");
        copy.args(emulator::executables()).arg(folder.path());
        // By another process: a file that a thread here has open for writing cannot be executed.
        assert!(copy.status().expect("cp").success());
        Self(folder)
    }

    /// Starts a function for an emulator that starts none. `by` is a command that runs its arguments.
    fn run(&self, function: &str, variables: &Variables, emulator: &Emulator, by: &[&str]) -> Running {
        let runtime_api = format!("http://127.0.0.1:{}/.rt/{function}", emulator.port());
        let mut command = self.command(function, variables, &runtime_api, by);
        Running(command.stdout(Stdio::null()).spawn().expect("a program"))
    }

    /// A function outside of the emulator, run by a user who is bound by permissions.
    fn command(&self, function: &str, variables: &Variables, runtime_api: &str, by: &[&str]) -> Command {
        let program = self.0.path().join(function);
        let mut words = by.iter().map(|word| word.as_ref()).chain([program.as_os_str()]);
        let mut command = Command::new(words.next().expect("a program"));
        command
            .args(words)
            .env_clear()
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .current_dir("/");
        command.env("AWS_LAMBDA_RUNTIME_API", runtime_api).env("AWS_LAMBDA_FUNCTION_NAME", function);
        command.env("AWS_LAMBDA_FUNCTION_VERSION", "1").env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128");
        if let Some(user) = bound_user() {
            command.uid(user).gid(user);
        }
        command
    }

    /// Starts a function that cannot start. Returns the line that says so; without an emulator the function ends after it.
    fn refusal(&self, function: &str, variables: &Variables) -> Value {
        // Nothing listens there, as the second line says.
        let output =
            self.command(function, variables, "http://127.0.0.1:1", &[]).output().expect("a program");
        let told = String::from_utf8_lossy(&output.stdout);
        let complained = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{told}{complained}");
        assert_eq!((told.lines().count(), complained.as_ref()), (2, ""), "{told}");
        let line = told.lines().next().unwrap_or_default();
        serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {told}"))
    }
}

/// A function that ends with its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// Sets the permissions of a store's folder and its file.
fn permit(store: &Store, folder: u32, file: u32) {
    // Makes the file reachable first.
    let path = store.file();
    fs::set_permissions(path.parent().unwrap(), Permissions::from_mode(0o700)).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(file)).unwrap();
    fs::set_permissions(path.parent().unwrap(), Permissions::from_mode(folder)).unwrap();
}
