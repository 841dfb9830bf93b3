use serde_json::json;
use shared::limits::lockout::FailuresKey;
use shared::names::username::UsernameKey;

use crate::event::Sender;
use crate::handlers::{Handlers, PASSWORD, Response};

/// One computation, at the cost of new hashes.
const ONE_HASH: (u64, u64) = (1, 0);

async fn login(service: &Handlers, username: &str, password: &str) -> Response {
    let body = json!({ "username": username, "password": password }).to_string();
    service.login(Sender::HttpApi.post(&body)).await
}

#[tokio::test]
async fn the_right_password_gets_a_good_token() {
    for sender in Sender::ALL {
        let service = Handlers::new().await;
        service.enrol("alice").await;
        let body = json!({ "username": "Alice", "password": PASSWORD }).to_string();
        let response = service.login(sender.post(&body)).await;
        assert_eq!(response.status, 200, "{sender:?}");
        let json = response.json();
        let members: Vec<_> = json.as_object().unwrap().keys().collect();
        assert_eq!(members, ["expires_in", "token", "token_type", "user_id"]);
        assert_eq!((&json["token_type"], &json["expires_in"]), (&json!("Bearer"), &json!(3600)));
        assert_eq!(response.header("cache-control"), Some("no-store"));
        let bearer = format!("Bearer {}", json["token"].as_str().unwrap());
        let valid = service.validate(sender.request("POST", &[("authorization", &bearer)], "")).await;
        assert_eq!(valid.json()["user_id"], service.account("alice").await.unwrap().id.to_string());
    }
}

#[tokio::test]
async fn two_logins_give_two_tokens() {
    let service = Handlers::new().await;
    service.enrol("alice").await;
    let token = |response: Response| response.json()["token"].clone();
    assert_ne!(
        token(login(&service, "alice", PASSWORD).await),
        token(login(&service, "alice", PASSWORD).await)
    );
}

/// The work of a login: hashes, those among them of another cost, and the calls of the store.
async fn work_of(service: &Handlers, name: &str, password: &str) -> (Response, (u64, u64), Vec<String>) {
    let (hashes, elsewhere) = (service.login_hashes(), service.login_hashes_elsewhere());
    service.take_store_calls();
    let response = login(service, name, password).await;
    let hashed = (service.login_hashes() - hashes, service.login_hashes_elsewhere() - elsewhere);
    (response, hashed, service.take_store_calls())
}

/// The calls of every login.
fn calls_of(name: &str, failures: u32, failures_then: u32) -> Vec<String> {
    let name = UsernameKey::of(name);
    let (key, name) = (FailuresKey::of_name(&name), name.as_str());
    let count = format!("swap_failures {}: {failures} to {failures_then}", key.as_str());
    vec![format!("find {name}"), format!("failures {}", key.as_str()), count]
}

