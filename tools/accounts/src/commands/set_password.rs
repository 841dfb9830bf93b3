//! `set-password`: gives an account a new password.

use std::io::{self, BufRead, IsTerminal, Read};

use console::Term;
use secrecy::{ExposeSecret, SecretString};
use shared::config::OperatorConfig;
use shared::limits::lockout::FailuresKey;
use shared::password::hash::Hasher;
use shared::password::policy::Policy;
use shared::store::{Change, Operator};

use super::{find, report_change};
use crate::bounded_line::BYTE_ORDER_MARK;
use crate::exit::{CommandError, ExitCode};
use crate::output::Output;

/// Maximum length of the line with the password. The longest password is shorter.
const MAX_LINE_BYTES: usize = 4096;

pub(crate) async fn set_password(
    store: &dyn Operator,
    config: &OperatorConfig,
    name: &str,
    output: &Output,
) -> Result<ExitCode, CommandError> {
    let account = find(store, name).await?;
    let typed = read_password()?;
    let policy = Policy::new(config.password_min_length);
    let password = policy
        .admit(typed.expose_secret(), Some(&account.username), account.email.as_ref())
        .map_err(CommandError::new)?;
    let hash = Hasher::new(config.cost)?.hash(&password)?;
    // By the id: the name may have a new owner since its account was read.
    let change = Change::Password(hash);
    let before = store.change(account.username.key(), Some(account.id), &change).await?.ok_or_else(|| {
        CommandError::new(
            "the account changed since it was read, and has no new password; run the command again",
        )
    })?;
    store.forget_failures(&FailuresKey::of_name(account.username.key())).await?;
    report_change(
        output,
        "set-password",
        &before,
        true,
        "has a new password; all its tokens issued so far are refused, its name is not locked",
    )
}

fn read_password() -> Result<SecretString, CommandError> {
    if io::stdin().is_terminal() { read_typed_twice() } else { read_line() }
}

/// Asks for the password twice, without showing it.
fn read_typed_twice() -> Result<SecretString, CommandError> {
    let ask = |prompt: &str| -> io::Result<SecretString> {
        Term::stderr().write_str(prompt)?;
        Term::stderr().read_secure_line().map(SecretString::from)
    };
    let (first, second) = (ask("New password: ")?, ask("New password again: ")?);
    if first.expose_secret() != second.expose_secret() {
        return Err(CommandError::new("the two passwords differ"));
    }
    Ok(first)
}

/// Reads the one line of standard input.
fn read_line() -> Result<SecretString, CommandError> {
    // Allocated once at full size: a string that grows leaves copies of the password in memory.
    let mut line = String::with_capacity(MAX_LINE_BYTES);
    let mut stdin = io::stdin().lock().take(MAX_LINE_BYTES as u64);
    let read = stdin.read_line(&mut line).and_then(|_| stdin.read(&mut [0]));
    let end = line.trim_end_matches('\n').trim_end_matches('\r').len();
    line.truncate(end);
    if line.starts_with(BYTE_ORDER_MARK) {
        line.remove(0);
    }
    let line = SecretString::from(line);
    match read {
        Ok(0) => Ok(line),
        Ok(_) => Err(CommandError::new("the password must be one line")),
        Err(error) => Err(error.into()),
    }
}
