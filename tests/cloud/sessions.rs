//! Sessions of the binaries as they are deployed: their operations, the attributes that their policies limit, lost responses,
//! and the death of a function.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use support::samples::{self, to_login};
use tokio::sync::Barrier;

use crate::attributes;
use crate::deployed::{Deployed, PASSWORD};
use crate::function::{Function, Response};
use crate::guessing::ATTEMPTS;
use crate::proxy::{Fault, INTERNAL_ERROR};

const ALICE: &str = "USERNAME#alice";
const UPDATE: &str = "UpdateItem USERNAME#alice";
const GET: &str = "consistent GetItem USERNAME#alice";

impl Function {
    /// Registers or logs in alice, with a session.
    pub async fn begin_session(&self) -> Response {
        let body = json!({ "username": "alice", "password": PASSWORD, "session": "token" });
        self.call(&samples::post(&body)).await
    }

    pub async fn refresh(&self, token: &str) -> Response {
        self.call(&to_login("POST", "/refresh", &json!({ "refresh_token": token }))).await
    }

    async fn logout(&self, body: Value) -> Response {
        self.call(&to_login("POST", "/logout", &body)).await
    }

    async fn with_bearer(&self, method: &str, path: &str, token: &str) -> Response {
        let mut event = to_login(method, path, &json!({}));
        event["headers"]["authorization"] = format!("Bearer {token}").into();
        self.call(&event).await
    }
}

impl Response {
    pub fn text(&self, member: &str) -> String {
        self.body[member].as_str().unwrap_or_else(|| panic!("no {member} in {self:?}")).to_owned()
    }

    pub fn refresh_token(&self) -> String {
        self.text("refresh_token")
    }
}

/// A refresh token of alice, who is registered by it.
async fn registered(service: &Deployed) -> String {
    service.start("register").await.begin_session().await.assert_status(201).refresh_token()
}

#[tokio::test]
async fn a_request_in_a_session_costs_these_operations() {
    let service = Deployed::new().await;
    let register = service.start("register").await;
    let [login, validate] = [service.start("login").await, service.start("validate").await];
    service.proxy.calls();
    let first = register.begin_session().await.assert_status(201);
    assert_eq!(service.proxy.calls(), ["PutItem USERNAME#alice"]);
    let second = login.begin_session().await.assert_status(200);
    let attempts = format!("consistent GetItem {ATTEMPTS}");
    assert_eq!(service.proxy.calls(), [GET, attempts.as_str(), &attempts, UPDATE]);

    let next = login.refresh(&first.refresh_token()).await.assert_status(200);
    assert_eq!(service.proxy.calls(), [UPDATE], "without a read before it");
    let again = login.refresh(&first.refresh_token()).await.assert_status(200);
    assert_eq!(service.proxy.calls(), [UPDATE], "what is there comes with the response");
    assert_eq!(again.refresh_token(), next.refresh_token());
    for garbage in ["", "no.refresh.token.at-all", &samples::forged(&first.refresh_token())] {
        login.refresh(garbage).await.assert_status(if garbage.is_empty() { 400 } else { 401 });
        assert_eq!(service.proxy.calls(), [""; 0], "{garbage}");
    }
    validate.validate(next.token()).await.assert_status(200);
    assert_eq!(service.proxy.calls(), [GET]);

    login.refresh(&next.refresh_token()).await.assert_status(200);
    service.proxy.calls();
    let reused = login.refresh(&first.refresh_token()).await.assert_status(401);
    assert_eq!(reused.trace.request_line()["reason"], "refresh_reuse");
    assert_eq!(service.proxy.calls(), [UPDATE, UPDATE], "the second one ends the session");
    let ended = validate.validate(next.token()).await.assert_status(401);
    assert_eq!(ended.trace.request_line()["reason"], "no_such_session");
    assert_eq!(service.proxy.calls(), [GET]);

    let token = second.token();
    login.with_bearer("GET", "/sessions", token).await.assert_status(200);
    assert_eq!(service.proxy.calls(), [GET]);
    let third = login.begin_session().await.assert_status(200);
    service.proxy.calls();
    for (ended, status, calls) in [(&first, 404, &[GET][..]), (&third, 204, &[GET, UPDATE])] {
        let path = format!("/sessions/{}", ended.text("session_id"));
        login.with_bearer("DELETE", &path, token).await.assert_status(status);
        assert_eq!(service.proxy.calls(), calls);
    }
    login.logout(json!({ "refresh_token": second.refresh_token(), "all": true })).await.assert_status(204);
    assert_eq!(service.proxy.calls(), [GET, UPDATE]);
    login.logout(json!({ "refresh_token": second.refresh_token() })).await.assert_status(204);
    assert_eq!(service.proxy.calls(), [UPDATE]);
}

