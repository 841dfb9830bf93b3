use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::event::Sender;
use crate::handlers::{Handlers, PASSWORD, Response, later};

async fn register(service: &Handlers, body: Value) -> Response {
    service.register(Sender::HttpApi.post(&body.to_string())).await
}

/// The response to a good registration with one field replaced.
async fn with(service: &Handlers, field: &str, value: impl Into<Value>) -> Response {
    let mut body = json!({ "username": "alice", "password": PASSWORD, "email": "alice@example.com" });
    body[field] = value.into();
    register(service, body).await
}

const BAD_USERNAME: &str =
    "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.";

#[tokio::test]
async fn a_registration_responds_with_an_id_and_a_good_token() {
    for sender in Sender::ALL {
        let service = Handlers::new().await;
        let body = json!({ "username": "alice", "password": PASSWORD, "email": "alice@example.com" });
        let response = service.register(sender.post(&body.to_string())).await;
        assert_eq!(response.status, 201, "{sender:?}");
        assert_eq!(
            response.headers,
            [
                ("cache-control", "no-store"),
                ("content-type", "application/json"),
                ("strict-transport-security", "max-age=31536000"),
                ("x-content-type-options", "nosniff")
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
            "{sender:?}"
        );
        let json = response.json();
        let members: Vec<_> = json.as_object().unwrap().keys().collect();
        assert_eq!(members, ["expires_in", "token", "token_type", "user_id"]);
        assert_eq!((&json["token_type"], &json["expires_in"]), (&json!("Bearer"), &json!(3600)));
        let account = service.account("alice").await.unwrap();
        assert_eq!(json["user_id"], account.id.to_string());
        assert_eq!(account.email.unwrap().as_str(), "alice@example.com");

        let bearer = format!("Bearer {}", json["token"].as_str().unwrap());
        let valid = service.validate(sender.request("POST", &[("authorization", &bearer)], "")).await;
        assert_eq!(valid.json(), json!({ "valid": true, "user_id": json["user_id"] }));
    }
}

/// Another person's email as a name would be believed by readers of the name.
#[tokio::test]
async fn a_name_with_an_at_sign_is_the_email_of_the_same_account() {
    let service = Handlers::new().await;
    let message = "A username with an @ must be your own email address.";
    for username in ["bob@example.com", "alice@", "@alice"] {
        let answer = with(&service, "username", username).await;
        assert_eq!((answer.status, answer.json()), (400, json!({ "username": [message] })), "{username}");
        let codes = ("x-error-codes".to_owned(), "username=not_own_email".to_owned());
        assert!(answer.headers.contains(&codes), "{:?}", answer.headers);
    }
    let nobody = register(&service, json!({ "username": "alice@example.com", "password": PASSWORD })).await;
    assert_eq!(nobody.json(), json!({ "username": [message] }));
    assert_eq!(with(&service, "username", "ALICE@example.com").await.status, 201);
}

#[tokio::test]
async fn a_password_is_stored_as_argon2id_only() {
    let service = Handlers::new().await;
    service.enrol("alice").await;
    let hash = service.account("alice").await.unwrap().password_hash;
    assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.as_str());
}

#[tokio::test]
async fn the_same_password_never_has_the_same_hash() {
    let service = Handlers::new().await;
    service.enrol("alice").await;
    service.enrol("bob").await;
    assert_ne!(
        service.account("alice").await.unwrap().password_hash,
        service.account("bob").await.unwrap().password_hash
    );
}

#[tokio::test]
async fn every_bad_field_is_in_one_response() {
    let service = Handlers::new().await;
    let response = register(&service, json!({ "username": "a b", "password": null, "email": 7 })).await;
    assert_eq!(response.status, 400);
    assert_eq!(
        response.json(),
        json!({
            "username": [BAD_USERNAME],
            "password": ["This field may not be null."],
            "email": ["Not a valid string."],
        })
    );
    let response = register(&service, json!({})).await;
    let required = json!(["This field is required."]);
    assert_eq!(response.json(), json!({ "username": required, "password": required }));
}

