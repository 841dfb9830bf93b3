//! The measurements, as a table for people and as a file for later comparisons.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::statistics::{Results, Summary};

/// Changes below this are noise.
const NOTEWORTHY: f64 = 0.03;

pub fn print(results: &Results) {
    println!("Measured {} on {}\n", of("date", &["--utc", "+%F"]), machine());
    println!("| quantity | median | quartiles | n |\n|---|---|---|---|");
    for (name, Summary { median, low, high, count }) in &results.0 {
        let [median, low, high] = [median, low, high].map(|value| rounded(*value));
        println!("| {name} | {median} | {low} to {high} | {count} |");
    }
}

/// Prints the quantities of two runs whose quartiles do not overlap, with the change of their medians.
pub fn compare(before: &Results, now: &Results) {
    println!("\n| quantity | before | now | change |\n|---|---|---|---|");
    for (name, new) in &now.0 {
        let Some(old) = before.0.get(name) else { continue };
        let apart = new.low > old.high || new.high < old.low;
        let change = new.median / old.median - 1.0;
        if apart && change.abs() >= NOTEWORTHY {
            let (old, new) = (rounded(old.median), rounded(new.median));
            println!("| {name} | {old} | {new} | {:+.0} % |", change * 100.0);
        }
    }
}

pub fn write(results: &Results, path: &Path) {
    let commit = of("git", &["describe", "--always", "--dirty"]);
    let report = json!({ "commit": commit, "machine": machine(), "results": results.to_json() });
    fs::write(path, format!("{report:#}\n")).unwrap();
    eprintln!("written to {}", path.display());
}

pub fn read(path: &Path) -> Results {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let report: Value = serde_json::from_str(&text).unwrap();
    Results::of_json(&report["results"]).unwrap()
}

/// A number with three digits.
pub fn rounded(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        middling if middling >= 10.0 => format!("{value:.1}"),
        small if small >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

fn machine() -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split(':').nth(1));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{cores} cores of {}, {}", model.unwrap_or("?").trim(), of("uname", &["-sm"]))
}

fn of(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(|_| "?".to_owned(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
