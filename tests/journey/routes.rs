//! The routes of the template on a laptop, and a start that fails there.

use reqwest::Method;
use reqwest::header::{ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, ORIGIN};
use serde_json::Value;
use support::client::{self, PASSWORD};
use support::emulator::Emulator;
use support::store::Store;

#[tokio::test]
async fn the_routes_of_the_template_work_with_and_without_a_trailing_slash() {
    let service = Emulator::shared();
    let client = service.client();
    let bearer = client.register("route-walker", PASSWORD).await.bearer();
    for (method, path, status, member) in [
        (Method::POST, "/register", 400, "username"),
        (Method::POST, "/password", 400, "current_password"),
        (Method::POST, "/password/forgot", 400, "username"),
        (Method::POST, "/password/reset", 400, "code"),
        (Method::POST, "/email", 400, "current_password"),
        (Method::POST, "/email/confirm", 400, "code"),
        (Method::POST, "/account/delete", 400, "current_password"),
        (Method::POST, "/login", 400, "username"),
        (Method::POST, "/refresh", 400, "code"),
        (Method::POST, "/logout", 401, "code"),
        (Method::GET, "/sessions", 200, "sessions"),
        (Method::DELETE, "/sessions/none", 404, "code"),
        (Method::POST, "/validate", 200, "user_id"),
        (Method::GET, "/me", 200, "username"),
        (Method::GET, "/.well-known/jwks.json", 200, "keys"),
        (Method::GET, "/.well-known/openid-configuration", 404, "code"),
    ] {
        for path in [path.to_owned(), format!("{path}/")] {
            let request = client.request(method.clone(), &path).header(AUTHORIZATION, &bearer);
            let response = client::send(request.header("content-type", "application/json").body("{}")).await;
            let body: Value = serde_json::from_str(&response.body).unwrap();
            assert_eq!(response.status, status, "{path}: {response:?}");
            assert!(body.get(member).is_some(), "{path}: {body}");
        }
    }
    let me = client::send(client.request(Method::GET, "/me").header(AUTHORIZATION, &bearer)).await;
    assert_eq!(me.text("username"), "route-walker");
    let refused = client::send(client.request(Method::GET, "/me").header(AUTHORIZATION, "Bearer x")).await;
    assert_eq!(refused.status, 401);
}

/// The emulator leaves CORS to the functions.
#[tokio::test]
async fn a_page_of_this_machine_may_call_every_route_and_another_none() {
    const OWN: &str = "http://localhost:5173";
    let service = Emulator::shared();
    let client = service.client();
    for path in
        ["/register", "/password/forgot/", "/login", "/sessions/none", "/me", "/.well-known/jwks.json"]
    {
        for (origin, allowed) in [(OWN, Some(OWN)), ("https://evil.example", None)] {
            let preflight = client.request(Method::OPTIONS, path).header(ORIGIN, origin);
            let preflight = client::send(preflight.header(ACCESS_CONTROL_REQUEST_METHOD, "POST")).await;
            let request = client.request(Method::PUT, path).header(ORIGIN, origin);
            let response = client::send(request).await;
            assert_eq!((preflight.status, response.status), (204, 405), "{path}");
            for response in [preflight, response] {
                let header = |name: &str| response.headers.get(name).map(String::as_str);
                assert_eq!(header("access-control-allow-origin"), allowed, "{path}");
                assert_eq!(header("access-control-allow-credentials"), allowed.map(|_| "true"), "{path}");
                let exposed = header("access-control-expose-headers");
                assert_eq!(exposed.is_some_and(|names| names.contains("x-error-codes")), allowed.is_some());
            }
        }
    }
}

#[tokio::test]
async fn a_mistyped_path_gets_the_names_of_the_functions_alone() {
    let service = Emulator::shared();
    for path in ["/logni", "/lambda-url/logni"] {
        let response = client::send(service.client().request(Method::POST, path)).await;
        assert_eq!(response.status, 404, "{response:?}");
        for name in ["accounts", "hello"] {
            assert!(!response.body.contains(name), "{response:?}");
        }
    }
    let response = client::send(service.client().request(Method::POST, "/lambda-url/logni")).await;
    for name in ["register", "login", "validate"] {
        assert!(response.body.contains(name), "{response:?}");
    }
}

#[tokio::test]
async fn a_wrong_variable_is_told_to_the_client_and_its_value_is_not() {
    let mut store = Store::sqlite();
    store.variables.push(("JWT_SECRET", "canary".to_owned()));
    let service = Emulator::start(&store.variables);
    let response = service.client().login("alice", PASSWORD).await;
    let reason = response.text("error");
    assert_eq!(response.status, 500);
    assert!(reason.starts_with("Cannot start: JWT_SECRET must have at least 32 bytes"), "{reason}");
    assert!(!reason.contains("canary") && !service.output().contains("canary"), "{reason}");
    let response = service.client().authorize("x.y.z").await.unwrap_err();
    assert_eq!(response["errorMessage"], "Internal error", "{response}");
}
