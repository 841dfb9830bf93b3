//! `POST /account/delete`: what it ends, and what it frees.

use serde_json::json;

use crate::handlers::{Handlers, PASSWORD};
use crate::password_change::{alice, login_status};
use crate::sessions::{judged, log_in, refresh};

async fn delete(service: &Handlers, token: &str, password: &str) -> u64 {
    service.post_as(token, "/account/delete", &json!({ "current_password": password })).await.status
}

#[tokio::test]
async fn a_deleted_account_is_gone_with_all_its_tokens() {
    let (service, token) = alice(&[]).await;
    let session = log_in(&service).await;
    assert_eq!(delete(&service, &token, "wrong").await, 401);
    assert_eq!(delete(&service, &token, PASSWORD).await, 204);
    assert_eq!((judged(&service, &token).await, judged(&service, &session.token()).await), (401, 401));
    assert_eq!(refresh(&service, &session.refresh_token()).await.status, 401);
    assert_eq!((login_status(&service, PASSWORD).await, service.account("alice").await), (401, None));
    assert_eq!(delete(&service, &token, PASSWORD).await, 401, "it is deleted once");
}

#[tokio::test]
async fn its_name_and_address_are_free_and_its_id_is_not() {
    let (service, token) = alice(&[]).await;
    let id = service.account("alice").await.unwrap().id;
    assert_eq!(delete(&service, &token, PASSWORD).await, 204);
    let body = json!({ "username": "alice", "email": "alice@example.com", "password": PASSWORD });
    assert_eq!(service.post("/register", &body).await.status, 201);
    let next = service.account("alice").await.unwrap();
    assert_ne!(next.id, id);
    assert_eq!(judged(&service, &token).await, 401, "the next owner of the name gets none of its tokens");
    assert_eq!(service.count("deleted_ids"), 1);
}

#[tokio::test]
async fn its_owner_is_told() {
    let (service, token) = alice(&[]).await;
    assert_eq!(delete(&service, &token, PASSWORD).await, 204);
    let mails = service.mails_to("alice@example.com");
    assert_eq!(mails.len(), 1);
    assert!(mails[0].text.contains("alice"), "{mails:?}");
}

/// A code that was sent before is of nobody.
#[tokio::test]
async fn no_code_outlives_it() {
    let (service, token) = alice(&[]).await;
    let forgot = json!({ "username": "alice" });
    assert_eq!(service.post("/password/forgot", &forgot).await.status, 202);
    let code = service.last_mail_to("alice@example.com").code();
    assert_eq!(delete(&service, &token, PASSWORD).await, 204);
    let body = json!({ "username": "alice", "email": "alice@example.com", "password": PASSWORD });
    assert_eq!(service.post("/register", &body).await.status, 201);
    let reset = json!({ "username": "alice", "code": code, "new_password": "a new and better passphrase" });
    assert_eq!(service.post("/password/reset", &reset).await.status, 400);
    assert_eq!(login_status(&service, PASSWORD).await, 200);
}
