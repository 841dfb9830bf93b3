//! Traffic in sessions while functions are killed: for a few seconds among the journeys, or for as long as `tests/load` is
//! told.
//!
//! Each visitor has an account and some devices, and keeps the rules for clients. So it knows of each session that it lives
//! until it is ended, and that it has ended for good then.

mod service;
mod visitor;

use std::time::Duration;

use support::emulator::{self, Emulator};
use support::store::Store;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::diary::Diary;
use crate::load;
use crate::session_load::service::{Service, Tool};
use crate::session_load::visitor::Visitor;

const VISITORS: usize = 6;
const PROCESSES: usize = 3;

/// The functions whose processes are killed.
const KILLED: [&str; 2] = ["login", "validate"];

/// The longest time between two restarts of the service. There is one in any run.
const ROUND: Duration = Duration::from_secs(20);

/// What the runtime of a function logs when the client has hung up.
const HUNG_UP: &str = "Lambda Runtime API returned non-200 response";

pub async fn mixed_traffic_in_sessions_and_kills_end_no_session_but_those_that_are_ended(store: &Store) {
    let tool = Tool::build(store);
    let mut emulator = Emulator::start_many(&store.variables, PROCESSES);
    let (replace, client) = watch::channel(emulator.client());
    let service = Service { client, tool };
    let (began, time) = (Instant::now(), load::duration());
    let until = began + time;
    let visitors = (0..VISITORS).map(|visitor| Visitor::new(service.clone(), visitor).visit(until));
    let visitors = visitors.collect::<JoinSet<_>>();

    let mut errors = 0;
    let round = (time / 3).min(ROUND);
    let mut restarts = 0;
    while Instant::now() + round < until {
        kill_one_and_then_all(&emulator, round).await;
        errors += faults(&emulator);
        // Requests under way would wait for the processes.
        drop(emulator);
        emulator = Emulator::start_many(&store.variables, PROCESSES);
        replace.send_replace(emulator.client());
        restarts += 1;
    }
    let visitors = visitors.join_all().await;
    let took = began.elapsed();
    let look_back = visitors.into_iter().map(Visitor::look_back).collect::<JoinSet<_>>();
    let (diaries, sessions): (Vec<_>, Vec<_>) = look_back.join_all().await.into_iter().unzip();
    let diary = diaries.into_iter().reduce(Diary::and).expect("a visitor");
    println!("{} sessions, {restarts} restarts", sessions.into_iter().sum::<usize>());
    diary.print(took);

    assert!(restarts > 0);
    assert_eq!(diary.surprises, [""; 0]);
    assert_eq!(errors + faults(&emulator), 0);
}

/// Prints the errors that the functions have logged, but for those about a client that had hung up. Returns their number.
fn faults(emulator: &Emulator) -> usize {
    let mut errors = emulator.errors();
    errors.retain(|error| error["message"] != HUNG_UP);
    for error in &errors {
        println!("{error}");
    }
    errors.len()
}

/// Kills a process of each function halfway, and all of them at the end.
async fn kill_one_and_then_all(emulator: &Emulator, round: Duration) {
    for all in [false, true] {
        sleep(round / 2).await;
        for processes in KILLED.map(|function| emulator.processes(function)) {
            emulator::kill(if all { &processes } else { processes.get(..1).unwrap_or_default() });
        }
    }
}