#[tokio::test]
async fn each_bad_value_has_its_message() {
    let service = Handlers::new().await;
    let too_long = |length| format!("Ensure this field has no more than {length} characters.");
    let table: Vec<(&str, Value, String)> = vec![
        ("username", Value::Null, "This field may not be null.".into()),
        ("username", "".into(), "This field may not be blank.".into()),
        ("username", "   ".into(), "This field may not be blank.".into()),
        ("username", 1.into(), "Not a valid string.".into()),
        ("username", true.into(), "Not a valid string.".into()),
        ("username", json!(["alice"]), "Not a valid string.".into()),
        ("username", json!({ "a": "b" }), "Not a valid string.".into()),
        ("username", "x".repeat(151).into(), too_long(150)),
        ("username", "al ice".into(), BAD_USERNAME.into()),
        ("username", "alice\n".into(), BAD_USERNAME.into()),
        ("username", " alice".into(), BAD_USERNAME.into()),
        ("username", "ali\u{202E}ce".into(), BAD_USERNAME.into()),
        ("username", "ali\u{200B}ce".into(), BAD_USERNAME.into()),
        ("username", "admin\u{0}".into(), "Null characters are not allowed.".into()),
        ("email", "  ".into(), "This field may not be blank.".into()),
        ("email", "alice".into(), "Enter a valid email address.".into()),
        ("email", format!("a@{}.com", "x".repeat(255)).into(), too_long(254)),
        ("password", "".into(), "This field may not be blank.".into()),
        ("password", 12_345_678.into(), "Not a valid string.".into()),
        (
            "password",
            "short".into(),
            "This password is too short. It must contain at least 8 characters.".into(),
        ),
        ("password", "password123".into(), "This password is too common.".into()),
        ("password", "alice@example.com".into(), "The password is too similar to the email address.".into()),
        ("password", "with a null \u{0} inside".into(), "Null characters are not allowed.".into()),
        ("password", "x".repeat(257).into(), too_long(256)),
    ];
    for (field, value, message) in table {
        let response = with(&service, field, value.clone()).await;
        assert_eq!(
            (response.status, response.json()),
            (400, json!({ field: [message] })),
            "{field}: {value}"
        );
        assert_eq!(service.account("alice").await, None);
    }
    assert_eq!(with(&service, "password", PASSWORD).await.status, 201);
}

/// Browser forms send an empty field like this.
#[tokio::test]
async fn an_empty_or_null_email_is_none() {
    let service = Handlers::new().await;
    for (name, email) in [("alice", Value::Null), ("bob", "".into())] {
        let body = json!({ "username": name, "password": PASSWORD, "email": email }).to_string();
        assert_eq!(service.register(Sender::HttpApi.post(&body)).await.status, 201);
        assert_eq!(service.account(name).await.unwrap().email, None);
    }
}

#[tokio::test]
async fn the_least_length_of_a_password_is_configured() {
    let service = Handlers::with(&[("PASSWORD_MIN_LENGTH", "15")]).await;
    let response = with(&service, "password", "14 characters.").await;
    assert_eq!(
        response.json(),
        json!({ "password": ["This password is too short. It must contain at least 15 characters."] })
    );
    assert_eq!(with(&service, "password", "15 characters..").await.status, 201);
}

#[tokio::test]
async fn twins_of_a_name_are_one_account() {
    for (first, twins) in [
        ("alice", &["Alice", "ALICE", "ａｌｉｃｅ", "ＡＬＩＣＥ"][..]),
        ("fin", &["ﬁn", "FIN", "ﬁN"]),
        ("kelvin", &["\u{212A}elvin"]),
        ("straße", &["STRASSE", "strasse"]),
        ("σοφος", &["ΣΟΦΟΣ", "σοφοσ"]),
        ("José", &["Jose\u{301}", "JOSÉ"]),
    ] {
        let service = Handlers::new().await;
        service.enrol(first).await;
        for twin in twins {
            let response =
                register(&service, json!({ "username": twin, "password": "another good passphrase" })).await;
            let message = json!({ "username": ["A user with that username already exists."] });
            assert_eq!((response.status, response.json()), (400, message), "{twin}");
            let body = json!({ "username": twin, "password": PASSWORD }).to_string();
            assert_eq!(service.login(Sender::HttpApi.post(&body)).await.status, 200, "{twin}");
        }
        assert_eq!(service.account(first).await.unwrap().username.as_str(), first);
    }
}

#[tokio::test]
async fn taken_names_are_told_together() {
    let service = Handlers::new().await;
    assert_eq!(with(&service, "email", "alice@example.com").await.status, 201);
    let username = json!(["A user with that username already exists."]);
    let email = json!(["A user with that email already exists."]);
    let response = with(&service, "email", "ALICE@EXAMPLE.COM").await;
    assert_eq!((response.status, response.json()), (400, json!({ "username": username, "email": email })));
    let response = with(&service, "username", "bob").await;
    assert_eq!((response.status, response.json()), (400, json!({ "email": email })));
    assert_eq!(service.account("bob").await, None);
}

