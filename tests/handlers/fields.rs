//! The fields of `register` and `login`, from every sender.

use std::time::Duration;

use serde_json::{Value, json};

use crate::event::Sender;
use crate::handlers::{Handlers, PASSWORD, later};

const BLANK: &str = "This field may not be blank.";
const GRAMMAR: &str =
    "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.";
const NO_STRING: &str = "Not a valid string.";
const NULL: &str = "This field may not be null.";
const NUL: &str = "Null characters are not allowed.";

/// A good request with one field replaced.
fn with(field: &str, value: &Value) -> String {
    let mut body = json!({ "username": "canary", "password": PASSWORD, "email": "canary@example.com" });
    body[field] = value.clone();
    body.to_string()
}

/// Values that are no text, and blank texts.
fn empty_and_mistyped() -> Vec<(Value, &'static str)> {
    let blanks = ["", " ", "   ", "\t\r\n", "\u{3000}\u{2003}\u{a0}"].map(|blank| (json!(blank), BLANK));
    let mistyped = [
        json!(0),
        json!(-1),
        json!(12_345_678),
        json!(1.5),
        json!(true),
        json!(false),
        json!([]),
        json!(["canary"]),
        json!([["canary"], "x"]),
        json!({}),
        json!({ "username": "canary" }),
    ]
    .map(|value| (value, NO_STRING));
    blanks.into_iter().chain(mistyped).chain([(Value::Null, NULL)]).collect()
}

#[tokio::test]
async fn a_field_that_is_no_text_or_says_nothing_is_named() {
    let service = Handlers::new().await;
    for (value, message) in empty_and_mistyped() {
        for (function, fields) in
            [("register", &["username", "password", "email"][..]), ("login", &["username", "password"])]
        {
            for field in fields {
                // An optional field may be null.
                if *field == "email" && (value.is_null() || value == "") {
                    continue;
                }
                for sender in Sender::ALL {
                    println!("{function} {field} {value} {sender:?}");
                    let response = service.call(function, sender.post(&with(field, &value))).await;
                    response.must_be(400, &json!({ *field: [message] }).to_string(), None);
                }
            }
        }
    }
    assert_eq!((service.login_hashes(), service.store_calls()), (0, 0));
}

/// Login does not tell the rules for names and passwords: one that cannot be registered is merely wrong, after the same
/// work.
#[tokio::test]
async fn an_invalid_name_is_an_error_at_registration_and_a_failed_login() {
    let service = Handlers::new().await;
    service.enrol("alice").await;
    let too_long = |most: usize| format!("Ensure this field has no more than {most} characters.");
    let grammar = [
        "al ice",
        "alice ",
        " alice",
        "alice\n",
        "al\tice",
        "a/b",
        "a\\b",
        "a\"b",
        "<alice>",
        "alice;--",
        "a%00b",
        // Invisible characters: direction marks, joiners, fillers, tags, selectors.
        "ali\u{200B}ce",
        "ali\u{200D}ce",
        "ali\u{AD}ce",
        "ali\u{2060}ce",
        "ali\u{FEFF}ce",
        "ali\u{34F}ce",
        "ali\u{202E}ce",
        "\u{200F}alice",
        "\u{2066}alice\u{2069}",
        "\u{3164}",
        "ali\u{115F}ce",
        "ali\u{E0001}ce",
        "ali\u{FE0F}ce",
        "ali\u{180B}ce",
        "\u{301}",
        "💥",
        "ali\u{7F}ce",
        "ali\u{85}ce",
    ];
    let names = grammar.map(|name| ("username", json!(name), GRAMMAR.to_owned()));
    let others = [
        ("username", json!("x".repeat(151)), too_long(150)),
        ("username", json!("名".repeat(4_000)), too_long(150)),
        ("username", json!("alice\u{0}"), NUL.to_owned()),
        ("password", json!(format!("{PASSWORD}\u{0}")), NUL.to_owned()),
        ("password", json!("x".repeat(257)), too_long(256)),
        ("password", json!("x".repeat(4_096)), too_long(256)),
        ("password", json!("😀".repeat(4_000)), too_long(256)),
    ];
    for (number, (field, value, message)) in names.into_iter().chain(others).enumerate() {
        let sender = Sender::ALL[number % Sender::ALL.len()];
        println!("{field} {value} {sender:?}");
        let refused = service.register(sender.post(&with(field, &value))).await;
        refused.must_be(400, &json!({ field: [message] }).to_string(), None);
        let attempts = number as u64;
        assert_eq!((service.login_hashes(), service.store_calls()), (attempts, 3 * attempts + 1));

        let mut attempt = json!({ "username": "alice", "password": PASSWORD });
        attempt[field] = value;
        let refused = service.login(sender.post(&attempt.to_string())).await;
        refused.must_be(
            401,
            r#"{"code":"invalid_credentials","error":"Invalid credentials"}"#,
            Some(("www-authenticate", "Bearer")),
        );
        // Longer than the lock-out after so few failures.
        later(Duration::from_mins(15));
    }
}

