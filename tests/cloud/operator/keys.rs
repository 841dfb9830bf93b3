//! `accounts keys`, and what the functions make of it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use support::lambda;
use support::samples;
use support::secrets_manager::{ACCESS_DENIED, holding};

use super::Done;
use crate::binaries;
use crate::deployed::{Deployed, NEW_SECRET, PASSWORD, SECRET};
use crate::function::{Function, Response};
use crate::place::Place;

/// Runs `accounts keys` with these arguments.
async fn keys(place: &Place, arguments: &[&str]) -> Done {
    let mut tool = place.tool(&[&["keys", "--json"], arguments].concat());
    if let Place::Table(service) = place {
        tool.envs(lambda::secret(service.secrets.address));
    }
    let output = tool.stdin(std::process::Stdio::null()).output().await.unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|stream| String::from_utf8(stream).unwrap());
    Done { code: output.status.code(), out, err }
}

/// The roles and algorithms that it tells.
fn roles(done: &Done) -> Vec<(String, String)> {
    let keys = done.json()["keys"].as_array().unwrap().clone();
    let text = |key: &Value, member: &str| key[member].as_str().unwrap().to_owned();
    keys.iter().map(|key| (text(key, "role"), text(key, "alg"))).collect()
}

fn kid(done: &Done, role: &str) -> String {
    let json = done.json();
    let key = json["keys"].as_array().unwrap().iter().find(|key| key["role"] == role).unwrap();
    key["kid"].as_str().unwrap().to_owned()
}

fn role(name: &str, alg: &str) -> (String, String) {
    (name.to_owned(), alg.to_owned())
}

/// Starts a function that has the secret of the place.
async fn start(place: &Place, function: &str) -> Function {
    match place {
        Place::Table(service) => service.start(function).await,
        Place::File(_) => {
            let environment = place.way().into_iter().chain(lambda::function(function, 256));
            let environment: BTreeMap<_, _> =
                environment.map(|(name, value)| (name.to_owned(), value)).collect();
            Function::start(&binaries::local(function), &environment).await
        }
    }
}

fn table(place: &Place) -> &Deployed {
    let Place::Table(service) = place else { panic!("a file") };
    service
}

async fn published(validate: &Function) -> Vec<Value> {
    let mut event = samples::sample("validate-http-api-me");
    event["rawPath"] = "/.well-known/jwks.json".into();
    event["requestContext"]["http"]["path"] = "/.well-known/jwks.json".into();
    let Response { status, body, .. } = validate.call(&event).await;
    assert_eq!(status, 200);
    body["keys"].as_array().unwrap().clone()
}

#[tokio::test]
async fn one_command_turns_a_service_to_rs256_and_no_token_ends() {
    for place in super::places().await {
        let [register, validate] = [start(&place, "register").await, start(&place, "validate").await];
        let old = register.register("alice", None).await.assert_status(201).token().to_owned();
        assert_eq!(published(&validate).await, [json!(null); 0]);
        assert_eq!(roles(&keys(&place, &[]).await.assert_code(0)), [role("current", "HS256")]);

        let done = keys(&place, &["init", "--alg", "RS256"]).await.assert_code(0);
        assert_eq!(roles(&done), [role("current", "RS256"), role("previous", "HS256")]);
        let login = start(&place, "login").await;
        let new = login.login("alice", PASSWORD).await.assert_status(200).token().to_owned();
        // The running function asks for the key that it does not know.
        for token in [&old, &new] {
            validate.validate(token).await.assert_status(200);
        }
        let published = published(&validate).await;
        assert_eq!(published.len(), 1);
        assert_eq!(published[0]["kid"], kid(&done, "current"));

        let again = keys(&place, &["init", "--alg", "RS256"]).await.assert_code(0);
        assert_eq!(again.json()["keys"], done.json()["keys"], "a second run changes nothing");
    }
}

