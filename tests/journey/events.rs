//! The sample events, sent by `cargo lambda invoke`: the functions understand all of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use support::cargo::ROOT;
use support::client::PASSWORD;
use support::emulator::Emulator;

/// In an order that works: registration before login.
const FUNCTIONS: [&str; 3] = ["register", "login", "validate"];

#[tokio::test]
async fn every_sample_event_is_understood() {
    let service = Emulator::shared();
    let events = events();
    let (mut registered, mut invoked) = (0, 0);
    for function in FUNCTIONS {
        let own = |event: &&PathBuf| name(event).split('-').next() == Some(function);
        let own: Vec<_> = events.iter().filter(own).collect();
        assert!(!own.is_empty(), "no sample event for {function}");
        for event in own {
            if name(event).ends_with("-authorizer.json") {
                assert_refused(&service, event);
            } else if response(&service, function, event) == 201 {
                registered += 1;
            }
            invoked += 1;
        }
    }
    assert!(registered > 0, "no sample event registers anybody");
    assert_eq!(invoked, events.len(), "a sample event for no function: {events:?}");
}

/// The status of the function's HTTP response. Asserts that it fits the sample.
fn response(service: &Emulator, function: &str, event: &Path) -> u64 {
    let told = invoke(service, function, event).unwrap_or_else(|error| panic!("{}: {error}", name(event)));
    assert_eq!(content_type(&told), Some("application/json"), "{}: {told}", name(event));
    let status = told["statusCode"].as_u64().unwrap_or_else(|| panic!("{}: {told}", name(event)));
    let body = told["body"].as_str().expect("a body");
    match (function, status) {
        ("register", 201) | ("login", 200) => {}
        // Nor of a session in it.
        ("login", 401) if name(event).ends_with("-refresh.json") => {
            assert!(body.contains("invalid_session"), "{body}");
        }
        // All samples are of one user.
        ("register", 400) => assert!(body.contains("already exists"), "{}: {body}", name(event)),
        // No sample can hold a token that this database has signed.
        ("validate", 401) => assert_eq!(body, r#"{"code":"invalid_token","valid":false}"#, "{}", name(event)),
        // The account of the authorizer's context.
        ("validate", 200) if name(event).ends_with("-me.json") => assert!(body.contains("alice"), "{body}"),
        _ => panic!("{}: {status} {body}", name(event)),
    }
    status
}

/// Asserts that the function as an authorizer refuses a token that this database has not signed.
fn assert_refused(service: &Emulator, event: &Path) {
    match invoke(service, "validate", event) {
        Ok(response) => assert_eq!(response["isAuthorized"], false, "{}: {response}", name(event)),
        Err(error) => assert!(error.contains("Unauthorized"), "{}: {error}", name(event)),
    }
}

/// A token of this database is accepted for every kind of API.
#[tokio::test]
async fn an_authorizer_event_with_a_good_token_is_let_in() {
    let service = Emulator::shared();
    let token = service.client().register("authorized", PASSWORD).await.text("token");
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let mut asked = 0;
    for event in events().iter().filter(|event| name(event).ends_with("-authorizer.json")) {
        let text = fs::read_to_string(event).expect("a sample");
        let sample: Value = serde_json::from_str(&text).expect("JSON");
        let old = find_token(&sample).unwrap_or_else(|| panic!("{}: no token", name(event)));
        let changed = folder.path().join(name(event));
        fs::write(&changed, text.replace(&old, &token)).expect("a copy");
        let response =
            invoke(&service, "validate", &changed).unwrap_or_else(|error| panic!("{}: {error}", name(event)));
        let effect = &response["policyDocument"]["Statement"][0]["Effect"];
        assert!(response["isAuthorized"] == true || effect == "Allow", "{}: {response}", name(event));
        assert!(response.to_string().contains(r#""username":"authorized""#), "{}: {response}", name(event));
        asked += 1;
    }
    assert_eq!(asked, 7);
}

/// The first string in an event that looks like a token.
fn find_token(event: &Value) -> Option<String> {
    match event {
        Value::String(text) => {
            let token = text.strip_prefix("Bearer ").unwrap_or(text);
            (token.starts_with("eyJ") && token.split('.').count() == 3).then(|| token.to_owned())
        }
        Value::Array(values) => values.iter().find_map(find_token),
        Value::Object(members) => members.values().find_map(find_token),
        _ => None,
    }
}

fn events() -> Vec<PathBuf> {
    let entries = fs::read_dir(Path::new(ROOT).join("events")).expect("the sample events");
    let entries = entries.map(|entry| entry.expect("an entry").path());
    let mut events: Vec<_> = entries.filter(|entry| entry.is_file()).collect();
    events.sort();
    events
}

fn name(event: &Path) -> &str {
    event.file_name().and_then(|name| name.to_str()).expect("a name in UTF-8")
}

/// The function's response, or its error.
fn invoke(service: &Emulator, function: &str, event: &Path) -> Result<Value, String> {
    let mut command = Command::new(env!("CARGO"));
    command.args(["lambda", "invoke", "--invoke-address", "127.0.0.1"]);
    command.args(["--invoke-port", &service.port().to_string(), function, "--data-file"]).arg(event);
    // Keeps a configured proxy out.
    let output =
        command.env("NO_PROXY", "127.0.0.1").current_dir(ROOT).output().expect("cargo lambda invoke");
    let (told, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if !output.status.success() {
        return Err(format!("{told}{complained}"));
    }
    Ok(serde_json::from_str(&told).unwrap_or_else(|_| panic!("{}: {told}", name(event))))
}

/// Load balancers with multi-value headers read the second map, all others the first.
fn content_type(response: &Value) -> Option<&str> {
    let (one, many) =
        (&response["headers"]["content-type"], &response["multiValueHeaders"]["content-type"][0]);
    one.as_str().or(many.as_str())
}
