//! The keys and attributes that `register` names, which its policy limits. No emulator knows such conditions.

use std::collections::BTreeSet;

use serde_json::json;
use support::samples;
use support::ses::Mail;

use super::{ADDRESS, Mailing, NEW};
use crate::attributes;
use crate::deployed::PASSWORD;
use crate::function::Function;

/// The statements of `register`'s policy, by action.
const STATEMENTS: [(&str, &[&str]); 4] = [
    ("Delete", &["DeleteAccounts"]),
    ("Get", &["ReadAccountsAndAttempts"]),
    ("Put", &["CreateAccounts"]),
    ("Update", &["ChangeCredentials", "CountAddressesAndKeepCodes"]),
];

const OTHER: &str = "other.canary@example.com";

/// Every kind of request that `register` gets, in and out of a session, and the deliveries that follow.
async fn go_through(mailing: &Mailing, register: &Function) {
    // Past the proxy, which sees `register` alone.
    let engine = format!("http://{}", mailing.service.engine.address);
    let login = mailing.service.start_with("login", &[("AWS_ENDPOINT_URL_DYNAMODB", Some(&engine))]).await;
    let body = json!({ "username": "alice", "email": ADDRESS, "password": PASSWORD });
    register.call(&samples::post(&body)).await.assert_status(201);
    register.call(&samples::post(&body)).await.assert_status(400);
    let token = login.begin_session().await.token().to_owned();
    register.change_email(&token, OTHER).await.assert_status(202);
    let mails = mailing.deliver(register).await;
    register.confirm(OTHER, "00000-00000").await.assert_status(400);
    register.confirm(OTHER, mails.iter().find_map(Mail::code).unwrap()).await.assert_status(200);
    register.delete_account(&token, NEW).await.assert_status(401);
    let changed = register.change_password(&token).await.assert_status(200);
    let back = json!({ "current_password": NEW, "new_password": PASSWORD });
    register.post_as(changed.token(), "/password", &back).await.assert_status(200);
    mailing.deliver(register).await;
    register.forgot(&json!({ "email": OTHER })).await;
    let mail = mailing.deliver_one(register).await;
    register.reset(mail.code().unwrap()).await.assert_status(200);
    let token = login.login("alice", NEW).await.token().to_owned();
    register.delete_account(&token, NEW).await.assert_status(204);
}

#[tokio::test]
async fn register_names_the_keys_and_attributes_that_its_policy_permits_and_no_others() {
    let mailing = Mailing::new().await;
    let limits = ["LOGIN_ATTEMPTS_PER_ADDRESS", "MAILS_PER_ADDRESS", "REGISTRATIONS_PER_ADDRESS"];
    let register = mailing.register_with(&limits.map(|limit| (limit, "100"))).await;
    go_through(&mailing, &register).await;
    let named = mailing.service.proxy.named();
    let of_action = |action: &str| {
        let own = named.iter().map(|(call, names)| (call.trim_start_matches("consistent "), names));
        let own =
            own.filter_map(|(call, names)| Some((call.strip_prefix(action)?.split_once(' ')?.1, names)));
        own.map(|(key, names)| (key.to_owned(), names.clone())).collect::<Vec<_>>()
    };
    for (action, statements) in STATEMENTS {
        let permitted: BTreeSet<_> =
            statements.iter().flat_map(|sid| attributes::permitted_keys(sid)).collect();
        let used: BTreeSet<_> = of_action(action)
            .into_iter()
            .map(|(key, _)| {
                let covers = |pattern: &&String| match pattern.strip_suffix('*') {
                    Some(prefix) => key.starts_with(prefix),
                    None => key == **pattern,
                };
                permitted.iter().find(covers).unwrap_or_else(|| panic!("{action} {key}")).clone()
            })
            .collect();
        assert_eq!(used, permitted, "{action}");
    }
    let of_accounts = of_action("Update").into_iter().filter(|(key, _)| key.starts_with("USERNAME#"));
    let names: BTreeSet<_> = of_accounts.flat_map(|(_, names)| names).collect();
    assert_eq!(names, attributes::permitted("ChangeCredentials"));
}