#[tokio::test]
async fn a_rotation_waits_and_can_be_run_at_any_time() {
    for place in super::places().await {
        start(&place, "register").await.register("alice", None).await.assert_status(201);
        let done = keys(&place, &["rotate", "--alg", "RS256"]).await.assert_code(0);
        assert_eq!(roles(&done), [role("current", "HS256"), role("next", "RS256")]);
        for arguments in [&["rotate"][..], &["rotate", "--alg", "RS256"], &["rotate"]] {
            let again = keys(&place, arguments).await.assert_code(0);
            assert_eq!(again.json()["keys"], done.json()["keys"]);
            assert!(again.json()["result"].as_str().unwrap().contains("may sign from"), "{again:?}");
        }
        keys(&place, &["rotate", "--alg", "HS256"]).await.assert_code(1);
        let login = start(&place, "login").await;
        login.login("alice", PASSWORD).await.assert_status(200);
        let validate = start(&place, "validate").await;
        assert_eq!(published(&validate).await[0]["kid"], kid(&done, "next"), "known before it signs");
    }
}

#[tokio::test]
async fn a_revoked_key_ends_what_it_signed_and_the_sessions_that_it_sealed() {
    for place in super::places().await {
        let old = start(&place, "register").await.begin_session().await.assert_status(201);
        let leaked = kid(&keys(&place, &[]).await, "current");
        // At no terminal nobody can be asked.
        keys(&place, &["revoke", &leaked]).await.assert_code(2);
        let done = keys(&place, &["revoke", &leaked, "--yes"]).await.assert_code(0);
        assert_eq!(roles(&done), [role("current", "HS256")]);
        assert_ne!(kid(&done, "current"), leaked);
        let [login, validate] = [start(&place, "login").await, start(&place, "validate").await];
        validate.validate(old.token()).await.assert_status(401);
        login.refresh(&old.refresh_token()).await.assert_status(401);
        let new = login.begin_session().await.assert_status(200);
        validate.validate(new.token()).await.assert_status(200);
        login.refresh(&new.refresh_token()).await.assert_status(200);
        let unknown = keys(&place, &["revoke", &leaked, "--yes"]).await.assert_code(1);
        assert!(unknown.err.contains(&leaked), "{unknown:?}");
    }
}

/// With `SIGNING_KEYS=public`, `validate` reads the published keys and may not read the secret.
#[tokio::test]
async fn published_keys_are_enough_to_validate() {
    let place = Place::table().await;
    let service = table(&place);
    let public = [("SIGNING_KEYS", Some("public")), ("JWT_SECRET_ARN", None)];
    let refusal = service.refusal("validate", &public).await;
    assert!(format!("{:?}", refusal.log).contains("no public key is published"), "{refusal:?}");
    for function in ["register", "login"] {
        keys(&place, &["init", "--alg", "RS256"]).await.assert_code(0);
        let refusal = service.refusal(function, &public).await;
        assert!(format!("{:?}", refusal.log).contains("SIGNING_KEYS"), "{refusal:?}");
    }
    let token = service.start("register").await.register("alice", None).await.token().to_owned();
    service.secrets.reads();
    service.proxy.calls();
    let validate = service.start_with("validate", &public).await;
    assert_eq!(service.proxy.calls(), ["consistent GetItem KEYS"]);
    validate.validate(&token).await.assert_status(200);
    validate.assert_lets_in(&token).await;
    validate.validate(&samples::forged(&token)).await.assert_status(401);
    assert_eq!(published(&validate).await.len(), 1);

    // A key that comes later is learned, too.
    let leaked = kid(&keys(&place, &[]).await, "current");
    keys(&place, &["revoke", &leaked, "--yes"]).await.assert_code(0);
    let login = service.start("login").await;
    let new = login.login("alice", PASSWORD).await.assert_status(200).token().to_owned();
    validate.validate(&new).await.assert_status(200);
    validate.validate(&token).await.assert_status(401);
}

