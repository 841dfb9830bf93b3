//! One Argon2id at the default cost: ours, the fastest of others, RustCrypto's, and Debian's `libargon2`; bcrypt for comparison.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use shared::password::Password;
use shared::password::hash::{Cost, Hasher};

use crate::statistics::Measurements;

const PASSWORD: &str = "correct horse battery staple";
const SALT: &[u8] = b"somesaltsomesalt";
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;

/// One Argon2id of ours in this process, with its memory already mapped: the lower limit of a login.
pub struct Bare {
    hasher: Hasher,
    password: Password,
}

impl Bare {
    pub fn new() -> Self {
        let hasher = Hasher::new(Cost::DEFAULT).unwrap();
        hasher.wait_for_memory();
        Self { hasher, password: Password::parse(PASSWORD).unwrap() }
    }

    /// Computes one. Returns its time in milliseconds.
    pub fn compute(&self) -> f64 {
        timed(|| drop(self.hasher.hash(&self.password).unwrap()))
    }
}

/// `argon2-rust`, the fastest that is known, in memory that it keeps and wipes.
struct Fastest(argon2_rust::Hasher);

impl Fastest {
    fn new() -> Self {
        let params = argon2_rust::Params::builder()
            .memory(argon2_rust::params::Memory::kib(MEMORY_KIB.into()))
            .passes(PASSES)
            .lanes(1)
            .threads(1)
            .build()
            .unwrap();
        let argon2 =
            argon2_rust::Argon2::new(argon2_rust::Algorithm::Argon2id, argon2_rust::Version::V0x13, params);
        Self(argon2.hasher())
    }

    fn compute(&mut self) -> f64 {
        timed(|| self.0.hash_into(PASSWORD.as_bytes(), SALT, &mut [0; 32]).unwrap())
    }
}

/// RustCrypto's `argon2`, in memory that is kept and wiped like ours.
struct RustCrypto {
    argon2: Argon2<'static>,
    memory: Vec<Block>,
}

impl RustCrypto {
    fn new() -> Self {
        let params = Params::new(MEMORY_KIB, PASSES, 1, None).unwrap();
        let memory = vec![Block::new(); params.block_count()];
        Self { argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params), memory }
    }

    fn compute(&mut self) -> f64 {
        let (argon2, memory) = (&self.argon2, &mut self.memory[..]);
        timed(|| {
            let password = PASSWORD.as_bytes();
            argon2.hash_password_into_with_memory(password, SALT, &mut [0; 32], &mut *memory).unwrap();
            memory.fill(Block::new());
        })
    }
}

fn timed(work: impl FnOnce()) -> f64 {
    let started = Instant::now();
    work();
    started.elapsed().as_secs_f64() * 1000.0
}

pub fn measure(rounds: usize, into: &mut Measurements) {
    let (bare, mut fastest, mut rust_crypto) = (Bare::new(), Fastest::new(), RustCrypto::new());
    let mut others = Others::start();
    for _ in 0..rounds {
        // The second of two: it finds its own memory in the cache, as the next request does.
        bare.compute();
        into.add("argon2id, ours ms", bare.compute());
        fastest.compute();
        into.add("argon2id, argon2-rust ms", fastest.compute());
        rust_crypto.compute();
        into.add("argon2id, RustCrypto ms", rust_crypto.compute());
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
