//! Lambda events, through the whole of each function. An event is any JSON: the Lambda runtime reads nothing else.

use std::collections::BTreeSet;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lambda_runtime::Diagnostic;
use serde_json::{Value, json};
use shared::account::AccountId;
use shared::names::username::{Username, UsernameKey};
use shared::password::Password;

use crate::functions::{ALICE, FUNCTIONS, NOW, PASSWORD, TOKEN, event};
use crate::{replay, response};

/// A 201 is for a name that was free; an account changes for its token and its password.
pub fn register(bytes: &[u8]) {
    let Some((event, sent)) = event(bytes) else { return };
    let response = http_response(FUNCTIONS.register(&event));
    let (Some((status, body)), Some(sent)) = (response, sent) else { return };
    if status == 201 {
        let sent = form(&sent);
        let username = Username::parse(sent["username"].as_str().unwrap()).unwrap();
        let user_id = body["user_id"].as_str().unwrap();
        assert_ne!(username.key(), &UsernameKey::of("alice"), "the name is taken");
        assert!(Password::parse(sent["password"].as_str().unwrap()).unwrap().expose().chars().count() >= 8);
        assert!(AccountId::parse(user_id).is_some());
        assert_eq!(FUNCTIONS.subject(token(&body)), (user_id.to_owned(), username.as_str().to_owned()));
    } else if matches!(status, 200 | 204) {
        assert!(says(&sent, TOKEN), "without a good token");
        let password = Password::parse(form(&sent)["current_password"].as_str().unwrap()).unwrap();
        assert_eq!(password.expose(), PASSWORD);
        assert!(status == 204 || FUNCTIONS.subject(token(&body)).0 == ALICE);
    }
}

/// A reply to an event of the table's stream is a list of numbers of its records, each of them once.
pub fn stream(bytes: &[u8]) {
    let Some((event, sent)) = event(bytes) else { return };
    let (Ok(reply), Some(sent)) = (FUNCTIONS.register(&event), sent) else { return };
    let numbers = sequence_numbers(&sent);
    let Some(failures) = reply.get("batchItemFailures") else {
        assert!(numbers.is_none(), "an event of the stream is another kind");
        return;
    };
    assert_eq!(reply.as_object().unwrap().len(), 1);
    let mut numbers = numbers.expect("an event of the stream");
    for failure in failures.as_array().unwrap() {
        assert_eq!(failure.as_object().unwrap().len(), 1);
        let number = failure["itemIdentifier"].as_str().unwrap();
        assert!(numbers.remove(number), "{number} is of no record, or there twice");
    }
}

/// The numbers of the records, if all have one: then the event is one of the stream.
fn sequence_numbers(event: &Value) -> Option<BTreeSet<String>> {
    let records = event.get("Records")?.as_array().filter(|records| !records.is_empty())?;
    let number = |record: &Value| Some(record.get("dynamodb")?.get("SequenceNumber")?.as_str()?.to_owned());
    records.iter().map(number).collect()
}

/// A token is for the name and the password of its account, or for the refresh token of its session.
pub fn login(bytes: &[u8]) {
    let Some((event, sent)) = event(bytes) else { return };
    let response = http_response(FUNCTIONS.login(&event));
    let (Some((status, body)), Some(sent)) = (response, sent) else { return };
    if body.get("sessions").is_some() {
        assert!(says(&sent, TOKEN), "without a good token");
    } else if status == 200 && body.get("session_id").is_some() && says(&sent, &FUNCTIONS.refresh_token()) {
        assert_eq!(FUNCTIONS.subject(token(&body)).0, ALICE);
    } else if status == 200 {
        let sent = form(&sent);
        assert_eq!(UsernameKey::of(sent["username"].as_str().unwrap()), UsernameKey::of("alice"));
        assert_eq!(Password::parse(sent["password"].as_str().unwrap()).unwrap().expose(), PASSWORD);
        assert_eq!(FUNCTIONS.subject(token(&body)).0, ALICE);
    } else {
        assert_ne!(status, 201);
    }
}

/// Over HTTP and as the authorizer of every kind of API.
pub fn validate(bytes: &[u8]) {
    let Some((event, sent)) = event(bytes) else { return };
    let responses = FUNCTIONS.validate(&event);
    let Some(sent) = sent else { return };
    for response in responses {
        match response {
            Err(error) => assert!(["Internal error", "Unauthorized"].contains(&&*error.error_message)),
            Ok(response) if response.get("statusCode").is_some() => check_validity(&response, &sent),
            Ok(response) if response == json!({ "ping": "ok" }) => check_ping(&sent),
            Ok(response) => check_verdict(&response, &sent),
        }
    }
}

/// The HTTP response, if the event was of HTTP and no ping.
fn http_response(response: Result<Value, Diagnostic>) -> Option<(u64, Value)> {
    match response {
        Ok(response) if response == json!({ "ping": "ok" }) => None,
        Ok(response) => Some(response::read(&response)),
        Err(error) => {
            assert_eq!(error.error_message, "Internal error");
            None
        }
    }
}

fn check_validity(response: &Value, sent: &Value) {
    let (status, body) = response::read(response);
    assert_ne!(status, 201);
    if status != 200 {
        return;
    }
    if body.get("valid").is_some() {
        assert_eq!(body, json!({ "valid": true, "user_id": ALICE }));
        assert!(says(sent, TOKEN), "without a good token");
    } else if body == json!({ "healthy": true }) {
        assert!(sent["requestContext"].get("elb").is_some(), "no load balancer");
    } else if body == me() && says(sent, TOKEN) {
        // `GET /me` with a token.
    } else {
        // `GET /me` behind the API's own authorizer.
        let told = &sent["requestContext"]["authorizer"]["lambda"];
        let exp: u64 = told["exp"].as_str().unwrap().parse().unwrap();
        let mut expected = json!({ "user_id": told["user_id"], "username": told["username"], "exp": exp });
        expected["email_verified"] = (told["email_verified"] == "true").into();
        for member in ["external_id", "sid"] {
            if told[member].is_string() {
                expected[member] = told[member].clone();
            }
        }
        assert_eq!(body, expected);
    }
}