/// An attribute that is named and not permitted is a denial on AWS; one that is permitted and not named is too much.
#[tokio::test]
async fn requests_name_the_attributes_that_the_policies_permit_and_no_others() {
    let service = Deployed::new().await;
    let named = |operation: &str| {
        let named = service.proxy.named().into_iter();
        let named = named.filter(|(call, _)| call.contains(operation)).flat_map(|(_, names)| names);
        named.collect::<BTreeSet<_>>()
    };
    let register = service.start_with("register", &[("ARGON2_MEMORY_KIB", Some("47104"))]).await;
    register.begin_session().await.assert_status(201);
    service.proxy.named();

    let login = service.start("login").await;
    let mut tokens = Vec::new();
    for _ in 0..10 {
        tokens.push(login.begin_session().await.assert_status(200));
    }
    let last = tokens.last().unwrap();
    login.refresh(&last.refresh_token()).await.assert_status(200);
    let path = format!("/sessions/{}", tokens[1].text("session_id"));
    login.with_bearer("DELETE", &path, last.token()).await.assert_status(204);
    let all = json!({ "refresh_token": last.refresh_token(), "all": true });
    login.logout(all).await.assert_status(204);
    assert_eq!(named(UPDATE), attributes::permitted("RenewHashesAndKeepSessions"));

    let validate = service.start("validate").await;
    for signed_in in &tokens {
        validate.validate(signed_in.token()).await.assert_status(401);
    }
    let mut names = named("GetItem");
    // Of the item KEYS, which is read with SIGNING_KEYS=public.
    names.insert("key_set".to_owned());
    assert_eq!(names, attributes::permitted("ReadAccounts"));
}

#[tokio::test]
async fn a_session_is_read_without_the_hash() {
    let service = Deployed::new().await;
    let register = service.start("register").await;
    let mut event = samples::post(&json!({ "username": "alice", "password": PASSWORD, "session": "token" }));
    event["headers"]["idempotency-key"] = "0123456789abcdef".into();
    let [first, repeated] = [register.call(&event).await, register.call(&event).await];
    assert_eq!((first.status, repeated.status), (201, 201), "{repeated:?}");
    assert_eq!(repeated.text("session_id"), first.text("session_id"));
    let validate = service.start("validate").await;
    validate.validate(first.token()).await.assert_status(200);
    validate.assert_lets_in(first.token()).await;
    let handed = service.proxy.responses();
    assert!(handed.iter().filter(|response| response.contains("session_0")).count() > 2, "{handed:?}");
    assert!(!handed.iter().any(|response| response.contains("password_hash")), "{handed:?}");
}

#[tokio::test]
async fn a_session_whose_confirmation_was_lost_is_its_owners() {
    for fault in [Fault::LoseResponse, Fault::WithholdResponse] {
        let service = Deployed::new().await;
        service.start("register").await.register("alice", None).await.assert_status(201);
        let login = service.start("login").await;
        service.proxy.next(1, fault.clone());
        let begun = login.begin_session().await.assert_status(200);
        service.proxy.calls();
        service.proxy.next(1, fault);
        let next = login.refresh(&begun.refresh_token()).await.assert_status(200);
        assert_eq!(service.proxy.calls(), [UPDATE, UPDATE], "written again, and recognised");
        // It was exchanged once, and the client has the current token.
        assert_eq!(counter(&service).await, "1");
        login.refresh(&next.refresh_token()).await.assert_status(200);
        assert_eq!(counter(&service).await, "2");
    }
}

