//! The operator's tool: imports, shows, changes and exports the accounts that the functions serve.
//!
//! [`arguments`] is what can be asked for, [`commands`] does it, each in a file of its own, and [`outcome`] is what comes
//! of it. Nothing here prints a password or a hash, but `export --with-hashes`.

mod arguments;
mod commands;
mod import;
mod outcome;
mod patience;
mod time;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use clap::Parser;
use shared::config::{OperatorConfig, StoreLocation};
use shared::start;
use shared::store::Operator;
use shared::time::Timestamp;

use arguments::{Arguments, Command};
use outcome::{Exit, Failure, Output};

/// Runs the command that the process was given.
pub async fn main() -> ExitCode {
    // The message of a panic may quote what was read; its place does not.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        eprintln!("accounts: a fault of this program at {place}");
    }));
    let Arguments { json, command } = Arguments::parse();
    match run(command, &Output::new(json)).await {
        Ok(exit) => exit.into(),
        Err(failure) => {
            eprintln!("accounts: {}", failure.describe());
            Exit::from(&failure).into()
        }
    }
}

async fn run(command: Command, output: &Output) -> Result<Exit, Failure> {
    let config = OperatorConfig::from_env()?;
    let open = async || open(&config).await;
    match command {
        Command::Import(import) => {
            let store = if import.dry_run { None } else { Some(start::open_store(&config).await?) };
            import::run(store.as_deref(), &import, now(), output).await
        }
        Command::Show { name } => commands::show(&*open().await?, &name, now(), output).await,
        Command::Disable { name } => commands::disable(&*open().await?, &name, output).await,
        Command::Enable { name } => commands::enable(&*open().await?, &name, output).await,
        Command::Unlock { name } => commands::unlock(&*open().await?, &name, output).await,
        Command::Revoke { name } => commands::revoke(&*open().await?, &name, output).await,
        Command::SetPassword { name } => {
            commands::set_password(&*open().await?, &config, &name, output).await
        }
        Command::Delete { name, yes } => commands::delete(&*open().await?, &name, yes, output).await,
        Command::Export(export) => commands::export(&*open().await?, &export).await,
        Command::CheckHash { name: Some(name) } => {
            commands::check_hash_of(&*open().await?, &config, &name, output).await
        }
        Command::CheckHash { name: None } => commands::check_hashes(&config, output),
    }
}

#[expect(clippy::disallowed_methods, reason = "the clock is handed down from here")]
fn now() -> Timestamp {
    SystemTime::now().into()
}

/// Opens the accounts that there are: a mistaken path must not become a new database.
async fn open(config: &OperatorConfig) -> Result<Arc<dyn Operator>, Failure> {
    if let StoreLocation::Sqlite(path) = &config.store
        && !path.exists()
    {
        return Err(Failure::new(format!("there is no database at {}", path.display())));
    }
    Ok(start::open_store(config).await?)
}
