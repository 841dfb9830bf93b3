//! Codes that several processes get at once.

use std::sync::Arc;

use serde_json::json;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::Mailing;
use crate::proxy::Fault;

const PROCESSES: usize = 5;
const REQUESTS: usize = 10;

/// Each request has a password of its own.
fn password(process: usize, request: usize) -> String {
    format!("a canary passphrase {process}.{request}")
}

#[tokio::test]
async fn of_fifty_resets_with_the_right_code_one_succeeds() {
    let mailing = Mailing::new().await;
    let register = mailing.register().await;
    register.enrol_alice().await;
    let code = mailing.code(&register).await;
    let together = Fault::Together(Arc::new(Barrier::new(PROCESSES)));
    mailing.service.proxy.next(PROCESSES, together);
    let mut resetting = JoinSet::new();
    for process in 0..PROCESSES {
        let (register, code) = (mailing.register().await, code.clone());
        resetting.spawn(async move {
            let mut won = Vec::new();
            for request in 0..REQUESTS {
                let password = password(process, request);
                let body = json!({ "username": "alice", "code": code, "new_password": password });
                let response = register.post("/password/reset", &body).await;
                match response.status {
                    200 => won.push(password),
                    _ => {
                        let invalid = json!({ "code": ["This code is invalid or has expired."] });
                        assert_eq!((response.status, &response.body), (400, &invalid), "{response:?}");
                    }
                }
            }
            won
        });
    }
    let won: Vec<_> = resetting.join_all().await.into_iter().flatten().collect();
    let [password] = &won[..] else { panic!("{} succeeded", won.len()) };
    let login = mailing.service.start("login").await;
    login.login("alice", password).await.assert_status(200);
    assert_eq!(mailing.of_alice("token_version").await.unwrap().as_n().unwrap(), "1");
    assert_eq!(mailing.deliver(&register).await.len(), 1, "one notice");
}

/// More guesses than a code has tries, at once: none but the first five is compared.
#[tokio::test]
async fn a_right_code_after_wrong_ones_at_once_comes_too_late() {
    let mailing = Mailing::new().await;
    let register = mailing.register().await;
    register.enrol_alice().await;
    let code = mailing.code(&register).await;
    let mut guessing = JoinSet::new();
    for _ in 0..PROCESSES {
        let register = mailing.register().await;
        guessing.spawn(async move {
            for _ in 0..REQUESTS {
                register.reset("00000-00000").await.assert_status(400);
            }
        });
    }
    guessing.join_all().await;
    register.reset(&code).await.assert_status(400);
}
