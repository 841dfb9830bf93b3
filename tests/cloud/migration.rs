//! Accounts of another system, which come at their first login from a Lambda function of the operator's.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};
use support::former_users::{FormerUsers, Mode, User};
use support::lambda;
use support::samples;

use crate::attributes;
use crate::deployed::{Deployed, PASSWORD};
use crate::function::{Function, Response};

const WRONG: &str = "a wrong canary passphrase";
const OLD: &str = "old canary";

struct Migrating {
    service: Deployed,
    former: FormerUsers,
}

fn user(name: &'static str, attributes: Value) -> User {
    User { name, password: OLD, attributes, status: "CONFIRMED" }
}

impl Migrating {
    async fn new(users: &[User]) -> Self {
        Self { service: Deployed::new().await, former: FormerUsers::start(users).await }
    }

    async fn login(&self) -> Function {
        let way = lambda::migration(self.former.address);
        let way: Vec<_> = way.iter().map(|(name, value)| (*name, Some(value.as_str()))).collect();
        self.service.start_with("login", &way).await
    }
}

impl Function {
    async fn login_by_email(&self, email: &str, password: &str) -> Response {
        self.call(&samples::post(&json!({ "email": email, "password": password }))).await
    }
}

#[tokio::test]
async fn a_user_of_another_system_comes_at_the_first_login_and_stays() {
    let ada = user("Ada", json!({ "email": "ada.canary@example.com", "email_verified": "true" }));
    let migrating = Migrating::new(&[ada]).await;
    let login = migrating.login().await;
    let first = login.login("Ada", OLD).await.assert_status(200);
    assert_eq!(migrating.former.events().len(), 1);

    let validate = migrating.service.start("validate").await;
    let mut me = samples::bearing(first.token());
    me["rawPath"] = "/me".into();
    me["requestContext"]["http"]["path"] = "/me".into();
    me["requestContext"]["http"]["method"] = "GET".into();
    let me = validate.call(&me).await.assert_status(200);
    assert_eq!((&me.body["username"], &me.body["email_verified"]), (&json!("Ada"), &json!(true)));

    login.login("ada", OLD).await.assert_status(200);
    login.login_by_email("ada.canary@example.com", OLD).await.assert_status(200);
    login.login("Ada", WRONG).await.assert_status(401);
    assert_eq!(migrating.former.events(), [Value::Null; 0], "who is known here is asked for nowhere else");
    let hash = migrating.service.engine.items().await["USERNAME#ada"]["password_hash"].clone();
    assert!(hash.as_s().unwrap().starts_with("$argon2id$"));
}

/// <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-migrate-user.html>
#[tokio::test]
async fn the_event_is_that_of_cognitos_trigger() {
    let migrating = Migrating::new(&[]).await;
    migrating.login().await.login(" Åda", OLD).await.assert_status(401);
    assert_eq!(migrating.former.events(), [Value::Null; 0], "no account could have that name");
    migrating.login().await.login("Åda", OLD).await.assert_status(401);
    let [event] = &migrating.former.events()[..] else { panic!("not one event") };
    assert_eq!(event["version"], "1");
    assert_eq!(event["triggerSource"], "UserMigration_Authentication");
    assert_eq!((&event["userName"], &event["request"]["password"]), (&json!("Åda"), &json!(OLD)));
    assert_eq!(event["region"], "eu-central-1");
    for member in ["/userPoolId", "/callerContext/awsSdkVersion", "/callerContext/clientId"] {
        assert!(event.pointer(member).is_some_and(Value::is_string), "{member}");
    }
    for member in ["/request/validationData", "/request/clientMetadata"] {
        assert!(event.pointer(member).is_some_and(Value::is_object), "{member}");
    }
    let response = event["response"].as_object().unwrap();
    let members: BTreeSet<_> = response.keys().map(String::as_str).collect();
    let known = [
        "desiredDeliveryMediums",
        "enableSMSMFA",
        "finalUserStatus",
        "forceAliasCreation",
        "messageAction",
        "userAttributes",
    ];
    assert_eq!(members, known.into());
    assert!(response.values().all(Value::is_null));
}

#[tokio::test]
async fn a_name_that_nobody_knows_is_refused_and_locked_as_ever_and_then_not_asked_for() {
    let migrating = Migrating::new(&[user("ada", json!({ "email": "a@b.example" }))]).await;
    let login = migrating.login().await;
    let plain = migrating.service.start("login").await;
    let as_ever = plain.login("nobody", WRONG).await.assert_status(401);
    for name in ["ada", "eve"] {
        for _ in 0..5 {
            let refused = login.login(name, WRONG).await.assert_status(401);
            assert_eq!((&refused.body, &refused.headers), (&as_ever.body, &as_ever.headers));
            assert_eq!(refused.trace.request_line()["reason"], "unknown_user");
        }
        assert_eq!(migrating.former.events().len(), 5);
        login.login(name, OLD).await.assert_status(429);
        assert_eq!(migrating.former.events(), [Value::Null; 0]);
    }
}

