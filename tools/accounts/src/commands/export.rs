//! Writing all accounts down.

use std::fs::OpenOptions;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde_json::{Value, json};
use shared::account::{Account, Status};
use shared::names::email::Email;
use shared::store::Operator;

use crate::arguments::Export;
use crate::outcome::{Exit, Failure};
use crate::patience::patiently;
use crate::time;

/// Writes accounts page by page, so that memory does not grow with their number.
pub(crate) async fn export(store: &dyn Operator, export: &Export) -> Result<Exit, Failure> {
    let mut out = match &export.output {
        None => Box::new(io::stdout().lock()) as Box<dyn Write>,
        Some(path) => Box::new(create(path)?),
    };
    let (mut after, mut exit) = (None, Exit::Done);
    loop {
        let page = patiently(async || store.page(after.as_deref()).await).await?;
        for account in page.accounts {
            match account {
                Ok(account) => writeln!(out, "{}", line(&account, export.with_hashes))?,
                Err(unreadable) => {
                    eprintln!("accounts: {}", Failure::new(unreadable).describe());
                    exit = Exit::SomeRefused;
                }
            }
        }
        after = page.next;
        if after.is_none() {
            out.flush()?;
            return Ok(exit);
        }
    }
}

/// A new file that only its owner may read: hashes may be in it.
fn create(path: &Path) -> Result<BufWriter<std::fs::File>, Failure> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let named = |error: io::Error| Failure::new(format!("cannot make {}: {error}", path.display()));
    file.map(BufWriter::new).map_err(named)
}

fn line(account: &Account, with_hash: bool) -> Value {
    let mut line = json!({
        "username": account.username.as_str(),
        "id": account.id.to_string(),
        "email": account.email.as_ref().map(Email::as_str),
        "disabled": account.status == Status::Disabled,
        "created": time::format(account.created_at),
        "token_version": account.token_version,
        "hash": with_hash.then_some(account.password_hash.as_str()),
    });
    if let Some(members) = line.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    line
}
