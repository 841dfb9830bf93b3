//! `validate`: says whether a token is good and whose it is, over HTTP and to APIs as their authorizer.

#![expect(clippy::disallowed_methods, reason = "the clock is handed down from here")]

use std::process::ExitCode;
use std::time::SystemTime;

use lambda_runtime::Error;
use shared::config::Config;
use shared::{log, start};
use validate::Validate;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    log::init("validate");
    log::exit(serve().await)
}

async fn serve() -> Result<(), Error> {
    // All that is slow or can fail happens once per cold start, never per request.
    let config = Config::from_env()?;
    let (store, keyring) = start::open(&config, SystemTime::now()).await?;
    let validate = Validate::new(store, keyring, config.authorizer_response);
    start::serve(&|event| Box::pin(validate.answer(SystemTime::now, event))).await
}
