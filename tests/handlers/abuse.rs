//! Lock-outs and rate limits, for guessers and for others.

use std::time::Duration;

use serde_json::{Value, json};

use crate::event::Sender;
use crate::handlers::{Handlers, PASSWORD, Response, later};

/// A name with an account, and two without.
const NAMES: [&str; 3] = ["alice", "nobody", "no name at all!"];

async fn login(service: &Handlers, username: &str, password: &str) -> Response {
    let body = json!({ "username": username, "password": password }).to_string();
    service.login(Sender::HttpApi.post(&body)).await
}

/// Fails this often, each time as soon as the lock-out ends.
async fn fail(service: &Handlers, username: &str, times: u32) {
    for _ in 0..times {
        let mut response = login(service, username, "wrong password").await;
        if response.status == 429 {
            later(retry_after(&response));
            response = login(service, username, "wrong password").await;
        }
        assert_eq!(response.status, 401);
    }
}

fn retry_after(response: &Response) -> Duration {
    Duration::from_secs(response.header("retry-after").unwrap().parse().unwrap())
}

#[tokio::test]
async fn after_five_failures_a_name_is_locked_known_or_not() {
    let service = Handlers::new().await;
    service.enrol("alice").await;
    let mut responses = Vec::new();
    for name in NAMES {
        for _ in 0..5 {
            assert_eq!(login(&service, name, "wrong password").await.status, 401, "{name}");
        }
        let (hashes, calls) = (service.login_hashes(), service.store_calls());
        let locked = login(&service, name, PASSWORD).await;
        assert_eq!((service.login_hashes() - hashes, service.store_calls() - calls), (0, 2), "{name}");
        let body = r#"{"code":"too_many_attempts","error":"Too many attempts","retry_after":1}"#;
        assert_eq!((locked.status, locked.body.as_str()), (429, body));
        assert_eq!(retry_after(&locked), Duration::from_secs(1));
        responses.push(locked);
    }
    assert!(responses.iter().all(|response| *response == responses[0]), "{responses:?}");
}

#[tokio::test]
async fn the_wait_doubles_and_attempts_meanwhile_do_not_prolong_it() {
    let service = Handlers::new().await;
    service.enrol("alice").await;
    for name in NAMES {
        fail(&service, name, 5).await;
        for seconds in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] {
            let wait = Duration::from_secs(seconds);
            assert_eq!(retry_after(&login(&service, name, "wrong password").await), wait, "{name}");
            later(wait - Duration::from_millis(1));
            assert_eq!(retry_after(&login(&service, name, PASSWORD).await), Duration::from_secs(1), "{name}");
            later(Duration::from_millis(1));
            assert_eq!(login(&service, name, "wrong password").await.status, 401, "{name} {seconds}");
        }
    }
}

#[tokio::test]
async fn from_the_hundredth_failure_on_a_name_is_locked_for_a_day() {
    let service = Handlers::with(&[("ARGON2_MEMORY_KIB", "7168"), ("ARGON2_ITERATIONS", "5")]).await;
    service.enrol("alice").await;
    fail(&service, "alice", 99).await;
    assert_eq!(retry_after(&login(&service, "alice", PASSWORD).await), Duration::from_mins(15));
    fail(&service, "alice", 1).await;
    let day = Duration::from_hours(24);
    assert_eq!(retry_after(&login(&service, "alice", PASSWORD).await), day);
    later(day);
    fail(&service, "alice", 1).await;
    assert_eq!(retry_after(&login(&service, "alice", PASSWORD).await), day);
    later(day);
    assert_eq!(login(&service, "alice", PASSWORD).await.status, 200, "and after that its owner is let in");
}

#[tokio::test]
async fn a_success_ends_the_failures() {
    let service = Handlers::new().await;
    service.enrol("alice").await;
    for failures in [4, 5, 20] {
        fail(&service, "alice", failures).await;
        let mut response = login(&service, "Alice", PASSWORD).await;
        if response.status == 429 {
            later(retry_after(&response));
            response = login(&service, "Alice", PASSWORD).await;
        }
        assert_eq!(response.status, 200);
        for _ in 0..5 {
            assert_eq!(login(&service, "alice", "wrong password").await.status, 401);
        }
        assert_eq!(retry_after(&login(&service, "alice", PASSWORD).await), Duration::from_secs(1));
        later(Duration::from_secs(1));
        assert_eq!(login(&service, "alice", PASSWORD).await.status, 200);
    }
}

#[tokio::test]
async fn the_right_password_of_a_disabled_account_is_a_failure_like_any_other() {
    let service = Handlers::new().await;
    service.enrol("alice").await;
    service.sql("UPDATE accounts SET disabled = 1");
    for _ in 0..5 {
        assert_eq!(login(&service, "alice", PASSWORD).await.status, 401);
    }
    assert_eq!(login(&service, "alice", PASSWORD).await.status, 429);
}

