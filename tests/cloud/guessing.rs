//! Guesses at passwords, by several processes at once and while the table fails.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use shared::deadlines;
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::deployed::{Deployed, PASSWORD};
use crate::proxy::Fault;

const PROCESSES: usize = 8;
/// The key of the failures at `alice`: SHA-256 of the name.
pub const ATTEMPTS: &str = "ATTEMPTS#2bd806c97f0e00af1a1fc3328fa763a9269723c8db8fac4f93af71db186d6e90";

/// The number of failures on record.
async fn failures(service: &Deployed) -> u64 {
    let items = service.engine.items().await;
    items.get(ATTEMPTS).map_or(0, |item| item["failures"].as_n().unwrap().parse().unwrap())
}

/// The sum of the lock-outs between this many failures.
fn waits(failures: u64) -> Duration {
    Duration::from_secs((5..failures).map(|failure| 1u64 << (failure - 5).min(9)).sum())
}

/// Guesses from several processes at once. Returns the number of responses that depend on the password.
async fn guess(service: &Deployed, guesses: usize, password: impl Fn(usize) -> String) -> u64 {
    let mut guessing = JoinSet::new();
    for process in 0..PROCESSES {
        let login = service.start("login").await;
        let own: Vec<_> = (process..guesses).step_by(PROCESSES).map(&password).collect();
        guessing.spawn(async move {
            let mut told = 0;
            for password in own {
                let response = login.login("alice", &password).await;
                match response.status {
                    200 | 401 => told += 1,
                    _ => assert_eq!(response.status, 429, "{response:?}"),
                }
            }
            told
        });
    }
    guessing.join_all().await.into_iter().sum()
}

#[tokio::test]
async fn a_thousand_guesses_at_once_learn_no_more_than_the_schedule_allows() {
    let service = Deployed::new().await;
    service.start("register").await.register("alice", None).await.assert_status(201);
    // The first writes wait until every process has one, all of the same record.
    service.proxy.next(PROCESSES, Fault::Together(Arc::new(Barrier::new(PROCESSES))));
    let began = Instant::now();
    let told = guess(&service, 1000, |number| format!("guess {number}")).await;
    assert_eq!(failures(&service).await, told, "each that was told was counted, and no other");
    assert!(told >= 5, "{told}");
    assert!(began.elapsed() >= waits(told), "{told} in {:?}", began.elapsed());
}

/// A login that read the record before the lock-out and ends after it learns nothing, not even of a right password.
#[tokio::test]
async fn a_right_guess_that_comes_too_late_is_told_nothing() {
    let service = Deployed::new().await;
    service.start("register").await.register("alice", None).await.assert_status(201);
    let login = service.start("login").await;
    login.login("alice", "wrong password").await.assert_status(401);

    let held = Arc::new(Barrier::new(2));
    service.proxy.next(1, Fault::Hold(held.clone()));
    let late = tokio::spawn(async move { login.login("alice", PASSWORD).await });
    held.wait().await;
    let number = |number: &str| Some(AttributeValue::N(number.to_owned()));
    service.engine.change(ATTEMPTS, "failures", number("5")).await;
    service.engine.change(ATTEMPTS, "locked_until", number("99999999999999")).await;
    service.engine.change(ATTEMPTS, "version", Some(AttributeValue::S("another".to_owned()))).await;
    held.wait().await;
    late.await.unwrap().assert_status(429);
    assert_eq!(failures(&service).await, 5);
}

#[tokio::test]
async fn a_failure_whose_confirmation_was_lost_counts_once() {
    for fault in [Fault::LoseResponse, Fault::WithholdResponse] {
        let service = Deployed::new().await;
        let login = service.start("login").await;
        for count in [1, 2] {
            service.proxy.next(1, fault.clone());
            service.proxy.calls();
            login.login("alice", "wrong password").await.assert_status(401);
            let calls = service.proxy.calls();
            assert_eq!((calls.len(), &calls[2]), (4, &calls[3]), "{calls:?}");
            assert_eq!(failures(&service).await, count);
        }
    }
}

#[tokio::test]
async fn a_success_whose_confirmation_was_lost_is_one() {
    for fault in [Fault::LoseResponse, Fault::WithholdResponse] {
        let service = Deployed::new().await;
        service.start("register").await.register("alice", None).await.assert_status(201);
        let login = service.start("login").await;
        login.login("alice", "wrong password").await.assert_status(401);
        service.proxy.next(1, fault);
        login.login("alice", PASSWORD).await.assert_status(200);
        assert_eq!(failures(&service).await, 0);
    }
}

#[tokio::test]
async fn a_failure_that_cannot_be_counted_is_not_told() {
    let service = Deployed::new().await;
    service.start("register").await.register("alice", None).await.assert_status(201);
    let login = service.start("login").await;
    service.proxy.always(Fault::Conflict);
    for name in ["alice", "nobody"] {
        login.login(name, "wrong password").await.assert_unavailable();
    }
    assert_eq!(failures(&service).await, 0);
    login.login("alice", PASSWORD).await.assert_status(200);
}

/// The counts of requests to a function by window of a client IP.
async fn windows(service: &Deployed, function: &str) -> Vec<u32> {
    let items = service.engine.items().await;
    let windows = items.iter().filter(|(key, _)| key.starts_with(&format!("ADDRESS#{function}#")));
    windows
        .map(|(key, window)| {
            assert!(key.ends_with(window["expires_at"].as_n().unwrap()), "{window:?}");
            window["requests"].as_n().unwrap().parse().unwrap()
        })
        .collect()
}

#[tokio::test]
async fn an_address_is_counted_by_all_processes_together() {
    let service = Deployed::new().await;
    let limited = [("LOGIN_ATTEMPTS_PER_ADDRESS", Some("20"))];
    let mut logins = JoinSet::new();
    for process in 0..PROCESSES {
        let login = service.start_with("login", &limited).await;
        logins.spawn(async move {
            let (mut told, mut repetitions) = (0, 0);
            for number in 0..5 {
                let name = format!("nobody{process}.{number}");
                let response = login.login(&name, "password of many").await;
                told += u32::from(response.status == 401);
                // A second attempt of the call that counts, or a third, comes after the time of one.
                repetitions += if response.trace.took < deadlines::AWS_ATTEMPT { 0 } else { 2 };
            }
            (told, repetitions)
        });
    }
    let logins = logins.join_all().await.into_iter();
    let (told, repetitions) = logins.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
    let requests = windows(&service, "login").await;
    // One window may have ended in between. Attempts at the same time find the same count, one a process at most:
    // those are counted, and not told.
    let counted = requests.iter().map(|requests| *requests.min(&20)).sum::<u32>();
    assert!(
        told <= counted && counted <= told + repetitions,
        "{told} told, {requests:?}, {repetitions} repetitions"
    );
    let at_once = u32::try_from(PROCESSES).unwrap() - 1;
    assert!(
        requests.iter().all(|requests| *requests <= 20 + at_once + repetitions),
        "attempts turned away count: {requests:?}"
    );
}

/// The limit is then reached earlier, never later.
#[tokio::test]
async fn a_count_for_an_address_whose_confirmation_was_lost_is_repeated() {
    let service = Deployed::new().await;
    let register = service.start_with("register", &[("REGISTRATIONS_PER_ADDRESS", Some("20"))]).await;
    service.proxy.next(1, Fault::LoseResponse);
    register.register("alice", None).await.assert_status(201);
    assert_eq!(windows(&service, "register").await, [2]);
}
