//! Events as an HTTP API sends them, from the samples in `events/`.

use serde_json::{Value, json};

/// A `POST` of a body to `register` or `login`.
pub fn post(body: &Value) -> Value {
    let mut event = sample("login");
    event["body"] = body.to_string().into();
    event
}

/// A `POST` to `validate` with a token.
pub fn bearing(token: &str) -> Value {
    let mut event = sample("validate");
    event["headers"] = json!({ "authorization": format!("Bearer {token}") });
    event
}

/// The events of every API that has `validate` as its authorizer, with a token.
pub fn authorizing(token: &str) -> Vec<Value> {
    let usual = sample("validate")["headers"]["authorization"].as_str().unwrap().to_owned();
    let (_, sampled_token) = usual.split_once(' ').unwrap();
    let apis = ["appsync", "http-api-1", "http-api-2", "rest-request", "rest-token", "websocket"];
    let samples = apis.map(|api| read(&format!("validate-{api}-authorizer")));
    samples
        .map(|sample| {
            assert!(sample.contains(sampled_token));
            serde_json::from_str(&sample.replace(sampled_token, token)).unwrap()
        })
        .into()
}

fn sample(function: &str) -> Value {
    serde_json::from_str(&read(&format!("{function}-http-api"))).unwrap()
}

fn read(name: &str) -> String {
    std::fs::read_to_string(format!("{}/../events/{name}.json", env!("CARGO_MANIFEST_DIR"))).unwrap()
}
