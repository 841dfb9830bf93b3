//! `POST /email` and `/email/confirm`: an address becomes an account's own when its code comes back.

use std::time::Duration;

use serde_json::json;
use shared::mail::{Mail, MailRequest};
use shared::names::email::Email;
use shared::store::{Logins, Outbox};
use shared::time::Timestamp;

use crate::event::Sender;
use crate::handlers::{Handlers, PASSWORD, Response, later};
use crate::password_change::alice;
use crate::sessions::{judged, post};

const OLD: &str = "alice@example.com";
const NEW: &str = "ada@example.org";
const MINUTE: Duration = Duration::from_mins(1);
const INVALID: &str = r#"{"code":["This code is invalid or has expired."]}"#;

async fn ask(service: &Handlers, token: &str, address: &str) {
    let body = json!({ "email": address, "current_password": PASSWORD });
    service.post_as(token, "/email", &body).await.must_be(202, "{}", None);
}

async fn confirm(service: &Handlers, address: &str, code: &str) -> Response {
    service.post("/email/confirm", &json!({ "email": address, "code": code })).await
}

async fn me(service: &Handlers, token: &str) -> serde_json::Value {
    let bearer = format!("Bearer {token}");
    let event = Sender::HttpApi.request("GET", &[("authorization", &bearer)], "");
    service.validate(Sender::HttpApi.at("/me", event)).await.json()
}

