//! `delete`: removes an account for good.

use shared::names::email::Email;
use shared::store::Operator;

use super::{find, report_change};
use crate::confirm::confirm;
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
        let email = account.email.as_ref().map_or("no email", Email::as_str);
        confirm(
            &format!("Delete {} ({}, {email}) for good?", account.username, account.id),
            "delete asks at a terminal; elsewhere it needs --yes",
            "the account was not deleted",
        )?;
    }
    if !store.delete(&account, None).await? {
        return Err(CommandError::new(
            "the account changed since it was read, and was not deleted; run the command again",
        ));
    }
    report_change(output, "delete", &account, true, "deleted; its name and its email are free")
}