/// The number of the current refresh token of alice's only session.
async fn counter(service: &Deployed) -> String {
    let mut account = service.engine.items().await.remove(ALICE).unwrap();
    account.retain(|attribute, _| attribute.starts_with("session_"));
    let [session] = &account.values().collect::<Vec<_>>()[..] else { panic!("{account:?}") };
    session.as_m().unwrap()["counter"].as_n().unwrap().clone()
}

#[tokio::test]
async fn a_client_whose_function_was_killed_after_the_exchange_gets_the_same_token() {
    let mut service = Deployed::new().await;
    let token = registered(&service).await;
    let login = service.start("login").await;
    service.proxy.always(Fault::WithholdResponse);
    let exchanged = async {
        while counter(&service).await == "0" {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        response = login.refresh(&token) => panic!("a response before the death: {response:?}"),
        () = exchanged => login.kill().await,
    }
    service.proxy.pass();

    let login = service.start("login").await;
    let retried = login.refresh(&token).await.assert_status(200);
    let again = login.refresh(&token).await.assert_status(200);
    assert_eq!((counter(&service).await.as_str(), retried.refresh_token()), ("1", again.refresh_token()));
    login.refresh(&retried.refresh_token()).await.assert_status(200);
}

#[tokio::test]
async fn tabs_that_refresh_at_the_same_time_get_the_same_token() {
    const TABS: usize = 4;
    let service = Deployed::new().await;
    let token = registered(&service).await;
    let mut functions = Vec::new();
    for _ in 0..TABS {
        functions.push(service.start("login").await);
    }
    service.proxy.next(TABS, Fault::Together(Arc::new(Barrier::new(TABS))));
    let tabs = functions.iter().map(|login| login.refresh(&token));
    let tokens: BTreeSet<_> = futures_util::future::join_all(tabs)
        .await
        .into_iter()
        .map(|response| response.assert_status(200).refresh_token())
        .collect();
    assert_eq!((tokens.len(), counter(&service).await.as_str()), (1, "1"), "{tokens:?}");
}

#[tokio::test]
async fn a_table_that_fails_ends_no_session() {
    let mut service = Deployed::new().await;
    let token = registered(&service).await;
    let login = service.start("login").await;
    for fault in [INTERNAL_ERROR, Fault::Conflict, Fault::Hang] {
        service.proxy.always(fault);
        let mut event = to_login("POST", "/refresh", &json!({}));
        event["cookies"] = json!([format!("__Host-refresh={token}")]);
        event["headers"]["sec-fetch-site"] = "same-origin".into();
        let failed = login.call(&event).await;
        failed.assert_unavailable();
        assert_eq!(failed.cookies, [""; 0], "the browser keeps its cookie");
        service.proxy.pass();
        login.refresh(&token).await.assert_status(200);
    }
}

/// The items of earlier versions have no attribute of a session.
#[tokio::test]
async fn an_account_from_before_sessions_gets_them_and_loses_them_again() {
    let service = Deployed::new().await;
    service.start("register").await.register("alice", None).await.assert_status(201);
    let before = service.engine.items().await;
    assert!(!before[ALICE].keys().any(|attribute| attribute.starts_with("session")));
    let [login, validate] = [service.start("login").await, service.start("validate").await];
    let begun = login.begin_session().await.assert_status(200);
    let next = login.refresh(&begun.refresh_token()).await.assert_status(200);
    validate.validate(next.token()).await.assert_status(200);
    let without = login.login("alice", PASSWORD).await.assert_status(200);

    login.logout(json!({ "refresh_token": next.refresh_token() })).await.assert_status(204);
    assert_eq!(service.engine.items().await, before);
    validate.validate(next.token()).await.assert_status(401);
    validate.validate(without.token()).await.assert_status(200);
}

/// A value that nobody can read ends in an error, and not in a session.
#[tokio::test]
async fn a_session_that_cannot_be_read_is_a_fault() {
    let service = Deployed::new().await;
    let register = service.start("register").await;
    let begun = register.begin_session().await.assert_status(201);
    let broken = AttributeValue::S("no session".to_owned());
    service.engine.change(ALICE, "session_0", Some(broken)).await;
    service.start("login").await.refresh(&begun.refresh_token()).await.assert_internal_error();
    service.start("validate").await.validate(begun.token()).await.assert_internal_error();
}