#[tokio::test]
async fn a_second_registration_keeps_the_first_password() {
    let service = Handlers::new().await;
    service.enrol("alice").await;
    let first = service.account("alice").await;
    assert_eq!(with(&service, "password", "another good passphrase").await.status, 400);
    assert_eq!(service.account("alice").await, first);
}

#[tokio::test]
async fn unknown_fields_are_ignored_and_never_stored() {
    let service = Handlers::new().await;
    let id = "00000000-0000-4000-8000-000000000000";
    let body = json!({
        "username": "alice", "password": PASSWORD, "is_staff": true, "user_id": id, "id": id,
        "disabled": true, "is_active": false, "token_version": 9, "exp": 1,
    });
    let response = register(&service, body).await;
    assert_eq!(response.status, 201);
    assert_ne!(response.json()["user_id"], id);
    let account = service.account("alice").await.unwrap();
    assert_eq!((account.token_version, account.status), (0, shared::account::Status::Active));
}

#[tokio::test]
async fn a_refused_registration_costs_no_hash_and_no_store_call() {
    let service = Handlers::new().await;
    assert_eq!(with(&service, "email", "no address").await.status, 400);
    assert_eq!(service.store_calls(), 0);
}

#[tokio::test]
async fn every_printing_character_makes_a_password() {
    let service = Handlers::new().await;
    let ascii: String = (' '..='~').collect();
    let passwords = [
        &ascii,
        "  outer spaces  ",
        "tab\tand  double",
        "пароль и ещё",
        "密码密码密码密码",
        "😀😀😀😀😀😀😀😀",
        "e\u{301}clair e\u{301}clair",
    ];
    for (n, password) in passwords.into_iter().enumerate() {
        let name = format!("user{n}");
        assert_eq!(register(&service, json!({ "username": name, "password": password })).await.status, 201);
        let login = |password: &str| {
            let body = json!({ "username": name, "password": password }).to_string();
            service.login(Sender::RestApi.post(&body))
        };
        assert_eq!(login(password).await.status, 200, "{password}");
        assert_eq!(login(&format!("{password} ")).await.status, 401, "{password}");
        assert_eq!(login(&format!(" {password}")).await.status, 401, "{password}");
        assert_eq!(
            login(&password.replace("  ", " ")).await.status,
            if password.contains("  ") { 401 } else { 200 }
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Any fields get a response below 500. The field that is always bad avoids the hash, which would take minutes here.
    #[test]
    fn any_fields_get_a_response(username in any::<String>(), password in any::<String>(), email in any::<String>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let service = Handlers::new().await;
            for body in [
                json!({ "username": username, "password": password, "email": "no address" }),
                json!({ "username": username, "password": "short", "email": email }),
            ] {
                assert_eq!(register(&service, body).await.status, 400);
            }
        });
    }
}

/// A client without a response sends its registration again.
#[tokio::test]
async fn a_registration_with_the_same_idempotency_key_gets_the_same_response() {
    let service = Handlers::new().await;
    let body = json!({ "username": "alice", "password": PASSWORD, "email": "alice@example.com" }).to_string();
    let json_type = ("content-type", "application/json");
    let send = async |key: &str| {
        let headers = [json_type, ("idempotency-key", key)];
        service.register(Sender::HttpApi.request("POST", &headers, &body)).await
    };
    let key = "8e03978e-40d5-43dd-bc93-6894a57f9324";
    let (first, again) = (send(key).await, send(key).await);
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.json()["user_id"], again.json()["user_id"]);
    let bearer = format!("Bearer {}", again.json()["token"].as_str().unwrap());
    let valid = service.validate(Sender::HttpApi.request("POST", &[("authorization", &bearer)], "")).await;
    assert_eq!(valid.json()["user_id"], first.json()["user_id"]);

    let taken = send("another-key-of-another-client").await;
    assert_eq!((taken.status, taken.header("x-error-codes")), (400, Some("username=unique, email=unique")));
    assert_eq!(service.register(Sender::HttpApi.post(&body)).await.status, 400, "without a key");
    for bad in ["short", "with a space in it", "", &"x".repeat(129)] {
        send(bad).await.must_be(
            400,
            r#"{"code":"invalid_idempotency_key","error":"Invalid Idempotency-Key"}"#,
            None,
        );
    }
    later(Duration::from_hours(24));
    assert_eq!(send(key).await.status, 400, "a day later");
}