#[tokio::test]
async fn a_failure_of_the_function_is_told_to_unknown_names_alone_and_counts_for_nobody() {
    let migrating = Migrating::new(&[user("ada", json!({ "email": "a@b.example" }))]).await;
    migrating.service.start("register").await.register("alice", None).await.assert_status(201);
    let login = migrating.login().await;
    let timed_out = json!({ "errorType": "Sandbox.Timedout", "errorMessage": "Error: Task timed out" });
    let failures = [
        Mode::Fails(429, "TooManyRequestsException"),
        Mode::Fails(403, "AccessDeniedException"),
        Mode::Fails(404, "ResourceNotFoundException"),
        Mode::Fails(500, "ServiceException"),
        Mode::Hangs,
        Mode::Returns(timed_out),
        Mode::Returns(json!({})),
        Mode::Returns(json!("canary")),
    ];
    for failure in failures {
        migrating.former.set(failure.clone());
        let failed = login.login("ada", OLD).await;
        failed.assert_unavailable();
        assert_eq!(failed.trace.request_line()["reason"], "migration_failed", "{failure:?}");
        login.login("alice", PASSWORD).await.assert_status(200);
    }
    migrating.former.set(Mode::Works);
    login.login("ada", OLD).await.assert_status(200);
}

#[tokio::test]
async fn of_many_first_logins_at_once_all_succeed_and_one_makes_the_account() {
    let migrating = Migrating::new(&[user("ada", json!({ "email": "a@b.example" }))]).await;
    let mut logins = Vec::new();
    for _ in 0..4 {
        logins.push(Arc::new(migrating.login().await));
    }
    let all = logins.iter().map(|login| login.login("ada", OLD));
    let all = futures_util::future::join_all(all).await;
    let ids: BTreeSet<_> =
        all.into_iter().map(|response| response.assert_status(200).text("user_id")).collect();
    assert_eq!(ids.len(), 1);
}

#[tokio::test]
async fn an_email_leads_to_the_account_that_it_has_and_to_no_other() {
    let by_email = user("eve.canary@example.com", json!({ "email": "Eve.canary@Example.com" }));
    let by_alias = user("alias.canary@example.com", json!({ "email": "other.canary@example.com" }));
    let without = user("bob", json!({ "name": "Bob" }));
    let taken = user("carol", json!({ "email": "eve.canary@example.com", "email_verified": "true" }));
    let migrating = Migrating::new(&[by_email, by_alias, without, taken]).await;
    let login = migrating.login().await;
    login.login_by_email("eve.canary@example.com", OLD).await.assert_status(200);
    login.login("eve.canary@example.com", OLD).await.assert_status(200);
    assert_eq!(migrating.former.events().len(), 1);
    login.login_by_email("alias.canary@example.com", OLD).await.assert_status(401);
    login.login("bob", OLD).await.assert_status(200);
    login.login("carol", OLD).await.assert_status(200);
    let items = migrating.service.engine.items().await;
    assert!(!items["USERNAME#carol"].contains_key("email"), "Eve has it");
    assert!(!items["USERNAME#carol"].contains_key("email_verified"));
}

#[tokio::test]
async fn who_must_reset_the_password_has_an_account_and_no_password() {
    let reset = User { status: "RESET_REQUIRED", ..user("ada", json!({ "email": "a@b.example" })) };
    let migrating = Migrating::new(&[reset]).await;
    let login = migrating.login().await;
    let refused = login.login("ada", OLD).await.assert_status(401);
    assert_eq!(refused.trace.request_line()["reason"], "no_password");
    assert!(migrating.service.engine.items().await.contains_key("USERNAME#ada"));
}

/// No emulator knows the conditions of the policy.
#[tokio::test]
async fn login_writes_the_keys_that_its_policy_permits_and_no_others() {
    let users = [user("ada", json!({ "email": "a@b.example" })), user("bob", json!({ "name": "Bob" }))];
    let migrating = Migrating::new(&users).await;
    let login = migrating.login().await;
    migrating.service.proxy.named();
    for name in ["ada", "bob"] {
        login.login(name, OLD).await.assert_status(200);
    }
    let puts = migrating.service.proxy.named().into_iter().filter_map(|(call, _)| {
        call.split_once("Put ").or_else(|| call.split_once("PutItem ")).map(|(_, key)| key.to_owned())
    });
    let keys: BTreeSet<_> =
        puts.map(|key| key.split_inclusive('#').next().unwrap().to_owned() + "*").collect();
    assert_eq!(keys, attributes::permitted_keys("CreateMigratedAccounts"));
}
