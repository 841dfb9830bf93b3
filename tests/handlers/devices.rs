//! Device tokens: strangers who lock a name do not lock out its owner.

use std::time::Duration;

use serde_json::{Value, json};

use crate::event::Sender;
use crate::handlers::{Handlers, PASSWORD, Response, later};
use crate::sessions::{Signed, log_in, post};

const SECRET: &str = "k9Xv2mQ8rT5wZ1bN4cL7dF0gH3jP6sAuE";

async fn alice() -> (Handlers, String) {
    let service = Handlers::with(&[("JWT_SECRET", SECRET)]).await;
    service.enrol("alice").await;
    let device = device_of(&log_in(&service).await);
    (service, device)
}

fn device_of(signed: &Signed) -> String {
    signed.body["device_token"].as_str().unwrap().to_owned()
}

async fn attempt(service: &Handlers, password: &str, device: Option<&str>) -> Response {
    let body = json!({ "username": "alice", "password": password, "device_token": device });
    post(service, "/login", &body).await
}

/// Locks a record, by attempts that are made as soon as they may be.
async fn lock(service: &Handlers, device: Option<&str>, failures: u32) {
    for _ in 0..failures {
        let mut response = attempt(service, "wrong password", device).await;
        if response.status == 429 {
            later(Duration::from_secs(response.json()["retry_after"].as_u64().unwrap()));
            response = attempt(service, "wrong password", device).await;
        }
        assert_eq!(response.status, 401);
    }
    assert_eq!(attempt(service, PASSWORD, device).await.status, 429);
}

#[tokio::test]
async fn a_storm_of_guesses_locks_strangers_out_and_never_the_owner() {
    let (service, device) = alice().await;
    lock(&service, None, 20).await;
    for number in 0..100 {
        assert_eq!(attempt(&service, PASSWORD, Some(&device)).await.status, 200, "{number}");
        assert_eq!(attempt(&service, PASSWORD, None).await.status, 429, "{number}");
    }
}

#[tokio::test]
async fn a_stolen_device_token_gives_no_more_guesses_than_the_schedule() {
    let (service, device) = alice().await;
    for _ in 0..5 {
        assert_eq!(attempt(&service, "wrong password", Some(&device)).await.status, 401);
    }
    let locked = attempt(&service, PASSWORD, Some(&device)).await;
    let body = r#"{"code":"too_many_attempts","error":"Too many attempts","retry_after":1}"#;
    locked.must_be(429, body, Some(("retry-after", "1")));
    assert_eq!(attempt(&service, PASSWORD, None).await.status, 200, "its guesses lock nobody else");
    assert_eq!(
        attempt(&service, PASSWORD, Some(&device)).await.status,
        429,
        "that success is not the device's"
    );
    later(Duration::from_secs(1));
    let renewed = {
        let body =
            json!({ "username": "alice", "password": PASSWORD, "session": "token", "device_token": device });
        device_of(&Signed::of(&post(&service, "/login", &body).await))
    };
    lock(&service, Some(&renewed), 5).await;
    assert_eq!(
        attempt(&service, PASSWORD, Some(&device)).await.status,
        429,
        "a renewed token is of the same device"
    );
}

/// With every text in the place of a device token the calls and the responses are those of a stranger.
#[tokio::test]
async fn a_text_that_is_no_device_token_changes_nothing() {
    let (service, device) = alice().await;
    let other = Handlers::with(&[("JWT_SECRET", "another-Secret-0f-thirty-two-byt3s")]).await;
    other.enrol("alice").await;
    let foreign = device_of(&log_in(&other).await);
    let bob = {
        service.enrol("bob").await;
        let body = json!({ "username": "bob", "password": PASSWORD, "session": "token" });
        device_of(&Signed::of(&post(&service, "/login", &body).await))
    };
    let refresh_token = log_in(&service).await.refresh_token();
    lock(&service, None, 5).await;
    service.take_store_calls();
    let stranger = attempt(&service, PASSWORD, None).await;
    let calls = service.take_store_calls();
    for text in ["x", "...", &device[..device.len() - 1], &foreign, &bob, &refresh_token, &"x".repeat(10_000)]
    {
        assert_eq!(attempt(&service, PASSWORD, Some(text)).await, stranger, "{text}");
        assert_eq!(service.take_store_calls(), calls, "{text}");
    }
}

