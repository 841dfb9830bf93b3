//! Routes: the end of the path decides, behind any stage, base path or mount.

use serde_json::json;

use crate::event::Sender;
use crate::handlers::{Handlers, PASSWORD};

/// A path with a stage, a base path, a custom domain, a trailing slash, or a mount of the operator's own before `end`.
fn paths(end: &str) -> [String; 6] {
    [
        end.to_owned(),
        format!("{end}/"),
        format!("/prod{end}"),
        format!("/auth/v1{end}"),
        format!("/a/b/c{end}/"),
        format!("//{end}"),
    ]
}

#[tokio::test]
async fn every_route_is_found_by_the_end_of_its_path_from_every_sender() {
    let service = Handlers::new().await;
    let token = service.enrol("alice").await;
    let bearer = format!("Bearer {token}");
    let good = json!({ "username": "alice", "password": PASSWORD }).to_string();
    let json_type = ("content-type", "application/json");
    for sender in Sender::ALL {
        for (function, method, end, status, member) in [
            ("register", "POST", "/register", 400, "username"),
            ("login", "POST", "/login", 200, "token"),
            ("validate", "POST", "/validate", 200, "valid"),
            ("validate", "GET", "/me", 200, "username"),
        ] {
            for path in paths(end) {
                let headers = [json_type, ("authorization", &bearer)];
                let event = sender.at(&path, sender.request(method, &headers, &good));
                let response = service.call(function, event).await;
                assert_eq!(response.status, status, "{sender:?} {path}");
                assert!(response.json().get(member).is_some(), "{sender:?} {path}: {response:?}");
            }
        }
    }
}

#[tokio::test]
async fn any_other_path_leads_to_the_first_route() {
    let service = Handlers::new().await;
    let token = service.enrol("alice").await;
    let bearer = format!("Bearer {token}");
    for sender in Sender::ALL {
        for path in ["", "/", "/mounted/elsewhere", "/me/too", "/Me", "/some"] {
            let event = sender.request("POST", &[("authorization", &bearer)], "");
            let response = service.validate(sender.at(path, event)).await;
            assert_eq!(
                (response.status, &response.json()["valid"]),
                (200, &json!(true)),
                "{sender:?} {path}"
            );
        }
    }
}

#[tokio::test]
async fn another_method_is_refused_with_the_methods_of_the_path() {
    let service = Handlers::new().await;
    for sender in Sender::ALL {
        for (function, method, path, allow) in [
            ("register", "GET", "/register", "POST"),
            ("login", "PUT", "/prod/login/", "POST"),
            ("validate", "GET", "/validate", "POST"),
            ("validate", "GET", "/", "POST"),
            ("validate", "POST", "/me", "GET"),
            ("validate", "DELETE", "/auth/me/", "GET"),
        ] {
            let response = service.call(function, sender.at(path, sender.request(method, &[], ""))).await;
            response.must_be(
                405,
                r#"{"code":"method_not_allowed","error":"Method not allowed"}"#,
                Some(("allow", allow)),
            );
        }
    }
}
