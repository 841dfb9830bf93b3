//! Sessions: what begins, renews, shows and ends them.

use std::time::Duration;

use serde_json::{Value, json};
use shared::session::SessionId;

use crate::event::Sender;
use crate::handlers::{Handlers, NOW, PASSWORD, Response, later};

pub const INVALID_SESSION: &str = r#"{"code":"invalid_session","error":"Invalid session"}"#;

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// A response in which a session has begun or gone on, and its tokens.
#[derive(Clone, Debug)]
pub struct Signed {
    pub body: Value,
}

impl Signed {
    pub fn of(response: &Response) -> Self {
        assert!([200, 201].contains(&response.status), "{response:?}");
        Self { body: response.json() }
    }

    fn text(&self, member: &str) -> String {
        self.body[member].as_str().unwrap_or_default().to_owned()
    }

    pub fn token(&self) -> String {
        self.text("token")
    }

    pub fn refresh_token(&self) -> String {
        self.text("refresh_token")
    }

    pub fn session(&self) -> String {
        self.text("session_id")
    }
}

pub async fn post(service: &Handlers, path: &str, body: &Value) -> Response {
    service.login(Sender::HttpApi.at(path, Sender::HttpApi.post(&body.to_string()))).await
}

/// A request with an access token.
pub async fn bearing(service: &Handlers, method: &str, path: &str, token: &str) -> Response {
    let headers = [("authorization", format!("Bearer {token}"))];
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let body = [("content-type", "application/json")].into_iter().filter(|_| method == "POST");
    let headers: Vec<_> = headers.into_iter().chain(body).collect();
    service.login(Sender::HttpApi.at(path, Sender::HttpApi.request(method, &headers, ""))).await
}

pub async fn log_in(service: &Handlers) -> Signed {
    let body = json!({ "username": "alice", "password": PASSWORD, "session": "token" });
    Signed::of(&post(service, "/login", &body).await)
}

pub async fn refresh(service: &Handlers, token: &str) -> Response {
    post(service, "/refresh", &json!({ "refresh_token": token })).await
}

/// The status of an access token at `validate`.
pub async fn judged(service: &Handlers, token: &str) -> u64 {
    let bearer = format!("Bearer {token}");
    service.validate(Sender::HttpApi.request("POST", &[("authorization", &bearer)], "")).await.status
}

async fn alice() -> Handlers {
    let service = Handlers::with(&[("JWT_SECRET", "k9Xv2mQ8rT5wZ1bN4cL7dF0gH3jP6sAuE")]).await;
    service.enrol("alice").await;
    service
}

#[tokio::test]
async fn a_login_begins_a_session_when_it_is_asked_to() {
    let service = alice().await;
    let signed = log_in(&service).await;
    let members: Vec<_> = signed.body.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "device_token",
        "expires_in",
        "refresh_expires_in",
        "refresh_token",
        "session_id",
        "token",
        "token_type",
        "user_id",
    ];
    assert_eq!(members, expected);
    assert_eq!(
        (&signed.body["expires_in"], &signed.body["refresh_expires_in"]),
        (&json!(900), &json!(14 * 86_400))
    );
    assert_eq!(judged(&service, &signed.token()).await, 200);
    later(Duration::from_secs(899));
    assert_eq!(judged(&service, &signed.token()).await, 200);
    later(Duration::from_secs(1));
    assert_eq!(judged(&service, &signed.token()).await, 401);
}

#[tokio::test]
async fn a_registration_begins_a_session_when_it_is_asked_to() {
    let service = Handlers::new().await;
    let body =
        json!({ "username": "alice", "password": PASSWORD, "session": "token", "session_label": "Ada’s 🦀" });
    let signed = Signed::of(&service.register(Sender::HttpApi.post(&body.to_string())).await);
    assert_eq!(service.take_store_calls(), ["create alice"], "one write");
    let refreshed = Signed::of(&refresh(&service, &signed.refresh_token()).await);
    assert_eq!(refreshed.session(), signed.session());
    let stored = service.account("alice").await.unwrap();
    assert_eq!(stored.sessions.iter().next().unwrap().label.as_str(), "Ada’s 🦀");
    assert_eq!(judged(&service, &signed.token()).await, 200);
}

