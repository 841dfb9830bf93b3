use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use support::keys::{RSA_2048, RSA_3072};
use support::samples;
use support::secrets_manager::{ACCESS_DENIED, INTERNAL_ERROR, Mode, holding};

use crate::deployed::{Deployed, NEW_SECRET, PASSWORD, SECRET};
use crate::function::Function;
use crate::proxy::Fault;

/// A token of an unknown key, with this `iat`.
fn foreign_token(number: usize, iat: Option<u64>) -> String {
    let header = json!({ "alg": "HS256", "typ": "JWT", "kid": format!("foreign-{number}") });
    let claims = iat.map_or(json!({}), |iat| json!({ "iat": iat }));
    let [header, claims] = [header, claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part.to_string()));
    format!("{header}.{claims}.c2lnbmF0dXJl")
}

#[expect(clippy::disallowed_methods, reason = "the functions have no other clock")]
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
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

/// A key is published as `next` before it signs, and verifies as `previous` afterwards. No token ends on the way.
#[tokio::test]
async fn a_service_moves_from_hs256_to_rs256_and_no_token_ends() {
    let service = Deployed::new().await;
    let old =
        service.start("register").await.register("alice", None).await.assert_status(201).token().to_owned();
    let holds = |keys: Value| Mode::Holds(keys.to_string());
    for (keys, alg) in [
        (json!({ "current": SECRET, "next": RSA_2048 }), "HS256"),
        (json!({ "current": RSA_2048, "previous": SECRET }), "RS256"),
        (json!({ "current": RSA_2048, "next": RSA_3072, "previous": [SECRET] }), "RS256"),
    ] {
        service.secrets.set(holds(keys));
        let token =
            service.start("login").await.login("alice", PASSWORD).await.assert_status(200).token().to_owned();
        assert_eq!(header_of(&token)["alg"], alg);
        let validate = service.start("validate").await;
        for token in [&old, &token] {
            validate.validate(token).await.assert_status(200);
            validate.assert_lets_in(token).await;
        }
        let set = validate.call(&samples::get("/.well-known/jwks.json")).await.assert_status(200);
        let published: Vec<_> = set.body["keys"].as_array().unwrap().iter().map(|key| &key["kid"]).collect();
        assert!(published.contains(&&header_of(&token)["kid"]) == (alg == "RS256"), "{set:?}");
    }
}

fn header_of(token: &str) -> Value {
    let header = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    serde_json::from_slice(&header).unwrap()
}

/// A running `validate` from before a rotation, and the tokens of [`rotated`].
async fn rotated_under_validate() -> (Deployed, Function, String, String) {
    let service = Deployed::new().await;
    let validate = service.start("validate").await;
    let register = service.start("register").await;
    let old = register.register("alice", None).await.assert_status(201).token().to_owned();
    service.secrets.set(holding(NEW_SECRET, Some(SECRET)));
    let login = service.start("login").await;
    let new = login.login("alice", PASSWORD).await.assert_status(200).token().to_owned();
    service.secrets.reads();
    (service, validate, old, new)
}

#[tokio::test]
async fn a_running_function_learns_of_a_new_secret_from_the_first_token_it_signed() {
    let (service, validate, old, new) = rotated_under_validate().await;
    for token in [&new, &old, &new] {
        validate.validate(token).await.assert_status(200);
    }
    assert_eq!(service.secrets.reads(), 1);
}

/// Forged tokens cost no read of the secret if their `iat` is old, few if it is new, and never get a wrong verdict.
#[tokio::test]
async fn tokens_of_unknown_keys_make_the_secret_read_again_within_a_budget() {
    let service = Deployed::new().await;
    let validate = service.start("validate").await;
    service.secrets.reads();
    for number in 0..100 {
        let iat = if number % 2 == 0 { None } else { Some(1_790_000_000) };
        let response = validate.validate(&foreign_token(number, iat)).await.assert_status(401);
        assert_eq!(response.trace.request_line()["reason"], "unknown_key");
    }
    assert_eq!(service.secrets.reads(), 0);
    let mut undecided = 0;
    for number in 0..20 {
        let response = validate.validate(&foreign_token(number, Some(now()))).await;
        match response.status {
            401 => assert_eq!(response.trace.request_line()["reason"], "unknown_key"),
            503 => {
                assert_eq!(response.trace.request_line()["reason"], "keys_unavailable");
                undecided += 1;
            }
            status => panic!("{status}"),
        }
    }
    assert_eq!((undecided, service.secrets.reads()), (14, 6));
}

/// A token with another `kid` gets no verdict then. All others are verified as before.
#[tokio::test]
async fn while_the_secret_cannot_be_read_again_unknown_keys_are_undecided() {
    for (mode, reads) in [
        (ACCESS_DENIED, 1..=1),
        (INTERNAL_ERROR, 1..=3),
        (Mode::Hangs, 1..=1),
        (Mode::Holds(String::new()), 1..=1),
    ] {
        let (service, validate, old, new) = rotated_under_validate().await;
        service.secrets.set(mode);
        for _ in 0..3 {
            let response = validate.validate(&new).await;
            assert_eq!(
                (response.status, &response.headers["retry-after"]),
                (503, &"2".to_owned()),
                "{response:?}"
            );
            response.trace.assert_in_time();
            assert!(reads.contains(&service.secrets.reads()));
            validate.validate(&old).await.assert_status(200);
        }
    }
}

#[tokio::test]
async fn a_slow_secret_and_a_silent_table_together_are_given_up_in_time() {
    let (service, validate, _, new) = rotated_under_validate().await;
    service.secrets.delay(Duration::from_millis(600));
    service.proxy.always(Fault::Hang);
    validate.validate(&new).await.assert_unavailable();
}
