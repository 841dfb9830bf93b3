//! CORS on a laptop, which is what the HTTP API does when deployed.

use serde_json::json;

use crate::event::Sender;
use crate::handlers::{Handlers, Response};

const APP: &str = "https://app.example.com";
const FUNCTIONS: [(&str, &str); 3] =
    [("register", "/register"), ("login", "/sessions/x"), ("validate", "/me")];

/// The headers of CORS, without their common prefix.
fn cors(response: &Response) -> Vec<(&str, &str)> {
    let own = response.headers.iter();
    own.filter_map(|(name, value)| Some((name.strip_prefix("access-control-")?, value.as_str()))).collect()
}

fn readable(origin: &str) -> Vec<(&str, &str)> {
    let readable = ("expose-headers", "allow,retry-after,www-authenticate,x-error-codes");
    vec![("allow-credentials", "true"), ("allow-origin", origin), readable]
}

fn preflight(sender: Sender, path: &str, origin: &str) -> serde_json::Value {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type"),
    ];
    sender.at(path, sender.request("OPTIONS", &headers, ""))
}

#[tokio::test]
async fn a_preflight_request_gets_what_the_template_allows() {
    let service = Handlers::with(&[("ALLOWED_ORIGINS", APP)]).await;
    for (function, path) in FUNCTIONS {
        for sender in Sender::ALL {
            let response = service.call(function, preflight(sender, path, APP)).await;
            assert_eq!((response.status, response.body.as_str()), (204, ""), "{response:?}");
            let mut expected = readable(APP);
            expected.extend([
                ("allow-headers", "authorization,content-type,idempotency-key"),
                ("allow-methods", "DELETE,GET,POST"),
                ("max-age", "600"),
            ]);
            expected.sort_unstable();
            assert_eq!(cors(&response), expected, "{function}");
        }
    }
}

#[tokio::test]
async fn an_allowed_page_reads_responses_and_the_headers_of_errors() {
    let service = Handlers::with(&[("ALLOWED_ORIGINS", APP)]).await;
    for (function, path) in FUNCTIONS {
        let event =
            Sender::HttpApi.request("POST", &[("origin", APP), ("content-type", "application/json")], "{}");
        let response = service.call(function, Sender::HttpApi.at(path, event)).await;
        assert!(response.status >= 400, "{response:?}");
        assert_eq!(cors(&response), readable(APP), "{function}");
        assert_eq!(response.header("vary"), Some("origin"));
    }
}

/// The browser refuses such a page the response, and after a preflight request sends nothing.
#[tokio::test]
async fn another_page_reads_nothing() {
    let service = Handlers::with(&[("ALLOWED_ORIGINS", APP)]).await;
    for origin in ["https://evil.example", "http://app.example.com", "http://localhost:5173", "null", "*"] {
        for (function, path) in [("login", "/login"), ("validate", "/.well-known/jwks.json")] {
            let refused = service.call(function, preflight(Sender::HttpApi, path, origin)).await;
            assert_eq!((refused.status, cors(&refused)), (204, vec![]), "{origin}");
            let method = if function == "login" { "POST" } else { "GET" };
            let event = Sender::HttpApi.request(method, &[("origin", origin)], "");
            let response = service.call(function, Sender::HttpApi.at(path, event)).await;
            assert_eq!(cors(&response), [], "{origin}");
        }
    }
}

#[tokio::test]
async fn pages_of_this_machine_are_allowed_unless_others_are_named() {
    let service = Handlers::new().await;
    for (origin, is_allowed) in [
        ("http://localhost:5173", true),
        ("https://localhost", true),
        ("http://127.0.0.1:8000", true),
        ("http://[::1]:8000", true),
        ("http://localhost.evil.example", false),
        ("http://192.168.0.2:8000", false),
        ("localhost", false),
        (APP, false),
    ] {
        let response = service.call("login", preflight(Sender::HttpApi, "/login", origin)).await;
        assert_eq!(response.header("access-control-allow-origin"), is_allowed.then_some(origin));
    }
}

#[tokio::test]
async fn a_star_allows_every_page_without_cookies() {
    let service = Handlers::with(&[("ALLOWED_ORIGINS", "*")]).await;
    let headers = [("origin", APP), ("content-type", "application/json")];
    let body = json!({ "username": "alice", "password": "a", "session": "cookie" }).to_string();
    let response = service.login(Sender::HttpApi.request("POST", &headers, &body)).await;
    assert_eq!(response.json()["code"], "cross_site");
    assert_eq!(cors(&response), [("allow-origin", "*"), readable(APP)[2]]);
}

/// Of no page: a program, or a browser that asks its own origin.
#[tokio::test]
async fn a_request_without_an_origin_is_none_of_cors() {
    let service = Handlers::new().await;
    let response = service.login(Sender::HttpApi.request("OPTIONS", &[], "")).await;
    assert_eq!((response.status, cors(&response)), (405, vec![]));
    assert_eq!(response.header("vary"), None);
}
