use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::deployed::{Deployed, PASSWORD};
use crate::function::Response;

#[tokio::test]
async fn a_registered_account_logs_in_and_its_tokens_are_valid() {
    let service = Deployed::new().await;
    let register = service.start("register").await;
    let login = service.start("login").await;
    let validate = service.start("validate").await;
    let people = [("Alice", None, "alice"), ("bob", Some("Bob@Example.com"), "bob")];
    for (name, email, key) in people {
        let registered = register.register(name, email).await.assert_status(201);
        let id = &registered.body["user_id"];
        let logged_in = login.login(name, PASSWORD).await.assert_status(200);
        login.login(key, PASSWORD).await.assert_status(200);
        for token in [registered.token(), logged_in.token()] {
            let valid = validate.validate(token).await.assert_status(200);
            assert_eq!(valid.body, json!({ "valid": true, "user_id": id }));
            let line = valid.trace.request_line();
            assert_eq!((&line["function"], &line["outcome"]), (&json!("validate"), &json!("ok")));
            assert_eq!(&line["account_id"], id);
        }
        let refused = login.login(name, "correct horse, wrong password").await.assert_status(401);
        assert_eq!(refused.body, json!({ "code": "invalid_credentials", "error": "Invalid credentials" }));
        assert_eq!(login.login("nobody", PASSWORD).await.assert_status(401).body, refused.body);
        let taken = register.register(name, email).await.assert_status(400);
        assert_eq!(taken.body["username"], json!(["A user with that username already exists."]));
    }
}

#[tokio::test]
async fn an_account_is_one_item_and_its_email_address_one_more() {
    let service = Deployed::new().await;
    let register = service.start("register").await;
    let alice = register.register("Alice", None).await.assert_status(201);
    let bob = register.register("bob", Some("Bob@Example.com")).await.assert_status(201);
    register.register("ALICE", Some("new@example.com")).await.assert_status(400);
    register.register("carol", Some("BOB@example.com")).await.assert_status(400);

    let items = service.engine.items().await;
    let keys: Vec<_> = items.keys().map(String::as_str).collect();
    assert_eq!(keys, ["EMAIL#bob@example.com", "USERNAME#alice", "USERNAME#bob"]);
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let attributes = |key: &str| items[key].keys().map(String::as_str).collect::<Vec<_>>();

    let marker = &items["EMAIL#bob@example.com"];
    assert_eq!(attributes("EMAIL#bob@example.com"), ["id", "pk", "username_key"]);
    assert_eq!(marker["username_key"], text("bob"));
    assert_eq!(marker["id"], text(bob.body["user_id"].as_str().unwrap()));

    let account = &items["USERNAME#alice"];
    let of_all = ["created_at", "disabled", "id", "password_hash", "pk", "token_version", "username"];
    assert_eq!(attributes("USERNAME#alice"), of_all);
    assert_eq!(account["id"], text(alice.body["user_id"].as_str().unwrap()));
    assert_eq!(account["username"], text("Alice"));
    assert_eq!(account["disabled"], AttributeValue::Bool(false));
    assert_eq!(account["token_version"], AttributeValue::N("0".to_owned()));
    assert!(account["password_hash"].as_s().unwrap().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));

    let account = &items["USERNAME#bob"];
    assert_eq!(account.len(), of_all.len() + 1);
    assert_eq!(account["email"], text("Bob@example.com"));
    assert_eq!(account["id"], marker["id"]);
}

/// Each function may do in the table what is listed here, by the policies in `template.yaml`, and nothing else.
#[tokio::test]
async fn a_request_costs_these_operations() {
    let service = Deployed::new().await;
    let register = service.start("register").await;
    assert_eq!(service.proxy.calls(), ["consistent GetItem PRIME"]);
    let token = register.register("alice", None).await.assert_status(201).token().to_owned();
    assert_eq!(service.proxy.calls(), ["PutItem USERNAME#alice"]);
    register.register("bob", Some("bob@example.com")).await.assert_status(201);
    assert_eq!(service.proxy.calls(), ["TransactWriteItems USERNAME#bob EMAIL#bob@example.com"]);
    register.register("alice", None).await.assert_status(400);
    assert_eq!(service.proxy.calls(), ["PutItem USERNAME#alice", "consistent GetItem USERNAME#alice"]);
    register.register("not a name", None).await.assert_status(400);
    assert_eq!(service.proxy.calls(), [""; 0]);

    let login = service.start("login").await;
    assert_eq!(service.proxy.calls(), ["consistent GetItem PRIME"]);
    for (name, password, status, counting) in [
        ("alice", PASSWORD, 200, "consistent GetItem"),
        ("alice", "correct horse", 401, "PutItem"),
        ("Alice", "correct horse", 401, "PutItem"),
        ("alice", PASSWORD, 200, "DeleteItem"),
        ("alice", PASSWORD, 200, "consistent GetItem"),
        ("Nobody", PASSWORD, 401, "PutItem"),
    ] {
        login.login(name, password).await.assert_status(status);
        let key = name.to_lowercase();
        let attempts = failures_key(&key);
        let calls = [
            format!("consistent GetItem USERNAME#{key}"),
            format!("consistent GetItem {attempts}"),
            format!("{counting} {attempts}"),
        ];
        assert_eq!(service.proxy.calls(), calls, "{name} {password}");
    }

    let validate = service.start("validate").await;
    assert_eq!(service.proxy.calls(), ["consistent GetItem PRIME"]);
    validate.validate(&token).await.assert_status(200);
    assert_eq!(service.proxy.calls(), ["consistent GetItem USERNAME#alice"]);
    validate.validate("no.good.token").await.assert_status(401);
    assert_eq!(service.proxy.calls(), [""; 0]);

    assert_eq!(service.secrets.reads(), 3, "each function reads the secret once, when it starts");
    assert_eq!(service.proxy.connections(), 3, "each function keeps the connection that it opened first");
}

