//! A handler that panics: its caller gets a response, no API a permission, the next request is served, and the log has the
//! place of the panic and not its message.

use std::process::Command;

use serde_json::{Value, json};

use crate::authorizer::Api;
use crate::event::Sender;
use crate::handlers::{Handlers, PASSWORD};

#[tokio::test]
async fn a_panic_is_an_internal_error_and_no_verdict_and_the_next_request_is_served() {
    let service = Handlers::new().await;
    let token = service.enrol("alice").await;
    let id = service.account("alice").await.unwrap().id.to_string();
    let login = json!({ "username": "alice", "password": PASSWORD }).to_string();
    let bearer = format!("Bearer {token}");
    for (number, sender) in Sender::ALL.into_iter().enumerate() {
        let name = format!("user{number}");
        let register = json!({ "username": name, "password": PASSWORD }).to_string();
        let requests = [
            ("register", sender.post(&register), 201),
            ("login", sender.post(&login), 200),
            ("validate", sender.request("POST", &[("authorization", &bearer)], ""), 200),
        ];
        for (function, event, status) in requests {
            service.let_stores_panic(true);
            let response = service.call(function, event.clone()).await;
            response.must_be(500, r#"{"code":"internal_error","error":"Internal error"}"#, None);
            service.let_stores_panic(false);
            assert_eq!(service.account(&name).await.is_some(), function != "register", "{function}");
            assert_eq!(service.call(function, event).await.status, status, "{function}");
        }
    }
    for api in Api::ALL {
        service.let_stores_panic(true);
        assert_eq!(service.ask(api.event(&token)).await, Err("Internal error".to_owned()), "{api:?}");
        service.let_stores_panic(false);
        assert_eq!(service.ask(api.event(&token)).await, Ok(api.consent(&id, "alice", &token)), "{api:?}");
    }
}

/// Set in a second process, whose log is examined: a process has one log for all of its tests.
const LOGGING: &str = "A_PROCESS_THAT_LOGS";

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "this very test is run once more")]
async fn a_panic_is_logged_by_its_place_alone() {
    if std::env::var_os(LOGGING).is_some() {
        shared::log::init("login");
        let service = Handlers::new().await;
        service.let_stores_panic(true);
        let body = json!({ "username": "alice", "password": "unmistakable passphrase" }).to_string();
        assert_eq!(service.login(Sender::HttpApi.post(&body)).await.status, 500);
        return;
    }
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", "faults::a_panic_is_logged_by_its_place_alone", "--nocapture"]);
    let output =
        again.env(LOGGING, "").env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let written = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    for secret in ["canary", "unmistakable"] {
        assert!(!written.contains(secret), "{written}");
    }
    let lines: Vec<Value> = written.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let [panic, request] = &lines[..] else { panic!("{written}") };
    assert_eq!((&panic["level"], &panic["message"]), (&json!("ERROR"), &json!("panic")));
    assert!(panic["place"].as_str().unwrap().contains("noted.rs:"), "{panic}");
    assert_eq!((&request["outcome"], &request["reason"]), (&json!("internal_error"), &json!("panic")));
}