/// The `kid`s that the table publishes.
async fn in_table(service: &Deployed) -> Vec<String> {
    let items = service.engine.items().await;
    let key_set: Value = serde_json::from_str(items["KEYS"]["key_set"].as_s().unwrap()).unwrap();
    key_set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_secret_that_cannot_be_written_leaves_every_good_token_good() {
    let place = Place::table().await;
    let service = table(&place);
    let kept = kid(&keys(&place, &["init", "--alg", "RS256"]).await.assert_code(0), "current");
    let token = service.start("register").await.register("alice", None).await.token().to_owned();
    service.secrets.refuse_writes(Some((400, "AccessDeniedException")));
    let denied = keys(&place, &["revoke", &kept, "--yes"]).await.assert_code(1);
    assert!(denied.err.contains("AccessDenied"), "{denied:?}");
    assert_eq!(in_table(service).await, std::slice::from_ref(&kept));
    let public = [("SIGNING_KEYS", Some("public")), ("JWT_SECRET_ARN", None)];
    service.start_with("validate", &public).await.validate(&token).await.assert_status(200);

    service.secrets.refuse_writes(None);
    let done = keys(&place, &["revoke", &kept, "--yes"]).await.assert_code(0);
    assert_eq!(in_table(service).await, [kid(&done, "current")]);
}

/// Two operators at once: one of them is told, and what is published is what the secret has.
#[tokio::test]
async fn of_two_changes_at_once_one_is_refused_and_the_keys_of_the_other_are_published() {
    for place in super::places().await {
        start(&place, "register").await;
        keys(&place, &["init", "--alg", "RS256"]).await.assert_code(0);
        let leaked = kid(&keys(&place, &[]).await, "current");
        let revoke = ["revoke", &leaked, "--yes"];
        let (one, two, rotated) =
            tokio::join!(keys(&place, &revoke), keys(&place, &revoke), keys(&place, &["rotate"]));
        let codes = [&one, &two].map(|done| done.code.unwrap());
        assert!(codes.contains(&0) && rotated.code <= Some(1), "{one:?} {two:?} {rotated:?}");
        let left = keys(&place, &[]).await.assert_code(0);
        assert!(!left.out.contains(&leaked), "{left:?}");
        if let Place::Table(service) = &place {
            let published = in_table(service).await;
            assert!(
                !published.contains(&leaked) && published.contains(&kid(&left, "current")),
                "{published:?}"
            );
        }
    }
}

/// Another value becomes current between the two steps of a write.
#[tokio::test]
async fn a_secret_that_changed_since_it_was_read_is_not_replaced() {
    let place = Place::table().await;
    let service = table(&place);
    service.secrets.delay(Duration::from_millis(200));
    let change = async {
        let mut requests = 0;
        // Two reads, then the new version, which is not current yet.
        while requests < 3 {
            requests += service.secrets.reads();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        service.secrets.set(holding(NEW_SECRET, None));
    };
    let (done, ()) = tokio::join!(keys(&place, &["rotate", "--alg", "RS256"]), change);
    let done = done.assert_code(1);
    assert!(done.err.contains("the keys changed"), "{done:?}");
    assert_eq!(service.secrets.value(), json!({ "current": NEW_SECRET }));
    assert_eq!(in_table(service).await, [""; 0], "the key that nobody has is published no more");
}

#[tokio::test]
async fn a_kid_may_begin_with_a_dash() {
    let place = Place::table().await;
    let done = keys(&place, &["revoke", "-a-kid", "--yes"]).await.assert_code(1);
    assert!(done.err.contains("no key has the kid \"-a-kid\""), "{done:?}");
}

#[tokio::test]
async fn keys_that_cannot_be_read_or_kept_are_left_as_they_are() {
    let place = Place::table().await;
    let without_arn = place.accounts(&["keys"], "").await.assert_code(1);
    assert!(without_arn.err.contains("JWT_SECRET_ARN must be set"), "{without_arn:?}");
    let service = table(&place);
    for (value, reason) in [("{", "not JSON"), (r#"{"current":"canary"}"#, "at least 32 bytes")] {
        service.secrets.set(support::secrets_manager::Mode::Holds(value.to_owned()));
        for arguments in [&[][..], &["rotate"], &["init", "--alg", "RS256"]] {
            let done = keys(&place, arguments).await.assert_code(1);
            assert!(done.err.contains(reason), "{done:?}");
        }
    }
    service.secrets.set(ACCESS_DENIED);
    let denied = keys(&place, &["rotate"]).await.assert_code(1);
    assert!(denied.err.contains("AccessDenied"), "{denied:?}");
    service.secrets.set(holding(SECRET, None));
    keys(&place, &[]).await.assert_code(0);
    assert_eq!(service.secrets.value(), json!({ "current": SECRET }), "looking changes nothing");

    let empty = Place::file();
    keys(&empty, &["init", "--alg", "RS256"]).await.assert_code(1);
    let Place::File(folder) = &empty else { unreachable!() };
    assert_eq!(folder.path().read_dir().unwrap().count(), 0, "a mistyped path makes no database");
}
