use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::json;

use crate::deployed::{Deployed, NEW_SECRET, PASSWORD, SECRET};
use crate::proxy::Fault;
use support::secrets_manager::{ACCESS_DENIED, INTERNAL_ERROR, Mode, holding};

/// A token of nobody's, with a `kid` of its own.
fn foreign_token(number: usize) -> String {
    let header = json!({ "alg": "HS256", "typ": "JWT", "kid": format!("foreign-{number}") });
    let [header, claims] = [header, json!({})].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part.to_string()));
    format!("{header}.{claims}.c2lnbmF0dXJl")
}

/// A service with alice, her token of the old secret, and another of the new one.
async fn rotated() -> (Deployed, String, String) {
    let service = Deployed::new().await;
    let register = service.start("register").await;
    let old = register.register("alice", None).await.assert_status(201).token().to_owned();
    service.secrets.set(holding(NEW_SECRET, Some(SECRET)));
    let login = service.start("login").await;
    let new = login.login("alice", PASSWORD).await.assert_status(200).token().to_owned();
    (service, old, new)
}

#[tokio::test]
async fn the_previous_secret_still_verifies_and_the_current_one_signs() {
    let (service, old, new) = rotated().await;
    let validate = service.start("validate").await;
    validate.validate(&old).await.assert_status(200);
    validate.validate(&new).await.assert_status(200);

    service.secrets.set(holding(NEW_SECRET, None));
    let validate = service.start("validate").await;
    validate.validate(&old).await.assert_status(401);
    validate.validate(&new).await.assert_status(200);
}

#[tokio::test]
async fn a_running_function_learns_of_a_new_secret_from_the_first_token_it_signed() {
    let (service, old, new) = rotated().await;
    service.secrets.set(holding(SECRET, None));
    let validate = service.start("validate").await;
    service.secrets.set(holding(NEW_SECRET, Some(SECRET)));
    service.secrets.reads();
    for token in [&new, &old, &new] {
        validate.validate(token).await.assert_status(200);
    }
    assert_eq!(service.secrets.reads(), 1);
}

#[tokio::test]
async fn tokens_of_unknown_keys_make_the_secret_read_again_once() {
    let service = Deployed::new().await;
    let validate = service.start("validate").await;
    service.secrets.reads();
    for number in 0..100 {
        let answer = validate.validate(&foreign_token(number)).await.assert_status(401);
        assert_eq!(answer.trace.request_line()["reason"], "unknown_key");
    }
    assert_eq!(service.secrets.reads(), 1);
}

/// Nobody knows then whether a token with another `kid` is good; about all others nothing has changed.
#[tokio::test]
async fn while_the_secret_cannot_be_read_again_unknown_keys_are_undecided() {
    for (mode, reads) in
        [(ACCESS_DENIED, 1), (INTERNAL_ERROR, 3), (Mode::Hangs, 1), (Mode::Holds(String::new()), 1)]
    {
        let (service, old, new) = rotated().await;
        service.secrets.set(holding(SECRET, None));
        let validate = service.start("validate").await;
        service.secrets.reads();
        service.secrets.set(mode);
        for _ in 0..3 {
            let answer = validate.validate(&new).await;
            assert_eq!((answer.status, &answer.headers["retry-after"]), (503, &"2".to_owned()), "{answer:?}");
            answer.trace.assert_in_time();
            validate.validate(&old).await.assert_status(200);
        }
        assert_eq!(service.secrets.reads(), reads);
    }
}

#[tokio::test]
async fn a_slow_secret_and_a_silent_table_together_are_given_up_in_time() {
    let (service, _, new) = rotated().await;
    service.secrets.set(holding(SECRET, None));
    let validate = service.start("validate").await;
    service.secrets.set(holding(NEW_SECRET, Some(SECRET)));
    service.secrets.delay(Duration::from_millis(600));
    service.proxy.always(Fault::Hang);
    validate.validate(&new).await.assert_unavailable();
}
