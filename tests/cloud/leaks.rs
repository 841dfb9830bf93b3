//! Places where passwords, hashes, tokens, codes and the secret can be found after all kinds of requests.

use std::fs::DirEntry;

use mail_parser::MessageParser;
use serde_json::{Value, json};
use support::ses::Ses;
use support::{lambda, samples};

use crate::deployed::{SECRET, assert_no_secret};
use crate::function::{Function, Response};
use crate::place::Place;
use crate::proxy::{Fault, INTERNAL_ERROR};

const NAME: &str = "Unmistakable.Name";
const EMAIL: &str = "unmistakable.address@example.com";
const PASSWORD: &str = "unmistakable passphrase";
const WRONG_PASSWORD: &str = "another passphrase";
const NEW_PASSWORD: &str = "unmistakable new passphrase";
const OTHER_EMAIL: &str = "unmistakable.other@example.com";
const APP: &str = "https://unmistakable.example.com";

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

#[tokio::test]
async fn codes_are_in_mails_and_nowhere_else_in_a_table() {
    let ses = Ses::start().await;
    let place = Place::table().await;
    let Place::Table(service) = &place else { unreachable!() };
    let variables = [lambda::ses(ses.address), vec![("APP_URL", APP.to_owned())]].concat();
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, Some(value.as_str()))).collect();
    let register = service.start_with("register", &variables).await;
    let delivered = async || {
        let mut keys = service.engine.keys().await;
        keys.retain(|key| key.starts_with("MAIL#"));
        let reply = register.invoke(&samples::stream(&keys).to_string()).await.outcome.unwrap();
        assert_eq!(reply, json!({ "batchItemFailures": [] }));
        ses.mails().iter().map(|mail| mail.text().to_owned()).collect()
    };
    look_for_codes(&place, &register, delivered).await;
}

/// The mails themselves are files beside the database.
#[tokio::test]
async fn codes_are_in_mails_and_nowhere_else_in_a_file() {
    let place = Place::file();
    let Place::File(folder) = &place else { unreachable!() };
    let register = place.start("register").await;
    let mails = folder.path().join("mail");
    let delivered = async || {
        let read = |file: std::io::Result<DirEntry>| {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            MessageParser::default().parse(&bytes).unwrap().body_text(0).unwrap().into_owned()
        };
        let texts = std::fs::read_dir(&mails).unwrap().map(read).collect();
        std::fs::remove_dir_all(&mails).unwrap();
        texts
    };
    let secrets = look_for_codes(&place, &register, delivered).await;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert_none_of(&secrets, &String::from_utf8_lossy(&bytes));
    }
}

/// Uses every route that sends mail or takes a code, and searches responses, the store and the log. `delivered` has what
/// waits delivered and returns the texts of the mails. Returns what must be nowhere.
async fn look_for_codes(
    place: &Place,
    register: &Function,
    delivered: impl AsyncFn() -> Vec<String>,
) -> Vec<String> {
    let post = async |path: &str, token: &str, body: Value| register.post_as(token, path, &body).await;
    let account = json!({ "username": NAME, "password": PASSWORD, "email": EMAIL });
    let token = register.call(&samples::post(&account)).await.token().to_owned();
    let mut responses = vec![post("/password/forgot", "", json!({ "email": EMAIL })).await];
    let reset_code = code(&delivered().await);
    let other = json!({ "email": OTHER_EMAIL, "current_password": PASSWORD });
    responses.push(post("/email", &token, other).await);
    let email_code = code(&delivered().await);
    let forms = |code: &String| [code.clone(), code.replace('-', ""), code.to_lowercase().replace('-', "")];
    let codes: Vec<_> = [&reset_code, &email_code].into_iter().flat_map(forms).collect();
    assert_kept_as_digests(place, &codes).await;

    for (path, body) in [
        ("/password/reset", json!({ "username": NAME, "code": email_code, "new_password": NEW_PASSWORD })),
        ("/email/confirm", json!({ "email": OTHER_EMAIL, "code": reset_code })),
        ("/email/confirm", json!({ "email": email_code, "code": OTHER_EMAIL })),
        ("/password/reset", json!({ "username": NAME, "code": reset_code, "new_password": NEW_PASSWORD })),
        ("/email/confirm", json!({ "email": OTHER_EMAIL, "code": email_code })),
        ("/account/delete", json!({ "current_password": NEW_PASSWORD })),
    ] {
        responses.push(post(path, &token, body).await);
    }
    let statuses: Vec<_> = responses.iter().map(|response| response.status).collect();
    // The reset ends the code that was asked for before it.
    assert_eq!(statuses, [202, 202, 400, 400, 400, 200, 400, 401]);
    delivered().await;
    let mut secrets = codes;
    secrets.extend([NEW_PASSWORD, PASSWORD, APP].map(str::to_owned));
    for response in responses {
        assert_none_of(&secrets, &format!("{} {:?}", response.body, response.headers));
    }
    for (_, value) in place.contents().await {
        assert_none_of(&secrets, &value);
    }
    let written = register.written();
    assert_none_of(&secrets, &written);
    assert_none_of(&[NAME, EMAIL, OTHER_EMAIL, "unmistakable"].map(str::to_owned), &written);
    assert!(written.contains("mail_sent"), "the log is searched where it is");
    secrets
}

/// The code in one of these texts.
fn code(texts: &[String]) -> String {
    let mut lines = texts.iter().flat_map(|text| text.lines());
    lines.find(|line| line.len() == 11 && line.find('-') == Some(5)).expect("a code").to_owned()
}

async fn assert_kept_as_digests(place: &Place, codes: &[String]) {
    let contents = place.contents().await;
    for (_, value) in &contents {
        assert_none_of(codes, value);
    }
    let digests = contents.iter().filter(|(name, value)| name == "digest" || value.contains("\"digest\": S"));
    assert_eq!(digests.count(), 2, "{contents:?}");
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
