//! `export`: writes all accounts as JSON Lines.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde_json::{Value, json};
use shared::account::{Account, ExternalId, Status};
use shared::names::email::Email;
use shared::store::Operator;

use crate::arguments::ExportArguments;
use crate::exit::{CommandError, ExitCode};
use crate::retry::retry;
use crate::time;

/// Writes accounts page by page, so that memory does not grow with their number.
pub(crate) async fn export(
    store: &dyn Operator,
    arguments: &ExportArguments,
) -> Result<ExitCode, CommandError> {
    let mut out = match &arguments.output {
        None => Box::new(io::stdout().lock()) as Box<dyn Write>,
        Some(path) => Box::new(create(path)?),
    };
    let (mut after, mut code) = (None, ExitCode::Done);
    loop {
        let page = retry(async || store.page(after.as_deref()).await).await?;
        for account in page.accounts {
            match account {
                // It ends by itself, unless its owner confirms its email, here and not where it is imported.
                Ok(account) if account.pending_until.is_some() => {}
                Ok(account) => writeln!(out, "{}", to_json(&account, arguments.with_hashes))?,
                Err(unreadable) => {
                    eprintln!("accounts: {}", CommandError::new(unreadable).describe());
                    code = ExitCode::SomeRefused;
                }
            }
        }
        after = page.next;
        if after.is_none() {
            out.flush()?;
            return Ok(code);
        }
    }
}

/// Creates a file that only its owner may read, since it may contain hashes. An existing file is an error.
fn create(path: &Path) -> Result<BufWriter<File>, CommandError> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let with_path =
        |error: io::Error| CommandError::new(format!("cannot create {}: {error}", path.display()));
    file.map(BufWriter::new).map_err(with_path)
}

/// The account as `import` reads it.
fn to_json(account: &Account, with_hash: bool) -> Value {
    let mut json = json!({
        "username": account.username.as_str(),
        "id": account.id.to_string(),
        "external_id": account.external_id.as_ref().map(ExternalId::as_str),
        "email": account.email.as_ref().map(Email::as_str),
        "email_verified": account.email.as_ref().map(|_| account.email_verified),
        "disabled": account.status == Status::Disabled,
        "created": time::format(account.created_at),
        "token_version": account.token_version,
        "hash": with_hash.then_some(account.password_hash.as_str()),
    });
    if let Some(members) = json.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    json
}
