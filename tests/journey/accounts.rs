//! Registration, login and tokens, by the owner of an account and by others.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use support::client::{self, PASSWORD, Response};
use support::emulator::Emulator;
use support::store::Store;
use tokio::time::Instant;

/// Asserts the response to every failed login.
#[track_caller]
fn is_refused(response: &Response) {
    response.must_be(
        401,
        r#"{"code":"invalid_credentials","error":"Invalid credentials"}"#,
        Some(("www-authenticate", "Bearer")),
    );
}

/// Asserts the response to every bad token.
#[track_caller]
fn is_no_token(response: &Response) {
    let challenge = r#"Bearer error="invalid_token""#;
    response.must_be(401, r#"{"code":"invalid_token","valid":false}"#, Some(("www-authenticate", challenge)));
}

#[track_caller]
fn is_valid(response: &Response, user_id: &str) {
    response.must_be(200, &format!(r#"{{"valid":true,"user_id":"{user_id}"}}"#), None);
}

pub async fn a_registered_name_logs_in_in_any_case_and_its_tokens_name_its_account(service: &Emulator) {
    let client = service.client();
    let registered = client.register("Grace.Hopper", PASSWORD).await;
    let (user_id, token) = (registered.text("user_id"), registered.text("token"));
    let body =
        format!(r#"{{"user_id":"{user_id}","token":"{token}","token_type":"Bearer","expires_in":3600}}"#);
    registered.must_be(201, &body, None);
    assert!(is_uuid_v4(&user_id), "{user_id}");

    let logged_in = client.login("gRACE.ＨＯＰＰＥＲ", PASSWORD).await;
    let token = logged_in.text("token");
    logged_in.must_be(
        200,
        &format!(r#"{{"user_id":"{user_id}","token":"{token}","token_type":"Bearer","expires_in":3600}}"#),
        None,
    );
    assert_ne!(registered.text("token"), token, "every token is a new one");

    for token in [registered.bearer(), logged_in.bearer(), logged_in.bearer().replace("Bearer", "bearer")] {
        is_valid(&client.validate(&token).await, &user_id);
    }
}

pub async fn an_unknown_name_and_a_wrong_password_get_the_same_response(service: &Emulator) {
    let client = service.client();
    assert_eq!(client.register("ada", PASSWORD).await.status, 201);
    let long = "a".repeat(300);
    for (username, password) in
        [("ada", "another password"), ("nobody", PASSWORD), ("no such name!", PASSWORD), ("ada", &long)]
    {
        is_refused(&client.login(username, password).await);
    }
    assert_eq!(client.login("ada", PASSWORD).await.status, 200);
}

pub async fn a_password_is_taken_as_typed(service: &Emulator) {
    let client = service.client();
    assert_eq!(client.register("spacious", "  caf\u{e9} au lait\t").await.status, 201);
    for other in ["caf\u{e9} au lait", "  caf\u{e9} au lait", "  Caf\u{e9} au lait\t"] {
        is_refused(&client.login("spacious", other).await);
    }
    assert_eq!(client.login("spacious", "  caf\u{e9} au lait\t").await.status, 200);
    assert_eq!(
        client.login("spacious", "  cafe\u{301} au lait\t").await.status,
        200,
        "the same text, decomposed"
    );
}

pub async fn a_name_or_an_address_in_use_is_refused(service: &Emulator) {
    let client = service.client();
    let register = async |username: &str, email: &str| {
        let body = json!({ "username": username, "email": email, "password": PASSWORD });
        client.post("register", body.to_string()).await
    };
    assert_eq!(register("first", "first@example.com").await.status, 201);
    let name = r#""username":["A user with that username already exists."]"#;
    let address = r#""email":["A user with that email already exists."]"#;
    register("FIRST", "second@example.com").await.must_be(400, &format!("{{{name}}}"), None);
    register("second", "FIRST@EXAMPLE.com").await.must_be(400, &format!("{{{address}}}"), None);
    register("First", "First@example.com").await.must_be(400, &format!("{{{address},{name}}}"), None);
    // Refused registrations have left nothing behind.
    assert_eq!(register("second", "second@example.com").await.status, 201);
    assert_eq!(client.login("first", PASSWORD).await.status, 200);
}

pub async fn validate_tells_no_token_from_a_bad_one(service: &Emulator) {
    let client = service.client();
    let missing = |response: &Response| {
        response.must_be(
            400,
            r#"{"code":"token_missing","error":"Token missing"}"#,
            Some(("www-authenticate", "Bearer")),
        );
    };
    missing(&client::send(client.request(Method::POST, "/validate")).await);
    for nothing in ["", "Bearer", "Bearer "] {
        missing(&client.validate(nothing).await);
    }
    let token = client.register("bearer", PASSWORD).await.text("token");
    let (signed, signature) = token.rsplit_once('.').expect("three parts");
    let reversed: String = signature.chars().rev().collect();
    for bad in [
        "garbage".to_owned(),
        "Bearer garbage".to_owned(),
        token.clone(),
        format!("Token {token}"),
        format!("Bearer {token} {token}"),
        format!("Bearer {signed}."),
        format!("Bearer {signed}.{reversed}"),
    ] {
        is_no_token(&client.validate(&bad).await);
    }
    assert_eq!(client.validate(&format!("Bearer {token}")).await.status, 200);
}

pub async fn a_token_ends_with_its_time(store: &Store) {
    let mut variables = store.variables.clone();
    variables.push(("TOKEN_TTL_SECONDS", "3".to_owned()));
    let service = Emulator::start(&variables);
    let client = service.client();
    // Starts the process, so that the token loses no time to that.
    assert_eq!(client.login("mayfly", PASSWORD).await.status, 401);
    is_no_token(&client.validate("Bearer none").await);
    // On a busy machine the time may be over before the first look: then another token is tried.
    let mut names = (0..20).map(|number| format!("mayfly{number}"));
    let (name, registered) = loop {
        let (name, asked) = (names.next().expect("one in time"), Instant::now());
        let registered = client.register(&name, PASSWORD).await;
        assert!(registered.body.ends_with(r#""expires_in":3}"#), "{registered:?}");
        let valid = client.validate(&registered.bearer()).await;
        if asked.elapsed() < Duration::from_secs(2) {
            is_valid(&valid, &registered.text("user_id"));
            break (name, registered);
        }
    };
    let ended = async {
        loop {
            let response = client.validate(&registered.bearer()).await;
            if response.status != 200 {
                return response;
            }
        }
    };
    is_no_token(&tokio::time::timeout(Duration::from_secs(30), ended).await.expect("an end"));
    assert_eq!(client.login(&name, PASSWORD).await.status, 200, "and another one is had by logging in");
}

/// Changes the database file: no function disables an account.
#[tokio::test]
async fn a_disabled_account_is_refused_like_a_wrong_password_and_its_tokens_end() {
    let store = Store::sqlite();
    let service = Emulator::start(&store.variables);
    let client = service.client();
    let registered = client.register("mallory", PASSWORD).await;
    let other = client.register("trent", PASSWORD).await;
    is_valid(&client.validate(&registered.bearer()).await, &registered.text("user_id"));

    let database = rusqlite::Connection::open(store.file()).unwrap();
    let disable = "UPDATE accounts SET disabled = 1 WHERE username_key = 'mallory'";
    assert_eq!(database.execute(disable, []).unwrap(), 1);

    let disabled = client.login("mallory", PASSWORD).await;
    is_refused(&disabled);
    assert_eq!(disabled, client.login("mallory", "another password").await);
    assert_eq!(disabled, client.login("nobody", PASSWORD).await);
    is_no_token(&client.validate(&registered.bearer()).await);
    is_valid(&client.validate(&other.bearer()).await, &other.text("user_id"));
}

fn is_uuid_v4(text: &str) -> bool {
    let groups: Vec<_> = text.split('-').collect();
    let hex = |group: &&str| group.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(hex)
        && groups[2].starts_with('4')
        && groups[3].starts_with(['8', '9', 'a', 'b'])
}
