//! The processor time of a verification of each kind of password hash, in multiples of an Argon2id of ours and of the fastest
//! other implementation at hand: OpenSSL's, `libxcrypt`'s and `libargon2` (`hashes.py`).
//!
//! `cargo bench --workspace --bench hashes` runs it. An Argon2id of ours comes right before each, and the other implementation
//! right after, so that other work on the machine slows down all.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;
use shared::password::Password;
use shared::password::hash::{Cost, Hasher, PasswordHash, Verification};

const ROUNDS: usize = 11;

struct Candidate {
    name: String,
    hash: PasswordHash,
    password: Password,
    times: Vec<f64>,
    /// In multiples of the Argon2id right before.
    ratios: Vec<f64>,
    /// In multiples of the other implementation right after.
    beside_others: Vec<f64>,
}

impl Candidate {
    fn new(name: &str, hash: &str, password: &str) -> Self {
        let (hash, password) =
            (PasswordHash::from_stored(hash.to_owned()), Password::parse(password).unwrap());
        Self {
            name: name.to_owned(),
            hash,
            password,
            times: Vec::new(),
            ratios: Vec::new(),
            beside_others: Vec::new(),
        }
    }

    fn of(release: &str, vector: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let name = format!("{release}: {}", text(&vector["name"]));
        Self::new(&name, &text(&vector["hash"]), &text(&vector["accepted"][0]))
    }

    fn milliseconds(&self, hasher: &Hasher) -> f64 {
        let before = processor_time();
        assert_eq!(
            hasher.verify(Some(&self.hash), Some(&self.password)).map(Verification::is_match),
            Ok(true),
            "{}",
            self.name
        );
        processor_time() - before
    }
}

/// Milliseconds of this thread.
fn processor_time() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    #[expect(clippy::cast_precision_loss, reason = "a process of minutes")]
    let (seconds, nanoseconds) = (time.tv_sec as f64, time.tv_nsec as f64);
    seconds * 1000.0 + nanoseconds / 1e6
}

/// Other implementations, in a Python process that measures its own processor time.
struct Others {
    python: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Others {
    fn start() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/hashes.py");
        let mut command = Command::new("python3");
        let mut python = command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (ask, answers) = (python.stdin.take().unwrap(), python.stdout.take().unwrap());
        Self { python, ask, answers: BufReader::new(answers) }
    }

    /// Computes one with the parameters of a stored hash. `None` if this machine has no other implementation.
    fn milliseconds(&mut self, hash: &PasswordHash) -> Option<f64> {
        writeln!(self.ask, "{}", hash.as_str()).unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        answer.trim().parse().ok()
    }
}

impl Drop for Others {
    fn drop(&mut self) {
        drop(self.python.kill());
        drop(self.python.wait());
    }
}

fn vectors(json: &str, list: &str) -> Vec<Value> {
    serde_json::from_str::<Value>(json).unwrap()[list].as_array().unwrap().clone()
}

/// The files of vectors of which every hash has the default cost of its software.
const DEFAULTS: [(&str, &str); 5] = [
    ("Django 5.2", include_str!("../../shared/src/password/hash/vectors/django-5.2.json")),
    ("Django 6.1", include_str!("../../shared/src/password/hash/vectors/django-6.1.json")),
    ("passlib", include_str!("../../shared/src/password/hash/vectors/passlib.json")),
    ("Werkzeug", include_str!("../../shared/src/password/hash/vectors/werkzeug.json")),
    ("WordPress", include_str!("../../shared/src/password/hash/vectors/wordpress.json")),
];

/// Those of which a few have it.
const OTHERS: [&str; 3] = [
    include_str!("../../shared/src/password/hash/vectors/python.json"),
    include_str!("../../shared/src/password/hash/vectors/node.json"),
    include_str!("../../shared/src/password/hash/vectors/published.json"),
];

fn candidates() -> Vec<Candidate> {
    let defaults = DEFAULTS.into_iter().flat_map(|(release, json)| {
        vectors(json, "defaults").into_iter().map(move |vector| Candidate::of(release, &vector))
    });
    let others = OTHERS.into_iter().flat_map(|json| vectors(json, "vectors")).filter(|vector| {
        let name = vector["name"].as_str().unwrap();
        name.ends_with("default cost") || name.contains("example of") || name == "Better Auth, plain"
    });
    defaults.chain(others.map(|vector| Candidate::of("others", &vector))).collect()
}

fn main() {
    let hasher = Hasher::new(Cost::DEFAULT).unwrap();
    hasher.wait_for_memory();
    let mut others = Others::start();
    let password = "correct horse battery staple";
    let ours = hasher.hash(&Password::parse(password).unwrap()).unwrap();
    let ours = Candidate::new("ours", ours.as_str(), password);
    let mut candidates = candidates();
    candidates.push(Candidate::new("ours", ours.hash.as_str(), password));
    for _ in 0..ROUNDS {
        for candidate in &mut candidates {
            let unit = ours.milliseconds(&hasher);
            let time = candidate.milliseconds(&hasher);
            candidate.times.push(time);
            candidate.ratios.push(time / unit);
            candidate.beside_others.extend(others.milliseconds(&candidate.hash).map(|other| time / other));
        }
    }
    println!("     ms  x ours  x other  (medians)");
    for Candidate { name, times, ratios, beside_others, .. } in candidates {
        let other =
            if beside_others.is_empty() { String::new() } else { format!("{:.2}", median(beside_others)) };
        println!("{:7.1} {:7.1} {other:>8}  {name}", median(times), median(ratios));
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