#[tokio::test]
async fn an_address_changes_when_its_code_comes_back() {
    let (service, token) = alice(&[]).await;
    ask(&service, &token, NEW).await;
    assert_eq!(service.account("alice").await.unwrap().email.unwrap().as_str(), OLD);
    let told = service.last_mail_to(OLD);
    assert!(!told.has_code(), "{told:?}");

    let code = service.last_mail_to(NEW).code();
    confirm(&service, NEW, &code).await.must_be(200, r#"{"email":"ada@example.org","verified":true}"#, None);
    assert_eq!(service.account("alice").await.unwrap().email.unwrap().as_str(), NEW);
    assert_eq!(me(&service, &token).await["email_verified"], true);
    let login = |address: &str| json!({ "email": address, "password": PASSWORD });
    assert_eq!(post(&service, "/login", &login(NEW)).await.status, 200);
    assert_eq!(post(&service, "/login", &login(OLD)).await.status, 401);
    let other = json!({ "username": "other", "email": OLD, "password": PASSWORD });
    assert_eq!(service.post("/register", &other).await.status, 201, "the former address is free");
    confirm(&service, NEW, &code).await.must_be(400, INVALID, None);
}

#[tokio::test]
async fn the_own_address_is_confirmed_in_the_same_way() {
    let (service, token) = alice(&[]).await;
    assert_eq!(me(&service, &token).await["email_verified"], false);
    ask(&service, &token, "ALICE@Example.com").await;
    let mails = service.mails();
    assert_eq!(mails.len(), 1, "nobody has to be told: {mails:?}");
    confirm(&service, OLD, &mails[0].code()).await;
    assert_eq!(me(&service, &token).await["email_verified"], true);
    assert_eq!(judged(&service, &token).await, 200);
}

/// An account without an address gets its first one so.
#[tokio::test]
async fn a_first_address_is_confirmed_in_the_same_way() {
    let service = Handlers::new().await;
    let token = service.enrol("alice").await;
    ask(&service, &token, NEW).await;
    assert_eq!(confirm(&service, NEW, &service.last_mail_to(NEW).code()).await.status, 200);
    assert_eq!(post(&service, "/login", &json!({ "email": NEW, "password": PASSWORD })).await.status, 200);
}

#[tokio::test]
async fn who_asks_for_the_address_of_another_learns_nothing_and_gets_nothing() {
    let (service, _) = alice(&[]).await;
    let mallory = service.enrol("mallory").await;
    ask(&service, &mallory, OLD).await;
    let told = service.last_mail_to(OLD);
    assert!(!told.has_code() && !told.text.contains("mallory"), "{told:?}");
    assert_eq!(service.account("alice").await.unwrap().email.unwrap().as_str(), OLD);
}

#[tokio::test]
async fn of_two_accounts_the_one_that_confirms_first_gets_the_address() {
    let (service, alice) = alice(&[]).await;
    let bob = service.enrol("bob").await;
    ask(&service, &alice, NEW).await;
    let alices = service.last_mail_to(NEW);
    ask(&service, &bob, NEW).await;
    let bobs = service.last_mail_to(NEW);
    assert!(alices.text.contains("alice") && bobs.text.contains("bob"), "each names its account");
    assert_eq!(confirm(&service, NEW, &bobs.code()).await.status, 200);
    let late = confirm(&service, NEW, &alices.code()).await;
    late.must_be(400, r#"{"email":["A user with that email already exists."]}"#, None);
    assert_eq!(service.account("bob").await.unwrap().email.unwrap().as_str(), NEW);
    assert_eq!(service.account("alice").await.unwrap().email.unwrap().as_str(), OLD);
}

#[tokio::test]
async fn a_code_is_for_its_address_and_a_day() {
    let (service, token) = alice(&[]).await;
    ask(&service, &token, NEW).await;
    let code = service.last_mail_to(NEW).code();
    confirm(&service, "another@example.org", &code).await.must_be(400, INVALID, None);
    let reset = json!({ "username": "alice", "code": code, "new_password": "a new and better passphrase" });
    service.post("/password/reset", &reset).await.must_be(400, INVALID, None);
    later(Duration::from_hours(24));
    confirm(&service, NEW, &code).await.must_be(400, INVALID, None);
    let token = post(&service, "/login", &json!({ "username": "alice", "password": PASSWORD })).await.json();
    ask(&service, token["token"].as_str().unwrap(), NEW).await;
    later(Duration::from_secs(24 * 3600 - 1));
    assert_eq!(confirm(&service, NEW, &service.last_mail_to(NEW).code()).await.status, 200);
}

#[tokio::test]
async fn five_tries_use_the_codes_of_an_address_up() {
    let (service, token) = alice(&[]).await;
    ask(&service, &token, NEW).await;
    let code = service.last_mail_to(NEW).code();
    for _ in 0..5 {
        confirm(&service, NEW, "00000-00000").await.must_be(400, INVALID, None);
    }
    confirm(&service, NEW, &code).await.must_be(400, INVALID, None);
}

#[tokio::test]
async fn fields_are_checked_before_the_password() {
    let (service, token) = alice(&[]).await;
    let bad = json!({ "email": "no address", "current_password": "wrong" });
    let response = service.post_as(&token, "/email", &bad).await;
    assert_eq!((response.status, response.codes_of_fields().unwrap()), (400, "email=invalid".to_owned()));
    let wrong = json!({ "email": NEW, "current_password": "wrong" });
    assert_eq!(service.post_as(&token, "/email", &wrong).await.status, 401);
    let missing = service.post("/email/confirm", &json!({})).await;
    assert_eq!(missing.codes_of_fields().unwrap(), "email=required, code=required");
    assert!(service.mails().is_empty());
}

/// A thief of token and password asks for an address of his own, and the owner notices.
#[tokio::test]
async fn what_ends_the_tokens_ends_the_codes_that_were_asked_for_with_them() {
    let new = "a new and better passphrase";
    for by in ["reset", "change", "revoke"] {
        let (service, token) = alice(&[]).await;
        ask(&service, &token, NEW).await;
        let thiefs = service.last_mail_to(NEW).code();
        match by {
            "reset" => {
                let forgot = json!({ "email": OLD });
                assert_eq!(service.post("/password/forgot", &forgot).await.status, 202);
                let code = service.last_mail_to(OLD).code();
                let reset = json!({ "email": OLD, "code": code, "new_password": new });
                assert_eq!(service.post("/password/reset", &reset).await.status, 200);
            }
            "change" => {
                let change = json!({ "current_password": PASSWORD, "new_password": new });
                assert_eq!(service.post_as(&token, "/password", &change).await.status, 200);
            }
            _ => {
                let account = service.account("alice").await.unwrap();
                assert!(service.store().end_tokens(account.username.key(), account.id).await.unwrap());
            }
        }
        confirm(&service, NEW, &thiefs).await.must_be(400, INVALID, None);
        assert_eq!(service.account("alice").await.unwrap().email.unwrap().as_str(), OLD, "{by}");
    }
}

/// Also where the mail was still on its way.
#[tokio::test]
async fn no_code_is_sent_for_a_request_that_is_out_of_date() {
    let (service, token) = alice(&[]).await;
    let account = service.account("alice").await.unwrap();
    let request = MailRequest::confirm(&account, &Email::parse(NEW).unwrap());
    let mail = Mail::new(request, Timestamp::EPOCH + crate::handlers::NOW).unwrap();
    let change = json!({ "current_password": PASSWORD, "new_password": "a new and better passphrase" });
    assert_eq!(service.post_as(&token, "/password", &change).await.status, 200);
    service.store().post(&mail).await.unwrap();
    service.post("/password/forgot", &json!({ "username": "nobody" })).await;
    assert!(service.mails_to(NEW).is_empty());
    assert_eq!(service.count("mails"), 0);
}

/// A mistyped address that somebody else has.
#[tokio::test]
async fn a_confirmed_address_ends_the_codes_that_went_to_others() {
    let (service, token) = alice(&[]).await;
    ask(&service, &token, "mistyped@example.org").await;
    let stray = service.last_mail_to("mistyped@example.org").code();
    later(MINUTE);
    ask(&service, &token, NEW).await;
    assert_eq!(confirm(&service, NEW, &service.last_mail_to(NEW).code()).await.status, 200);
    confirm(&service, "mistyped@example.org", &stray).await.must_be(400, INVALID, None);
    assert_eq!(service.account("alice").await.unwrap().email.unwrap().as_str(), NEW);
}

/// Else whoever has one account could write to any number of strangers.
#[tokio::test]
async fn an_account_writes_to_one_address_a_minute() {
    let (service, alice) = alice(&[]).await;
    let bob = service.enrol("bob").await;
    ask(&service, &alice, "first@example.org").await;
    let another = json!({ "email": "second@example.org", "current_password": PASSWORD });
    let refused = service.post_as(&alice, "/email", &another).await;
    assert_eq!(refused.status, 429, "{refused:?}");
    let wait: u64 = refused.json()["retry_after"].as_u64().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    ask(&service, &bob, "third@example.org").await;
    assert!(service.mails_to("second@example.org").is_empty());

    later(Duration::from_secs(wait));
    ask(&service, &alice, "second@example.org").await;
    assert_eq!(service.mails_to("second@example.org").len(), 1);
}
