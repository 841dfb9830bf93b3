use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use support::cargo::cargo;
use support::samples;

use crate::binaries::{FUNCTIONS, deployed, local};
use crate::deployed::{Deployed, PASSWORD};

/// The first bytes of every database file: every SQLite contains them.
const SQLITE: &[u8] = b"SQLite format 3";

#[test]
fn the_deployed_functions_do_not_contain_sqlite() {
    for function in FUNCTIONS {
        assert!(!contains_sqlite(deployed(function)), "{function}");
    }
    assert!(contains_sqlite(local("login")));
}

/// Searches a file for the text. With debugging information it is too large for the memory.
fn contains_sqlite(binary: PathBuf) -> bool {
    let (first, rest) = SQLITE.split_first().unwrap();
    let mut file = BufReader::new(File::open(binary).unwrap());
    let mut piece = Vec::new();
    while file.read_until(*first, &mut piece).unwrap() > 0 {
        if piece.starts_with(rest) {
            return true;
        }
        piece.clear();
    }
    false
}

#[test]
fn the_deployed_functions_do_not_depend_on_sqlite() {
    for function in FUNCTIONS {
        let tree = |features: &[&str]| {
            let mut tree = cargo();
            tree.args(["tree", "--locked", "--edges", "normal", "--prefix", "none", "--package", function]);
            let output = tree.args(features).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap()
        };
        for sqlite in ["rusqlite ", "libsqlite3-sys "] {
            let depends = |tree: &str| tree.lines().any(|line| line.starts_with(sqlite));
            assert!(!depends(&tree(&["--no-default-features"])), "{function}");
            assert!(depends(&tree(&[])), "{function}");
        }
    }
}

/// The HTTP API does that, and a browser would refuse what both say.
#[tokio::test]
async fn a_deployed_function_leaves_cors_to_its_api() {
    const ORIGIN: &str = "https://app.example.com";
    let service = Deployed::new().await;
    let login = service.start_with("login", &[("ALLOWED_ORIGINS", Some(ORIGIN))]).await;
    let mut event = samples::credentials("alice", PASSWORD);
    event["headers"]["origin"] = ORIGIN.into();
    for (method, status) in [("POST", 401), ("OPTIONS", 405)] {
        event["requestContext"]["http"]["method"] = method.into();
        let response = login.call(&event).await.assert_status(status);
        let of_cors = |name: &&String| name.starts_with("access-control-") || *name == "vary";
        assert_eq!(response.headers.keys().find(of_cors), None);
    }
}

/// The Lambda runtime logs whole events at the level TRACE. No configuration can turn that on in a release.
#[test]
fn a_release_cannot_log_whole_events() {
    for function in FUNCTIONS {
        let mut tree = cargo();
        tree.args(["tree", "--locked", "--edges", "normal,features", "--invert", "tracing"]);
        let output = tree.args(["--no-default-features", "--package", function]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let features = String::from_utf8(output.stdout).unwrap();
        assert!(features.contains(r#"tracing feature "release_max_level_info""#), "{function}: {features}");
    }
}
