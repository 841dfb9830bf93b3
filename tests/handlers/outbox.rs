//! Events of the table's stream: mails that wait are sent, each once, and none holds up another.

use std::time::Duration;

use serde_json::json;
use shared::mail::{Mail, MailRequest};
use shared::names::username::UsernameKey;
use shared::store::Outbox;
use shared::time::Timestamp;
use support::samples;

use crate::handlers::{Handlers, NOW, later};
use crate::password_change::alice;

const ADDRESS: &str = "alice@example.com";

/// A mail in the outbox that nothing has delivered yet.
async fn waiting(service: &Handlers) -> String {
    let request = MailRequest::reset_by_username(&UsernameKey::of("alice"));
    let mail = Mail::new(request, Timestamp::EPOCH + NOW).unwrap();
    service.store().post(&mail).await.unwrap();
    mail.id.as_str().to_owned()
}

/// The numbers of the records that failed.
async fn failed(service: &Handlers, keys: &[&str]) -> Vec<String> {
    let reply = service.invoke("register", samples::stream(keys)).await.unwrap();
    let failures = reply["batchItemFailures"].as_array().unwrap().iter();
    failures.map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_mail_that_is_delivered_twice_is_sent_once() {
    let (service, _) = alice(&[]).await;
    let key = format!("MAIL#{}", waiting(&service).await);
    assert!(failed(&service, &[&key, &key]).await.len() <= 1);
    assert!(failed(&service, &[&key]).await.is_empty());
    assert_eq!(service.mails_to(ADDRESS).len(), 1);
    assert_eq!(service.count("mails"), 0);
}

/// Whoever has taken it has died, or is still at it.
#[tokio::test]
async fn a_mail_that_somebody_has_taken_is_sent_when_it_is_free_again() {
    let (service, _) = alice(&[]).await;
    let id = waiting(&service).await;
    let (key, id) = (format!("MAIL#{id}"), shared::mail::MailId::parse(&id).unwrap());
    service.store().take(&id, Timestamp::EPOCH + NOW).await.unwrap();
    assert_eq!(failed(&service, &[&key]).await, ["44215845000000000174504390"]);
    assert!(service.mails().is_empty());
    later(Duration::from_secs(10));
    assert!(failed(&service, &[&key]).await.is_empty());
    assert_eq!(service.mails_to(ADDRESS).len(), 1);
}

#[tokio::test]
async fn a_broken_record_does_not_hold_up_the_others() {
    let (service, _) = alice(&[]).await;
    let (broken, good) = (waiting(&service).await, waiting(&service).await);
    service.sql(&format!("UPDATE mails SET request = 'no JSON' WHERE id = '{broken}'"));
    let (broken, good) = (format!("MAIL#{broken}"), format!("MAIL#{good}"));
    let keys = ["MAIL#0", &broken, "USERNAME#alice", &good, "MAIL#0123456789abcdef0123456789abcdef"];
    assert_eq!(failed(&service, &keys).await, ["44215845000000000174504391"]);
    assert_eq!(service.mails_to(ADDRESS).len(), 1);
}

#[tokio::test]
async fn an_empty_batch_and_records_of_other_kinds_are_no_stream_of_ours() {
    let (service, _) = alice(&[]).await;
    assert!(failed(&service, &["MAIL#"]).await.is_empty());
    for other in [
        json!({ "Records": [] }),
        json!({ "Records": [{ "eventSource": "aws:sqs", "body": "" }] }),
        json!({ "Records": 1 }),
    ] {
        assert_eq!(service.invoke("register", other).await.unwrap_err(), "Internal error");
    }
}

/// A mail that nothing has called for: its environment died before. The next request delivers it.
#[tokio::test]
async fn a_file_delivers_what_waits_after_the_next_request() {
    let (service, _) = alice(&[]).await;
    waiting(&service).await;
    service.post("/password/forgot", &json!({ "username": "nobody" })).await;
    assert_eq!(service.mails_to(ADDRESS).len(), 1);
}
