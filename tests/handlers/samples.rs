//! The samples in `events/`, kept in step with the handlers.

use std::path::Path;

use serde_json::json;
use support::cargo::ROOT;

use crate::authorizer::Api;
use crate::event::Sender;
use crate::handlers::Handlers;

#[tokio::test]
async fn every_sample_gets_the_response_that_its_name_says() {
    for sender in Sender::ALL {
        let service = Handlers::new().await;
        assert_eq!(service.register(sender.sample("register")).await.status, 201, "{sender:?}");
        assert_eq!(service.register(sender.sample("register")).await.status, 400, "{sender:?}");
        assert_eq!(service.login(sender.sample("login")).await.status, 200, "{sender:?}");
        let response = service.validate(sender.sample("validate")).await;
        assert_eq!(
            (response.status, response.json()),
            (401, json!({ "code": "invalid_token", "valid": false })),
            "{sender:?}"
        );
    }
}

/// A browser sends its cookie, of a session that nobody knows here.
#[tokio::test]
async fn the_sample_of_a_refresh_gets_as_far_as_the_token() {
    let service = Handlers::new().await;
    let response = service.login(support::samples::sample("login-http-api-refresh")).await;
    assert_eq!((response.status, &response.json()["code"]), (401, &json!("invalid_session")));
    assert!(response.cookies.iter().any(|cookie| cookie.starts_with("__Host-refresh=;")), "{response:?}");
}

#[test]
fn there_is_no_sample_that_no_test_reads() {
    let folder = Path::new(ROOT).join("events");
    let files =
        std::fs::read_dir(folder).unwrap().filter(|file| file.as_ref().unwrap().path().is_file()).count();
    // Requests for three functions, six kinds of authorizer, the protected route, and a refresh.
    assert_eq!(files, Sender::ALL.len() * 3 + Api::ALL.len() + 2);
}
