use serde_json::json;

use crate::deployed::{Deployed, PASSWORD};
use crate::proxy::Fault;

/// A user without an email and one with, and the items of both.
const ALICE: (&str, Option<&str>, &[&str]) = ("alice", None, &["USERNAME#alice"]);
const BOB: (&str, Option<&str>, &[&str]) =
    ("bob", Some("bob@example.com"), &["EMAIL#bob@example.com", "USERNAME#bob"]);

#[tokio::test]
async fn an_account_whose_confirmation_was_lost_is_its_owners() {
    for fault in [Fault::LoseResponse, Fault::WithholdResponse] {
        for (name, email, keys) in [ALICE, BOB] {
            let service = Deployed::new().await;
            let register = service.start("register").await;
            let validate = service.start("validate").await;
            let login = service.start("login").await;
            service.proxy.calls();
            service.proxy.next(1, fault.clone());
            let registered = register.register(name, email).await.assert_status(201);
            let calls = service.proxy.calls();
            // Written again, and then recognised; a transaction is recognised by DynamoDB.
            assert_eq!(calls.len(), if email.is_some() { 2 } else { 3 }, "{calls:?}");
            assert_eq!(calls[0], calls[1]);
            let items = service.engine.items().await;
            assert!(items.keys().eq(keys), "{items:?}");
            for item in items.values() {
                assert_eq!(item["id"].as_s().unwrap(), registered.body["user_id"].as_str().unwrap());
            }
            validate.validate(registered.token()).await.assert_status(200);
            login.login(name, PASSWORD).await.assert_status(200);
        }
    }
}

/// The response must not say that the account belongs to somebody else.
#[tokio::test]
async fn an_account_that_is_never_confirmed_is_not_taken() {
    let mut service = Deployed::new().await;
    let register = service.start("register").await;
    for fault in [Fault::LoseResponse, Fault::WithholdResponse] {
        for (name, email, keys) in [ALICE, BOB] {
            service.proxy.always(fault.clone());
            register.register(name, email).await.assert_unavailable();
            assert!(service.engine.keys().await.iter().eq(keys));
            service.proxy.pass();
            for key in keys {
                service.engine.delete(key).await;
            }
        }
    }
}

#[tokio::test]
async fn a_lost_error_gives_no_client_the_account_of_another() {
    for (name, email, _) in [ALICE, BOB] {
        let service = Deployed::new().await;
        let register = service.start("register").await;
        register.register(name, email).await.assert_status(201);
        let before = service.engine.items().await;
        service.proxy.next(1, Fault::LoseResponse);
        let taken = register.register(name, email).await.assert_status(400);
        assert_eq!(taken.body["username"], json!(["A user with that username already exists."]));
        assert_eq!(service.engine.items().await, before);
    }
}