/// Else a client that had no response could not get at the session that it has begun.
#[tokio::test]
async fn a_repeated_registration_gets_the_session_of_the_first_until_that_was_used() {
    let service = alice().await;
    let of = |body: Value| {
        let headers = [("content-type", "application/json"), ("idempotency-key", "0123456789abcdef")];
        Sender::HttpApi.request("POST", &headers, &body.to_string())
    };
    let body = json!({ "username": "bob", "password": PASSWORD, "session": "token" });
    let first = Signed::of(&service.register(of(body.clone())).await);
    let again = Signed::of(&service.register(of(body.clone())).await);
    assert_eq!((again.refresh_token(), again.session()), (first.refresh_token(), first.session()));
    Signed::of(&refresh(&service, &again.refresh_token()).await);
    let late = service.register(of(body)).await;
    assert_eq!((late.status, late.header("x-error-codes")), (400, Some("username=unique")));
}

/// The key of a registration is no key to what its owner has done since.
#[tokio::test]
async fn a_repeated_registration_gets_no_session_of_a_login() {
    let service = Handlers::new().await;
    let of = |body: Value| {
        let headers = [("content-type", "application/json"), ("idempotency-key", "0123456789abcdef")];
        Sender::HttpApi.request("POST", &headers, &body.to_string())
    };
    let plain = json!({ "username": "alice", "password": PASSWORD });
    let with_session = json!({ "username": "alice", "password": PASSWORD, "session": "token" });
    for first in [&plain, &with_session] {
        service.sql("DELETE FROM accounts");
        let registered = service.register(of(first.clone())).await;
        if first.get("session").is_some() {
            let ended = json!({ "refresh_token": registered.json()["refresh_token"] });
            assert_eq!(post(&service, "/logout", &ended).await.status, 204);
        }
        let phone = log_in(&service).await;
        assert!(phone.session().starts_with('0'), "it has the first slot");
        let repeated = service.register(of(with_session.clone())).await;
        assert_eq!((repeated.status, repeated.header("x-error-codes")), (400, Some("username=unique")));
        assert_eq!(service.register(of(plain.clone())).await.status, 201, "a token alone, as ever");
    }
}

#[tokio::test]
async fn other_values_of_the_fields_are_refused_by_name() {
    let service = alice().await;
    let calls = service.store_calls();
    for (body, codes) in [
        (json!({ "session": "yes" }), "session=invalid_choice"),
        (json!({ "session": true }), "session=invalid"),
        (json!({ "session": ["token"] }), "session=invalid"),
        (json!({ "session": " " }), "session=blank"),
        (json!({ "session": "token", "session_label": "x".repeat(65) }), "session_label=max_length"),
        (json!({ "session": "token", "session_label": "a\nb" }), "session_label=invalid"),
        (
            json!({ "session": "TOKEN", "session_label": 1, "device_token": 2 }),
            "session=invalid_choice, session_label=invalid, device_token=invalid",
        ),
    ] {
        let mut body = body;
        body["username"] = "alice".into();
        body["password"] = PASSWORD.into();
        let response = post(&service, "/login", &body).await;
        assert_eq!((response.status, response.codes_of_fields().as_deref()), (400, Some(codes)), "{body}");
    }
    assert_eq!(service.store_calls(), calls);
    for none in [Value::Null, "".into()] {
        let body =
            json!({ "username": "alice", "password": PASSWORD, "session": none, "session_label": none });
        let response = post(&service, "/login", &body).await;
        assert_eq!((response.status, response.json().get("session_id")), (200, None));
    }
}

#[tokio::test]
async fn a_refresh_is_one_write_and_gets_the_next_tokens_of_the_session() {
    let service = alice().await;
    let mut signed = log_in(&service).await;
    for _ in 0..5 {
        later(HOUR);
        service.take_store_calls();
        let next = Signed::of(&refresh(&service, &signed.refresh_token()).await);
        assert_eq!(service.take_store_calls(), ["exchange alice"]);
        assert_eq!(next.session(), signed.session());
        assert_ne!(next.refresh_token(), signed.refresh_token());
        assert_eq!((next.body["expires_in"].as_u64(), next.body.get("device_token")), (Some(900), None));
        assert_eq!(judged(&service, &next.token()).await, 200);
        signed = next;
    }
}

