//! `delete`: removes an account for good.

use std::io::{self, IsTerminal, Write};

use shared::account::Account;
use shared::names::email::Email;
use shared::store::Operator;

use super::{find, report_change};
use crate::exit::{CommandError, ExitCode};
use crate::output::Output;

pub(crate) async fn delete(
    store: &dyn Operator,
    name: &str,
    yes: bool,
    output: &Output,
) -> Result<ExitCode, CommandError> {
    let account = find(store, name).await?;
    if !yes {
        confirm(&account)?;
    }
    if !store.delete(&account).await? {
        return Err(CommandError::new(
            "the account changed since it was read, and was not deleted; run the command again",
        ));
    }
    report_change(output, "delete", &account, true, "deleted; its name and its email are free")
}

fn confirm(account: &Account) -> Result<(), CommandError> {
    if !io::stdin().is_terminal() {
        return Err(CommandError::UsageError("delete asks at a terminal; elsewhere it needs --yes"));
    }
    let email = account.email.as_ref().map_or("no email", Email::as_str);
    eprint!("Delete {} ({}, {email}) for good? [y/N] ", account.username, account.id);
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    if answer.trim().eq_ignore_ascii_case("y") {
        Ok(())
    } else {
        Err(CommandError::new("the account was not deleted"))
    }
}
