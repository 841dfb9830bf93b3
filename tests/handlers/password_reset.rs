//! `POST /password/forgot` and `/password/reset`: a code in the mailbox of an account permits a new password, and nobody learns who
//! has one.

use std::time::Duration;

use serde_json::{Value, json};

use crate::event::Sender;
use crate::handlers::{Handlers, PASSWORD, Response, later};
use crate::password_change::{alice, login_status};
use crate::sessions::{judged, log_in, post, refresh};

const NEW: &str = "a new and better passphrase";
const ADDRESS: &str = "alice@example.com";
const INVALID: &str = r#"{"code":["This code is invalid or has expired."]}"#;

async fn forgot(service: &Handlers, body: &Value) -> Response {
    let response = service.post("/password/forgot", body).await;
    response.must_be(202, "{}", None);
    response
}

async fn reset(service: &Handlers, code: &str) -> Response {
    service.post("/password/reset", &json!({ "email": ADDRESS, "code": code, "new_password": NEW })).await
}

/// A code for `alice`, from a mail of its own.
async fn code(service: &Handlers) -> String {
    let before = service.mails().len();
    forgot(service, &json!({ "email": ADDRESS })).await;
    assert_eq!(service.mails().len(), before + 1);
    service.last_mail_to(ADDRESS).code()
}

#[tokio::test]
async fn a_code_permits_a_new_password_and_ends_everything_else() {
    let (service, first) = alice(&[]).await;
    let session = log_in(&service).await;
    let code = code(&service).await;
    assert_eq!(judged(&service, &first).await, 200, "asking ends nothing");

    reset(&service, &code).await.must_be(200, "{}", None);
    assert_eq!((login_status(&service, PASSWORD).await, login_status(&service, NEW).await), (401, 200));
    assert_eq!((judged(&service, &first).await, judged(&service, &session.token()).await), (401, 401));
    assert_eq!(refresh(&service, &session.refresh_token()).await.status, 401);
    let told = service.last_mail_to(ADDRESS);
    assert!(!told.has_code() && told.subject.to_lowercase().contains("password"), "{told:?}");
    assert!(service.account("alice").await.unwrap().email_verified);
}

#[tokio::test]
async fn a_reset_lifts_the_lock() {
    let (service, _) = alice(&[]).await;
    for _ in 0..6 {
        login_status(&service, "wrong").await;
    }
    assert_eq!(login_status(&service, PASSWORD).await, 429);
    let code = code(&service).await;
    reset(&service, &code).await.must_be(200, "{}", None);
    assert_eq!(login_status(&service, NEW).await, 200);
}

#[tokio::test]
async fn a_code_is_typed_in_many_ways_and_found_by_name_or_address() {
    for (form, named) in [
        (str::to_lowercase as fn(&str) -> String, json!({ "username": "ALICE" })),
        (|code| code.replace('-', ""), json!({ "email": "alice@EXAMPLE.com" })),
        (|code| format!(" {code} "), json!({ "email": "Alice@example.com" })),
    ] {
        let (service, _) = alice(&[]).await;
        let mut body = named;
        forgot(&service, &body).await;
        body["code"] = form(&service.last_mail_to(ADDRESS).code()).into();
        body["new_password"] = NEW.into();
        service.post("/password/reset", &body).await.must_be(200, "{}", None);
    }
}

/// Wrong, unreadable, expired, used, foreign, and of nobody.
#[tokio::test]
async fn all_codes_that_are_not_good_get_one_response() {
    let (service, _) = alice(&[]).await;
    let bob = json!({ "username": "bob", "email": "bob@example.com", "password": PASSWORD });
    assert_eq!(service.post("/register", &bob).await.status, 201);
    forgot(&service, &json!({ "username": "bob" })).await;
    let foreign = service.last_mail_to("bob@example.com").code();
    for wrong in ["00000-00000", "not a code", foreign.as_str()] {
        reset(&service, wrong).await.must_be(400, INVALID, None);
    }
    let used = code(&service).await;
    reset(&service, &used).await.must_be(200, "{}", None);
    reset(&service, &used).await.must_be(400, INVALID, None);
    later(Duration::from_mins(1));
    let expired = code(&service).await;
    later(Duration::from_mins(30));
    reset(&service, &expired).await.must_be(400, INVALID, None);
    let nobody = json!({ "username": "nobody", "code": "00000-00000", "new_password": NEW });
    service.post("/password/reset", &nobody).await.must_be(400, INVALID, None);
}

#[tokio::test]
async fn a_code_is_good_until_the_second_before_its_end() {
    let (service, _) = alice(&[]).await;
    let code = code(&service).await;
    later(Duration::from_secs(30 * 60 - 1));
    reset(&service, &code).await.must_be(200, "{}", None);
}

#[tokio::test]
async fn five_tries_use_a_code_up() {
    let (service, _) = alice(&[]).await;
    let first = code(&service).await;
    for _ in 0..5 {
        reset(&service, "00000-00000").await.must_be(400, INVALID, None);
    }
    reset(&service, &first).await.must_be(400, INVALID, None);
    later(Duration::from_mins(1));
    let second = code(&service).await;
    reset(&service, &first).await.must_be(400, INVALID, None);
    reset(&service, &second).await.must_be(200, "{}", None);
}