/// Alice, as she is told who she is.
fn me() -> Value {
    json!({ "user_id": ALICE, "username": "alice", "exp": NOW + 3600, "email_verified": false })
}

/// A ping has nothing to be verified.
fn check_ping(sent: &Value) {
    assert!(sent == &json!({}) || sent.get("source").is_some(), "{sent}");
    assert!(["type", "methodArn", "routeArn"].iter().all(|member| sent[member].is_null()), "{sent}");
}

fn check_verdict(response: &Value, sent: &Value) {
    let exp = (NOW + 3600).to_string();
    let alice = json!({ "user_id": ALICE, "username": "alice", "exp": exp, "email_verified": "false" });
    let refusals = [json!({ "isAuthorized": false }), json!({ "isAuthorized": false, "context": {} })];
    let consents = [
        json!({ "isAuthorized": true, "context": alice }),
        json!({ "isAuthorized": true, "resolverContext": alice }),
        json!({ "isAuthorized": true, "handlerContext": alice }),
        policy("Allow", ALICE, response, &alice),
    ];
    if consents.contains(response) {
        assert!(says(sent, TOKEN), "without a good token");
    } else if !refusals.contains(response) {
        assert_eq!(response, &policy("Deny", "nobody", response, &json!({})));
    }
    if let Some(resource) = resource(response) {
        let arn = ["methodArn", "routeArn"].map(|member| sent[member].as_str()).into_iter().flatten().next();
        let stage = resource.strip_suffix("/*/*").or(resource.strip_suffix("/*")).unwrap();
        assert!(!stage.contains(['*', '?']) && stage.matches('/').count() == 1, "{resource}");
        assert!(arn.unwrap().starts_with(&format!("{stage}/")), "{resource}");
    }
}

/// A policy for the resource of `response`.
fn policy(effect: &str, principal: &str, response: &Value, context: &Value) -> Value {
    json!({
        "principalId": principal,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{ "Action": "execute-api:Invoke", "Effect": effect, "Resource": resource(response) }],
        },
        "context": context,
    })
}

fn resource(response: &Value) -> Option<&str> {
    response.pointer("/policyDocument/Statement/0/Resource")?.as_str()
}

/// The token of a response, and no member that does not belong to it.
fn token(body: &Value) -> &str {
    let session = body.get("session_id").is_some();
    let members: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = ["expires_in", "token", "token_type", "user_id"];
    let of_session = ["device_token", "refresh_expires_in", "refresh_token", "session_id"];
    assert!(expected.iter().all(|member| members.contains(member)), "{members:?}");
    let mut others = members.iter().filter(|member| !expected.contains(member));
    assert!(others.all(|member| session && of_session.contains(member)), "{members:?}");
    let lifetime = if session { 900 } else { 3600 };
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(lifetime)));
    body["token"].as_str().unwrap()
}

/// The fields of an event.
fn form(event: &Value) -> Value {
    let body = event["body"].as_str().unwrap();
    if event["isBase64Encoded"] == true {
        serde_json::from_slice(&BASE64_STANDARD.decode(body).unwrap()).unwrap()
    } else {
        serde_json::from_str(body).unwrap()
    }
}

/// Searches an event for a text.
fn says(event: &Value, text: &str) -> bool {
    match event {
        Value::String(string) => string.contains(text),
        Value::Array(values) => values.iter().any(|value| says(value, text)),
        Value::Object(members) => members.values().any(|value| says(value, text)),
        _ => false,
    }
}

/// The targets would also hold if no request ever succeeded.
#[test]
fn good_events_are_accepted() {
    let read = |input: &str| event(&replay::input(input)).unwrap().0;
    assert_eq!(http_response(FUNCTIONS.register(&read("register/new"))).unwrap().0, 201);
    for (kind, status) in
        [("password", 200), ("account-delete", 204), ("password-forgot", 202), ("email", 202)]
    {
        let response = http_response(FUNCTIONS.register(&read(&format!("register/{kind}"))));
        assert_eq!(response.unwrap().0, status, "{kind}");
    }
    let failed = |numbers: &[&str]| {
        let failures: Vec<_> = numbers.iter().map(|number| json!({ "itemIdentifier": number })).collect();
        json!({ "batchItemFailures": failures })
    };
    for (kind, numbers) in [("sent", &[][..]), ("mixed", &["200000000000000000002", "200000000000000000004"])]
    {
        assert_eq!(FUNCTIONS.register(&read(&format!("stream/{kind}"))).unwrap(), failed(numbers), "{kind}");
    }
    assert_eq!(http_response(FUNCTIONS.login(&read("login/http-api"))).unwrap().0, 200);
    for kind in ["rest-token", "rest-request", "http-api-1", "http-api-2", "websocket", "appsync"] {
        let [simple, iam] = FUNCTIONS.validate(&read(&format!("validate/{kind}-authorizer")));
        for response in [simple.unwrap(), iam.unwrap()] {
            let effect = response.pointer("/policyDocument/Statement/0/Effect");
            assert!(response["isAuthorized"] == true || effect == Some(&json!("Allow")), "{kind}");
        }
    }
    for kind in ["rest-api", "http-api", "function-url", "load-balancer", "http-api-me"] {
        let responses = FUNCTIONS.validate(&read(&format!("validate/{kind}")));
        assert!(responses.into_iter().all(|response| response.unwrap()["statusCode"] == 200), "{kind}");
    }
}
