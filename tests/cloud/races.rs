use std::sync::Arc;

use serde_json::{Value, json};
use support::samples;
use tokio::sync::{Barrier, watch};
use tokio::task::JoinSet;

use crate::deployed::PASSWORD;
use crate::function::{Function, Response};
use crate::place::Place;
use crate::proxy::Fault;

/// The number of processes that register the same name.
const PROCESSES: usize = 8;

/// One name, in forms that case folding and NFKC make equal.
const SPELLINGS: [&str; 6] =
    ["bürofin", "BÜROFIN", "bu\u{308}rofin", "büro\u{fb01}n", "ｂüｒｏｆｉｎ", "Bürofin"];

#[tokio::test]
async fn of_2_32_or_200_racers_for_a_name_one_wins_in_a_table() {
    let place = Place::table().await;
    for (round, racers) in [2, 2, 2, 2, 2, 32, 200].into_iter().enumerate() {
        race(&place, round, racers, |_| None).await;
    }
}

#[tokio::test]
async fn of_2_32_or_200_racers_for_a_name_one_wins_in_a_file() {
    let place = Place::file();
    for (round, racers) in [2, 2, 2, 2, 2, 32, 200].into_iter().enumerate() {
        race(&place, round, racers, |_| None).await;
    }
}

#[tokio::test]
async fn of_racers_for_a_name_and_an_email_one_wins_both_in_a_table() {
    race_for_both(&Place::table().await).await;
}

#[tokio::test]
async fn of_racers_for_a_name_and_an_email_one_wins_both_in_a_file() {
    race_for_both(&Place::file()).await;
}

async fn race_for_both(place: &Place) {
    race(place, 0, 64, |racer| {
        Some(match racer % 3 {
            0 => "Team@example.com".to_owned(),
            1 => "team@EXAMPLE.com".to_owned(),
            _ => format!("racer{racer}@example.com"),
        })
    })
    .await;
    let Place::Table(service) = place else { return };
    let mut items = service.engine.items().await;
    items.retain(|key, _| !key.starts_with("ATTEMPTS#"));
    assert_eq!(items.len(), 2, "{items:?}");
    assert!(items.values().all(|item| item["id"] == items["USERNAME#bürofin0"]["id"]), "{items:?}");
}

/// Registers one name in all its spellings, each with a password of its own. One gets the account; the responses of the
/// others say that the name is taken.
async fn race(place: &Place, round: usize, racers: usize, email: impl Fn(usize) -> Option<String>) {
    let username = |racer: usize| format!("{}{round}", SPELLINGS[racer % SPELLINGS.len()]);
    let password = |racer: usize| format!("correct horse battery {racer}");
    let credentials = |racer| json!({ "username": username(racer), "password": password(racer) });
    let processes = place.start_many("register", PROCESSES.min(racers)).await;
    let before = place.account_ids().await;
    if let Place::Table(service) = place {
        // The first write of every process waits for that of the last one.
        let together = Fault::Together(Arc::new(Barrier::new(processes.len())));
        service.proxy.next(processes.len(), together);
    }
    let bodies = (0..racers).map(|racer| {
        let mut body = credentials(racer);
        if let Some(email) = email(racer) {
            body["email"] = email.into();
        }
        body
    });
    let responses = all(processes, bodies).await;

    let winners: Vec<_> = (0..racers).filter(|racer| responses[*racer].status == 201).collect();
    let [winner] = winners[..] else { panic!("{winners:?} won") };
    let taken = json!(["A user with that username already exists."]);
    for (racer, response) in responses.iter().enumerate().filter(|(racer, _)| *racer != winner) {
        assert_eq!((response.status, &response.body["username"]), (400, &taken), "{racer}: {response:?}");
    }

    let won = &responses[winner];
    let id = won.body["user_id"].as_str().unwrap();
    let mut ids = place.account_ids().await;
    ids.retain(|id| !before.contains(id));
    assert_eq!(ids, [id]);
    let valid = place.start("validate").await.validate(won.token()).await.assert_status(200);
    assert_eq!(valid.body, json!({ "valid": true, "user_id": id }));
    let login = place.start("login").await;
    // Each costs a hash: some of two hundred are enough. A success in between keeps the name from being locked.
    let losers: Vec<_> = (0..racers).filter(|racer| *racer != winner).take(32).collect();
    for losers in losers.chunks(4) {
        for loser in losers {
            login.call(&samples::post(&credentials(*loser))).await.assert_status(401);
        }
        login.call(&samples::post(&credentials(winner))).await.assert_status(200);
    }
}