/// An attempt with a device token makes the same calls as one without: its answer takes as long.
#[tokio::test]
async fn a_known_device_makes_the_calls_of_a_stranger() {
    let (service, device) = alice().await;
    for password in [PASSWORD, "wrong password"] {
        let mut kinds = Vec::new();
        for device in [None, Some(device.as_str())] {
            service.take_store_calls();
            attempt(&service, password, device).await;
            let calls = service.take_store_calls();
            kinds.push(
                calls.iter().map(|call| call.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>(),
            );
        }
        assert_eq!(kinds[0], kinds[1]);
    }
}

#[tokio::test]
async fn a_device_token_is_good_for_half_a_year() {
    let (service, device) = alice().await;
    later(Duration::from_hours(180 * 24) - Duration::from_secs(10));
    lock(&service, None, 5).await;
    assert_eq!(attempt(&service, PASSWORD, Some(&device)).await.status, 200);
    later(Duration::from_secs(10));
    lock(&service, None, 5).await;
    assert_eq!(attempt(&service, PASSWORD, Some(&device)).await.status, 429);
}

/// Somebody who knew the former password may have collected any number of them.
#[tokio::test]
async fn a_device_token_of_before_a_new_password_is_a_stranger() {
    use shared::names::username::UsernameKey;
    use shared::store::{Change, Operator};
    let (service, device) = alice().await;
    let hash = service.account("alice").await.unwrap().password_hash;
    service.store().change(&UsernameKey::of("alice"), None, &Change::Password(hash)).await.unwrap().unwrap();
    lock(&service, None, 5).await;
    assert_eq!(attempt(&service, PASSWORD, Some(&device)).await.status, 429);
}

/// The name was given up, and somebody else has it now.
#[tokio::test]
async fn a_device_of_the_former_account_of_a_name_is_a_stranger() {
    use shared::store::Credentials;
    let (service, device) = alice().await;
    service.store().delete(&service.account("alice").await.unwrap(), None).await.unwrap();
    service.enrol("alice").await;
    lock(&service, None, 5).await;
    assert_eq!(attempt(&service, PASSWORD, Some(&device)).await.status, 429);
    service.store().delete(&service.account("alice").await.unwrap(), None).await.unwrap();
    assert_eq!(attempt(&service, PASSWORD, Some(&device)).await.status, 429, "nor without an account");
}

#[tokio::test]
async fn the_device_cookie_of_a_browser_counts_like_the_token() {
    let (service, _) = alice().await;
    let send = async |session: &str, password: &str, cookies: &[&str]| {
        let body = json!({ "username": "alice", "password": password, "session": session }).to_string();
        let headers = [("content-type", "application/json"), ("sec-fetch-site", "same-origin")];
        let mut event = Sender::HttpApi.request("POST", &headers, &body);
        event["cookies"] = json!(cookies);
        service.login(event).await
    };
    let first = send("cookie", PASSWORD, &[]).await;
    let device = first.cookies.iter().find(|cookie| cookie.starts_with("__Host-device")).unwrap();
    let device = device.split(';').next().unwrap();
    lock(&service, None, 5).await;
    assert_eq!(send("cookie", PASSWORD, &[device]).await.status, 200);
    assert_eq!(send("cookie", PASSWORD, &[]).await.status, 429);
    assert_eq!(send("cookie", PASSWORD, &[device, device]).await.status, 429, "of several none is believed");
    assert_eq!(
        send("token", PASSWORD, &[device]).await.status,
        429,
        "without the cookie transport it is not read"
    );
}

#[tokio::test]
async fn a_device_token_alone_logs_nobody_in() {
    let (service, device) = alice().await;
    let response = post(&service, "/login", &json!({ "username": "alice", "device_token": device })).await;
    assert_eq!((response.status, response.json()), (400, json!({ "password": ["This field is required."] })));
    assert_eq!(
        attempt(&service, "wrong password", Some(&device)).await.json()["code"],
        Value::from("invalid_credentials")
    );
}
