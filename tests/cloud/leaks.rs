//! Places where passwords, hashes, tokens and the secret can be found after all kinds of requests.

use serde_json::{Value, json};
use support::samples;

use crate::deployed::{SECRET, assert_no_secret};
use crate::function::{Function, Response};
use crate::place::Place;
use crate::proxy::{Fault, INTERNAL_ERROR};

const NAME: &str = "Unmistakable.Name";
const EMAIL: &str = "unmistakable.address@example.com";
const PASSWORD: &str = "unmistakable passphrase";
const WRONG_PASSWORD: &str = "another passphrase";

#[tokio::test]
async fn secrets_are_in_a_table_as_hashes_alone_and_nowhere_else() {
    look_everywhere(&Place::table().await).await;
}

#[tokio::test]
async fn secrets_are_in_a_file_as_hashes_alone_and_nowhere_else() {
    let place = Place::file();
    look_everywhere(&place).await;
    let Place::File(folder) = &place else { unreachable!() };
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        for secret in [PASSWORD, WRONG_PASSWORD, SECRET, "eyJ"] {
            assert!(!text.contains(secret), "{secret} in a file");
        }
    }
}

async fn look_everywhere(place: &Place) {
    let (register, login) = (place.start("register").await, place.start("login").await);
    let validate = place.start("validate").await;
    let mut responses = go_through(place, &register, &login).await;
    let tokens: Vec<_> = responses.iter_mut().filter_map(take_token).collect();
    assert_eq!(tokens.len(), 3, "of one registration and two logins");
    let mut told = Vec::new();
    for token in tokens.iter().chain([&format!("{}x", tokens[0]), &NAME.to_owned()]) {
        responses.push(validate.validate(token).await);
        for event in samples::authorizing(token) {
            told.push(format!("{:?}", validate.invoke(&event.to_string()).await.outcome));
        }
    }
    told.extend(responses.iter().map(|response| format!("{} {:?}", response.body, response.headers)));

    let signature = |token: &String| token.rsplit_once('.').unwrap().1.to_owned();
    let mut secrets: Vec<_> = tokens.iter().map(signature).collect();
    secrets.extend([PASSWORD, WRONG_PASSWORD, SECRET, "eyJ"].map(str::to_owned));
    let contents = place.contents().await;
    for (_, value) in &contents {
        assert_none_of(&secrets, value);
    }
    let hashes = contents.iter().filter(|(_, value)| value.contains("$argon2")).map(|(column, _)| column);
    assert!(hashes.eq(["password_hash"]), "{contents:?}");

    secrets.push("$argon2".to_owned());
    for response in &told {
        assert_none_of(&secrets, response);
    }
    // The log names accounts by ids, which no client can choose.
    secrets.extend([NAME, EMAIL, "unmistakable"].map(str::to_owned));
    let id = place.account_ids().await.remove(0);
    for function in [&register, &login, &validate] {
        let written = function.written();
        assert_none_of(&secrets, &written);
        assert!(written.contains(&id), "the log is searched where it is");
    }
}

/// Good and bad requests with secrets in every place that a client can write.
async fn go_through(place: &Place, register: &Function, login: &Function) -> Vec<Response> {
    let account = json!({ "username": NAME, "password": PASSWORD, "email": EMAIL });
    let mut responses = Vec::new();
    for body in [
        account.clone(),
        account.clone(),
        json!({ "username": PASSWORD, "password": NAME, "email": PASSWORD }),
        json!({ "username": NAME, "password": [PASSWORD] }),
        json!({ "username": NAME, PASSWORD: PASSWORD }),
        json!([NAME, PASSWORD]),
        json!(PASSWORD),
    ] {
        responses.push(register.call(&samples::post(&body)).await);
    }
    for (name, password) in [
        (NAME, PASSWORD),
        (NAME, WRONG_PASSWORD),
        ("unmistakable.nobody", PASSWORD),
        // In the wrong field.
        (PASSWORD, NAME),
        (NAME, &PASSWORD.repeat(100)),
        (NAME, &PASSWORD.repeat(1000)),
        (NAME, PASSWORD),
    ] {
        responses.push(login.call(&samples::post(&json!({ "username": name, "password": password }))).await);
    }
    let mut elsewhere = samples::post(&Value::Null);
    elsewhere["body"] = format!("{PASSWORD} is not JSON").into();
    elsewhere["headers"]["authorization"] = format!("Basic {PASSWORD}").into();
    elsewhere["rawQueryString"] = PASSWORD.into();
    responses.push(login.call(&elsewhere).await);
    for function in [register, login] {
        let unknown = json!({ "password": PASSWORD, "Records": [{ "body": PASSWORD }] });
        assert_none_of(
            &[PASSWORD.to_owned()],
            &format!("{:?}", function.invoke(&unknown.to_string()).await.outcome),
        );
    }
    if let Place::Table(service) = place {
        // Errors of the SDK hold the request.
        for fault in [INTERNAL_ERROR, Fault::Garbage(400), Fault::Conflict, Fault::LoseResponse] {
            service.proxy.next(3, fault);
            let body =
                json!({ "username": "unmistakable.other", "password": PASSWORD, "email": "o@example.com" });
            let response = register.call(&samples::post(&body)).await;
            assert!(response.status >= 500 || response.status == 201, "{response:?}");
            service.engine.delete("USERNAME#unmistakable.other").await;
            service.engine.delete("EMAIL#o@example.com").await;
        }
    }
    responses
}

/// Removes the token from the one place where it may be.
fn take_token(response: &mut Response) -> Option<String> {
    let token = response.body.as_object_mut()?.remove("token")?;
    Some(token.as_str().unwrap().to_owned())
}

#[track_caller]
fn assert_none_of(secrets: &[String], text: &str) {
    for secret in secrets {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

/// Proves [`assert_no_secret`], which every test here relies on.
#[test]
fn the_search_finds_what_it_looks_for() {
    assert_no_secret(r#"{"message":"request","outcome":"ok"}"#);
    for secret in [crate::deployed::PASSWORD, "$argon2id$v=19", SECRET, "Bearer x", "eyJhbGciOi"] {
        let found = std::panic::catch_unwind(|| assert_no_secret(&format!("before {secret} after")));
        assert!(found.is_err(), "{secret}");
    }
}
