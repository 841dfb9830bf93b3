//! The sample events in `events/`, and requests made from them.

use serde_json::{Value, json};

use crate::cargo::ROOT;

/// The sample of this name.
pub fn sample(name: &str) -> Value {
    serde_json::from_str(&read(name)).unwrap()
}

/// A `POST` of a body to `register` or `login`, as an HTTP API sends it.
pub fn post(body: &Value) -> Value {
    let mut event = sample("login-http-api");
    event["body"] = body.to_string().into();
    event
}

/// A `POST` of a username and a password to `register` or `login`.
pub fn credentials(username: &str, password: &str) -> Value {
    post(&json!({ "username": username, "password": password }))
}

/// A request to another route of `login` or `register`.
pub fn to_login(method: &str, path: &str, body: &Value) -> Value {
    let mut event = post(body);
    event["rawPath"] = path.into();
    event["requestContext"]["http"]["method"] = method.into();
    event["requestContext"]["http"]["path"] = path.into();
    event
}

/// An event of the table's stream, which tells keys alone, with a record for each key that was added.
pub fn stream(keys: &[impl AsRef<str>]) -> Value {
    let record = |(n, key): (usize, &str)| {
        json!({
            "eventID": format!("{n}"), "eventName": "INSERT", "eventVersion": "1.1", "eventSource": "aws:dynamodb",
            "awsRegion": "eu-west-1", "eventSourceARN": "arn:aws:dynamodb:eu-west-1:123456789012:table/t/stream/s",
            "dynamodb": {
                "ApproximateCreationDateTime": 1_790_000_000, "Keys": { "pk": { "S": key } },
                "SequenceNumber": format!("4421584500000000017450439{n}"), "SizeBytes": 38, "StreamViewType": "KEYS_ONLY",
            },
        })
    };
    let keys = keys.iter().map(AsRef::as_ref).enumerate();
    json!({ "Records": keys.map(record).collect::<Vec<_>>() })
}

/// A `GET` of a path of `validate`.
pub fn get(path: &str) -> Value {
    let mut event = sample("validate-http-api-me");
    event["rawPath"] = path.into();
    event
}

/// A `POST` to `validate` with this `Authorization`.
pub fn authorization(value: &str) -> Value {
    let mut event = sample("validate-http-api");
    event["headers"] = json!({ "authorization": value });
    event
}

/// A `POST` to `validate` with a token.
pub fn bearing(token: &str) -> Value {
    authorization(&format!("Bearer {token}"))
}

/// The events of every kind of API that has `validate` as its authorizer, with a token.
pub fn authorizing(token: &str) -> Vec<Value> {
    let usual = sample("validate-http-api")["headers"]["authorization"].as_str().unwrap().to_owned();
    let (_, sampled_token) = usual.split_once(' ').unwrap();
    let apis =
        ["appsync", "appsync-events", "http-api-1", "http-api-2", "rest-request", "rest-token", "websocket"];
    let samples = apis.map(|api| read(&format!("validate-{api}-authorizer")));
    samples
        .map(|sample| {
            assert!(sample.contains(sampled_token));
            serde_json::from_str(&sample.replace(sampled_token, token)).unwrap()
        })
        .into()
}

/// The same token with another signature, still base64.
pub fn forged(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    format!("{signed}.{}{}", if signature.starts_with('A') { 'B' } else { 'A' }, &signature[1..])
}

fn read(name: &str) -> String {
    std::fs::read_to_string(format!("{ROOT}/events/{name}.json")).unwrap()
}
