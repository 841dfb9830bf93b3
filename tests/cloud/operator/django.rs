//! Users of a real Django project with hashes by Django, made by `django/make.py`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::places;

const USERS: &str = include_str!("django/users.csv");
const USERS_BY_EMAIL: &str = include_str!("django/users_by_email.csv");
const PASSWORDS: &str = include_str!("django/passwords.json");

#[tokio::test]
async fn users_of_django_log_in_with_their_passwords_and_then_have_our_hashes() {
    let passwords: BTreeMap<String, String> = serde_json::from_str(PASSWORDS).unwrap();
    for place in places().await {
        // One after the other, so that the second of two is refused.
        let import = ["import", "-", "--json", "--parallel", "1"];
        let imported = place.accounts(&import, USERS).await.assert_code(4);
        assert_eq!(imported.json()["added"], 7);
        // Django lets users share an email. The error names the line of the second.
        let twin = USERS.lines().position(|line| line.contains(",twin,")).unwrap() + 1;
        let beginning = format!("line {twin}, column email: \"");
        assert!(imported.err.starts_with(&beginning) && imported.err.lines().count() == 1, "{imported:?}");
        assert!(
            imported.err.contains("\": Another account has it. Leave it empty in one of the two."),
            "{imported:?}"
        );

        let [_, login, validate] = place.functions().await;
        let checked = place.accounts(&["check-hash", "admin", "--json"], "").await.assert_code(0).json();
        assert!(checked["parameters"].as_str().unwrap().contains("1000000"), "{checked}");
        for (name, password) in passwords.iter().filter(|(name, _)| *name != "admin") {
            let status = if ["inactive", "twin"].contains(&name.as_str()) { 401 } else { 200 };
            for wrong in [format!("{password} "), password.to_uppercase(), "!".to_owned()] {
                login.login(name, &wrong).await.assert_status(401);
            }
            let response = login.login(&name.to_uppercase(), password).await.assert_status(status);
            if status == 200 {
                validate.validate(response.token()).await.assert_status(200);
                login.login(name, &format!("{password} ")).await.assert_status(401);
                login.login(name, password).await.assert_status(200);
            }
            let checked = place.accounts(&["check-hash", name, "--json"], "").await;
            let scheme = match name.as_str() {
                "twin" => {
                    checked.assert_code(3);
                    continue;
                }
                "inactive" => "Django PBKDF2-SHA256",
                _ => "Argon2id",
            };
            assert_eq!(checked.assert_code(0).json()["scheme"], scheme, "{name}");
        }
        login.login("robot", "!").await.assert_status(401);

        // Accounts that exist are skipped, also those with a new hash.
        let again = place.accounts(&["import", "-", "--json"], USERS).await.assert_code(4).json();
        assert_eq!(
            (&again["added"], &again["already_there"], &again["refused"]),
            (&json!(0), &json!(7), &json!(1))
        );
        let shown: Value = place.accounts(&["show", "inactive", "--json"], "").await.assert_code(0).json();
        assert_eq!((&shown["disabled"], &shown["email"]), (&json!(true), &json!("inactive@example.com")));
        assert!(shown["created"].as_str().unwrap().starts_with("2026-11-27T"), "{shown}");
    }
}

/// A user model that logs in by email, and has neither usernames nor the time of joining.
#[tokio::test]
async fn users_of_a_model_without_usernames_log_in_by_the_field_that_they_know() {
    for place in places().await {
        place.accounts(&["import", "-"], USERS_BY_EMAIL).await.assert_code(0);
        let login = place.start("login").await;
        login.login("alice@example.com", "opens with an address").await.assert_status(200);
        let shown = place.accounts(&["show", "alice@example.com", "--json"], "").await.assert_code(0).json();
        assert_eq!(shown["email"], "alice@example.com");
    }
}

#[tokio::test]
async fn a_user_without_a_password_gets_one_from_an_operator() {
    for place in places().await {
        place.accounts(&["import", "-"], USERS).await.assert_code(4);
        place.accounts(&["check-hash", "robot"], "").await.assert_code(4);
        place.accounts(&["set-password", "robot"], "a phrase for a robot\n").await.assert_code(0);
        place.start("login").await.login("robot", "a phrase for a robot").await.assert_status(200);
    }
}
