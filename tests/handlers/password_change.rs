//! `POST /password`: what the owner of an account needs for it, and what it ends.

use std::time::Duration;

use serde_json::json;

use crate::event::Sender;
use crate::handlers::{Handlers, PASSWORD, later};
use crate::sessions::{Signed, bearing, judged, log_in, post, refresh};

const NEW: &str = "a new and better passphrase";

/// The accounts `alice`, with an address, and her first token.
pub async fn alice(variables: &[(&str, &str)]) -> (Handlers, String) {
    let service = Handlers::with(variables).await;
    let body = json!({ "username": "alice", "email": "alice@example.com", "password": PASSWORD });
    let response = service.post("/register", &body).await;
    assert_eq!(response.status, 201, "{response:?}");
    let token = response.json()["token"].as_str().unwrap().to_owned();
    (service, token)
}

/// The status of a login of `alice`.
pub async fn login_status(service: &Handlers, password: &str) -> u64 {
    post(service, "/login", &json!({ "username": "alice", "password": password })).await.status
}

#[tokio::test]
async fn a_change_ends_everything_but_the_session_it_was_made_in() {
    let (service, first) = alice(&[]).await;
    let (mine, other) = (log_in(&service).await, log_in(&service).await);
    later(Duration::from_secs(1));
    let body = json!({ "current_password": PASSWORD, "new_password": NEW });
    let response = service.post_as(&mine.token(), "/password", &body).await;
    let changed = Signed::of(&response);
    assert_eq!(changed.session(), mine.session());

    let verdicts = [
        judged(&service, &first).await,
        judged(&service, &mine.token()).await,
        judged(&service, &other.token()).await,
        judged(&service, &changed.token()).await,
    ];
    assert_eq!(verdicts, [401, 401, 401, 200]);
    assert_eq!(refresh(&service, &other.refresh_token()).await.status, 401);
    let next = Signed::of(&refresh(&service, &changed.refresh_token()).await);
    assert_eq!(judged(&service, &next.token()).await, 200);
    assert_eq!((login_status(&service, PASSWORD).await, login_status(&service, NEW).await), (401, 200));
}

/// The client keeps the token that it has, if it does not look for a new one in the response.
#[tokio::test]
async fn the_refresh_token_of_the_session_stays_good() {
    let (service, _) = alice(&[]).await;
    let mine = log_in(&service).await;
    let body = json!({ "current_password": PASSWORD, "new_password": NEW });
    assert_eq!(service.post_as(&mine.token(), "/password", &body).await.status, 200);
    assert_eq!(refresh(&service, &mine.refresh_token()).await.status, 200);
}

#[tokio::test]
async fn a_change_without_a_session_gets_a_token_alone() {
    let (service, first) = alice(&[]).await;
    let body = json!({ "current_password": PASSWORD, "new_password": NEW });
    let response = service.post_as(&first, "/password", &body).await;
    let members: Vec<_> = response.json().as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["expires_in", "token", "token_type", "user_id"]);
    assert_eq!(judged(&service, response.json()["token"].as_str().unwrap()).await, 200);
}

#[tokio::test]
async fn the_owner_is_told_of_a_change() {
    let (service, token) = alice(&[]).await;
    let body = json!({ "current_password": PASSWORD, "new_password": NEW });
    assert_eq!(service.post_as(&token, "/password", &body).await.status, 200);
    let mails = service.mails();
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert_eq!(mails[0].to, "alice@example.com");
    assert!(mails[0].text.contains("alice") && !mails[0].has_code(), "{mails:?}");
}

#[tokio::test]
async fn wrong_current_passwords_count_in_the_lock_of_logins() {
    let (service, token) = alice(&[]).await;
    let wrong = json!({ "current_password": "not the password", "new_password": NEW });
    for _ in 0..5 {
        let response = service.post_as(&token, "/password", &wrong).await;
        let body = r#"{"code":"invalid_credentials","error":"Invalid credentials"}"#;
        response.must_be(401, body, Some(("www-authenticate", "Bearer")));
    }
    let right = json!({ "current_password": PASSWORD, "new_password": NEW });
    for path in ["/password", "/email", "/account/delete"] {
        let mut body = right.clone();
        body["email"] = "other@example.com".into();
        assert_eq!(service.post_as(&token, path, &body).await.status, 429, "{path}");
    }
    assert_eq!(login_status(&service, PASSWORD).await, 429);
    later(Duration::from_secs(1));
    assert_eq!(service.post_as(&token, "/password", &right).await.status, 200);
}

