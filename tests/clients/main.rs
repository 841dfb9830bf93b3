//! The clients that `docs/frontend.md` shows, in TypeScript and Python, go through sessions with the functions under `cargo
//! lambda watch`. They stand on what generators make of `docs/openapi.yaml`. Their clocks and networks are those of the tests:
//! nothing waits for a token to end.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::emulator::Emulator;
use support::node;
use support::store::Store;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/clients");

/// The document that the generators read.
const CONTRACT: &str = "../../docs/openapi.yaml";

/// The service on a new store, as a client finds it.
struct Service {
    _emulator: Emulator,
    url: String,
    /// The folder in which it puts its mails.
    mails: PathBuf,
}

impl Service {
    /// Its functions have started: the clients are not to wait for that.
    async fn start(store: &Store) -> Self {
        let emulator = Emulator::start(&store.variables);
        for function in ["register", "login", "validate"] {
            emulator.client().post(function, "{}").await;
        }
        let url = format!("http://127.0.0.1:{}", emulator.port());
        Self { _emulator: emulator, url, mails: store.file().with_file_name("mail") }
    }
}

/// A program in [`FOLDER`], with the programs of `tools` on its path.
fn program(tools: &Path, name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(tools.join(name));
    command.args(arguments).current_dir(FOLDER).env_clear();
    command.env("PATH", tools).env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

#[track_caller]
fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{command:?}:\n{}", String::from_utf8_lossy(&said));
}

#[tokio::test]
async fn the_client_in_typescript_keeps_its_user_logged_in() {
    let (tools, store) = (node::tools("clients"), Store::sqlite());
    let node = |arguments: &[&str]| program(&tools, "node", arguments);
    run(&mut node(&["node_modules/openapi-typescript/bin/cli.js", CONTRACT, "--output", "api.ts"]));
    run(&mut node(&["node_modules/typescript/bin/tsc", "--project", ".", "--noEmit"]));
    let service = Service::start(&store).await;
    run(node(&["journey.ts"]).env("AUTH_URL", &service.url).env("MAILS", &service.mails));
}

#[tokio::test]
async fn the_client_in_python_keeps_its_user_logged_in() {
    let (tools, store) = (node::python("clients"), Store::sqlite());
    let generate =
        ["generate", "--path", CONTRACT, "--meta", "none", "--output-path", "auth_client", "--overwrite"];
    run(&mut program(&tools, "openapi-python-client", &generate));
    let service = Service::start(&store).await;
    let mut journey = program(&tools, "python", &["journey.py"]);
    run(journey.env("AUTH_URL", &service.url).env("MAILS", &service.mails));
}

#[test]
fn the_page_shows_the_code_that_is_tested() {
    let read = |file: &str| fs::read_to_string(format!("{FOLDER}/{file}")).unwrap();
    let page = read("../../docs/frontend.md");
    for file in ["auth.ts", "auth.py"] {
        assert!(page.contains(&read(file)), "docs/frontend.md does not show tests/clients/{file}");
    }
    let packages: serde_json::Value = serde_json::from_str(&read("package.json")).unwrap();
    let version = |kind: &str, name: &str| format!("{name}@{}", packages[kind][name].as_str().unwrap());
    for pinned in [
        version("dependencies", "openapi-fetch"),
        version("devDependencies", "openapi-typescript"),
        version("devDependencies", "typescript"),
        read("../tools/clients.txt").trim().to_owned(),
    ] {
        assert!(page.contains(&pinned), "docs/frontend.md does not name {pinned}");
    }
}
