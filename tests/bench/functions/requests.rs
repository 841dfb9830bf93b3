//! The times of starts and requests. All kinds take turns, so that all meet the same state of the machine.

use std::time::Instant;

use serde_json::{Value, json};
use support::samples::{bearing, credentials, forged, post, to_login};

use crate::backends::{Backends, PASSWORD, Store, look_up, refresh_token, token, write};
use crate::function::Function;
use crate::hash::Bare;
use crate::statistics::Measurements;

/// The number of rounds before the measured ones.
const WARM_UP: usize = 3;

/// The number of cheap requests for one that computes a hash.
const CHEAP: usize = 10;

/// Measures starts of each function: the time until it asks for its first event, until its first response, and of that
/// request alone.
pub async fn starts(backends: &Backends, rounds: usize, into: &mut Measurements) {
    let mut tokens = Vec::new();
    for store in Store::ALL {
        tokens.push(token(&register(backends, store, "starter").await));
    }
    for round in 0..rounds {
        start(backends, "hello", None, &bearing("none"), 200, into).await;
        into.add("two first responses to a bare client ms", backends.first_responses());
        for (store, token) in Store::ALL.into_iter().zip(&tokens) {
            let right = credentials("starter", PASSWORD);
            let new = credentials(&format!("starter{round}"), PASSWORD);
            start(backends, "validate", Some(store), &bearing(token), 200, into).await;
            start(backends, "login", Some(store), &right, 200, into).await;
            start(backends, "register", Some(store), &new, 201, into).await;
        }
    }
}

async fn start(
    backends: &Backends,
    name: &str,
    store: Option<Store>,
    event: &Value,
    status: u64,
    into: &mut Measurements,
) {
    let (function, ready) = match store {
        Some(store) => backends.function(name, store).await,
        None => backends.hello().await,
    };
    let (_, first) = function.send(event, status).await;
    let age = function.age();
    let name = label(name, store);
    into.add(format!("{name} start to first next ms"), ready);
    into.add(format!("{name} start to first answer ms"), age);
    into.add(format!("{name} first request ms"), first);
}

/// Measures requests to running functions.
pub async fn warm(backends: &Backends, store: Store, rounds: usize, into: &mut Measurements) {
    let client = backends.client();
    let response = register(backends, store, "regular").await;
    let (good, forged) = (bearing(&token(&response)), bearing(&forged(&token(&response))));
    let (hello, _) = backends.hello().await;
    let (validate, _) = backends.function("validate", store).await;
    let (login, _) = backends.function("login", store).await;
    let (registering, _) = backends.function("register", store).await;
    let mut sessions = Sessions::begin(backends, store).await;
    let bare = Bare::new();
    for round in 0..rounds + WARM_UP {
        let mut notes = Notes { store, into: (round >= WARM_UP).then_some(&mut *into) };
        for _ in 0..CHEAP {
            notes.send("hello warm beside", &hello, &good, 200).await;
            notes.send("validate good token", &validate, &good, 200).await;
            notes.send("validate bad token", &validate, &forged, 401).await;
            if store == Store::DynamoDb {
                let asked = Instant::now();
                look_up(&client, "regular").await;
                notes.add("one GetItem by the SDK", "ms", asked.elapsed().as_secs_f64() * 1000.0);
                let asked = Instant::now();
                write(&client, "regular").await;
                notes.add("one UpdateItem by the SDK", "ms", asked.elapsed().as_secs_f64() * 1000.0);
            }
            sessions.refresh(&mut notes, &validate).await;
        }
        notes.add("argon2id, bare beside", "ms", bare.compute());
        // No name fails twice, and so none is locked.
        let last = format!("warm{}", round.wrapping_sub(1));
        let known = if round == 0 { "regular" } else { &last };
        for (what, event, status) in [
            ("login right password", credentials("regular", PASSWORD), 200),
            ("login wrong password", credentials(known, "a wrong password"), 401),
            ("login right password after a wrong one", credentials(known, PASSWORD), 200),
            ("login unknown name", credentials(&format!("nobody{round}"), PASSWORD), 401),
            ("login with a session", with_session(known), 200),
        ] {
            notes.send(what, &login, &event, status).await;
        }
        let (name, address) = (format!("warm{round}"), format!("warm{round}@example.com"));
        let with_address = json!({ "username": format!("{name}a"), "password": PASSWORD, "email": address });
        let forgetful = json!({ "username": format!("nobody{round}") });
        for (what, event, status) in [
            ("register new name", credentials(&name, PASSWORD), 201),
            ("register new name and address", post(&with_address), 201),
            ("register taken name", credentials(&name, PASSWORD), 400),
            ("register code for a new password", to_login("POST", "/password/forgot", &forgetful), 202),
        ] {
            notes.send(what, &registering, &event, status).await;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "few rounds, small logs")]
    let per = |function: &Function, requests: usize| {
        function.logged() as f64 / (requests * (rounds + WARM_UP)) as f64
    };
    for (name, function, requests) in [
        ("hello", &hello, CHEAP),
        ("validate", &validate, 3 * CHEAP),
        ("login", &login, 5),
        ("refresh", &sessions.login, CHEAP),
        ("register", &registering, 4),
    ] {
        let name = label(name, (name != "hello").then_some(store));
        into.add(format!("{name} peak memory MB"), function.peak_memory());
        into.add(format!("{name} log per request bytes"), per(function, requests));
    }
}

