//! `POST /login`: exchanges a username and a password for a token.

#![expect(clippy::disallowed_methods, reason = "the clock is handed down from here")]

use std::process::ExitCode;
use std::time::SystemTime;

use lambda_runtime::Error;
use login::Login;
use shared::config::Config;
use shared::password::hash::Hasher;
use shared::{http, log, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    log::init("login");
    log::exit(serve().await)
}

async fn serve() -> Result<(), Error> {
    // All that is slow or can fail happens once per cold start, never per request.
    let config = Config::from_env()?;
    // Before the connections: the memory for hashes is mapped while they are opened.
    let hasher = Hasher::new(config.cost)?.with_decoy(config.decoy_hash.as_ref())?;
    let (store, keyring) = start::open(&config, SystemTime::now()).await?;
    hasher.wait_for_memory();
    let login = Login::new(store, hasher, keyring, config.login_attempts_per_address);
    let handle = |now, request| login.handle(now, request);
    start::serve(&|event| Box::pin(http::answer("login", SystemTime::now, event, handle))).await
}
