//! The sample events: the functions understand every one of them, as `cargo lambda invoke` sends it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::emulator::{ROOT, Service};

/// In the order in which somebody would try them: who is to log in is registered first.
const FUNCTIONS: [&str; 3] = ["register", "login", "validate"];

#[tokio::test]
async fn every_sample_event_is_understood() {
    let service = Service::shared();
    let events = events();
    let (mut registered, mut invoked) = (0, 0);
    for function in FUNCTIONS {
        let own = |event: &&PathBuf| name(event).split('-').next() == Some(function);
        let own: Vec<_> = events.iter().filter(own).collect();
        assert!(!own.is_empty(), "no sample event for {function}");
        for event in own {
            let (status, body) = invoke(&service, function, event);
            match (function, status) {
                ("register", 201) => registered += 1,
                // The samples are all of one user.
                ("register", 400) => assert!(body.contains("already exists"), "{}: {body}", name(event)),
                ("login", 200) => {}
                // No sample can hold a token that this database has signed.
                ("validate", 401) => assert_eq!(body, r#"{"valid":false}"#, "{}", name(event)),
                _ => panic!("{}: {status} {body}", name(event)),
            }
            invoked += 1;
        }
    }
    assert!(registered > 0, "no sample event registers anybody");
    assert_eq!(invoked, events.len(), "a sample event for no function: {events:?}");
}

fn events() -> Vec<PathBuf> {
    let entries = fs::read_dir(Path::new(ROOT).join("events")).expect("the sample events");
    let mut events: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    events.sort();
    events
}

fn name(event: &Path) -> &str {
    event.file_name().and_then(|name| name.to_str()).expect("a name in UTF-8")
}

/// The status and the body of the function's HTTP answer.
fn invoke(service: &Service, function: &str, event: &Path) -> (u64, String) {
    let mut command = Command::new(env!("CARGO"));
    command.args(["lambda", "invoke", "--invoke-address", "127.0.0.1"]);
    command.args(["--invoke-port", &service.port().to_string(), function, "--data-file"]).arg(event);
    // It would ask a proxy for 127.0.0.1, if one is configured.
    let output =
        command.env("NO_PROXY", "127.0.0.1").current_dir(ROOT).output().expect("cargo lambda invoke");
    let (told, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}: {told}{complained}", name(event));
    let answer: Value = serde_json::from_str(&told).unwrap_or_else(|_| panic!("{}: {told}", name(event)));
    assert_eq!(content_type(&answer), Some("application/json"), "{}: {told}", name(event));
    let status = answer["statusCode"].as_u64().unwrap_or_else(|| panic!("{}: {told}", name(event)));
    (status, answer["body"].as_str().expect("a body").to_owned())
}

/// Load balancers with multi-value headers read the second map, everybody else the first.
fn content_type(answer: &Value) -> Option<&str> {
    let (one, many) = (&answer["headers"]["content-type"], &answer["multiValueHeaders"]["content-type"][0]);
    one.as_str().or(many.as_str())
}