/// The responses of several processes at once, in the order of the bodies.
async fn all(processes: Vec<Function>, bodies: impl Iterator<Item = Value>) -> Vec<Response> {
    let bodies: Vec<_> = bodies.enumerate().collect();
    let number_of_processes = processes.len();
    let mut serving = JoinSet::new();
    for (process, function) in processes.into_iter().enumerate() {
        let own = bodies.iter().filter(|(number, _)| number % number_of_processes == process).cloned();
        let own: Vec<_> = own.collect();
        serving.spawn(async move {
            let mut responses = Vec::new();
            for (number, body) in own {
                responses.push((number, function.call(&samples::post(&body)).await));
            }
            responses
        });
    }
    let mut responses: Vec<_> = serving.join_all().await.into_iter().flatten().collect();
    responses.sort_by_key(|(number, _)| *number);
    responses.into_iter().map(|(_, response)| response).collect()
}

#[tokio::test]
async fn a_login_beside_its_registration_is_refused_or_succeeds_in_a_table() {
    log_in_while_registering(&Place::table().await).await;
}

#[tokio::test]
async fn a_login_beside_its_registration_is_refused_or_succeeds_in_a_file() {
    log_in_while_registering(&Place::file()).await;
}

async fn log_in_while_registering(place: &Place) {
    let (register, login) = (place.start("register").await, place.start("login").await);
    for round in 0..5 {
        let name = format!("alice{round}");
        let logging_in = async {
            // One more failure would lock the name.
            for _ in 0..4 {
                match login.login(&name, PASSWORD).await.status {
                    200 => break,
                    status => assert_eq!(status, 401),
                }
            }
        };
        let (registered, ()) = tokio::join!(register.register(&name, None), logging_in);
        registered.assert_status(201);
        login.login(&name, PASSWORD).await.assert_status(200);
    }
}

#[tokio::test]
async fn a_token_that_was_once_refused_for_a_deleted_account_stays_refused_in_a_table() {
    delete_while_validating(&Place::table().await).await;
}

#[tokio::test]
async fn a_token_that_was_once_refused_for_a_deleted_account_stays_refused_in_a_file() {
    delete_while_validating(&Place::file()).await;
}

async fn delete_while_validating(place: &Place) {
    let registered = place.start("register").await.register("alice", None).await.assert_status(201);
    let (deleted, told) = watch::channel(false);
    let mut validating = JoinSet::new();
    let start = Arc::new(Barrier::new(3));
    for validate in place.start_many("validate", 2).await {
        let (token, start, told) = (registered.token().to_owned(), start.clone(), told.clone());
        validating.spawn(async move {
            let mut statuses = vec![validate.validate(&token).await.status];
            start.wait().await;
            while !*told.borrow() {
                statuses.push(validate.validate(&token).await.status);
            }
            for _ in 0..5 {
                statuses.push(validate.validate(&token).await.status);
            }
            statuses
        });
    }
    start.wait().await;
    place.delete("alice").await;
    deleted.send(true).unwrap();
    for statuses in validating.join_all().await {
        assert!(statuses.iter().all(|status| [200, 401].contains(status)), "{statuses:?}");
        assert!(statuses.is_sorted(), "good again after it was refused: {statuses:?}");
        assert_eq!(statuses[0], 200);
        assert!(statuses.ends_with(&[401; 5]), "good after its account was deleted: {statuses:?}");
    }
}