#[tokio::test]
async fn a_second_tab_gets_the_same_refresh_token() {
    let service = alice().await;
    let signed = log_in(&service).await;
    let first = Signed::of(&refresh(&service, &signed.refresh_token()).await);
    later(Duration::from_secs(60));
    service.take_store_calls();
    let second = Signed::of(&refresh(&service, &signed.refresh_token()).await);
    assert_eq!(second.refresh_token(), first.refresh_token());
    assert_eq!(service.take_store_calls(), ["exchange alice"]);
    assert_eq!(judged(&service, &second.token()).await, 200);
}

#[tokio::test]
async fn a_laptop_that_slept_is_let_in_twice() {
    let service = alice().await;
    let mut before = log_in(&service).await;
    for _ in 0..2 {
        Signed::of(&refresh(&service, &before.refresh_token()).await);
        later(2 * HOUR);
        before = Signed::of(&refresh(&service, &before.refresh_token()).await);
    }
    Signed::of(&refresh(&service, &before.refresh_token()).await);
    later(2 * HOUR);
    refresh(&service, &before.refresh_token()).await.must_be(
        401,
        INVALID_SESSION,
        Some(("www-authenticate", "Bearer")),
    );
    assert_eq!(service.account("alice").await.unwrap().sessions.iter().count(), 0);
}

#[tokio::test]
async fn a_token_that_is_used_again_ends_its_session_and_no_other() {
    let service = alice().await;
    let (sibling, signed) = (log_in(&service).await, log_in(&service).await);
    let second = Signed::of(&refresh(&service, &signed.refresh_token()).await);
    let third = Signed::of(&refresh(&service, &second.refresh_token()).await);
    service.take_store_calls();
    let reused = refresh(&service, &signed.refresh_token()).await;
    reused.must_be(401, INVALID_SESSION, Some(("www-authenticate", "Bearer")));
    assert_eq!(service.take_store_calls(), ["exchange alice", "end_session alice"]);
    assert_eq!(refresh(&service, &third.refresh_token()).await, reused, "the session has ended");
    assert_eq!(judged(&service, &third.token()).await, 401);
    assert_eq!(judged(&service, &sibling.token()).await, 200);
    Signed::of(&refresh(&service, &sibling.refresh_token()).await);
}

/// One body for all, and for what is no token not even a call.
#[tokio::test]
async fn refused_refreshes_are_alike() {
    let service = alice().await;
    let signed = log_in(&service).await;
    let other = Handlers::with(&[("JWT_SECRET", "another-Secret-0f-thirty-two-byt3s")]).await;
    other.enrol("alice").await;
    let foreign = log_in(&other).await.refresh_token();
    let token = signed.refresh_token();
    service.take_store_calls();
    for garbage in [
        "x",
        "...",
        "refresh.a.b.c",
        &token[1..],
        &format!("{token}x"),
        &"x".repeat(15_000),
        &signed.token(),
        &foreign,
        signed.body["device_token"].as_str().unwrap(),
    ] {
        let refused = refresh(&service, garbage).await;
        refused.must_be(401, INVALID_SESSION, Some(("www-authenticate", "Bearer")));
        assert_eq!(service.take_store_calls(), [""; 0], "{garbage}");
    }
    service.sql("DELETE FROM sessions");
    assert_eq!(refresh(&service, &token).await.body, INVALID_SESSION);
    service.sql("UPDATE accounts SET disabled = 1");
    assert_eq!(refresh(&service, &token).await.body, INVALID_SESSION);
    service.sql("DELETE FROM accounts");
    assert_eq!(refresh(&service, &token).await.body, INVALID_SESSION);
    assert!(service.take_store_calls().iter().all(|call| call == "exchange alice"));
}