/// A session of an account of its own, and one under a key of RS256.
struct Sessions {
    login: Function,
    token: String,
    login_by_rs256: Function,
    token_by_rs256: String,
}

impl Sessions {
    async fn begin(backends: &Backends, store: Store) -> Self {
        register(backends, store, "traveller").await;
        let (login, _) = backends.function("login", store).await;
        let login_by_rs256 = backends.login_by_rs256(store).await;
        let [token, token_by_rs256] = [
            refresh_token(&login.send(&with_session("traveller"), 200).await.0),
            refresh_token(&login_by_rs256.send(&with_session("traveller"), 200).await.0),
        ];
        Self { login, token, login_by_rs256, token_by_rs256 }
    }

    /// Exchanges both refresh tokens for the next ones.
    async fn refresh(&mut self, notes: &mut Notes<'_>, validate: &Function) {
        let request = |token: &str| to_login("POST", "/refresh", &json!({ "refresh_token": token }));
        let response = notes.send("refresh current token", &self.login, &request(&self.token), 200).await;
        self.token = refresh_token(&response);
        notes.send("validate token of a session", validate, &bearing(&token(&response)), 200).await;
        let by_rs256 = request(&self.token_by_rs256);
        let response = notes.send("refresh by RS256", &self.login_by_rs256, &by_rs256, 200).await;
        self.token_by_rs256 = refresh_token(&response);
    }
}

fn with_session(username: &str) -> Value {
    post(&json!({ "username": username, "password": PASSWORD, "session": "token" }))
}

/// The measurements of requests, or none during the warm-up.
struct Notes<'a> {
    store: Store,
    into: Option<&'a mut Measurements>,
}

impl Notes<'_> {
    /// Sends an event, and notes its time and its processor time. Returns the response.
    async fn send(&mut self, what: &str, function: &Function, event: &Value, status: u64) -> Value {
        let busy = function.processor_time();
        let (response, took) = function.send(event, status).await;
        self.add(what, "ms", took);
        self.add(what, "cpu ms", function.processor_time() - busy);
        response
    }

    fn add(&mut self, what: &str, unit: &str, value: f64) {
        if let Some(into) = &mut self.into {
            into.add(format!("{} {unit}", label(what, Some(self.store))), value);
        }
    }
}

async fn register(backends: &Backends, store: Store, username: &str) -> Value {
    let (function, _) = backends.function("register", store).await;
    function.send(&credentials(username, PASSWORD), 201).await.0
}

/// The beginning of a quantity's name.
pub fn label(what: &str, store: Option<Store>) -> String {
    store.map_or_else(|| what.to_owned(), |store| format!("{what}, {}", store.name()))
}
