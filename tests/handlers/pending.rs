//! `VERIFY_EMAIL=required`: an address belongs to whoever has confirmed it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::handlers::{Handlers, PASSWORD, Response, later};
use crate::sessions::post;

const REQUIRED: &[(&str, &str)] = &[("VERIFY_EMAIL", "required")];
const NEW: &str = "a new and better passphrase";
const VICTIM: &str = "victim@example.com";

async fn register(service: &Handlers, username: &str, email: &str, password: &str) -> Response {
    service.post("/register", &json!({ "username": username, "email": email, "password": password })).await
}

async fn login(service: &Handlers, named: Value, password: &str) -> Response {
    let mut body = named;
    body["password"] = password.into();
    post(service, "/login", &body).await
}

async fn confirm(service: &Handlers, email: &str) -> Response {
    let code = service.last_mail_to(email).code();
    service.post("/email/confirm", &json!({ "email": email, "code": code })).await
}

#[tokio::test]
async fn a_registration_waits_for_the_confirmation_of_its_address() {
    let service = Handlers::with(REQUIRED).await;
    let response = register(&service, "alice", VICTIM, PASSWORD).await;
    let id = service.account("alice").await.unwrap().id;
    response.must_be(202, &format!(r#"{{"pending":"email","user_id":"{id}"}}"#), None);
    let body = r#"{"code":"email_not_verified","error":"Email not verified"}"#;
    for named in [json!({ "username": "alice" })] {
        login(&service, named.clone(), PASSWORD).await.must_be(403, body, None);
        assert_eq!(login(&service, named, "wrong").await.status, 401, "only the owner is told");
    }
    assert_eq!(confirm(&service, VICTIM).await.status, 200);
    assert_eq!(login(&service, json!({ "username": "alice" }), PASSWORD).await.status, 200);
    assert_eq!(login(&service, json!({ "email": VICTIM }), PASSWORD).await.status, 200);
    assert!(service.account("alice").await.unwrap().email_verified);
    later(Duration::from_hours(8 * 24));
    assert_eq!(login(&service, json!({ "username": "alice" }), PASSWORD).await.status, 200);
}

#[tokio::test]
async fn without_an_address_nothing_waits() {
    let service = Handlers::with(REQUIRED).await;
    service.enrol("alice").await;
}

/// An attacker registers somebody's address first, and keeps trying.
#[tokio::test]
async fn the_address_of_another_gives_an_attacker_nothing() {
    let service = Handlers::with(REQUIRED).await;
    let attackers = "the attackers own password";
    assert_eq!(register(&service, "mallory", VICTIM, attackers).await.status, 202);
    let attackers_code = service.last_mail_to(VICTIM).code();
    assert_eq!(register(&service, "victim", VICTIM, PASSWORD).await.status, 202);
    assert_eq!(confirm(&service, VICTIM).await.status, 200);

    assert_eq!(login(&service, json!({ "email": VICTIM }), PASSWORD).await.status, 200);
    assert_eq!(login(&service, json!({ "email": VICTIM }), attackers).await.status, 401);
    assert_eq!(login(&service, json!({ "username": "mallory" }), attackers).await.status, 403);
    // Not even with the code that only the victim has got.
    let late = json!({ "email": VICTIM, "code": attackers_code });
    assert_eq!(service.post("/email/confirm", &late).await.status, 400);
    // Nor by asking for another one.
    later(Duration::from_mins(1));
    let before = service.mails_to(VICTIM).len();
    assert_eq!(service.post("/password/forgot", &json!({ "username": "mallory" })).await.status, 202);
    let told = service.mails_to(VICTIM).split_off(before);
    assert!(told.iter().all(|mail| !mail.has_code()), "{told:?}");
    assert_eq!(login(&service, json!({ "username": "mallory" }), attackers).await.status, 403);
}

/// The owner of a verified address hears of it; who registers does not.
#[tokio::test]
async fn a_registration_does_not_tell_who_has_an_address() {
    let service = Handlers::with(REQUIRED).await;
    register(&service, "alice", VICTIM, PASSWORD).await;
    assert_eq!(confirm(&service, VICTIM).await.status, 200);
    let word = |call: String| call.split(' ').next().unwrap().to_owned();
    let mut seen = Vec::new();
    for (username, email) in [("bob", VICTIM), ("carol", "free@example.com")] {
        service.take_store_calls();
        let mut response = register(&service, username, email, PASSWORD).await;
        let id = service.account(username).await.unwrap().id.to_string();
        response.body = response.body.replace(&id, "ID");
        // The first call is the request's, the others are those of the delivery, which on AWS is another event.
        seen.push((response, service.take_store_calls().into_iter().map(word).next()));
    }
    assert_eq!(seen[0], seen[1]);
    let told = service.last_mail_to(VICTIM);
    assert!(!told.has_code(), "{told:?}");
    assert!(service.last_mail_to("free@example.com").has_code());
}

#[tokio::test]
async fn a_code_for_a_new_password_confirms_too() {
    let service = Handlers::with(REQUIRED).await;
    register(&service, "alice", VICTIM, PASSWORD).await;
    let forgot = json!({ "username": "alice" });
    assert_eq!(service.post("/password/forgot", &forgot).await.status, 202);
    let code = service.last_mail_to(VICTIM).code();
    let reset = json!({ "username": "alice", "code": code, "new_password": NEW });
    assert_eq!(service.post("/password/reset", &reset).await.status, 200);
    for named in [forgot, json!({ "email": VICTIM })] {
        assert_eq!(login(&service, named, NEW).await.status, 200);
    }
    assert!(service.account("alice").await.unwrap().email_verified);
}

/// The name is the victim's address, which looks like the victim's own account.
#[tokio::test]
async fn the_password_of_who_registered_first_ends_with_the_reset_of_who_has_the_mailbox() {
    let service = Handlers::with(REQUIRED).await;
    let attackers = "the attackers own password";
    assert_eq!(register(&service, VICTIM, VICTIM, attackers).await.status, 202);
    assert_eq!(register(&service, VICTIM, VICTIM, PASSWORD).await.status, 400, "the name is taken");
    for named in [json!({ "username": VICTIM }), json!({ "email": VICTIM })] {
        assert_eq!(service.post("/password/forgot", &named).await.status, 202);
    }
    let code = service.last_mail_to(VICTIM).code();
    let reset = json!({ "email": VICTIM, "code": code, "new_password": NEW });
    assert_eq!(service.post("/password/reset", &reset).await.status, 200);
    assert_eq!(login(&service, json!({ "email": VICTIM }), attackers).await.status, 401);
    assert_eq!(login(&service, json!({ "email": VICTIM }), NEW).await.status, 200);
}

/// A key stands for one request: without its address it is another one, which would get a token.
#[tokio::test]
async fn no_repetition_gets_around_the_confirmation() {
    let service = Handlers::with(REQUIRED).await;
    let headers =
        [("content-type", "application/json"), ("idempotency-key", "8e03978e-40d5-43dd-bc93-6894a57f9324")];
    let send = |body: Value| {
        let event = crate::event::Sender::HttpApi.request("POST", &headers, &body.to_string());
        service.register(event)
    };
    let asked = json!({ "username": "alice", "email": VICTIM, "password": PASSWORD });
    assert_eq!(send(asked).await.status, 202);
    let without = send(json!({ "username": "alice", "password": PASSWORD })).await;
    assert_eq!((without.status, without.codes_of_fields().unwrap()), (400, "username=unique".to_owned()));
}

/// An app whose usernames are emails sends `email` alone.
#[tokio::test]
async fn an_email_that_is_the_username_too_finds_its_account_before_it_is_confirmed() {
    let service = Handlers::with(REQUIRED).await;
    register(&service, VICTIM, VICTIM, PASSWORD).await;
    let by_email = json!({ "email": VICTIM });
    assert_eq!(login(&service, by_email.clone(), PASSWORD).await.status, 403);
    assert_eq!(login(&service, by_email.clone(), "another horse battery staple").await.status, 401);
    assert_eq!(service.post("/password/forgot", &by_email).await.status, 202);
    let code = service.last_mail_to(VICTIM).code();
    let reset = json!({ "email": VICTIM, "code": code, "new_password": NEW });
    assert_eq!(service.post("/password/reset", &reset).await.status, 200);
    assert_eq!(login(&service, by_email, NEW).await.status, 200);
}

#[tokio::test]
async fn after_seven_days_the_name_is_free() {
    let service = Handlers::with(REQUIRED).await;
    register(&service, "alice", VICTIM, PASSWORD).await;
    later(Duration::from_secs(7 * 24 * 3600 - 1));
    assert_eq!(
        register(&service, "alice", "other@example.com", PASSWORD).await.codes_of_fields().unwrap(),
        "username=unique"
    );
    later(Duration::from_secs(1));
    assert_eq!(register(&service, "alice", "other@example.com", PASSWORD).await.status, 202);
    assert_eq!(confirm(&service, "other@example.com").await.status, 200);
}

#[tokio::test]
async fn an_idempotent_registration_is_repeated() {
    let service = Handlers::with(REQUIRED).await;
    let body = json!({ "username": "alice", "email": VICTIM, "password": PASSWORD }).to_string();
    let headers =
        [("content-type", "application/json"), ("idempotency-key", "8e03978e-40d5-43dd-bc93-6894a57f9324")];
    let event = || crate::event::Sender::HttpApi.request("POST", &headers, &body);
    let (first, again) = (service.register(event()).await, service.register(event()).await);
    assert_eq!((first.status, &first), (202, &again));
}
