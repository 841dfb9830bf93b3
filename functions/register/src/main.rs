//! `POST /register`: creates an account and answers with a token.

#![expect(clippy::disallowed_methods, reason = "the clock is handed down from here")]

use std::process::ExitCode;
use std::time::SystemTime;

use lambda_runtime::Error;
use register::Register;
use shared::config::Config;
use shared::password::hash::Hasher;
use shared::{http, log, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    log::init("register");
    log::exit(serve().await)
}

async fn serve() -> Result<(), Error> {
    // All that is slow or can fail happens once per cold start, never per request.
    let config = Config::from_env()?;
    // Before the connections: the memory for hashes is mapped while they are opened.
    let hasher = Hasher::new(config.cost)?;
    let (store, keyring) = start::open(&config, SystemTime::now()).await?;
    hasher.wait_for_memory();
    let (min_length, limit) = (config.password_min_length, config.registrations_per_address);
    let register = Register::new(store, hasher, keyring, min_length, limit);
    let handle = |now, request| register.handle(now, request);
    start::serve(&|event| Box::pin(http::answer("register", SystemTime::now, event, handle))).await
}
