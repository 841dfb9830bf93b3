//! Mail of the binaries as they are deployed: the routes that ask for it and the codes that it brings, and its delivery while
//! functions die and others fail. The engine has no stream that calls `register`: the tests read the keys of the mails
//! that wait, and call it with them.

mod delivery;
mod lost_responses;
mod outages;
mod owner;
mod permissions;
mod races;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use support::lambda;
use support::samples::{self, to_login};
use support::ses::{Mail, Ses};

use crate::deployed::{Deployed, PASSWORD};
use crate::function::{Function, Invoked, Response, Trace};

/// No log may show a canary: every line of every function is searched for one.
const ADDRESS: &str = "alice.canary@example.com";
const NEW: &str = "a new canary passphrase";
const APP: &str = "https://canary.example.com";

/// The service with a stand-in for SES.
struct Mailing {
    service: Deployed,
    ses: Ses,
}

/// The result of an event of the stream.
struct Delivered {
    /// The keys of the records that failed.
    failed: Vec<String>,
    trace: Trace,
}

impl Mailing {
    async fn new() -> Self {
        Self { service: Deployed::new().await, ses: Ses::start().await }
    }

    /// Starts `register`.
    async fn register(&self) -> Function {
        self.register_with(&[]).await
    }

    /// Starts `register` with some more variables.
    async fn register_with(&self, variables: &[(&str, &str)]) -> Function {
        let ses = lambda::ses(self.ses.address);
        let ses = ses.iter().map(|(name, value)| (*name, Some(value.as_str())));
        let variables = variables.iter().map(|(name, value)| (*name, Some(*value)));
        let all: Vec<_> = ses.chain([("APP_URL", Some(APP))]).chain(variables).collect();
        self.service.start_with("register", &all).await
    }

    /// The keys of the mails that wait.
    async fn waiting(&self) -> Vec<String> {
        let mut keys = self.service.engine.keys().await;
        keys.retain(|key| key.starts_with("MAIL#"));
        keys
    }

    /// Has all mails delivered that wait. Returns those that SES has got.
    async fn deliver(&self, register: &Function) -> Vec<Mail> {
        let waiting = self.waiting().await;
        if !waiting.is_empty() {
            let delivered = register.deliver(&waiting).await;
            assert_eq!(delivered.failed, [""; 0], "{:?}", delivered.trace);
        }
        assert_eq!(self.waiting().await, [""; 0]);
        self.ses.mails()
    }

    /// The one mail that waits, once SES has got it.
    async fn deliver_one(&self, register: &Function) -> Mail {
        let [mail] = &self.deliver(register).await[..] else { panic!("not one mail") };
        mail.clone()
    }

    /// Asks for a code for a new password of alice.
    async fn code(&self, register: &Function) -> String {
        register.forgot(&json!({ "username": "alice" })).await;
        self.deliver_one(register).await.code().unwrap().to_owned()
    }

    /// Ends the time for which a mail is nobody else's.
    async fn release(&self, key: &str) {
        let passed = AttributeValue::N("1".to_owned());
        self.service.engine.change(key, "taken_until", Some(passed)).await;
    }

    /// The attribute of alice's account.
    async fn of_alice(&self, attribute: &str) -> Option<AttributeValue> {
        self.service.engine.items().await.remove("USERNAME#alice")?.remove(attribute)
    }
}

impl Function {
    async fn post(&self, path: &str, body: &Value) -> Response {
        self.call(&to_login("POST", path, body)).await
    }

    /// The same with an access token.
    pub async fn post_as(&self, token: &str, path: &str, body: &Value) -> Response {
        let mut event = to_login("POST", path, body);
        event["headers"]["authorization"] = format!("Bearer {token}").into();
        self.call(&event).await
    }

    async fn forgot(&self, named: &Value) -> Response {
        let response = self.post("/password/forgot", named).await.assert_status(202);
        assert_eq!(response.body, json!({}));
        response
    }

    async fn reset(&self, code: &str) -> Response {
        let body = json!({ "username": "alice", "code": code, "new_password": NEW });
        self.post("/password/reset", &body).await
    }

    async fn change_password(&self, token: &str) -> Response {
        let body = json!({ "current_password": PASSWORD, "new_password": NEW });
        self.post_as(token, "/password", &body).await
    }

    async fn change_email(&self, token: &str, address: &str) -> Response {
        let body = json!({ "current_password": PASSWORD, "email": address });
        self.post_as(token, "/email", &body).await
    }

    async fn confirm(&self, address: &str, code: &str) -> Response {
        self.post("/email/confirm", &json!({ "email": address, "code": code })).await
    }

    async fn delete_account(&self, token: &str, password: &str) -> Response {
        self.post_as(token, "/account/delete", &json!({ "current_password": password })).await
    }

    /// Registers alice with an address. Returns her token.
    async fn enrol_alice(&self) -> String {
        self.register("alice", Some(ADDRESS)).await.assert_status(201).token().to_owned()
    }

    /// Calls the function as the table's stream does.
    async fn deliver(&self, keys: &[String]) -> Delivered {
        let event = samples::stream(keys);
        let Invoked { outcome, trace } = self.invoke(&event.to_string()).await;
        let reply = outcome.unwrap();
        assert_eq!(reply.as_object().unwrap().len(), 1, "{reply}");
        let key = |failure: &Value| {
            let mut records = event["Records"].as_array().unwrap().iter();
            let failed = |record: &&Value| record["dynamodb"]["SequenceNumber"] == failure["itemIdentifier"];
            records.find(failed).unwrap()["dynamodb"]["Keys"]["pk"]["S"].as_str().unwrap().to_owned()
        };
        let failed = reply["batchItemFailures"].as_array().unwrap().iter().map(key).collect();
        Delivered { failed, trace }
    }
}

impl Delivered {
    /// What the log says of each mail: the reason, or else the outcome.
    fn told(&self) -> Vec<&str> {
        let lines = self.trace.log.iter().filter(|line| line["event"] == "mail");
        lines.map(|line| line["reason"].as_str().or(line["outcome"].as_str()).unwrap()).collect()
    }
}
