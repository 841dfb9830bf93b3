//! `show`: prints an account, the number of its sessions, and the lock-out of its name.

use serde_json::json;
use shared::account::{Account, ExternalId, Status};
use shared::limits::lockout::{Failures, FailuresKey};
use shared::names::email::Email;
use shared::session::Lifetimes;
use shared::store::Operator;
use shared::time::Timestamp;

use super::find;
use crate::exit::{CommandError, ExitCode};
use crate::output::Output;
use crate::time;

pub(crate) async fn show(
    store: &dyn Operator,
    name: &str,
    lifetimes: &Lifetimes,
    now: Timestamp,
    output: &Output,
) -> Result<ExitCode, CommandError> {
    let account = find(store, name).await?;
    let record = store.failures(&FailuresKey::of_name(account.username.key())).await?;
    let failures = record.as_ref().map_or(0, |record| record.failures);
    let is_locked = Failures::admit(record.as_ref(), now).is_err();
    let locked_until = record.as_ref().filter(|_| is_locked).map(locked_until);
    let sessions = account.live_sessions(lifetimes, now).len();
    let hash = account.password_hash.describe();
    let problem = hash.verifiable.as_ref().err().map(ToString::to_string);
    let json = json!({
        "username": account.username.as_str(),
        "id": account.id.to_string(),
        "external_id": account.external_id.as_ref().map(ExternalId::as_str),
        "email": account.email.as_ref().map(Email::as_str),
        "email_verified": account.email_verified,
        "pending_until": account.pending_until.map(time::format),
        "created": time::format(account.created_at),
        "disabled": account.status == Status::Disabled,
        "token_version": account.token_version,
        "sessions": sessions,
        "hash": { "scheme": hash.scheme, "parameters": hash.parameters, "problem": problem },
        "failed_logins": failures,
        "locked_until": locked_until,
    });
    let password = problem.as_ref().unwrap_or(&hash.parameters);
    let lockout = locked_until.map(|end| format!(", locked until {end}")).unwrap_or_default();
    let text = format!(
        "{}\nsessions       {sessions}\npassword       {} {password}\nfailed logins  {failures}{lockout}",
        describe(&account),
        hash.scheme,
    );
    output.write(&text, &json)?;
    Ok(ExitCode::Done)
}

fn describe(account: &Account) -> String {
    let verified = if account.email_verified { ", verified" } else { "" };
    let external = account.external_id.as_ref().map(|id| format!(", elsewhere {id}")).unwrap_or_default();
    let pending = account.pending_until.map(time::format);
    let pending = pending.map(|end| format!(", pending until {end}")).unwrap_or_default();
    format!(
        "username       {}\nid             {}{external}\nemail          {}{verified}\ncreated        {}\n\
         status         {}{pending}\ntoken version  {}",
        account.username,
        account.id,
        account.email.as_ref().map_or("none", Email::as_str),
        time::format(account.created_at),
        if account.status == Status::Disabled { "disabled" } else { "active" },
        account.token_version,
    )
}

/// The end of the lock-out, rounded up to whole seconds.
fn locked_until(record: &Failures) -> String {
    time::format(Timestamp::from_seconds(record.locked_until.millis().div_ceil(1000)))
}
