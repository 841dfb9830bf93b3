use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::event;
use crate::proxy::Fault;
use crate::runtime_api::{Answer, Function};
use crate::service::Service;

/// Those who want the name, and the functions that serve them.
const RACERS: usize = 64;
const PROCESSES: usize = 8;

/// One name, in forms that case folding and NFKC make equal.
const SPELLINGS: [&str; 6] =
    ["bürofin", "BÜROFIN", "bu\u{308}rofin", "büro\u{fb01}n", "ｂüｒｏｆｉｎ", "Bürofin"];

fn username(racer: usize) -> &'static str {
    SPELLINGS[racer % SPELLINGS.len()]
}

fn password(racer: usize) -> String {
    format!("correct horse battery {racer}")
}

#[tokio::test]
async fn of_all_who_want_a_name_one_gets_it() {
    race(|_| None).await;
}

#[tokio::test]
async fn of_all_who_want_a_name_and_an_address_one_gets_both() {
    race(|racer| {
        Some(match racer % 3 {
            0 => "Team@example.com".to_owned(),
            1 => "team@EXAMPLE.com".to_owned(),
            _ => format!("racer{racer}@example.com"),
        })
    })
    .await;
}

async fn race(email: impl Fn(usize) -> Option<String>) {
    let service = Service::new().await;
    // The first write of every process is held until that of the last one is there.
    service.proxy.next(PROCESSES, Fault::Together(Arc::new(Barrier::new(PROCESSES))));
    let bodies = (0..RACERS).map(|racer| {
        let body = json!({ "username": username(racer), "password": password(racer) });
        match email(racer) {
            Some(email) => {
                json!({ "username": body["username"], "password": body["password"], "email": email })
            }
            None => body,
        }
    });
    let answers = all(&service, "register", PROCESSES, bodies).await;

    let winners: Vec<_> = (0..RACERS).filter(|racer| answers[*racer].status == 201).collect();
    let [winner] = winners[..] else { panic!("{winners:?} won") };
    let taken = json!(["A user with that username already exists."]);
    for (racer, answer) in answers.iter().enumerate().filter(|(racer, _)| *racer != winner) {
        assert_eq!((answer.status, &answer.body["username"]), (400, &taken), "{racer}: {answer:?}");
    }

    let won = &answers[winner];
    let items = service.engine.items().await;
    let keys: Vec<_> = items.keys().map(String::as_str).collect();
    let marker = email(winner).map(|email| format!("EMAIL#{}", email.to_lowercase()));
    let expected: Vec<_> = marker.as_deref().into_iter().chain(["USERNAME#bürofin"]).collect();
    assert_eq!(keys, expected);
    for item in items.values() {
        assert_eq!(item["id"].as_s().unwrap(), won.body["user_id"].as_str().unwrap());
    }

    let validate = service.start("validate").await;
    validate.validate(won.token()).await.assert_status(200);
    let login = service.start("login").await;
    let losers: Vec<_> = (0..RACERS).filter(|racer| *racer != winner).collect();
    // A success in between, so that the name is not locked.
    for losers in losers.chunks(4) {
        for loser in losers {
            login.login(username(*loser), &password(*loser)).await.assert_status(401);
        }
        login.login(username(winner), &password(winner)).await.assert_status(200);
    }
}

/// The answers of several processes at once, in the order of the bodies.
async fn all(
    service: &Service,
    function: &str,
    processes: usize,
    bodies: impl Iterator<Item = Value>,
) -> Vec<Answer> {
    let bodies: Vec<_> = bodies.enumerate().collect();
    let mut serving = JoinSet::new();
    for process in 0..processes {
        let function: Function = service.start(function).await;
        let own = bodies.iter().filter(|(number, _)| number % processes == process).cloned();
        let own: Vec<_> = own.collect();
        serving.spawn(async move {
            let mut answers = Vec::new();
            for (number, body) in own {
                answers.push((number, function.call(&event::post(&body)).await));
            }
            answers
        });
    }
    let mut answers: Vec<_> = serving.join_all().await.into_iter().flatten().collect();
    answers.sort_by_key(|(number, _)| *number);
    answers.into_iter().map(|(_, answer)| answer).collect()
}
