//! Measures the functions as processes under a stand-in for the Lambda Runtime API, against a function that does nothing,
//! and prints tables in Markdown.
//!
//! ```sh
//! tests/measure                                    # everything, in about a quarter of an hour
//! tests/measure --quick                            # with fewer repetitions
//! tests/measure --json NEW.json --compare OLD.json # and the changes since
//! tests/measure --read OLD.json                    # only the tables of an earlier run
//! tests/measure --peers                            # only our responses beside those of the floor of `tests/peers`
//! tests/measure --accounts 10000000                # only a SQLite file with so many accounts; ten million take 3 GB in TMPDIR
//! ```

#![expect(clippy::disallowed_methods, reason = "time is what this is about")]

mod accounts;
mod backends;
mod bars;
mod binaries;
mod cost;
mod function;
mod hash;
mod peers;
mod report;
mod requests;
mod statistics;
mod throughput;

use std::path::{Path, PathBuf};
use std::time::Duration;

use backends::{Backends, Store};
use binaries::Binaries;
use statistics::{Measurements, Results};
use tokio::runtime::Runtime;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let position = arguments.iter().position(|argument| argument == name)?;
        Some(arguments.get(position + 1).unwrap_or_else(|| panic!("{name} needs a value")).clone())
    };
    // Cargo runs benches in the folder of their package.
    let from = PathBuf::from(value("--from").unwrap_or_default());
    let file = |name: &str| value(name).map(|file| from.join(file));
    let results = if let Some(earlier) = file("--read") {
        report::read(&earlier)
    } else {
        let given = |option: &str| arguments.iter().any(|argument| argument == option);
        let rounds = if given("--quick") { 8 } else { 40 };
        let results = match value("--accounts") {
            Some(size) => grow(size.parse().expect("a number of accounts"), rounds),
            None if given("--peers") => compare(rounds),
            None => measure(rounds),
        };
        let beside = || Path::new(env!("CARGO_TARGET_TMPDIR")).join("measured.json");
        report::write(&results, &file("--json").unwrap_or_else(beside));
        results
    };
    report::print(&results);
    bars::print(&results);
    cost::print(&results);
    if let Some(earlier) = file("--compare") {
        report::compare(&report::read(&earlier), &results);
    }
}

/// `rounds` is the number of repetitions of the slow requests.
fn measure(rounds: usize) -> Results {
    let mut measurements = Measurements::default();
    let binaries = Binaries::build();
    binaries.weigh(&mut measurements);
    let backends = Backends::start(binaries);
    runtime().block_on(async {
        eprintln!("starts");
        requests::starts(&backends, rounds, &mut measurements).await;
        for store in Store::ALL {
            eprintln!("requests over {}", store.name());
            requests::warm(&backends, store, rounds, &mut measurements).await;
            eprintln!("throughput over {}", store.name());
            let duration = Duration::from_millis(50 * u64::try_from(rounds).unwrap());
            throughput::measure(&backends, store, duration, &mut measurements).await;
        }
        eprintln!("a million accounts");
        accounts::measure(&accounts::SIZES, repetitions(rounds), &mut measurements).await;
    });
    eprintln!("hashes");
    hash::measure(rounds, &mut measurements);
    measurements.summarise()
}

/// The same for the processor time of our responses beside that of others.
fn compare(rounds: usize) -> Results {
    let mut measurements = Measurements::default();
    let backends = Backends::start(Binaries::build());
    runtime().block_on(peers::measure(&backends, rounds, &mut measurements));
    measurements.summarise()
}

/// The same for a SQLite file of this number of accounts.
fn grow(accounts: u32, rounds: usize) -> Results {
    let mut measurements = Measurements::default();
    runtime().block_on(accounts::measure(&[accounts], repetitions(rounds), &mut measurements));
    measurements.summarise()
}

/// Of each request to a store alone.
fn repetitions(rounds: usize) -> u32 {
    5 * u32::try_from(rounds).unwrap()
}

/// One thread, which leaves a processor to the function.
fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}
