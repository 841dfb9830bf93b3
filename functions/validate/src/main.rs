//! `POST /validate`: says whether a token is good and whose it is.

#![expect(clippy::disallowed_methods, reason = "the clock is handed down from here")]

use std::process::ExitCode;
use std::time::SystemTime;

use lambda_runtime::{Error, service_fn};
use shared::config::Config;
use shared::{http, log, start};
use validate::Validate;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    log::init();
    log::exit(serve().await)
}

async fn serve() -> Result<(), Error> {
    // All that is slow or can fail happens once per cold start, never per request.
    let config = Config::from_env()?;
    let (store, keyring) = start::open(&config, SystemTime::now()).await?;
    let validate = Validate::new(store, keyring);
    let handle = |now, request| validate.handle(now, request);
    lambda_runtime::run(service_fn(|event| http::answer("validate", SystemTime::now, event, handle))).await
}