#[tokio::test]
async fn fields_at_their_limits_are_accepted() {
    let service = Handlers::new().await;
    for (number, (username, password)) in [
        ("x".repeat(150), "x".repeat(256)),
        ("名".repeat(150), "😀".repeat(256)),
        ("𝔞".repeat(150), "e\u{301}".repeat(256)),
        (".+-_".to_owned(), "y".repeat(64)),
        ("7".to_owned(), "z".repeat(128)),
    ]
    .into_iter()
    .enumerate()
    {
        let sender = Sender::ALL[number % Sender::ALL.len()];
        let body = json!({ "username": username, "password": password }).to_string();
        assert_eq!(service.register(sender.post(&body)).await.status, 201, "{username}");
        assert_eq!(service.login(sender.post(&body)).await.status, 200, "{username}");
    }
}

/// A look-alike name in another script is another account. Neither has access to the other.
#[tokio::test]
async fn a_look_alike_is_another_account() {
    let service = Handlers::new().await;
    let (latin, cyrillic) = ("alice", "\u{430}lice");
    let latin_token = service.enrol(latin).await;
    let other_password = json!({ "username": cyrillic, "password": "another good passphrase" }).to_string();
    let cyrillic_token =
        service.register(Sender::RestApi.post(&other_password)).await.json()["token"].clone();
    let owner = |token: &str| {
        let event = Sender::HttpApi.request("POST", &[("authorization", &format!("Bearer {token}"))], "");
        service.validate(event)
    };
    let ids = [latin, cyrillic].map(|name| service.account(name));
    let [latin_account, cyrillic_account] = ids;
    let (latin_id, cyrillic_id) = (latin_account.await.unwrap().id, cyrillic_account.await.unwrap().id);
    assert_ne!(latin_id, cyrillic_id);
    assert_eq!(owner(&latin_token).await.json()["user_id"], latin_id.to_string());
    assert_eq!(owner(cyrillic_token.as_str().unwrap()).await.json()["user_id"], cyrillic_id.to_string());
    for (name, password) in [(latin, "another good passphrase"), (cyrillic, PASSWORD)] {
        let body = json!({ "username": name, "password": password }).to_string();
        assert_eq!(service.login(Sender::HttpApi.post(&body)).await.status, 401, "{name}");
    }
}

#[tokio::test]
async fn an_email_beside_a_username_makes_no_difference_but_must_be_a_text() {
    let service = Handlers::new().await;
    service.enrol("alice").await;
    for (function, path, status) in [("login", "/login", 200), ("register", "/password/forgot", 202)] {
        let ask = async |email: Value| {
            let body = json!({ "username": "alice", "password": PASSWORD, "email": email }).to_string();
            service.call(function, Sender::HttpApi.at(path, Sender::HttpApi.post(&body))).await
        };
        for email in [json!(null), json!(""), json!("bob@example.com"), json!("no email")] {
            assert_eq!(ask(email.clone()).await.status, status, "{path} {email}");
        }
        for (email, message) in
            [(json!(5), NO_STRING), (json!(["bob@example.com"]), NO_STRING), (json!(" "), BLANK)]
        {
            let response = ask(email.clone()).await;
            assert_eq!(
                (response.status, response.json()),
                (400, json!({ "email": [message] })),
                "{path} {email}"
            );
        }
    }
}
