//! Sessions over HTTP: their tokens, their cookies, their end, and what races, kills and restarts do to them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::header::{AUTHORIZATION, COOKIE};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use support::client::{self, Client, PASSWORD, Response};
use support::emulator::{self, Emulator};
use support::store::Store;
use tokio::task::JoinSet;

/// Clients that send one refresh token at the same time.
const RACERS: usize = 50;

/// Sessions that are refreshed while functions are killed.
const SESSIONS: usize = 8;
const PROCESSES: usize = 4;

/// The acknowledged refreshes after which one process is killed, and after which all are.
const ONE_IS_KILLED: usize = 20;
const ALL_ARE_KILLED: usize = 60;

async fn log_in(client: &Client, name: &str) -> Response {
    let body = json!({ "username": name, "password": PASSWORD, "session": "token" });
    let response = client.post("login", body.to_string()).await;
    assert_eq!(response.status, 200, "{response:?}");
    response
}

async fn refresh(client: &Client, token: &str) -> Response {
    client.post("refresh", json!({ "refresh_token": token }).to_string()).await
}

async fn sessions(client: &Client, bearer: &str) -> Vec<Value> {
    let response = client::send(client.request(Method::GET, "/sessions").header(AUTHORIZATION, bearer)).await;
    assert_eq!(response.status, 200, "{response:?}");
    let body: Value = serde_json::from_str(&response.body).unwrap();
    body["sessions"].as_array().unwrap().clone()
}

pub async fn a_session_lives_until_its_logout_and_another_until_it_is_ended(service: &Emulator) {
    let client = service.client();
    assert_eq!(client.register("marathoner", PASSWORD).await.status, 201);
    let (phone, laptop) = (log_in(&client, "marathoner").await, log_in(&client, "marathoner").await);

    let refreshed = refresh(&client, &phone.text("refresh_token")).await;
    assert_eq!(refreshed.status, 200, "{refreshed:?}");
    assert_eq!(refreshed.text("session_id"), phone.text("session_id"));
    assert_ne!(refreshed.text("refresh_token"), phone.text("refresh_token"));

    let listed = sessions(&client, &refreshed.bearer()).await;
    let current: Vec<_> = listed.iter().filter(|session| session["current"] == true).collect();
    assert_eq!((listed.len(), current.len()), (2, 1), "{listed:?}");
    assert_eq!(current[0]["id"], phone.text("session_id"));

    let path = format!("/sessions/{}", laptop.text("session_id"));
    let end = || client.request(Method::DELETE, &path).header(AUTHORIZATION, refreshed.bearer());
    assert_eq!(client::send(end()).await.status, 204);
    assert_eq!(client::send(end()).await.status, 404);
    assert_eq!(client.validate(&laptop.bearer()).await.status, 401);
    assert_eq!(refresh(&client, &laptop.text("refresh_token")).await.status, 401);

    let body = json!({ "refresh_token": refreshed.text("refresh_token") }).to_string();
    for _ in 0..2 {
        let out = client.post("logout", body.clone()).await;
        assert_eq!((out.status, &*out.body, out.headers.get("content-type")), (204, "", None));
    }
    for bearer in [phone.bearer(), refreshed.bearer()] {
        assert_eq!(client.validate(&bearer).await.status, 401);
    }
    assert_eq!(refresh(&client, &refreshed.text("refresh_token")).await.text("code"), "invalid_session");
}

/// The `name=value` of the cookies that a response sets. The client joins several headers by ` | `.
fn cookies(response: &Response) -> Vec<&str> {
    let set = response.headers.get("set-cookie").map_or("", String::as_str);
    let cookies = set.split(" | ").filter(|cookie| !cookie.is_empty());
    cookies
        .map(|cookie| {
            assert!(cookie.contains("; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age="), "{cookie}");
            cookie.split(';').next().unwrap()
        })
        .collect()
}

fn of_page(request: RequestBuilder, cookies: &[&str]) -> RequestBuilder {
    request.header("sec-fetch-site", "same-origin").header(COOKIE, cookies.join("; "))
}