#[tokio::test]
async fn a_new_password_keeps_the_rules_also_those_of_the_account() {
    let (service, _) = alice(&[]).await;
    let code = code(&service).await;
    let refused = |body: Value| {
        let service = &service;
        async move {
            let response = service.post("/password/reset", &body).await;
            (response.status, response.codes_of_fields().unwrap())
        }
    };
    let short = json!({ "username": "alice", "code": code, "new_password": "short" });
    assert_eq!(refused(short).await, (400, "new_password=password_too_short".to_owned()));
    // By the username alone the address is not known before the code is.
    let similar = json!({ "username": "alice", "code": code, "new_password": ADDRESS });
    assert_eq!(refused(similar).await, (400, "new_password=password_too_similar".to_owned()));
    let unknown = json!({ "username": "alice", "code": "00000-00000", "new_password": ADDRESS });
    service.post("/password/reset", &unknown).await.must_be(400, INVALID, None);
    let missing = json!({});
    let codes = "username=required, code=required, new_password=required";
    assert_eq!(refused(missing).await, (400, codes.to_owned()));
    reset(&service, &code).await.must_be(200, "{}", None);
}

/// The same bytes, and the same calls of the store with nothing but the names different.
#[tokio::test]
async fn nobody_learns_who_has_an_account() {
    let (service, _) = alice(&[]).await;
    let calls = |service: &Handlers| {
        let word = |call: String| call.split(' ').next().unwrap().to_owned();
        service.take_store_calls().into_iter().map(word).collect::<Vec<_>>()
    };
    let mut forgotten = Vec::new();
    for named in [
        json!({ "email": ADDRESS }),
        json!({ "email": "nobody@example.com" }),
        json!({ "username": "nobody" }),
    ] {
        calls(&service);
        let response = service.post("/password/forgot", &named).await;
        // What follows the write is the delivery, which on AWS is another event.
        forgotten.push((response, calls(&service)[0].clone()));
    }
    assert!(forgotten.iter().all(|seen| *seen == forgotten[0] && seen.1 == "post"), "{forgotten:?}");

    for (known, unknown) in [
        (json!({ "email": ADDRESS }), json!({ "email": "nobody@example.com" })),
        (json!({ "username": "alice" }), json!({ "username": "nobody" })),
    ] {
        let mut seen = Vec::new();
        for mut body in [known, unknown] {
            body["code"] = "00000-00000".into();
            body["new_password"] = NEW.into();
            calls(&service);
            let response = service.post("/password/reset", &body).await;
            seen.push((response, calls(&service)));
        }
        assert_eq!(seen[0], seen[1]);
    }
}

#[tokio::test]
async fn a_flood_sends_a_handful_of_mails() {
    let (service, _) = alice(&[]).await;
    for _ in 0..50 {
        forgot(&service, &json!({ "email": ADDRESS })).await;
        later(Duration::from_secs(3));
    }
    // 150 seconds have room for a mail at the start and one a minute.
    assert_eq!(service.mails_to(ADDRESS).len(), 3);
    assert_eq!(service.count("mails"), 0);
}

#[tokio::test]
async fn a_client_ip_has_a_limit_of_requests_that_send_mail() {
    let service = Handlers::with(&[("MAILS_PER_ADDRESS", "3")]).await;
    let mut statuses = Vec::new();
    for n in 0..4 {
        statuses.push(
            service.post("/password/forgot", &json!({ "username": format!("somebody-{n}") })).await.status,
        );
    }
    assert_eq!(statuses, [202, 202, 202, 429]);
    later(Duration::from_mins(5));
    assert_eq!(service.post("/password/forgot", &json!({ "username": "somebody" })).await.status, 202);
}

#[tokio::test]
async fn who_cannot_log_in_gets_no_code() {
    let (service, _) = alice(&[]).await;
    service.enrol("without-address").await;
    forgot(&service, &json!({ "username": "without-address" })).await;
    let code = code(&service).await;
    service.sql("UPDATE accounts SET disabled = 1 WHERE username = 'alice'");
    reset(&service, &code).await.must_be(400, INVALID, None);
    later(Duration::from_mins(1));
    let before = service.mails().len();
    forgot(&service, &json!({ "email": ADDRESS })).await;
    assert_eq!(service.mails().len(), before);
    service.sql("UPDATE accounts SET disabled = 0 WHERE username = 'alice'");
    assert_eq!(login_status(&service, PASSWORD).await, 200);
}

/// Mail scanners open every link.
#[tokio::test]
async fn a_get_uses_nothing_up() {
    let (service, _) = alice(&[]).await;
    let code = code(&service).await;
    for path in ["/password/reset", "/email/confirm"] {
        let event = Sender::HttpApi.request("GET", &[], "");
        assert_eq!(service.register(Sender::HttpApi.at(path, event)).await.status, 405, "{path}");
    }
    reset(&service, &code).await.must_be(200, "{}", None);
}

/// Who had the mailbox of the former address does not get in by it.
#[tokio::test]
async fn a_code_ends_with_the_address_it_was_sent_to() {
    let (service, token) = alice(&[]).await;
    let reset_code = code(&service).await;
    let change = json!({ "email": "new@example.com", "current_password": PASSWORD });
    assert_eq!(service.post_as(&token, "/email", &change).await.status, 202);
    let confirm =
        json!({ "email": "new@example.com", "code": service.last_mail_to("new@example.com").code() });
    assert_eq!(service.post("/email/confirm", &confirm).await.status, 200);
    let body = json!({ "username": "alice", "code": reset_code, "new_password": NEW });
    service.post("/password/reset", &body).await.must_be(400, INVALID, None);
}

#[tokio::test]
async fn a_login_after_a_reset_takes_the_address_as_its_name() {
    let (service, _) = alice(&[]).await;
    let code = code(&service).await;
    reset(&service, &code).await.must_be(200, "{}", None);
    let by_email = json!({ "email": "ALICE@example.com", "password": NEW });
    assert_eq!(post(&service, "/login", &by_email).await.status, 200);
}