/// Where failures at a name are kept.
fn failures_key(name: &str) -> String {
    let digest = Sha256::digest(name);
    format!("ATTEMPTS#{}", digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// The policies permit no more, as the tests of the template show. An emulator does not know these conditions.
#[tokio::test]
async fn only_login_is_handed_password_hashes() {
    let service = Deployed::new().await;
    let register = service.start("register").await;
    let token = register.register("alice", None).await.assert_status(201).token().to_owned();
    register.register("alice", None).await.assert_status(400);
    let validate = service.start("validate").await;
    validate.validate(&token).await.assert_status(200);
    validate.assert_lets_in(&token).await;
    let handed = service.proxy.responses();
    assert!(handed.iter().any(|response| response.contains("token_version")), "{handed:?}");
    assert!(!handed.iter().any(|response| response.contains("password_hash")), "{handed:?}");
    let login = service.start("login").await;
    login.login("alice", PASSWORD).await.assert_status(200);
    assert!(service.proxy.responses().iter().any(|response| response.contains("password_hash")));
}

#[tokio::test]
async fn refused_logins_are_alike_in_bytes_and_work() {
    let service = Deployed::new().await;
    let register = service.start("register").await;
    for name in ["alice", "disabled", "corrupt"] {
        register.register(name, None).await.assert_status(201);
    }
    service.engine.change("USERNAME#disabled", "disabled", Some(AttributeValue::Bool(true))).await;
    let no_hash = AttributeValue::S("no hash at all".to_owned());
    service.engine.change("USERNAME#corrupt", "password_hash", Some(no_hash)).await;
    let login = service.start("login").await;
    let seen = |response: Response| (response.status, response.body, response.headers);
    let refused = seen(login.login("nobody", PASSWORD).await);
    assert_eq!(
        (refused.0, &refused.1),
        (401, &json!({ "code": "invalid_credentials", "error": "Invalid credentials" }))
    );
    let over_long = "x".repeat(300);
    for (name, password) in [
        ("nobody.else", PASSWORD),
        ("no username at all!", &over_long),
        ("alice", "wrong password"),
        ("alice", &over_long),
        ("disabled", PASSWORD),
        ("corrupt", PASSWORD),
    ] {
        service.proxy.calls();
        assert_eq!(seen(login.login(name, password).await), refused, "{name} {password}");
        let attempts = failures_key(name);
        let calls = [
            format!("consistent GetItem USERNAME#{name}"),
            format!("consistent GetItem {attempts}"),
            format!("PutItem {attempts}"),
        ];
        assert_eq!(service.proxy.calls(), calls, "{name} {password}");
    }
    assert_eq!(service.proxy.connections(), 2, "each function keeps the connection that it opened first");
}

/// Django 6.1 makes hashes of 1,500,000 iterations. In a build without optimisation they took longer than a request may.
#[tokio::test]
async fn a_hash_of_todays_django_is_verified_in_time() {
    const HASH: &str =
        "pbkdf2_sha256$1500000$saltsaltsaltsaltsalt12$x2eGjTuziNiF87vF/4HMBqk8OA11DniagdZOUT2UKJ8=";
    let service = Deployed::new().await;
    service.start("register").await.register("alice", None).await.assert_status(201);
    service.engine.change("USERNAME#alice", "password_hash", Some(AttributeValue::S(HASH.to_owned()))).await;
    service.start("login").await.login("alice", PASSWORD).await.assert_status(200);
}

/// The one write that no login depends on.
#[tokio::test]
async fn a_hash_of_another_cost_is_replaced_at_login() {
    let mut service = Deployed::new().await;
    let costs = [("ARGON2_MEMORY_KIB", Some("12288")), ("ARGON2_ITERATIONS", Some("3"))];
    let register = service.start_with("register", &costs).await;
    register.register("alice", None).await.assert_status(201);
    let login = service.start("login").await;
    let before = service.engine.items().await;
    service.proxy.calls();

    service.proxy.always(crate::proxy::Fault::Conflict);
    login.login("alice", PASSWORD).await.assert_status(200);
    assert_eq!(service.engine.items().await, before);
    service.proxy.pass();
    service.proxy.calls();

    login.login("alice", PASSWORD).await.assert_status(200);
    let calls = service.proxy.calls();
    assert_eq!(calls.last().unwrap(), "UpdateItem USERNAME#alice");
    let after = service.engine.items().await;
    let hash = after["USERNAME#alice"]["password_hash"].as_s().unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    login.login("alice", PASSWORD).await.assert_status(200);
    assert!(service.proxy.calls().iter().all(|call| call.starts_with("consistent GetItem")));
    assert_eq!(service.engine.items().await, after);
}