pub async fn cookies_pass_through_the_emulator_in_both_directions(service: &Emulator) {
    let client = service.client();
    let body = json!({ "username": "baker", "password": PASSWORD, "session": "cookie" }).to_string();
    let registered = client::send(of_page(client.json("register", body), &["theme=dark"])).await;
    assert_eq!(registered.status, 201, "{registered:?}");
    assert!(!registered.body.contains("refresh_token") && !registered.body.contains("device_token"));
    let [first, device] = cookies(&registered)[..] else { panic!("{registered:?}") };
    assert!(first.starts_with("__Host-refresh=refresh.") && device.starts_with("__Host-device=device."));

    // The emulator hands on several cookies, and a browser sends all it has.
    let all = ["theme=dark", first, device];
    let refreshed = client::send(of_page(client.json("refresh", "{}"), &all)).await;
    assert_eq!(refreshed.status, 200, "{refreshed:?}");
    let [second] = cookies(&refreshed)[..] else { panic!("{refreshed:?}") };
    assert!(second != first && !refreshed.body.contains("refresh_token"));

    let foreign = client.json("refresh", "{}").header("sec-fetch-site", "cross-site").header(COOKIE, second);
    let foreign = client::send(foreign).await;
    assert_eq!((foreign.status, foreign.text("code")), (403, "cross_site".to_owned()));

    let out = client::send(of_page(client.json("logout", "{}"), &[second])).await;
    assert_eq!((out.status, cookies(&out)), (204, vec!["__Host-refresh="]));
    let refused = client::send(of_page(client.json("refresh", "{}"), &[second])).await;
    assert_eq!((refused.status, cookies(&refused)), (401, vec!["__Host-refresh="]));
}

pub async fn many_refreshes_of_one_token_at_once_get_one_successor(store: &Store) {
    let services = [
        Emulator::start_many(&store.variables, PROCESSES),
        Emulator::start_many(&store.variables, PROCESSES),
    ];
    let clients = services.each_ref().map(Emulator::client);
    assert_eq!(clients[0].register("sprinter", PASSWORD).await.status, 201);
    let token = log_in(&clients[0], "sprinter").await.text("refresh_token");

    let racers = (0..RACERS).map(|racer| {
        let (client, token) = (clients[racer % clients.len()].clone(), token.clone());
        async move { refresh(&client, &token).await }
    });
    let responses = racers.collect::<JoinSet<_>>().join_all().await;
    let successor = responses[0].text("refresh_token");
    assert_ne!(successor, token);
    for response in &responses {
        assert_eq!((response.status, response.text("refresh_token")), (200, successor.clone()));
        assert_eq!(clients[1].validate(&response.bearer()).await.status, 200);
    }
    for service in &services {
        assert!(service.processes("login").len() > 1, "several processes raced");
    }
    assert_eq!(refresh(&clients[1], &successor).await.status, 200);
}

/// A client that refreshes its session until it gets no response. Returns the token that it presented last.
async fn refresh_on(client: Client, mut token: String, acknowledged: Arc<AtomicUsize>) -> String {
    loop {
        let body = json!({ "refresh_token": token }).to_string();
        match client::try_send(client.json("refresh", body)).await {
            Ok(response) if response.status == 200 => token = response.text("refresh_token"),
            Ok(response) if response.status < 500 => panic!("{response:?}"),
            _ => return token,
        }
        acknowledged.fetch_add(1, Ordering::Relaxed);
    }
}

pub async fn no_session_is_lost_when_functions_are_killed(store: &Store) {
    let service = Emulator::start_many(&store.variables, PROCESSES);
    let client = service.client();
    assert_eq!(client.register("survivor", PASSWORD).await.status, 201);
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    for _ in 0..SESSIONS {
        let token = log_in(&client, "survivor").await.text("refresh_token");
        clients.spawn(refresh_on(client.clone(), token, acknowledged.clone()));
    }
    for (count, all) in [(ONE_IS_KILLED, false), (ALL_ARE_KILLED, true)] {
        while acknowledged.load(Ordering::Relaxed) < count {
            assert!(clients.len() == SESSIONS, "a client gave up");
            tokio::task::yield_now().await;
        }
        let processes = service.processes("login");
        assert!(processes.len() > 1, "several processes refresh");
        emulator::kill(if all { &processes } else { &processes[..1] });
    }
    // Requests under way would wait for the processes.
    drop(service);
    let tokens = clients.join_all().await;

    let service = Emulator::start(&store.variables);
    let client = service.client();
    for token in tokens {
        let retried = refresh(&client, &token).await;
        assert_eq!(retried.status, 200, "{retried:?}");
        assert_eq!(client.validate(&retried.bearer()).await.status, 200);
        assert_eq!(refresh(&client, &retried.text("refresh_token")).await.status, 200);
    }
}

pub async fn sessions_survive_a_restart(store: &Store) {
    let before = Emulator::start(&store.variables);
    assert_eq!(before.client().register("sleeper", PASSWORD).await.status, 201);
    let logged_in = log_in(&before.client(), "sleeper").await;
    let refreshed = refresh(&before.client(), &logged_in.text("refresh_token")).await;
    drop(before);

    let after = Emulator::start(&store.variables);
    let client = after.client();
    assert_eq!(client.validate(&logged_in.bearer()).await.status, 200);
    let again = refresh(&client, &refreshed.text("refresh_token")).await;
    assert_eq!((again.status, again.text("session_id")), (200, logged_in.text("session_id")));
    assert_eq!(sessions(&client, &again.bearer()).await.len(), 1);
}
