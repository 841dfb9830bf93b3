use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use support::dynamodb::Item;

use crate::deployed::{Deployed, PASSWORD};
use crate::proxy::{ACCESS_DENIED, EXPIRED_TOKEN, Fault};

#[tokio::test]
async fn faults_that_an_operator_must_repair_are_internal_errors() {
    let mut service = Deployed::new().await;
    let register = service.start("register").await;
    let login = service.start("login").await;
    let validate = service.start("validate").await;
    let token = register.register("alice", None).await.assert_status(201).token().to_owned();
    let faults = [
        ACCESS_DENIED,
        EXPIRED_TOKEN,
        Fault::Error(400, "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"),
        Fault::Error(400, "com.amazon.coral.validate#ValidationException"),
        Fault::Error(400, "com.amazon.coral.service#UnrecognizedClientException"),
        Fault::Garbage(200),
        Fault::Garbage(404),
    ];
    for (number, fault) in faults.into_iter().enumerate() {
        service.proxy.always(fault);
        let (name, address) = (format!("user{number}"), format!("user{number}@example.com"));
        register.register(&name, None).await.assert_internal_error();
        register.register(&name, Some(&address)).await.assert_internal_error();
        login.login("alice", PASSWORD).await.assert_internal_error();
        validate.validate(&token).await.assert_internal_error();
        validate.assert_undecided(&token).await;

        service.proxy.pass();
        register.register(&name, Some(&address)).await.assert_status(201);
        login.login("alice", PASSWORD).await.assert_status(200);
        validate.validate(&token).await.assert_status(200);
        validate.assert_lets_in(&token).await;
    }
}

#[tokio::test]
async fn a_table_that_is_not_there_is_an_internal_error() {
    let service = Deployed::new().await;
    let token = service.start("register").await.register("alice", None).await.token().to_owned();
    let another = [("ACCOUNT_STORE", Some("dynamodb://another"))];
    let register = service.start_with("register", &another).await;
    register.register("bob", None).await.assert_internal_error();
    register.register("bob", Some("bob@example.com")).await.assert_internal_error();
    service.start_with("login", &another).await.login("alice", PASSWORD).await.assert_internal_error();
    let validate = service.start_with("validate", &another).await;
    validate.validate(&token).await.assert_internal_error();
    validate.assert_undecided(&token).await;
}

/// The stored hash asks for 256 MiB, as much as is ever computed in.
#[tokio::test]
async fn a_hash_without_memory_is_an_internal_error_and_no_failed_login() {
    const DEAR: &str =
        "$argon2id$v=19$m=262144,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$ISO7kkvFzh19GM8qB7patN3C3Y9HHsjlVTfEZ9T600Y";
    let service = Deployed::new().await;
    service.start("register").await.register("alice", None).await.assert_status(201);
    let stored = AttributeValue::S(DEAR.to_owned());
    service.engine.change("USERNAME#alice", "password_hash", Some(stored)).await;
    let login = service.start("login").await;
    login.login("bob", PASSWORD).await.assert_status(401);
    let before = service.engine.keys().await;
    login.limit_memory(64 << 20);
    for _ in 0..7 {
        login.login("alice", PASSWORD).await.assert_internal_error();
    }
    assert_eq!(service.engine.keys().await, before);
    login.login("carol", PASSWORD).await.assert_status(401);

    let unlimited = service.start("login").await;
    unlimited.login("alice", PASSWORD).await.assert_status(401);
}

#[tokio::test]
async fn an_item_that_is_no_account_is_an_internal_error() {
    let service = Deployed::new().await;
    let register = service.start("register").await;
    let login = service.start("login").await;
    let validate = service.start("validate").await;
    let token = register.register("alice", None).await.assert_status(201).token().to_owned();
    let key = "USERNAME#alice";
    let good = service.engine.items().await.remove(key).unwrap();
    let text = |text: &str| Some(AttributeValue::S(text.to_owned()));
    let number = |number: &str| Some(AttributeValue::N(number.to_owned()));
    // `validate` may not read all attributes, and cannot be harmed by the others.
    for (attribute, value, read_by_validate) in [
        ("id", None, true),
        ("id", text("canary"), true),
        ("username", number("7"), true),
        ("email", number("7"), false),
        ("password_hash", None, false),
        ("password_hash", number("7"), false),
        ("token_version", text("0"), true),
        ("disabled", None, true),
        ("disabled", text("canary"), true),
        ("created_at", number("-1"), false),
    ] {
        service.engine.change(key, attribute, value).await;
        login.login("alice", PASSWORD).await.assert_internal_error();
        if read_by_validate {
            validate.validate(&token).await.assert_internal_error();
            validate.assert_undecided(&token).await;
        } else {
            validate.validate(&token).await.assert_status(200);
        }
        service.engine.put(good.clone()).await;
    }
    service.engine.put(Item::from([("pk".to_owned(), AttributeValue::S(key.to_owned()))])).await;
    login.login("alice", PASSWORD).await.assert_internal_error();
    validate.validate(&token).await.assert_internal_error();
    register.register("alice", None).await.assert_status(400);

    service.engine.put(good).await;
    login.login("alice", PASSWORD).await.assert_status(200);
    validate.validate(&token).await.assert_status(200);
}

/// The response does not tell that a name has an account with a broken hash; the log does.
#[tokio::test]
async fn a_hash_that_cannot_be_verified_is_an_invalid_login_and_logged() {
    let service = Deployed::new().await;
    let register = service.start("register").await;
    let login = service.start("login").await;
    register.register("alice", None).await.assert_status(201);
    for hash in ["", "canary", "$argon2id$v=19$m=4294967295,t=2,p=1$AAAA$AAAA"] {
        let hash = AttributeValue::S(hash.to_owned());
        service.engine.change("USERNAME#alice", "password_hash", Some(hash)).await;
        let response = login.login("alice", PASSWORD).await.assert_status(401);
        assert_eq!(response.body, json!({ "code": "invalid_credentials", "error": "Invalid credentials" }));
        assert_eq!(response.trace.request_line()["reason"], "unverifiable_hash");
        assert_eq!(response.trace.errors(), 1, "{response:?}");
    }
}