#[tokio::test]
async fn a_refresh_needs_a_token_and_is_told_so() {
    let service = alice().await;
    for body in [json!({}), json!({ "refresh_token": null }), json!({ "refresh_token": "" })] {
        let missing = r#"{"code":"token_missing","error":"Token missing"}"#;
        post(&service, "/refresh", &body).await.must_be(400, missing, Some(("www-authenticate", "Bearer")));
    }
    let typed = post(&service, "/refresh", &json!({ "refresh_token": 1 })).await;
    assert_eq!((typed.status, typed.header("x-error-codes")), (400, Some("refresh_token=invalid")));
    let duplicate = Sender::HttpApi.post(r#"{"refresh_token":"a","refresh_token":"b"}"#);
    assert_eq!(service.login(Sender::HttpApi.at("/refresh", duplicate)).await.status, 400);
}

#[tokio::test]
async fn a_session_ends_after_fourteen_idle_days_and_after_thirty_in_any_case() {
    let service = alice().await;
    let idle = log_in(&service).await;
    let mut used = log_in(&service).await;
    later(13 * DAY);
    used = Signed::of(&refresh(&service, &used.refresh_token()).await);
    later(DAY);
    assert_eq!(refresh(&service, &idle.refresh_token()).await.status, 401);
    later(12 * DAY);
    used = Signed::of(&refresh(&service, &used.refresh_token()).await);
    assert_eq!(used.body["refresh_expires_in"], 4 * 86_400);
    later(4 * DAY - Duration::from_secs(60));
    used = Signed::of(&refresh(&service, &used.refresh_token()).await);
    assert_eq!((&used.body["refresh_expires_in"], &used.body["expires_in"]), (&json!(60), &json!(60)));
    later(Duration::from_secs(60));
    assert_eq!(refresh(&service, &used.refresh_token()).await.status, 401);
    assert_eq!(judged(&service, &used.token()).await, 401);
}

#[tokio::test]
async fn the_lifetimes_are_configurable() {
    let service = Handlers::with(&[
        ("SESSION_IDLE_DAYS", "2"),
        ("SESSION_MAX_DAYS", "3"),
        ("SESSION_TOKEN_TTL_SECONDS", "60"),
    ])
    .await;
    service.enrol("alice").await;
    let signed = log_in(&service).await;
    assert_eq!(
        (&signed.body["expires_in"], &signed.body["refresh_expires_in"]),
        (&json!(60), &json!(2 * 86_400))
    );
    later(2 * DAY - Duration::from_secs(1));
    let signed = Signed::of(&refresh(&service, &signed.refresh_token()).await);
    assert_eq!(signed.body["refresh_expires_in"], 86_401);
}

#[tokio::test]
async fn the_eleventh_session_ends_the_one_used_longest_ago() {
    let service = alice().await;
    let mut sessions = Vec::new();
    for _ in 0..10 {
        sessions.push(log_in(&service).await);
        later(Duration::from_secs(1));
    }
    let first = Signed::of(&refresh(&service, &sessions[0].refresh_token()).await);
    log_in(&service).await;
    assert_eq!(judged(&service, &sessions[1].token()).await, 401);
    assert_eq!(refresh(&service, &sessions[1].refresh_token()).await.status, 401);
    for kept in sessions[2..].iter().chain([&first]) {
        assert_eq!(judged(&service, &kept.token()).await, 200);
    }
    assert_eq!(service.count("sessions"), 10);
}

#[tokio::test]
async fn a_logout_ends_the_session_that_any_of_its_tokens_names() {
    let service = alice().await;
    for by_access_token in [false, true] {
        let (sibling, signed) = (log_in(&service).await, log_in(&service).await);
        let next = Signed::of(&refresh(&service, &signed.refresh_token()).await);
        for _ in 0..2 {
            let response = if by_access_token {
                bearing(&service, "POST", "/logout", &next.token()).await
            } else {
                post(&service, "/logout", &json!({ "refresh_token": signed.refresh_token() })).await
            };
            assert_eq!(
                (response.status, response.body.as_str(), response.header("content-type")),
                (204, "", None)
            );
            assert_eq!(judged(&service, &next.token()).await, 401);
            assert_eq!(refresh(&service, &next.refresh_token()).await.status, 401);
        }
        assert_eq!(judged(&service, &sibling.token()).await, 200);
    }
}

#[tokio::test]
async fn a_logout_of_all_ends_every_session_and_every_token() {
    let service = alice().await;
    let outside =
        Signed::of(&post(&service, "/login", &json!({ "username": "alice", "password": PASSWORD })).await);
    let (sibling, signed) = (log_in(&service).await, log_in(&service).await);
    for body in [json!({ "all": "true" }), json!({ "all": 1 })] {
        let response = post(&service, "/logout", &body).await;
        assert_eq!((response.status, response.header("x-error-codes")), (400, Some("all=invalid")));
    }
    let body = json!({ "refresh_token": signed.refresh_token(), "all": true });
    assert_eq!(post(&service, "/logout", &body).await.status, 204);
    for token in [&outside, &sibling, &signed].map(Signed::token) {
        assert_eq!(judged(&service, &token).await, 401);
    }
    assert_eq!(refresh(&service, &sibling.refresh_token()).await.status, 401);
    let after = log_in(&service).await;
    assert_eq!(post(&service, "/logout", &body).await.status, 204, "one that has ended ends no other");
    assert_eq!(judged(&service, &after.token()).await, 200);
    later(14 * DAY);
    let fresh = log_in(&service).await;
    let body = json!({ "refresh_token": after.refresh_token(), "all": true });
    assert_eq!(post(&service, "/logout", &body).await.status, 204, "nor does one that has expired");
    assert_eq!(judged(&service, &fresh.token()).await, 200);
}

#[tokio::test]
async fn a_logout_needs_a_token_that_names_a_session() {
    let service = alice().await;
    let outside =
        Signed::of(&post(&service, "/login", &json!({ "username": "alice", "password": PASSWORD })).await);
    assert_eq!(
        post(&service, "/logout", &json!({})).await.body,
        r#"{"code":"token_missing","error":"Token missing"}"#
    );
    for token in [outside.token().as_str(), "x"] {
        let refused = bearing(&service, "POST", "/logout", token).await;
        assert_eq!((refused.status, refused.json()["code"].as_str()), (401, Some("invalid_token")));
    }
    assert_eq!(post(&service, "/logout", &json!({ "refresh_token": "garbage" })).await.status, 204);
    assert_eq!(judged(&service, &outside.token()).await, 200);
}

#[tokio::test]
async fn the_owner_sees_its_live_sessions() {
    let service = alice().await;
    let expired = log_in(&service).await;
    later(10 * DAY);
    let idle = log_in(&service).await;
    later(4 * DAY);
    let body =
        json!({ "username": "alice", "password": PASSWORD, "session": "token", "session_label": "phone" });
    let signed = Signed::of(&post(&service, "/login", &body).await);
    let response = bearing(&service, "GET", "/sessions", &signed.token()).await;
    let now = NOW.as_secs() + 14 * 86_400;
    let expected = json!({ "sessions": [
        { "id": signed.session(), "label": "phone", "created_at": now, "last_used_at": now,
          "expires_at": now + 14 * 86_400, "current": true },
        { "id": idle.session(), "label": "", "created_at": now - 4 * 86_400, "last_used_at": now - 4 * 86_400,
          "expires_at": now + 10 * 86_400, "current": false },
    ] });
    assert_eq!((response.status, response.json()), (200, expected));
    assert_eq!(refresh(&service, &expired.refresh_token()).await.status, 401);
}

#[tokio::test]
async fn the_owner_ends_one_of_its_sessions() {
    let service = alice().await;
    service.enrol("bob").await;
    let (other, own) = (log_in(&service).await, log_in(&service).await);
    let path = format!("/prod/sessions/{}", other.session());
    let ended = bearing(&service, "DELETE", &path, &own.token()).await;
    assert_eq!((ended.status, ended.body.as_str()), (204, ""));
    assert_eq!(judged(&service, &other.token()).await, 401);
    let current = log_in(&service).await;
    let path = format!("/sessions/{}", current.session());
    assert_eq!(
        bearing(&service, "DELETE", &path, &current.token()).await.status,
        204,
        "the one that asks, too"
    );
    assert_eq!(judged(&service, &current.token()).await, 401);
    let unknown = SessionId::random(3).unwrap().to_string();
    for id in [other.session().as_str(), &unknown, "x", "0"] {
        let response = bearing(&service, "DELETE", &format!("/sessions/{id}"), &own.token()).await;
        response.must_be(404, r#"{"code":"no_such_session","error":"No such session"}"#, None);
    }
    let bob = json!({ "username": "bob", "password": PASSWORD, "session": "token" });
    let bob = Signed::of(&post(&service, "/login", &bob).await);
    let foreign = format!("/sessions/{}", own.session());
    assert_eq!(bearing(&service, "DELETE", &foreign, &bob.token()).await.status, 404);
    assert_eq!(judged(&service, &own.token()).await, 200);
}

#[tokio::test]
async fn sessions_are_shown_and_ended_by_good_tokens_alone() {
    let service = alice().await;
    let signed = log_in(&service).await;
    for (method, path) in
        [("GET", "/sessions".to_owned()), ("DELETE", format!("/sessions/{}", signed.session()))]
    {
        let missing =
            service.login(Sender::HttpApi.at(&path, Sender::HttpApi.request(method, &[], ""))).await;
        assert_eq!((missing.status, missing.json()["code"].as_str()), (400, Some("token_missing")));
        for token in ["x", &signed.refresh_token()] {
            assert_eq!(bearing(&service, method, &path, token).await.status, 401);
        }
    }
    let ended = log_in(&service).await;
    bearing(&service, "POST", "/logout", &ended.token()).await;
    assert_eq!(bearing(&service, "GET", "/sessions", &ended.token()).await.status, 401);
    let allowed = bearing(&service, "PUT", "/sessions", &signed.token()).await;
    assert_eq!((allowed.status, allowed.header("allow")), (405, Some("GET")));
}

/// Every command of an operator that ends tokens, or the account.
#[tokio::test]
async fn an_operator_ends_sessions() {
    use shared::names::username::UsernameKey;
    use shared::store::{Change, Credentials, Operator};
    for change in [Some(Change::EndTokens), Some(Change::Disable), None] {
        let service = alice().await;
        let signed = log_in(&service).await;
        let (store, name) = (service.store(), UsernameKey::of("alice"));
        match &change {
            Some(change) => drop(store.change(&name, None, change).await.unwrap().unwrap()),
            None => assert!(store.delete(&service.account("alice").await.unwrap(), None).await.unwrap()),
        }
        if matches!(change, Some(Change::Disable)) {
            store.change(&name, None, &Change::Enable).await.unwrap();
        }
        assert_eq!(judged(&service, &signed.token()).await, 401, "{change:?}");
        assert_eq!(refresh(&service, &signed.refresh_token()).await.body, INVALID_SESSION, "{change:?}");
        assert_eq!(service.count("sessions"), 0, "{change:?}");
    }
}

/// The claim `sid`, in every place where a token is repeated.
#[tokio::test]
async fn the_caller_is_told_its_session() {
    let service = alice().await;
    let signed = log_in(&service).await;
    let bearer = format!("Bearer {}", signed.token());
    let me = Sender::HttpApi.at("/me", Sender::HttpApi.request("GET", &[("authorization", &bearer)], ""));
    let exp = NOW.as_secs() + 900;
    let id = &signed.body["user_id"];
    let expected = json!({ "user_id": id, "username": "alice", "email_verified": false, "exp": exp, "sid": signed.session() });
    assert_eq!(service.validate(me).await.json(), expected);
    let context =
        service.ask(crate::authorizer::Api::Http2.event(&signed.token())).await.unwrap()["context"].clone();
    let expected = json!({
        "user_id": id, "username": "alice", "email_verified": "false", "exp": exp.to_string(), "sid": signed.session(),
    });
    assert_eq!(context, expected);
    let mut behind = support::samples::sample("validate-http-api-me");
    behind["requestContext"]["authorizer"]["lambda"] = context;
    assert_eq!(service.validate(behind).await.json()["sid"], signed.session());
}

/// A database that was restored from before: its tokens of today are unknown, and end nothing.
#[tokio::test]
async fn a_token_of_after_a_restore_is_refused_and_ends_nothing() {
    let service = alice().await;
    let signed = log_in(&service).await;
    let next = Signed::of(&refresh(&service, &signed.refresh_token()).await);
    service.sql("UPDATE sessions SET counter = 0, exchanged = 0");
    assert_eq!(refresh(&service, &next.refresh_token()).await.status, 401);
    Signed::of(&refresh(&service, &signed.refresh_token()).await);
}

/// A fault of ours costs nobody a session, and clears no cookie.
#[tokio::test]
async fn a_fault_of_the_service_leaves_the_session_and_its_token_as_they_are() {
    let service = alice().await;
    let signed = log_in(&service).await;
    service.let_stores_panic(true);
    for path in ["/refresh", "/logout"] {
        let mut event = Sender::HttpApi.post("{}");
        event["headers"]["sec-fetch-site"] = "same-origin".into();
        event["cookies"] = json!([format!("__Host-refresh={}", signed.refresh_token())]);
        let response = service.login(Sender::HttpApi.at(path, event)).await;
        response.must_be(500, r#"{"code":"internal_error","error":"Internal error"}"#, None);
    }
    service.let_stores_panic(false);
    Signed::of(&refresh(&service, &signed.refresh_token()).await);
}
