//! What API Gateway does for a function, and no more: each HTTP request becomes an event of an HTTP API.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use serde_json::{Map, Value, json};
use support::runtime_api::RuntimeApi;
use support::samples::sample;
use tokio::net::TcpListener;

/// The functions, and the paths that lead to each.
const FUNCTIONS: [(&str, &[&str]); 4] = [
    ("register", &["/register"]),
    ("login", &["/login", "/refresh"]),
    ("validate", &["/validate"]),
    ("hello", &["/hello"]),
];

struct Front {
    functions: BTreeMap<&'static str, RuntimeApi>,
    /// An event, whose members that name no request stay as they are.
    event: Value,
}

/// Serves on a free port.
pub async fn serve() {
    let mut functions = BTreeMap::new();
    for (name, _) in FUNCTIONS {
        functions.insert(name, RuntimeApi::start().await);
    }
    let addresses: Map<_, _> =
        functions.iter().map(|(name, api)| ((*name).to_owned(), api.address.to_string().into())).collect();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    println!("{}", json!({ "port": port, "functions": addresses }));
    let front = Arc::new(Front { functions, event: sample("login-http-api") });
    axum::serve(listener, Router::new().fallback(handle).with_state(front)).await.unwrap();
}

async fn handle(
    State(front): State<Arc<Front>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let Some((function, _)) = FUNCTIONS.iter().find(|(_, paths)| paths.contains(&uri.path())) else {
        return Response::builder().status(404).body(Body::empty()).unwrap();
    };
    let event = front.event(&method, uri.path(), &headers, &body).to_string();
    let response = front.functions[function].invoke(&event).outcome.await.unwrap().unwrap();
    let status = u16::try_from(response["statusCode"].as_u64().unwrap()).unwrap();
    let mut answer = Response::builder().status(status);
    for (name, value) in response["headers"].as_object().unwrap() {
        answer = answer.header(name, value.as_str().unwrap());
    }
    answer.body(response["body"].as_str().unwrap_or_default().to_owned().into()).unwrap()
}

impl Front {
    fn event(&self, method: &Method, path: &str, headers: &HeaderMap, body: &[u8]) -> Value {
        let mut event = self.event.clone();
        event["rawPath"] = path.into();
        event["requestContext"]["http"]["method"] = method.as_str().into();
        event["requestContext"]["http"]["path"] = path.into();
        for (name, value) in headers {
            event["headers"][name.as_str()] = value.to_str().unwrap().into();
        }
        // As at a proxy that is trusted: the probes come from several client IPs.
        if let Some(client) = headers.get("x-forwarded-for") {
            event["requestContext"]["http"]["sourceIp"] = client.to_str().unwrap().into();
        }
        event["body"] = str::from_utf8(body).unwrap().into();
        event
    }
}
