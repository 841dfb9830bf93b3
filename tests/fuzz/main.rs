//! Hostile input: with any bytes nothing panics, no account is opened, nothing is echoed.
//!
//! `cargo test` hands every target the inputs of its corpus and no others, so that a run can be repeated. Built with
//! `--cfg fuzzing`, this is a program of libFuzzer, which searches for more: see `README.md`.

#![cfg_attr(fuzzing, no_main)]

mod bodies;
mod config;
mod events;
mod fixed;
mod functions;
mod hashes;
mod names;
mod replay;
mod response;
mod secrets;
mod tokens;

/// Makes a test of every target, and finds a target by its name, which is also that of its corpus.
macro_rules! targets {
    ($($file:ident::$name:ident,)+) => {
        $(
            #[test]
            fn $name() {
                replay::corpus(stringify!($name), $file::$name);
            }
        )+

        #[cfg(fuzzing)]
        fn target(name: &str) -> fn(&[u8]) {
            match name {
                $(stringify!($name) => $file::$name,)+
                _ => panic!("there is no target {name}"),
            }
        }
    };
}

targets![
    events::register,
    events::stream,
    events::login,
    events::validate,
    bodies::body,
    names::username,
    names::email,
    names::password,
    hashes::verify,
    hashes::outdated,
    hashes::argon2,
    tokens::token,
    tokens::signed,
    tokens::sealed,
    tokens::cookies,
    config::variables,
    secrets::secret,
];

#[cfg(fuzzing)]
static TARGET: std::sync::LazyLock<fn(&[u8])> =
    std::sync::LazyLock::new(|| target(&std::env::var("FUZZ_TARGET").unwrap()));

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| TARGET(input));
