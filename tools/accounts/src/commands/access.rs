//! Changing and deleting one account.

use std::io::{self, BufRead, IsTerminal, Read, Write};

use console::Term;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use shared::account::{Account, Status};
use shared::config::OperatorConfig;
use shared::names::email::Email;
use shared::names::username::UsernameKey;
use shared::password::hash::Hasher;
use shared::password::policy::Policy;
use shared::store::{Change, Operator};

use super::find;
use crate::outcome::{Exit, Failure, Output};

/// The longest line that is read as a password, in bytes: more than the longest password has.
const LONGEST_LINE: u64 = 4096;

pub(crate) async fn disable(store: &dyn Operator, name: &str, output: &Output) -> Result<Exit, Failure> {
    let before = change(store, name, &Change::Disable).await?;
    let changed = before.status == Status::Active;
    let did = if changed { "disabled: no login, and its tokens are refused" } else { "was disabled already" };
    answer(output, "disable", &before, changed, did)
}

pub(crate) async fn enable(store: &dyn Operator, name: &str, output: &Output) -> Result<Exit, Failure> {
    let before = change(store, name, &Change::Enable).await?;
    let changed = before.status == Status::Disabled;
    let did = if changed { "enabled" } else { "was enabled already" };
    answer(output, "enable", &before, changed, did)
}

pub(crate) async fn revoke(store: &dyn Operator, name: &str, output: &Output) -> Result<Exit, Failure> {
    let before = change(store, name, &Change::EndTokens).await?;
    answer(output, "revoke", &before, true, "all tokens issued so far are refused")
}

async fn change(store: &dyn Operator, name: &str, change: &Change) -> Result<Account, Failure> {
    let before = store.change(&UsernameKey::of(name), change).await?;
    before.ok_or_else(|| Failure::NoSuchAccount(name.to_owned()))
}

fn answer(
    output: &Output,
    command: &str,
    account: &Account,
    changed: bool,
    did: &str,
) -> Result<Exit, Failure> {
    let json = json!({
        "command": command,
        "username": account.username.as_str(),
        "id": account.id.to_string(),
        "changed": changed,
    });
    output.answer(&format!("{}: {did}", account.username), &json)?;
    Ok(Exit::Done)
}

pub(crate) async fn set_password(
    store: &dyn Operator,
    config: &OperatorConfig,
    name: &str,
    output: &Output,
) -> Result<Exit, Failure> {
    let account = find(store, name).await?;
    let typed = read_password()?;
    let policy = Policy::new(config.password_min_length);
    let password = policy
        .admit(typed.expose_secret(), Some(&account.username), account.email.as_ref())
        .map_err(Failure::new)?;
    let hash = Hasher::new(config.cost)?.hash(&password)?;
    let before = change(store, name, &Change::Password(hash)).await?;
    store.forget_failures(account.username.key()).await?;
    answer(
        output,
        "set-password",
        &before,
        true,
        "has a new password; its tokens are refused, its name is not locked",
    )
}

/// One line of standard input, typed twice and unseen where that is a terminal.
fn read_password() -> Result<SecretString, Failure> {
    if io::stdin().is_terminal() {
        let ask = |prompt: &str| -> io::Result<SecretString> {
            Term::stderr().write_str(prompt)?;
            Term::stderr().read_secure_line().map(SecretString::from)
        };
        let (first, second) = (ask("New password: ")?, ask("Once more: ")?);
        if first.expose_secret() != second.expose_secret() {
            return Err(Failure::new("the two passwords differ"));
        }
        return Ok(first);
    }
    // Room for all of it at once: a string that grows leaves copies behind.
    let mut line = String::with_capacity(4096);
    let mut stdin = io::stdin().lock().take(LONGEST_LINE);
    let read = stdin.read_line(&mut line).and_then(|_| stdin.read(&mut [0]));
    let end = line.trim_end_matches('\n').trim_end_matches('\r').len();
    line.truncate(end);
    let line = SecretString::from(line);
    match read {
        Ok(0) => Ok(line),
        Ok(_) => Err(Failure::new("a password is one line")),
        Err(error) => Err(error.into()),
    }
}

pub(crate) async fn delete(
    store: &dyn Operator,
    name: &str,
    yes: bool,
    output: &Output,
) -> Result<Exit, Failure> {
    let account = find(store, name).await?;
    if !yes {
        confirm(&account)?;
    }
    if !store.delete(&account).await? {
        return Err(Failure::new("the account was replaced meanwhile; nothing was deleted"));
    }
    answer(output, "delete", &account, true, "deleted, and its name and email address are free")
}

fn confirm(account: &Account) -> Result<(), Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::UsageError("deleting is confirmed at a terminal, or with --yes"));
    }
    let email = account.email.as_ref().map_or("no email address", Email::as_str);
    eprint!("Delete {} ({}, {email}) for good? [y/N] ", account.username, account.id);
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    if answer.trim().eq_ignore_ascii_case("y") { Ok(()) } else { Err(Failure::new("nothing was deleted")) }
}
