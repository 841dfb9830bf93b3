//! The operator's tool: shows, changes, imports and exports the accounts of the functions.
//!
//! | module | content |
//! |---|---|
//! | `arguments` | the command line and its help |
//! | `commands` | the commands |
//! | `confirm` | questions at the terminal |
//! | [`keys`] | the keys that sign tokens, and their rotation |
//! | `exit` | exit codes, and the errors that lead to them |
//! | `output` | results as text or JSON |
//! | `bounded_line` | lines of input, up to a maximum length |
//! | `retry` | retries of a store that is unavailable |
//! | `time` | dates and times as text |
//!
//! Only `export --with-hashes` prints password hashes. No command prints a password.

mod arguments;
mod bounded_line;
mod commands;
mod confirm;
mod exit;
pub mod keys;
mod output;
mod retry;
mod time;

use std::process;
use std::sync::Arc;
use std::time::SystemTime;

use clap::Parser;
use shared::config::{OperatorConfig, StoreLocation};
use shared::start;
use shared::store::Operator;
use shared::time::Timestamp;

use arguments::{Arguments, Command, ImportArguments};
use exit::{CommandError, ExitCode};
use output::Output;

/// Runs the command that the process was given.
pub async fn main() -> process::ExitCode {
    // A panic message may quote a password or a hash from the input; its location does not.
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string).unwrap_or_default();
        eprintln!("accounts: internal error at {location}");
    }));
    let Arguments { json, command } = Arguments::parse();
    match run(command, &Output::new(json)).await {
        Ok(code) => code.into(),
        Err(error) => {
            eprintln!("accounts: {}", error.describe());
            ExitCode::from(&error).into()
        }
    }
}

async fn run(command: Command, output: &Output) -> Result<ExitCode, CommandError> {
    let config = OperatorConfig::from_env()?;
    let open = async || open_existing(&config).await;
    match command {
        Command::Import(arguments) => import(&config, &arguments, output).await,
        Command::Show { name } => {
            commands::show(&*open().await?, &name, &config.sessions, now(), output).await
        }
        Command::Disable { name } => commands::disable(&*open().await?, &name, output).await,
        Command::Enable { name } => commands::enable(&*open().await?, &name, output).await,
        Command::Unlock { name } => commands::unlock(&*open().await?, &name, output).await,
        Command::Sessions { name } => {
            commands::sessions(&*open().await?, &name, &config.sessions, now(), output).await
        }
        Command::Revoke { name, session: None } => commands::revoke(&*open().await?, &name, output).await,
        Command::Revoke { name, session: Some(id) } => {
            commands::end_session(&*open().await?, &name, &id, output).await
        }
        Command::SetPassword { name } => {
            commands::set_password(&*open().await?, &config, &name, output).await
        }
        Command::Delete { name, yes } => commands::delete(&*open().await?, &name, yes, output).await,
        Command::Keys { command } => {
            // First the store, which is not made by a mistyped path.
            let store = open().await?;
            let secret = start::open_secret(&config).await?;
            commands::keys(&*secret, &*store, config.sessions.idle, command, now(), output).await
        }
        Command::Repair => commands::repair(&*open().await?, output).await,
        Command::Export(export) => commands::export(&*open().await?, &export).await,
        Command::CheckHash { name: Some(name) } => {
            commands::check_hash_of(&*open().await?, &config, &name, output).await
        }
        Command::CheckHash { name: None } => commands::check_hashes(&config, output),
    }
}

/// Opens the store that an import needs: none to check a file, and one that exists to tell what an update would do.
async fn import(
    config: &OperatorConfig,
    arguments: &ImportArguments,
    output: &Output,
) -> Result<ExitCode, CommandError> {
    let store = match (arguments.dry_run, arguments.update) {
        (true, false) => None,
        (true, true) => Some(open_existing(config).await?),
        (false, _) => Some(start::open_store(config).await?),
    };
    commands::import(store.as_deref(), arguments, config.cost, now(), output).await
}

#[expect(
    clippy::disallowed_methods,
    reason = "the only place that reads the clock; the rest takes the time as an argument"
)]
fn now() -> Timestamp {
    SystemTime::now().into()
}

/// Opens the store, but makes no new database: a mistyped path is an error.
async fn open_existing(config: &OperatorConfig) -> Result<Arc<dyn Operator>, CommandError> {
    if let StoreLocation::Sqlite(path) = &config.store
        && !path.exists()
    {
        return Err(CommandError::new(format!("no database at {}; check ACCOUNT_STORE", path.display())));
    }
    Ok(start::open_store(config).await?)
}
