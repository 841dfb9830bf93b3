use std::time::Duration;

use serde_json::json;

use crate::event::Sender;
use crate::service::{Answer, PASSWORD, Service, later};

async fn login(service: &Service, username: &str, password: &str) -> Answer {
    let body = json!({ "username": username, "password": password }).to_string();
    service.login(Sender::HttpApi.post(&body)).await
}

#[tokio::test]
async fn the_right_password_is_answered_with_a_good_token() {
    for sender in Sender::ALL {
        let service = Service::new().await;
        service.enrol("alice").await;
        let body = json!({ "username": "Alice", "password": PASSWORD }).to_string();
        let answer = service.login(sender.post(&body)).await;
        assert_eq!(answer.status, 200, "{sender:?}");
        let json = answer.json();
        let members: Vec<_> = json.as_object().unwrap().keys().collect();
        assert_eq!(members, ["expires_in", "token", "token_type"]);
        assert_eq!((&json["token_type"], &json["expires_in"]), (&json!("Bearer"), &json!(3600)));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let bearer = format!("Bearer {}", json["token"].as_str().unwrap());
        let valid = service.validate(sender.request("POST", &[("authorization", &bearer)], "")).await;
        assert_eq!(valid.json()["user_id"], service.account("alice").await.unwrap().id.to_string());
    }
}

#[tokio::test]
async fn two_logins_give_two_tokens() {
    let service = Service::new().await;
    service.enrol("alice").await;
    let token = |answer: Answer| answer.json()["token"].clone();
    assert_ne!(
        token(login(&service, "alice", PASSWORD).await),
        token(login(&service, "alice", PASSWORD).await)
    );
}

/// Same bytes, same number of hash computations, same number of store calls: nothing tells who has an account.
#[tokio::test]
async fn nobody_learns_why_a_login_is_refused() {
    let service = Service::new().await;
    for name in ["alice", "disabled", "corrupt"] {
        service.enrol(name).await;
    }
    service.sql("UPDATE accounts SET disabled = 1 WHERE username = 'disabled'");
    service.sql("UPDATE accounts SET password_hash = '$argon2id$v=19$m=4294967295,t=2,p=1$AAAA$AAAA' WHERE username = 'corrupt'");
    let over_long = "x".repeat(300);
    let refused = login(&service, "nobody", PASSWORD).await;
    assert_eq!((refused.status, refused.body.as_str()), (401, r#"{"error":"Invalid credentials"}"#));
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
        let (hashes, calls) = (service.login_hashes(), service.store_calls());
        assert_eq!(login(&service, name, password).await, refused, "{name} {password}");
        assert_eq!(service.login_hashes() - hashes, 1, "{name} {password}");
        assert_eq!(service.store_calls() - calls, 3, "{name} {password}");
        // Enough for every lock of these few failures.
        later(Duration::from_mins(1));
    }
    for first in [true, false] {
        let (hashes, calls) = (service.login_hashes(), service.store_calls());
        assert_eq!(login(&service, "alice", PASSWORD).await.status, 200);
        assert_eq!((service.login_hashes() - hashes, service.store_calls() - calls), (1, 3), "{first}");
    }
}

#[tokio::test]
async fn fields_that_are_missing_or_no_strings_are_named() {
    let service = Service::new().await;
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
            let answer = service.login(sender.post(&body.to_string())).await;
            assert_eq!((answer.status, answer.json()), (400, expected.clone()), "{body}");
        }
    }
    assert_eq!((service.login_hashes(), service.store_calls()), (0, 0));
}

#[tokio::test]
async fn a_hash_of_another_cost_is_replaced_by_the_right_password_alone() {
    let service = Service::with(&[("ARGON2_MEMORY_KIB", "12288"), ("ARGON2_ITERATIONS", "3")]).await;
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
