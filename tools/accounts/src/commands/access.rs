//! `disable`, `enable`, `revoke` and `unlock`: the use of an account by its owner.

use serde_json::json;
use shared::account::Status;
use shared::limits::lockout::FailuresKey;
use shared::names::username::UsernameKey;
use shared::store::{Change, Operator};

use super::{change, find, report_change};
use crate::exit::{CommandError, ExitCode};
use crate::output::{Output, escape};

pub(crate) async fn disable(
    store: &dyn Operator,
    name: &str,
    output: &Output,
) -> Result<ExitCode, CommandError> {
    let before = change(store, name, &Change::Disable).await?;
    let changed = before.status == Status::Active;
    let text = if changed {
        "disabled; its password and its tokens are refused, and its sessions have ended"
    } else {
        "was already disabled"
    };
    report_change(output, "disable", &before, changed, text)
}

pub(crate) async fn enable(
    store: &dyn Operator,
    name: &str,
    output: &Output,
) -> Result<ExitCode, CommandError> {
    let before = change(store, name, &Change::Enable).await?;
    let changed = before.status == Status::Disabled;
    let text = if changed { "enabled" } else { "was already enabled" };
    report_change(output, "enable", &before, changed, text)
}

pub(crate) async fn revoke(
    store: &dyn Operator,
    name: &str,
    output: &Output,
) -> Result<ExitCode, CommandError> {
    let before = change(store, name, &Change::EndTokens).await?;
    report_change(
        output,
        "revoke",
        &before,
        true,
        "all its tokens issued so far are refused, and its sessions have ended",
    )
}

/// Removes the failed logins of a name. They may exist without an account, because unknown names are locked as well.
pub(crate) async fn unlock(
    store: &dyn Operator,
    name: &str,
    output: &Output,
) -> Result<ExitCode, CommandError> {
    let removed = store.forget_failures(&FailuresKey::of_name(&UsernameKey::of(name))).await?;
    if removed.is_none() {
        find(store, name).await?;
    }
    let failures = removed.map_or(0, |removed| removed.failures);
    let text = format!("{}: {failures} failed logins removed", escape(name));
    output.write(&text, &json!({ "command": "unlock", "name": name, "failed_logins": failures }))?;
    Ok(ExitCode::Done)
}
