//! One Argon2id at the default cost: ours, the bare library, and Debian's `libargon2`; bcrypt for comparison.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use shared::password::Password;
use shared::password::hash::{Cost, Hasher};

use crate::statistics::Measurements;

/// One Argon2id of the bare library, with its memory already mapped: the lower limit of a login.
pub struct Bare {
    argon2: Argon2<'static>,
    memory: Vec<Block>,
}

impl Bare {
    pub fn new() -> Self {
        let params = Params::new(19 * 1024, 2, 1, Some(32)).unwrap();
        let memory = vec![Block::new(); params.block_count()];
        Self { argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params), memory }
    }

    /// Computes one. Returns its time in milliseconds.
    pub fn compute(&mut self) -> f64 {
        let started = Instant::now();
        let mut tag = [0; 32];
        let password = std::hint::black_box(b"correct horse battery staple");
        let salt = b"somesaltsomesalt";
        self.argon2.hash_password_into_with_memory(password, salt, &mut tag, &mut self.memory[..]).unwrap();
        std::hint::black_box(tag);
        started.elapsed().as_secs_f64() * 1000.0
    }
}

pub fn measure(rounds: usize, into: &mut Measurements) {
    let mut bare = Bare::new();
    let hasher = Hasher::new(Cost::DEFAULT).unwrap();
    let password = Password::parse("correct horse battery staple").unwrap();
    let mut others = Others::start();
    for _ in 0..rounds {
        into.add("argon2id, bare, memory mapped ms", bare.compute());
        let started = Instant::now();
        hasher.hash(&password).unwrap();
        into.add("argon2id, shared::hash ms", started.elapsed().as_secs_f64() * 1000.0);
        for (name, milliseconds) in others.each() {
            into.add(format!("{name} ms"), milliseconds);
        }
    }
}

/// Hashes of other languages, timed by a Python process with a clock of its own.
struct Others {
    python: Child,
    ask: ChildStdin,
    times: BufReader<ChildStdout>,
}

impl Others {
    fn start() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/functions/others.py");
        let mut command = Command::new("python3");
        let mut python = command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (ask, times) = (python.stdin.take().unwrap(), python.stdout.take().unwrap());
        Self { python, ask, times: BufReader::new(times) }
    }

    /// The times of one of each that this machine has.
    fn each(&mut self) -> Vec<(String, f64)> {
        self.ask.write_all(b"\n").unwrap();
        let mut line = String::new();
        self.times.read_line(&mut line).unwrap();
        let times: serde_json::Value = serde_json::from_str(&line).unwrap();
        times.as_object().unwrap().iter().map(|(name, time)| (name.clone(), time.as_f64().unwrap())).collect()
    }
}

impl Drop for Others {
    fn drop(&mut self) {
        drop(self.python.kill());
        drop(self.python.wait());
    }
}
