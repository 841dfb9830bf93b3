//! A handler that panics: its caller has an answer, no API takes it for consent, and the next request is served.

use serde_json::json;

use crate::authorizer::Api;
use crate::event::Sender;
use crate::service::{PASSWORD, Service};

#[tokio::test]
async fn a_panic_is_an_internal_error_and_no_verdict_and_the_next_request_is_served() {
    let service = Service::new().await;
    let token = service.enrol("alice").await;
    let id = service.account("alice").await.unwrap().id.to_string();
    let login = json!({ "username": "alice", "password": PASSWORD }).to_string();
    let bearer = format!("Bearer {token}");
    for (number, sender) in Sender::ALL.into_iter().enumerate() {
        let name = format!("user{number}");
        let register = json!({ "username": name, "password": PASSWORD }).to_string();
        let requests = [
            ("register", sender.post(&register), 201),
            ("login", sender.post(&login), 200),
            ("validate", sender.request("POST", &[("authorization", &bearer)], ""), 200),
        ];
        for (function, event, status) in requests {
            service.let_stores_panic(true);
            let answer = service.call(function, event.clone()).await;
            answer.must_be(500, r#"{"error":"Internal error"}"#, None);
            service.let_stores_panic(false);
            assert_eq!(service.account(&name).await.is_some(), function != "register", "{function}");
            assert_eq!(service.call(function, event).await.status, status, "{function}");
        }
    }
    for api in Api::ALL {
        service.let_stores_panic(true);
        assert_eq!(service.ask(api.event(&token)).await, Err("Internal error".to_owned()), "{api:?}");
        service.let_stores_panic(false);
        assert_eq!(service.ask(api.event(&token)).await, Ok(api.consent(&id, "alice")), "{api:?}");
    }
}
