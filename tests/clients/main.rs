//! The clients that `docs/frontend.md` shows, in TypeScript and Python, go through sessions with the functions under `cargo
//! lambda watch`. Their clocks and networks are those of the tests: nothing waits for a token to end.

use std::path::{Path, PathBuf};
use std::process::Command;

use support::emulator::Emulator;
use support::node;
use support::store::Store;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/clients");

/// The folder in which the service on a store puts its mails.
fn mails(store: &Store) -> PathBuf {
    store.file().with_file_name("mail")
}

/// The service on a new store. Its functions have started: the clients are not to wait for that.
async fn service(store: &Store) -> (Emulator, String) {
    let service = Emulator::start(&store.variables);
    for function in ["register", "login", "validate"] {
        service.client().post(function, "{}").await;
    }
    let url = format!("http://127.0.0.1:{}", service.port());
    (service, url)
}

/// Runs a program in [`FOLDER`], with the programs of `tools` on its path.
#[track_caller]
fn run(tools: &Path, program: &str, arguments: &[&str], url: &str, mails: &Path) {
    let mut command = Command::new(tools.join(program));
    command.args(arguments).current_dir(FOLDER).env_clear();
    command.env("PATH", tools).env("AUTH_URL", url).env("MAILS", mails);
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{program} {arguments:?}:\n{}", String::from_utf8_lossy(&said));
}

#[tokio::test]
async fn the_client_in_typescript_keeps_its_user_logged_in() {
    let (tools, store) = (node::tools("clients"), Store::sqlite());
    let (_service, url) = service(&store).await;
    run(
        &tools,
        "node",
        &["node_modules/typescript/bin/tsc", "--project", ".", "--noEmit"],
        &url,
        &mails(&store),
    );
    run(&tools, "node", &["journey.ts"], &url, &mails(&store));
}

#[tokio::test]
async fn the_client_in_python_keeps_its_user_logged_in() {
    let (tools, store) = (node::tools("clients"), Store::sqlite());
    let (_service, url) = service(&store).await;
    run(&tools, "python", &["journey.py"], &url, &mails(&store));
}

#[test]
fn the_page_shows_the_code_that_is_tested() {
    let page = std::fs::read_to_string(format!("{FOLDER}/../../docs/frontend.md")).unwrap();
    for file in ["clients/auth.ts", "clients/auth.py"] {
        let code = std::fs::read_to_string(format!("{FOLDER}/../{file}")).unwrap();
        assert!(page.contains(&code), "docs/frontend.md does not show tests/{file}");
    }
}
