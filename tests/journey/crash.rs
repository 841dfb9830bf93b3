//! Functions are killed while they handle requests.

use support::client::{self, Client};
use support::emulator::{self, Emulator};
use support::store::Store;
use tokio::task::JoinSet;

/// The number of rounds. Each starts the service on the store of the last one, sends requests and kills it.
const ROUNDS: usize = 4;
const NAMES: usize = 80;
const CLIENTS: usize = 12;
const PROCESSES: usize = 6;

/// The numbers of acknowledged registrations after which one process is killed. The others go on.
const ONE_IS_KILLED: [usize; 4] = [10, 20, 30, 40];

/// The number after which all are killed. The emulator does not replace them, which ends the round.
const ALL_ARE_KILLED: usize = 50;

/// The outcomes of registrations.
#[derive(Default)]
struct Outcomes {
    /// Names whose response was a 201, with the token in it.
    acknowledged: Vec<(String, String)>,
    /// Names without a response, or with an error of the service.
    unknown: Vec<String>,
}

pub async fn no_acknowledged_account_is_lost_when_functions_are_killed(store: &Store) {
    let mut outcomes = Outcomes::default();
    for round in 0..ROUNDS {
        storm(store, round, &mut outcomes).await;
    }
    // Responses that were sent before the last kill count too.
    assert!(outcomes.acknowledged.len() >= ROUNDS * ALL_ARE_KILLED);
    assert!(outcomes.unknown.len() >= ROUNDS, "nothing was under way when everything was killed");

    let service = Emulator::start_many(&store.variables, 2);
    let client = service.client();
    for some in outcomes.acknowledged.chunks(CLIENTS) {
        let checks = some.iter().cloned().map(|(name, token)| is_there(client.clone(), name, token));
        checks.collect::<JoinSet<_>>().join_all().await;
    }
    for name in outcomes.unknown {
        is_there_or_was_never(client.clone(), name).await;
    }
}

/// Registers names from several clients at once until all processes are killed.
async fn storm(store: &Store, round: usize, outcomes: &mut Outcomes) {
    let mut service = Some(Emulator::start_many(&store.variables, PROCESSES));
    let client = service.as_ref().map(Emulator::client).expect("a service");
    let mut names = (0..NAMES).map(|n| format!("storm-{round}-{n}"));
    let first = names.by_ref().take(CLIENTS);
    let mut flying: JoinSet<_> = first.map(|name| register(client.clone(), name)).collect();
    let mut acknowledged = 0;
    while let Some(landed) = flying.join_next().await {
        match landed.expect("no panic") {
            (name, None) => outcomes.unknown.push(name),
            (name, Some(token)) => {
                outcomes.acknowledged.push((name, token));
                acknowledged += 1;
                service = service.and_then(|service| strike(service, acknowledged));
            }
        }
        if service.is_some() {
            flying.spawn(register(client.clone(), names.next().expect("more names than are needed")));
        }
    }
}

/// Kills the processes that are due after this many acknowledgements. With the last, the emulator ends too: requests under
/// way would wait for it.
fn strike(service: Emulator, acknowledged: usize) -> Option<Emulator> {
    let one = ONE_IS_KILLED.contains(&acknowledged);
    if !one && acknowledged != ALL_ARE_KILLED {
        return Some(service);
    }
    let processes = service.processes("register");
    assert!(!processes.is_empty(), "nobody is left to be killed");
    emulator::kill(if one { &processes[..1] } else { &processes });
    one.then_some(service)
}

/// The name, with a token if its registration was acknowledged.
async fn register(client: Client, name: String) -> (String, Option<String>) {
    let body = serde_json::json!({ "username": name, "password": password(&name) }).to_string();
    let token = match client::try_send(client.json("register", body)).await {
        Ok(response) if response.status == 201 => Some(response.bearer()),
        Ok(response) if response.status >= 500 => None,
        Ok(response) => panic!("{name}: {response:?}"),
        Err(_) => None,
    };
    (name, token)
}

async fn is_there(client: Client, name: String, token: String) {
    assert_eq!(client.login(&name, &password(&name)).await.status, 200, "{name} is lost");
    assert_eq!(client.validate(&token).await.status, 200, "{name} is another account now");
}

async fn is_there_or_was_never(client: Client, name: String) {
    let login = client.login(&name, &password(&name)).await.status;
    if login != 200 {
        assert_eq!(login, 401, "{name}");
        let registered = client.register(&name, &password(&name)).await;
        assert_eq!(registered.status, 201, "{name} can neither log in nor be registered: {registered:?}");
        is_there(client, name, registered.bearer()).await;
    }
}

fn password(name: &str) -> String {
    format!("password of {name}")
}
