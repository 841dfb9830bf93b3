//! The time and memory of the operator's tool, built for release, for an import into a new SQLite file and into a DynamoDB
//! engine, and for a dry run of ten million lines: `cargo bench --workspace --bench imports`.
//!
//! There are fewer accounts with an email, which take a transaction each: the engine keeps the token of every transaction,
//! and searches all of them for the next.

#![expect(clippy::disallowed_methods, reason = "time is what this is about")]

use std::fmt::Write as _;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use support::cargo;
use support::dynamodb::{Engine, TABLE};

/// Made by Django 5.2.19.
const HASH: &str = "pbkdf2_sha256$1000$GfvyuPTGZY4pIqKm0Ncyuf$ChVhyA0JewxDegQl7rE2Tptwq7FEUoj6mC0K8R3wXxc=";

#[tokio::main]
async fn main() {
    let accounts =
        cargo::build(&["--release", "--package", "accounts", "--example", "accounts"]).pop().unwrap();
    let engine = Engine::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = format!("sqlite://{}", folder.path().join("accounts.db").display());
    let table = format!("dynamodb://{TABLE}");
    println!(
        "| accounts | into | with email addresses | seconds | a second | peak memory, MB |\n|---|---|---|---|---|---|"
    );
    // The lines come through a pipe, so that the disk need not hold them.
    let started = Instant::now();
    let peak = dry_run(&accounts, LINES, folder.path());
    let (seconds, lines) = (started.elapsed().as_secs_f64(), f64::from(LINES));
    println!("| {LINES} | a dry run | yes | {seconds:.1} | {:.0} | {peak:.0} |", lines / seconds);
    for (count, store, email) in [(1_000_000, &file, false), (100_000, &table, false), (10_000, &table, true)]
    {
        let users = folder.path().join("users.csv");
        std::fs::write(&users, csv(count, email)).unwrap();
        let started = Instant::now();
        let peak = import(&accounts, &users, store, &engine, folder.path());
        let seconds = started.elapsed().as_secs_f64();
        let (into, rate) = (store.split(':').next().unwrap(), f64::from(count) / seconds);
        let email = if email { "yes" } else { "no" };
        println!("| {count} | {into} | {email} | {seconds:.1} | {rate:.0} | {peak:.0} |");
    }
}

/// Lines of the dry run.
const LINES: u32 = 10_000_000;

/// Reads lines with ids and emails, and adds nothing. Returns the peak memory in MB.
fn dry_run(accounts: &Path, lines: u32, folder: &Path) -> f64 {
    let peak = folder.join("peak");
    let mut import = Command::new("python3")
        .args(["-c", WATCH])
        .arg(&peak)
        .arg(accounts)
        .args(["import", "-", "--dry-run", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut file = BufWriter::new(import.stdin.take().unwrap());
    writeln!(file, "id,username,password,email").unwrap();
    for number in 0..lines {
        writeln!(file, "{number},user{number},{HASH},user{number}@example.com").unwrap();
    }
    file.into_inner().unwrap();
    assert!(import.wait().unwrap().success());
    megabytes(&peak)
}

/// A file of this many users. No name is both in one with emails and in one without.
fn csv(count: u32, email: bool) -> String {
    let mut csv = "username,password,email\n".to_owned();
    for number in 0..count {
        if email {
            writeln!(csv, "address{number},{HASH},address{number}@example.com").unwrap();
        } else {
            writeln!(csv, "user{number},{HASH},").unwrap();
        }
    }
    csv
}

/// Imports a whole file. Returns the peak memory in MB.
fn import(accounts: &Path, users: &Path, location: &str, engine: &Engine, folder: &Path) -> f64 {
    let peak = folder.join("peak");
    let mut import = Command::new("python3");
    import
        .args(["-c", WATCH])
        .arg(&peak)
        .arg(accounts)
        .args(["import", "--json"])
        .arg(users)
        .env("ACCOUNT_STORE", location)
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ACCESS_KEY_ID", "bench")
        .env("AWS_SECRET_ACCESS_KEY", "bench")
        .env("AWS_ENDPOINT_URL_DYNAMODB", format!("http://{}", engine.address))
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    assert!(import.status().unwrap().success());
    megabytes(&peak)
}

/// The peak memory that [`WATCH`] has written down.
fn megabytes(peak: &Path) -> f64 {
    let kib: f64 = std::fs::read_to_string(peak).unwrap().trim().parse().unwrap();
    kib * 1024.0 / 1e6
}

/// Runs a command and writes down its peak memory, in KiB.
const WATCH: &str = "import resource, subprocess, sys
code = subprocess.run(sys.argv[2:]).returncode
open(sys.argv[1], 'w').write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(code)";
