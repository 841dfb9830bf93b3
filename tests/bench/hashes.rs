//! The time of a verification of each kind of password hash, in multiples of an Argon2id of ours.
//!
//! `cargo bench --workspace --bench hashes` runs it. An Argon2id of ours comes right before each, so that other work on the
//! machine slows down both.

#![expect(clippy::disallowed_methods, reason = "a benchmark looks at the clock")]

use std::time::Instant;

use serde_json::Value;
use shared::password::Password;
use shared::password::hash::{Cost, Hasher, PasswordHash, Verification};

const ROUNDS: usize = 11;

struct Candidate {
    name: String,
    hash: PasswordHash,
    password: Password,
    /// In multiples of the Argon2id right before.
    ratios: Vec<f64>,
}

impl Candidate {
    fn new(name: &str, hash: &str, password: &str) -> Self {
        let (hash, password) =
            (PasswordHash::from_stored(hash.to_owned()), Password::parse(password).unwrap());
        Self { name: name.to_owned(), hash, password, ratios: Vec::new() }
    }

    fn of(release: &str, vector: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let name = format!("{release}: {}", text(&vector["name"]));
        Self::new(&name, &text(&vector["hash"]), &text(&vector["accepted"][0]))
    }

    fn seconds(&self, hasher: &Hasher) -> f64 {
        let start = Instant::now();
        assert_eq!(
            hasher.verify(Some(&self.hash), Some(&self.password)).map(Verification::is_match),
            Ok(true),
            "{}",
            self.name
        );
        start.elapsed().as_secs_f64()
    }
}

fn vectors(json: &str, list: &str) -> Vec<Value> {
    serde_json::from_str::<Value>(json).unwrap()[list].as_array().unwrap().clone()
}

fn candidates() -> Vec<Candidate> {
    let (old, new) = (
        include_str!("../../shared/src/password/hash/vectors/django-5.2.json"),
        include_str!("../../shared/src/password/hash/vectors/django-6.1.json"),
    );
    let django = [("Django 5.2", old), ("Django 6.1", new)].into_iter().flat_map(|(release, json)| {
        vectors(json, "defaults").into_iter().map(move |it| Candidate::of(release, &it))
    });
    let python = vectors(include_str!("../../shared/src/password/hash/vectors/python.json"), "vectors");
    let node = vectors(include_str!("../../shared/src/password/hash/vectors/node.json"), "vectors");
    let others = python
        .iter()
        .chain(&node)
        .filter(|vector| {
            let name = vector["name"].as_str().unwrap();
            name.ends_with("default cost") || name.contains("example of") || name == "Better Auth, plain"
        })
        .map(|vector| Candidate::of("others", vector));
    django.chain(others).collect()
}

fn main() {
    let hasher = Hasher::new(Cost::DEFAULT).unwrap();
    let password = "correct horse battery staple";
    let ours = hasher.hash(&Password::parse(password).unwrap()).unwrap();
    let ours = Candidate::new("ours", ours.as_str(), password);
    let mut candidates = candidates();
    let mut units = Vec::new();
    for _ in 0..ROUNDS {
        for candidate in &mut candidates {
            let unit = ours.seconds(&hasher);
            let ratio = candidate.seconds(&hasher) / unit;
            candidate.ratios.push(ratio);
            units.push(unit);
        }
    }
    units.sort_by(f64::total_cmp);
    println!("one Argon2id of ours: {:.1} ms (median)", 1000.0 * units[units.len() / 2]);
    println!("median  least   most  times that");
    for Candidate { name, ratios, .. } in &mut candidates {
        ratios.sort_by(f64::total_cmp);
        println!("{:6.1} {:6.1} {:6.1}  {name}", ratios[ROUNDS / 2], ratios[0], ratios[ROUNDS - 1]);
    }
}
