//! The first start, without any configuration.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use support::cargo::ROOT;
use support::client::PASSWORD;
use support::emulator::Emulator;
use tempfile::TempDir;
use tokio::time::Instant;

const IGNORED: &str = ".cargolambdaignore";

/// The emulator restarts functions three seconds after a file has changed.
const RESTARTED_BY_NOW: Duration = Duration::from_secs(5);

#[tokio::test]
async fn without_configuration_the_functions_share_a_database_in_the_working_directory() {
    let folder = working_directory();
    let service = Emulator::start_in(folder.path());
    let client = service.client();
    let registered = client.register("import", PASSWORD).await;
    assert_eq!(registered.status, 201);
    assert_eq!(client.login("import", PASSWORD).await.status, 200);
    let valid = client.validate(&registered.bearer()).await;
    assert_eq!((valid.status, valid.text("user_id")), (200, registered.text("user_id")));

    for function in ["register", "login", "validate"] {
        let processes = service.processes(function);
        let [process] = processes[..] else { panic!("{function} runs as {processes:?}") };
        let directory = fs::read_link(format!("/proc/{process}/cwd")).unwrap();
        assert_eq!(directory, folder.path().canonicalize().unwrap(), "{function}");
    }
    let local = folder.path().join(".local");
    let mut files = names(&local);
    files.retain(|name| !name.ends_with("-wal") && !name.ends_with("-shm"));
    assert_eq!(files, ["accounts.db"]);
    assert_eq!(names(folder.path()), [IGNORED, ".local"]);
    let mode = fs::metadata(local.join("accounts.db")).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "hashes and a secret are nobody else's business: {mode:o}");
}

#[tokio::test]
async fn writing_accounts_does_not_restart_the_functions() {
    let folder = working_directory();
    let service = Emulator::start_in(folder.path());
    let client = service.client();
    assert_eq!(client.register("writer", PASSWORD).await.status, 201);
    let processes = service.processes("register");
    assert_eq!(processes.len(), 1);
    let (started, mut written) = (Instant::now(), 0);
    while started.elapsed() < RESTARTED_BY_NOW {
        written += 1;
        assert_eq!(client.register(&format!("writer-{written}"), PASSWORD).await.status, 201);
    }
    assert_eq!(service.processes("register"), processes, "after {written} registrations");
}

/// A working directory with one file: the list of paths that the emulator does not watch.
fn working_directory() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::copy(Path::new(ROOT).join(IGNORED), folder.path().join(IGNORED)).unwrap();
    folder
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