/// The same bytes, hash computations and store calls in the same order do not tell which accounts exist.
#[tokio::test]
async fn refused_logins_are_alike_in_bytes_and_work() {
    let service = Handlers::new().await;
    for name in ["alice", "disabled", "corrupt"] {
        service.enrol(name).await;
    }
    service.sql("UPDATE accounts SET disabled = 1 WHERE username = 'disabled'");
    service.sql("UPDATE accounts SET password_hash = '$argon2id$v=19$m=4294967295,t=2,p=1$AAAA$AAAA' WHERE username = 'corrupt'");
    let over_long = "x".repeat(300);
    let refused = login(&service, "nobody", PASSWORD).await;
    assert_eq!(
        (refused.status, refused.body.as_str()),
        (401, r#"{"code":"invalid_credentials","error":"Invalid credentials"}"#)
    );
    assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
    for (name, password) in [
        ("nobody", PASSWORD),
        ("nobody", &over_long),
        ("alice", "correct horse battery stapler"),
        ("alice", &over_long),
        ("alice", "with a null \0 inside"),
        ("alice", &PASSWORD.to_uppercase()),
        ("disabled", PASSWORD),
        ("disabled", "wrong password"),
        ("corrupt", PASSWORD),
        ("no username at all!", PASSWORD),
        ("alice\0", PASSWORD),
        (&"x".repeat(5000), PASSWORD),
    ] {
        service.sql("DELETE FROM attempts");
        for failures in [0, 1] {
            let (response, hashed, calls) = work_of(&service, name, password).await;
            assert_eq!(response, refused, "{name} {password}");
            assert_eq!(hashed, ONE_HASH, "{name} {password}");
            assert_eq!(calls, calls_of(name, failures, failures + 1), "{name} {password}");
        }
    }
    service.sql("DELETE FROM attempts");
    assert_eq!(login(&service, "alice", "wrong password").await, refused);
    for failures in [1, 0] {
        let (response, hashed, calls) = work_of(&service, "alice", PASSWORD).await;
        assert_eq!((response.status, hashed), (200, ONE_HASH));
        assert_eq!(calls, calls_of("alice", failures, 0));
    }
}

#[tokio::test]
async fn fields_that_are_missing_or_no_strings_are_named() {
    let service = Handlers::new().await;
    let required = json!(["This field is required."]);
    let no_string = json!(["Not a valid string."]);
    for (body, expected) in [
        (json!({}), json!({ "username": required, "password": required })),
        (json!({ "username": "alice" }), json!({ "password": required })),
        (
            json!({ "username": 1, "password": ["x"] }),
            json!({ "username": no_string, "password": no_string }),
        ),
        (
            json!({ "username": null, "password": "" }),
            json!({ "username": ["This field may not be null."], "password": ["This field may not be blank."] }),
        ),
    ] {
        for sender in Sender::ALL {
            let response = service.login(sender.post(&body.to_string())).await;
            assert_eq!((response.status, response.json()), (400, expected.clone()), "{body}");
        }
    }
    assert_eq!((service.login_hashes(), service.store_calls()), (0, 0));
}

#[tokio::test]
async fn a_hash_of_another_cost_is_replaced_by_the_right_password_alone() {
    let service = Handlers::with(&[("ARGON2_MEMORY_KIB", "12288"), ("ARGON2_ITERATIONS", "3")]).await;
    service.enrol("alice").await;
    let old = service.account("alice").await.unwrap();
    let service = service.reconfigured(&[]).await;
    assert_eq!(login(&service, "alice", "wrong password").await.status, 401);
    assert_eq!(service.account("alice").await.unwrap(), old);
    assert_eq!(login(&service, "alice", PASSWORD).await.status, 200);
    let new = service.account("alice").await.unwrap();
    assert!(new.password_hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    assert_eq!(login(&service, "alice", PASSWORD).await.status, 200);
    assert_eq!(service.account("alice").await.unwrap(), new, "a current hash is kept");
    assert_eq!(login(&service, "alice", "wrong password").await.status, 401);
}

/// Made by Django 5.2.19 of a password with a decomposed `é`. Django does not normalize it.
const DJANGO: &str = "pbkdf2_sha256$1000$GfvyuPTGZY4pIqKm0Ncyuf$9gFCIJRRzII9o06An2SYIeZUGpjq/IqlWpkU9vAljyc=";
const TYPED_IN_DJANGO: &str = "Cafe\u{301} ﬁ Ⅷ 密码 😀 ";

#[tokio::test]
async fn a_hash_of_another_service_is_replaced_by_the_right_password_alone() {
    let service = Handlers::new().await;
    service.enrol("alice").await;
    service.import("alice", DJANGO);
    for wrong in [PASSWORD, "Café ﬁ Ⅷ 密码 😀 ", &"x".repeat(300), DJANGO] {
        let before = service.login_hashes();
        assert_eq!(login(&service, "alice", wrong).await.status, 401);
        assert_eq!(service.login_hashes() - before, 1, "one computation, as for everybody");
        assert_eq!(service.account("alice").await.unwrap().password_hash.as_str(), DJANGO);
    }
    assert_eq!(login(&service, "alice", TYPED_IN_DJANGO).await.status, 200);
    let ours = service.account("alice").await.unwrap().password_hash;
    assert!(ours.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    // The new hash is ours, of the normalized password: both forms are right.
    for typed in [TYPED_IN_DJANGO, "Café ﬁ Ⅷ 密码 😀 "] {
        assert_eq!(login(&service, "alice", typed).await.status, 200);
    }
    assert_eq!(service.account("alice").await.unwrap().password_hash, ours);
    assert_eq!(login(&service, "alice", PASSWORD).await.status, 401);
}

#[tokio::test]
async fn a_disabled_account_keeps_the_hash_it_came_with() {
    let service = Handlers::new().await;
    service.enrol("alice").await;
    service.import("alice", DJANGO);
    service.sql("UPDATE accounts SET disabled = 1");
    assert_eq!(login(&service, "alice", TYPED_IN_DJANGO).await.status, 401);
    assert_eq!(service.account("alice").await.unwrap().password_hash.as_str(), DJANGO);
}

#[tokio::test]
async fn hashes_that_cannot_be_verified_refuse_every_login() {
    let service = Handlers::new().await;
    service.enrol("alice").await;
    let refused = login(&service, "nobody", PASSWORD).await;
    for hash in [
        "",
        "!",
        "!Zr1pQ0",
        "pbkdf2_sha256$99999999$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "pbkdf2_sha256$1000$salt$",
        "pbkdf2_md5$1000$salt$AAAAAAAAAAAAAAAAAAAAAA==",
        "$2b$31$GfvyuPTGZY4pIqKm0Ncyu.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "scrypt$1073741824$salt$8$1$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
    ] {
        service.import("alice", hash);
        service.sql("DELETE FROM attempts");
        let before = service.login_hashes();
        assert_eq!(login(&service, "alice", PASSWORD).await, refused, "{hash}");
        assert_eq!((service.login_hashes() - before, service.login_hashes_elsewhere()), (1, 0), "{hash}");
        assert_eq!(service.account("alice").await.unwrap().password_hash.as_str(), hash);
    }
}

#[tokio::test]
async fn with_a_decoy_hash_imported_accounts_are_like_others() {
    let service = Handlers::with(&[("DECOY_HASH", DJANGO)]).await;
    for name in ["alice", "imported", "disabled", "corrupt"] {
        service.enrol(name).await;
    }
    service.import("imported", DJANGO);
    service.import("corrupt", "!");
    service.sql("UPDATE accounts SET disabled = 1 WHERE username = 'disabled'");
    let made = || (service.login_hashes(), service.login_hashes_elsewhere());
    let over_long = "x".repeat(300);
    for name in ["nobody", "alice", "imported", "disabled", "corrupt"] {
        for typed in ["wrong password", &over_long] {
            let before = made();
            assert_eq!(login(&service, name, typed).await.status, 401, "{name}");
            let after = made();
            assert_eq!((after.0 - before.0, after.1 - before.1), (2, 1), "{name} {typed}");
        }
    }
    // The password of the decoy is right for no account.
    assert_eq!(login(&service, "nobody", TYPED_IN_DJANGO).await.status, 401);
    assert_eq!(login(&service, "alice", TYPED_IN_DJANGO).await.status, 401);
    assert_eq!(login(&service, "imported", TYPED_IN_DJANGO).await.status, 200);
    assert_eq!(login(&service, "alice", PASSWORD).await.status, 200);
}
