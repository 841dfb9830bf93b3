//! Showing an account, and what keeps its owner out.

use std::fmt::Write;

use serde_json::json;
use shared::account::{Account, Status};
use shared::limits::lockout::Failures;
use shared::names::email::Email;
use shared::names::username::UsernameKey;
use shared::store::Operator;
use shared::time::Timestamp;

use super::find;
use crate::outcome::{Exit, Failure, Output};
use crate::time;

pub(crate) async fn show(
    store: &dyn Operator,
    name: &str,
    now: Timestamp,
    output: &Output,
) -> Result<Exit, Failure> {
    let account = find(store, name).await?;
    let attempts = store.failures(account.username.key()).await?;
    let hash = account.password_hash.describe();
    let problem = hash.verifiable.as_ref().err().map(ToString::to_string);
    let (created, disabled) = (time::format(account.created_at), account.status == Status::Disabled);
    let is_locked = Failures::admit(attempts.as_ref(), now).is_err();
    let locked_until = attempts.as_ref().filter(|_| is_locked).map(locked_until);
    let failures = attempts.as_ref().map_or(0, |attempts| attempts.failures);
    let json = json!({
        "username": account.username.as_str(),
        "id": account.id.to_string(),
        "email": account.email.as_ref().map(Email::as_str),
        "created": created,
        "disabled": disabled,
        "token_version": account.token_version,
        "hash": { "scheme": hash.scheme, "parameters": hash.parameters, "problem": problem },
        "failed_logins": failures,
        "locked_until": locked_until,
    });
    let mut words = describe(&account);
    let password = problem.unwrap_or_else(|| hash.parameters.clone());
    let _ = write!(words, "\npassword       {} {password}", hash.scheme);
    let _ = write!(words, "\nfailed logins  {failures}");
    if let Some(locked_until) = locked_until {
        let _ = write!(words, ", locked until {locked_until}");
    }
    output.answer(&words, &json)?;
    Ok(Exit::Done)
}

fn describe(account: &Account) -> String {
    format!(
        "username       {}\nid             {}\nemail          {}\ncreated        {}\n\
         status         {}\ntoken version  {}",
        account.username,
        account.id,
        account.email.as_ref().map_or("none", Email::as_str),
        time::format(account.created_at),
        if account.status == Status::Disabled { "disabled" } else { "active" },
        account.token_version,
    )
}

fn locked_until(attempts: &Failures) -> String {
    time::format(Timestamp::from_seconds(attempts.locked_until.millis().div_ceil(1000)))
}

/// Names are locked whether anybody has them or not, and so are unlocked.
pub(crate) async fn unlock(store: &dyn Operator, name: &str, output: &Output) -> Result<Exit, Failure> {
    let key = UsernameKey::of(name);
    let forgotten = store.forget_failures(&key).await?;
    if forgotten.is_none() {
        find(store, name).await?;
    }
    let failures = forgotten.map_or(0, |forgotten| forgotten.failures);
    let words = format!("{}: {failures} failed logins forgotten", crate::outcome::plain(name));
    output.answer(&words, &json!({ "command": "unlock", "name": name, "failed_logins": failures }))?;
    Ok(Exit::Done)
}
