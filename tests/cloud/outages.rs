use support::samples;
use tokio::task::JoinSet;

use crate::deployed::{Deployed, PASSWORD};
use crate::function::{Function, Response};
use crate::proxy::{ACCESS_DENIED, Fault, INTERNAL_ERROR, THROTTLED, TOO_MUCH};

/// The three functions, with one account.
struct Functions {
    register: Function,
    login: Function,
    validate: Function,
    token: String,
}

impl Functions {
    async fn start(service: &Deployed) -> Self {
        let register = service.start("register").await;
        let registered = register.register("alice", None).await.assert_status(201);
        Self {
            login: service.start("login").await,
            validate: service.start("validate").await,
            token: registered.token().to_owned(),
            register,
        }
    }

    /// The responses of all functions, called at the same time: a registration, and a login and a token of alice.
    async fn ask(&self, import: &str, email: Option<&str>) -> [Response; 3] {
        tokio::join!(
            self.register.register(import, email),
            self.login.login("alice", PASSWORD),
            self.validate.validate(&self.token),
        )
        .into()
    }

    async fn assert_all_good(&self, import: &str, email: Option<&str>) {
        for (response, status) in self.ask(import, email).await.into_iter().zip([201, 200, 200]) {
            response.assert_status(status);
        }
    }
}

#[tokio::test]
async fn while_the_table_fails_every_response_is_a_503() {
    let mut service = Deployed::new().await;
    let functions = Functions::start(&service).await;
    let faults = [
        INTERNAL_ERROR,
        THROTTLED,
        TOO_MUCH,
        Fault::Error(400, "com.amazonaws.dynamodb.v20120810#RequestLimitExceeded"),
        Fault::Error(503, "com.amazonaws.dynamodb.v20120810#ServiceUnavailable"),
        Fault::Garbage(502),
        Fault::Hang,
    ];
    for (number, fault) in faults.into_iter().enumerate() {
        let (name, address) = (format!("user{number}"), format!("user{number}@example.com"));
        let email = (number % 2 == 1).then_some(address.as_str());
        service.proxy.always(fault);
        for response in functions.ask(&name, email).await {
            response.assert_unavailable();
        }
        service.proxy.pass();
        functions.assert_all_good(&name, email).await;
    }
}

#[tokio::test]
async fn while_the_endpoint_is_closed_every_response_is_a_503() {
    let mut service = Deployed::new().await;
    let functions = Functions::start(&service).await;
    for (name, email) in [("bob", None), ("carol", Some("carol@example.com"))] {
        service.proxy.refuse().await;
        for response in functions.ask(name, email).await {
            response.assert_unavailable();
        }
        service.proxy.pass();
        functions.assert_all_good(name, email).await;
    }
}

/// An API responds with 500 to its caller then. It must take the error neither for a permission nor for a denial.
#[tokio::test]
async fn while_the_table_fails_no_api_is_told_a_verdict() {
    let mut service = Deployed::new().await;
    let functions = Functions::start(&service).await;
    for fault in [INTERNAL_ERROR, THROTTLED, TOO_MUCH, ACCESS_DENIED, Fault::Garbage(502)] {
        service.proxy.always(fault);
        functions.validate.assert_undecided(&functions.token).await;
    }
    service.proxy.refuse().await;
    functions.validate.assert_undecided(&functions.token).await;
    service.proxy.pass();
    functions.validate.assert_lets_in(&functions.token).await;
}

#[tokio::test]
async fn while_the_table_is_silent_no_api_is_told_a_verdict() {
    let service = Deployed::new().await;
    let token = service.start("register").await.register("alice", None).await.token().to_owned();
    let mut functions = Vec::new();
    for event in samples::authorizing(&token) {
        functions.push((service.start("validate").await, event));
    }
    service.proxy.always(Fault::Hang);
    let mut asking = JoinSet::new();
    for (validate, event) in functions {
        asking.spawn(async move { validate.invoke(&event.to_string()).await });
    }
    for invoked in asking.join_all().await {
        invoked.assert_undecided();
    }
}

/// A host that does not exist, and a listener that does not speak TLS.
#[tokio::test]
async fn a_table_that_cannot_be_reached_is_unavailable() {
    let service = Deployed::new().await;
    let token = service.start("register").await.register("alice", None).await.token().to_owned();
    let plain = format!("https://{}", service.proxy.address);
    for endpoint in ["http://table.invalid", "https://table.invalid", &plain] {
        let elsewhere = [("AWS_ENDPOINT_URL_DYNAMODB", Some(endpoint))];
        let register = service.start_with("register", &elsewhere).await;
        let login = service.start_with("login", &elsewhere).await;
        let validate = service.start_with("validate", &elsewhere).await;
        let (registered, logged_in, validated) = tokio::join!(
            register.register("bob", None),
            login.login("alice", PASSWORD),
            validate.validate(&token),
        );
        for response in [registered, logged_in, validated] {
            response.assert_unavailable();
        }
        register.register("bob", Some("bob@example.com")).await.assert_unavailable();
        validate.assert_undecided(&token).await;
    }
    assert_eq!(service.engine.keys().await, ["USERNAME#alice"]);
}

#[tokio::test]
async fn one_failure_of_the_table_is_not_noticed() {
    let service = Deployed::new().await;
    let functions = Functions::start(&service).await;
    for (name, fault) in [("bob", INTERNAL_ERROR), ("carol", THROTTLED), ("dave", TOO_MUCH)] {
        let address = format!("{name}@example.com");
        for email in [None, Some(address.as_str())] {
            service.proxy.next(1, fault.clone());
            let name = format!("{name}{}", email.map_or("1", |_| "2"));
            functions.register.register(&name, email).await.assert_status(201);
        }
        service.proxy.next(1, fault.clone());
        functions.login.login("alice", PASSWORD).await.assert_status(200);
        service.proxy.next(1, fault);
        functions.validate.validate(&functions.token).await.assert_status(200);
    }
}

#[tokio::test]
async fn a_function_that_starts_during_an_outage_serves_when_it_is_over() {
    let mut service = Deployed::new().await;
    let functions = Functions::start(&service).await;
    for unreachable in [false, true] {
        match unreachable {
            true => service.proxy.refuse().await,
            false => service.proxy.always(Fault::Hang),
        }
        let validate = service.start("validate").await;
        service.proxy.pass();
        validate.validate(&functions.token).await.assert_status(200);
    }
}
