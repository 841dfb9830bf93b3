//! Concurrent registrations of one name.

use std::collections::BTreeSet;

use support::client::Response;
use support::emulator::Emulator;
use support::store::Store;
use tokio::task::JoinSet;

const ROUNDS: usize = 3;
const RACERS: usize = 64;
const PROCESSES: usize = 4;

/// Each letter in the spellings that fold to it: small, capital, full-width, and the Kelvin sign and the long s.
const SPELLINGS: [[&str; 4]; 3] =
    [["k", "K", "ｋ", "\u{212a}"], ["i", "I", "ｉ", "Ｉ"], ["s", "S", "Ｓ", "\u{17f}"]];

pub async fn of_many_racers_for_one_name_one_wins(store: &Store) {
    let service = Emulator::start_many(&store.variables, PROCESSES);
    for round in 0..ROUNDS {
        let racers = racers(round);
        let registrations = all_at_once(&racers, |Racer { name, password }| {
            let client = service.client();
            async move { client.register(&name, &password).await }
        });
        let (winners, losers): (Vec<_>, Vec<_>) =
            registrations.await.into_iter().partition(|(_, response)| response.status == 201);
        for (_, response) in &losers {
            response.must_be(400, r#"{"username":["A user with that username already exists."]}"#, None);
        }
        let [(winner, registered)] = &winners[..] else {
            panic!("{} winners in round {round}", winners.len())
        };

        let valid = service.client().validate(&registered.bearer()).await;
        assert_eq!((valid.status, valid.text("user_id")), (200, registered.text("user_id")));
        let client = service.client();
        // A success in between keeps the name from being locked.
        for losers in losers.chunks(4) {
            for (Racer { name, password }, _) in losers {
                assert_eq!(client.login(name, password).await.status, 401, "{name}, won by {winner:?}");
            }
            assert_eq!(client.login(&winner.name, &winner.password).await.status, 200);
        }
    }
    assert_eq!(service.processes("register").len(), PROCESSES, "so many raced at once");
}

#[derive(Clone, Debug, PartialEq)]
struct Racer {
    name: String,
    password: String,
}

/// One name in as many spellings as there are racers, each with a password of its own.
fn racers(round: usize) -> Vec<Racer> {
    let [first, second, third] = SPELLINGS;
    let spell = |n: usize| format!("{}{}{}-{round}", first[n % 4], second[n / 4 % 4], third[n / 16 % 4]);
    let names: BTreeSet<_> = (0..RACERS).map(spell).collect();
    assert_eq!(names.len(), RACERS, "no spelling twice");
    let racer = |(n, name)| Racer { name, password: format!("password of racer {n}") };
    names.into_iter().enumerate().map(racer).collect()
}

/// Sends the requests of all racers, then waits for the responses.
async fn all_at_once<F: Future<Output = Response> + Send + 'static>(
    racers: &[Racer],
    request: impl Fn(Racer) -> F,
) -> Vec<(Racer, Response)> {
    let sent = racers.iter().map(|racer| {
        let (racer, response) = (racer.clone(), request(racer.clone()));
        async move { (racer, response.await) }
    });
    sent.collect::<JoinSet<_>>().join_all().await
}