#[tokio::test]
async fn one_name_is_locked_in_every_spelling_and_no_other_is() {
    let service = Handlers::new().await;
    service.enrol("alice").await;
    service.enrol("bob").await;
    for name in ["alice", "Alice", "ALICE", "ａlice", "alicE"] {
        assert_eq!(login(&service, name, "wrong password").await.status, 401);
    }
    for name in ["alice", "ＡＬＩＣＥ"] {
        assert_eq!(login(&service, name, PASSWORD).await.status, 429);
    }
    assert_eq!(login(&service, "bob", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_request_without_a_name_counts_nothing() {
    let service = Handlers::new().await;
    service.enrol("alice").await;
    for body in ["", "{}", "[]", r#"{"username":"alice"}"#, r#"{"username":"alice","password":1}"#] {
        for _ in 0..6 {
            assert_eq!(service.login(Sender::HttpApi.post(body)).await.status, 400);
        }
    }
    assert_eq!(login(&service, "alice", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_login_writes_only_after_a_failure() {
    let service = Handlers::new().await;
    service.enrol("alice").await;
    service.sql("CREATE TRIGGER no_insert BEFORE INSERT ON attempts BEGIN SELECT RAISE(ABORT, 'write'); END");
    assert_eq!(login(&service, "alice", PASSWORD).await.status, 200);
    assert_eq!(login(&service, "alice", "wrong password").await.status, 500, "an uncounted failure was told");
    assert_eq!(
        login(&service, "nobody", "wrong password").await.status,
        500,
        "an uncounted failure was told"
    );
    service.sql("DROP TRIGGER no_insert");
    assert_eq!(login(&service, "alice", "wrong password").await.status, 401);
}

#[tokio::test]
async fn records_that_expired_are_cleaned_away() {
    let service = Handlers::new().await;
    for name in ["one", "two", "three"] {
        fail(&service, name, 1).await;
    }
    later(Duration::from_hours(30 * 24));
    fail(&service, "four", 1).await;
    assert_eq!(service.count("attempts"), 1);
}

fn from(address: &str, mut event: Value) -> Value {
    let context = &mut event["requestContext"];
    for place in ["http", "identity"] {
        if context[place].is_object() {
            context[place]["sourceIp"] = address.into();
        }
    }
    event
}

/// A login at a name of its own, so that no name is locked.
fn guess(sender: Sender, number: usize) -> Value {
    let body = json!({ "username": format!("user{number}"), "password": "password of many" }).to_string();
    sender.post(&body)
}

#[tokio::test]
async fn a_client_ip_has_a_limit_of_logins_in_five_minutes() {
    let service = Handlers::with(&[("LOGIN_ATTEMPTS_PER_ADDRESS", "3")]).await;
    service.enrol("alice").await;
    let into_window = Duration::from_secs(1_790_000_000 % 300);
    for sender in [Sender::HttpApi, Sender::RestApi, Sender::FunctionUrl] {
        let body = json!({ "username": "alice", "password": PASSWORD }).to_string();
        for (number, address) in ["203.0.113.7", "::ffff:203.0.113.7", "203.0.113.7"].iter().enumerate() {
            assert_eq!(service.login(from(address, guess(sender, number))).await.status, 401);
        }
        let hashes = service.login_hashes();
        let limited = service.login(from("203.0.113.7", sender.post(&body))).await;
        let told = json!({ "code": "too_many_attempts", "error": "Too many attempts", "retry_after": retry_after(&limited).as_secs() });
        assert_eq!((limited.status, limited.json()), (429, told));
        assert_eq!(retry_after(&limited), Duration::from_mins(5) - into_window, "{sender:?}");
        assert_eq!(service.login_hashes(), hashes);
        assert_eq!(service.login(from("203.0.113.8", sender.post(&body))).await.status, 200);
        // The next window begins.
        later(Duration::from_mins(5) - into_window);
        assert_eq!(service.login(from("203.0.113.7", sender.post(&body))).await.status, 200);
        later(into_window);
        service.sql("DELETE FROM attempts; DELETE FROM windows");
    }
}

#[tokio::test]
async fn an_address_is_what_the_gateway_saw_and_no_header() {
    let service = Handlers::with(&[("LOGIN_ATTEMPTS_PER_ADDRESS", "1")]).await;
    for (number, forged) in ["198.51.100.1", "198.51.100.2"].iter().enumerate() {
        let mut event = from("203.0.113.7", guess(Sender::HttpApi, number));
        for header in ["x-forwarded-for", "forwarded", "x-real-ip"] {
            event["headers"][header] = (*forged).into();
        }
        assert_eq!(service.login(event).await.status, if number == 0 { 401 } else { 429 });
    }
    // A load balancer tells the client IP in a header only, which a client can write: nothing is counted.
    for number in 2..4 {
        let mut event = guess(Sender::LoadBalancer, number);
        event["headers"]["x-forwarded-for"] = "203.0.113.7".into();
        assert_eq!(service.login(event).await.status, 401);
    }
}

#[tokio::test]
async fn an_address_may_try_so_many_registrations() {
    let service = Handlers::with(&[("REGISTRATIONS_PER_ADDRESS", "2")]).await;
    let register = |number: usize| {
        let body = json!({ "username": format!("user{number}"), "password": PASSWORD }).to_string();
        from("2001:db8::1", Sender::HttpApi.post(&body))
    };
    for number in 0..2 {
        assert_eq!(service.register(register(number)).await.status, 201);
    }
    let neighbour = |number| from("2001:db8::ffff:1", register(number));
    assert_eq!(service.register(neighbour(2)).await.status, 429);
    assert_eq!(service.register(from("2001:db8:0:1::1", register(2))).await.status, 201);
    // Malformed requests are not counted: they tell nothing about accounts.
    assert_eq!(service.login(from("2001:db8::1", guess(Sender::HttpApi, 9))).await.status, 401);
}

#[tokio::test]
async fn without_a_limit_nothing_is_counted() {
    let service = Handlers::new().await;
    for number in 0..30 {
        assert_eq!(service.login(from("203.0.113.7", guess(Sender::HttpApi, number))).await.status, 401);
    }
    assert_eq!(service.count("windows"), 0);
}

#[tokio::test]
async fn windows_that_ended_are_cleaned_away() {
    let service = Handlers::with(&[("LOGIN_ATTEMPTS_PER_ADDRESS", "10")]).await;
    for address in ["203.0.113.7", "203.0.113.8"] {
        service.login(from(address, guess(Sender::HttpApi, 0))).await;
    }
    assert_eq!(service.count("windows"), 2);
    later(Duration::from_mins(10));
    service.login(from("203.0.113.7", guess(Sender::HttpApi, 1))).await;
    assert_eq!(service.count("windows"), 1);
}

/// An office behind one client IP must not lock itself out by logging in.
#[tokio::test]
async fn successes_do_not_count_against_a_client_ip() {
    let service = Handlers::with(&[("LOGIN_ATTEMPTS_PER_ADDRESS", "3")]).await;
    service.enrol("alice").await;
    let body = json!({ "username": "alice", "password": PASSWORD }).to_string();
    let good = || from("203.0.113.7", Sender::HttpApi.post(&body));
    for _ in 0..10 {
        assert_eq!(service.login(good()).await.status, 200);
    }
    for number in 0..3 {
        assert_eq!(service.login(from("203.0.113.7", guess(Sender::HttpApi, number))).await.status, 401);
    }
    assert_eq!(service.login(good()).await.status, 429);
}

/// A customer with a /48 has 65,536 networks of /64: together they may fail ten times as often as one.
#[tokio::test]
async fn the_networks_of_a_site_are_limited_together() {
    let service = Handlers::with(&[("LOGIN_ATTEMPTS_PER_ADDRESS", "1")]).await;
    for number in 0..11 {
        let ip = format!("2001:db8:1:{number:x}::1");
        let status = service.login(from(&ip, guess(Sender::HttpApi, number))).await.status;
        assert_eq!(status, if number < 10 { 401 } else { 429 }, "{number}");
    }
    assert_eq!(service.login(from("2001:db8:2::1", guess(Sender::HttpApi, 11))).await.status, 401);
}

/// In whatever spelling: an address that nobody has is one name, as that of an account is.
#[tokio::test]
async fn one_email_is_locked_in_every_spelling_known_or_not() {
    let service = Handlers::new().await;
    let body = json!({ "username": "bob", "email": "bob@münchen.example", "password": PASSWORD }).to_string();
    assert_eq!(service.register(Sender::HttpApi.post(&body)).await.status, 201);
    let domains = ["münchen.example", "MÜNCHEN.example", "xn--mnchen-3ya.example", "münchen。example"];
    for name in ["bob", "nobody"] {
        let mut statuses = Vec::new();
        for domain in domains.iter().cycle().take(6) {
            let body =
                json!({ "email": format!("{name}@{domain}"), "password": "wrong password" }).to_string();
            statuses.push(service.login(Sender::HttpApi.post(&body)).await.status);
        }
        assert_eq!(statuses, [401, 401, 401, 401, 401, 429], "{name}");
    }
}
