//! The bars for speed and size, and which of them are met.

use crate::backends::Store;
use crate::report::rounded;
use crate::statistics::Results;

struct Bar {
    promise: String,
    measured: Option<f64>,
    limit: Option<f64>,
}

pub fn print(results: &Results) {
    println!("\n| promise | measured | limit | |\n|---|---|---|---|");
    for Bar { promise, measured, limit } in bars(results) {
        let (Some(measured), Some(limit)) = (measured, limit) else { continue };
        let verdict = if measured <= limit {
            "met".to_owned()
        } else {
            format!("missed by {:.0} %", (measured / limit - 1.0) * 100.0)
        };
        println!("| {promise} | {} | {} | {verdict} |", rounded(measured), rounded(limit));
    }
}

fn bars(results: &Results) -> Vec<Bar> {
    let get = |name: &str| results.median(name);
    let bar = |promise: &str, measured: Option<f64>, limit: Option<f64>| Bar {
        promise: promise.to_owned(),
        measured,
        limit,
    };
    let round_trip = get("one GetItem by the SDK, dynamodb ms");
    let look_up = |store| match store {
        Store::DynamoDb => round_trip,
        Store::Sqlite => Some(get("sqlite, 1000 accounts, find µs")? / 1000.0),
    };
    let write = |store| match store {
        Store::DynamoDb => get("one UpdateItem by the SDK, dynamodb ms"),
        Store::Sqlite => Some(get("sqlite, 1000 accounts, create µs")? / 1000.0),
    };
    let mut bars = vec![
        bar(
            "validate over SQLite, start to first answer, ms: 1.3 × hello",
            get("validate, sqlite start to first answer ms"),
            get("hello start to first answer ms").map(|hello| 1.3 * hello),
        ),
        bar(
            "login over DynamoDB, start to first next, ms: 2 × hello + one round trip",
            get("login, dynamodb start to first next ms"),
            get("hello start to first next ms").zip(round_trip).map(|(hello, trip)| 2.0 * hello + trip),
        ),
    ];
    for store in Store::ALL {
        let name = store.name();
        for (function, outcome) in
            [("validate", "good token"), ("login", "right password"), ("register", "new name")]
        {
            bars.push(bar(
                &format!("{function} over {name}, first request, ms: a warm one + 1"),
                get(&format!("{function}, {name} first request ms")),
                get(&format!("{function} {outcome}, {name} ms")).map(|warm| warm + 1.0),
            ));
        }
        bars.push(bar(
            &format!("validate over {name}, warm, good token, ms: hello + 0.15 + look-up"),
            get(&format!("validate good token, {name} ms")),
            get(&format!("hello warm beside, {name} ms"))
                .zip(look_up(store))
                .map(|(hello, trip)| hello + 0.15 + trip),
        ));
        bars.push(bar(
            &format!("login over {name}, warm, right password, ms: 1.05 × bare Argon2id + 3 look-ups"),
            get(&format!("login right password, {name} ms")),
            get(&format!("argon2id, bare beside, {name} ms"))
                .zip(look_up(store))
                .map(|(bare, trip)| 1.05 * bare + 3.0 * trip),
        ));
    }
    for store in Store::ALL {
        bars.extend(in_sessions(results, store, look_up(store), write(store)));
    }
    bars.push(bar(
        "one Argon2id, ms: 1.05 × argon2-rust, the fastest known",
        get("argon2id, ours ms"),
        get("argon2id, argon2-rust ms").map(|theirs| 1.05 * theirs),
    ));
    bars.extend(Store::ALL.into_iter().flat_map(|store| beside_peers(results, store)));
    for function in crate::binaries::FUNCTIONS {
        bars.push(bar(&format!("{function}, zipped, MB"), get(&format!("{function} zipped MB")), Some(2.4)));
    }
    bars.push(bar("validate, peak memory, MB", get("validate, dynamodb peak memory MB"), Some(14.0)));
    // 19 MiB for the hash.
    bars.push(bar(
        "login, peak memory, MB",
        get("login, dynamodb peak memory MB"),
        Some(19.0 * 1.048_576 + 14.0),
    ));
    bars
}

/// Requests in sessions, by the times of a look-up and of a write in the store.
fn in_sessions(results: &Results, store: Store, look_up: Option<f64>, write: Option<f64>) -> [Bar; 5] {
    let name = store.name();
    let get = |what: &str, unit: &str| results.median(&format!("{what}, {name} {unit}"));
    let hello = get("hello warm beside", "ms");
    let refresh = hello.zip(write).map(|(hello, write)| hello + 0.3 + write);
    let validate = hello.zip(look_up).map(|(hello, look_up)| hello + 0.15 + look_up);
    let calls = look_up.zip(write).map(|(look_up, write)| 3.0 * look_up + write);
    let login = get("argon2id, bare beside", "ms").zip(calls).map(|(bare, calls)| 1.05 * bare + calls);
    [
        ("refresh current token", "ms", "warm, ms: hello + 0.3 + one write", refresh),
        ("refresh by RS256", "ms", "warm, ms: the same + 0.6", refresh.map(|refresh| refresh + 0.6)),
        ("refresh current token", "cpu ms", "processor time, ms: 1,000 responses in a second", Some(1.0)),
        ("login with a session", "ms", "warm, ms: 1.05 × bare Argon2id + 3 look-ups + one write", login),
        ("validate token of a session", "ms", "warm, ms: hello + 0.15 + look-up", validate),
    ]
    .map(|(what, unit, promise, limit)| Bar {
        promise: format!("{what} over {name}, {promise}"),
        measured: get(what, unit),
        limit,
    })
}

/// Processor time beside a service that keeps accounts where ours are: in its process, or in the table.
fn beside_peers(results: &Results, store: Store) -> [Bar; 3] {
    let floor = match store {
        Store::DynamoDb => "floor with a table",
        Store::Sqlite => "floor",
    };
    let name = store.name();
    let bar = |what: &str, promise: &str, factor: f64, limit: &str| Bar {
        promise: format!("{what} over {name}, processor time, ms: {promise}"),
        measured: results.median(&format!("{what} beside peers cpu, {name} ms")),
        limit: results.median(limit).map(|limit| factor * limit),
    };
    [
        bar("login", "1.1 × fastify, jose and @node-rs/argon2", 1.1, &format!("{floor}, login cpu ms")),
        bar("login", "1.15 × a verification by @node-rs/argon2", 1.15, "@node-rs/argon2 verification cpu ms"),
        bar("validate", "fastify and jose", 1.0, &format!("{floor}, validate cpu ms")),
    ]
}