#[tokio::test]
async fn wrong_current_passwords_count_for_the_client_ip() {
    let (service, token) = alice(&[("LOGIN_ATTEMPTS_PER_ADDRESS", "2")]).await;
    let status = |password: &'static str| {
        let body = json!({ "current_password": password, "new_password": NEW });
        let (service, token) = (&service, &token);
        async move { service.post_as(token, "/password", &body).await.status }
    };
    assert_eq!([status("wrong").await, status("wrong").await, status(PASSWORD).await], [401, 401, 429]);
    later(Duration::from_secs(300));
    assert_eq!(status(PASSWORD).await, 200);
}

#[tokio::test]
async fn a_new_password_keeps_the_rules_of_a_first_one() {
    let (service, token) = alice(&[]).await;
    for (current, password, code) in [
        ("wrong", "short", "password_too_short"),
        ("wrong", "password123", "password_too_common"),
        (PASSWORD, "alice@example.com", "password_too_similar"),
    ] {
        let body = json!({ "current_password": current, "new_password": password });
        let response = service.post_as(&token, "/password", &body).await;
        assert_eq!(
            (response.status, response.codes_of_fields().unwrap()),
            (400, format!("new_password={code}"))
        );
    }
    // The address is told to nobody who does not know the password.
    let guess = json!({ "current_password": "wrong", "new_password": "alice@example.com" });
    assert_eq!(service.post_as(&token, "/password", &guess).await.status, 401);
    let missing = service.post_as(&token, "/password", &json!({})).await;
    assert_eq!(missing.codes_of_fields().unwrap(), "current_password=required, new_password=required");
    assert_eq!(login_status(&service, PASSWORD).await, 200);
}

#[tokio::test]
async fn only_a_good_token_changes_anything() {
    let (service, token) = alice(&[]).await;
    let body = json!({ "current_password": PASSWORD, "new_password": NEW, "email": "other@example.com" });
    for path in ["/password", "/email", "/account/delete"] {
        assert_eq!(service.post(path, &body).await.json()["code"], "token_missing", "{path}");
        let bad = service.post_as(&format!("{token}x"), path, &body).await;
        assert_eq!((bad.status, bad.json()["code"].as_str()), (401, Some("invalid_token")), "{path}");
    }
    service.sql("UPDATE accounts SET disabled = 1");
    for path in ["/password", "/email", "/account/delete"] {
        assert_eq!(service.post_as(&token, path, &body).await.status, 401, "{path}");
    }
    service.sql("UPDATE accounts SET disabled = 0");
    assert_eq!(login_status(&service, PASSWORD).await, 200);
    assert!(service.mails().is_empty());
}

#[tokio::test]
async fn the_token_of_an_ended_session_changes_nothing() {
    let (service, _) = alice(&[]).await;
    let mine = log_in(&service).await;
    assert_eq!(bearing(&service, "POST", "/logout", &mine.token()).await.status, 204);
    let body = json!({ "current_password": PASSWORD, "new_password": NEW });
    assert_eq!(service.post_as(&mine.token(), "/password", &body).await.status, 401);
}

/// A browser's session goes on in its cookie.
#[tokio::test]
async fn with_a_cookie_the_tokens_come_as_cookies() {
    let (service, _) = alice(&[]).await;
    let credentials = json!({ "username": "alice", "password": PASSWORD, "session": "cookie" }).to_string();
    let headers = [("content-type", "application/json"), ("sec-fetch-site", "same-origin")];
    let begun = service
        .login(Sender::HttpApi.at("/login", Sender::HttpApi.request("POST", &headers, &credentials)))
        .await;
    let cookie = begun.cookies.iter().find(|cookie| cookie.starts_with("__Host-refresh")).unwrap();
    let cookie = cookie.split(';').next().unwrap();
    let bearer = format!("Bearer {}", begun.json()["token"].as_str().unwrap());
    let body = json!({ "current_password": PASSWORD, "new_password": NEW }).to_string();
    for (site, status, cookies) in [("cross-site", 403, 0), ("same-origin", 200, 2)] {
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            ("cookie", cookie),
            ("sec-fetch-site", site),
        ];
        let event = Sender::RestApi.at("/password", Sender::RestApi.request("POST", &headers, &body));
        let response = service.register(event).await;
        assert_eq!((response.status, response.cookies.len()), (status, cookies), "{response:?}");
        assert!(!response.body.contains("refresh_token"), "{response:?}");
    }
}
