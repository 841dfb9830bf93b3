//! `sessions` and `revoke --session`: the sessions of an account.

use serde_json::{Value, json};
use shared::session::{Lifetimes, Session, SessionId};
use shared::store::Operator;
use shared::time::Timestamp;

use super::{find, report_change};
use crate::exit::{CommandError, ExitCode};
use crate::output::{Output, escape};
use crate::time;

pub(crate) async fn sessions(
    store: &dyn Operator,
    name: &str,
    lifetimes: &Lifetimes,
    now: Timestamp,
    output: &Output,
) -> Result<ExitCode, CommandError> {
    let account = find(store, name).await?;
    let live = account.live_sessions(lifetimes, now);
    let lines: Vec<_> = live.iter().map(|session| line(session, lifetimes)).collect();
    let text = if lines.is_empty() { format!("{}: no sessions", account.username) } else { lines.join("\n") };
    let json = json!({
        "username": account.username.as_str(),
        "id": account.id.to_string(),
        "sessions": live.iter().map(|session| to_json(session, lifetimes)).collect::<Vec<_>>(),
    });
    output.write(&text, &json)?;
    Ok(ExitCode::Done)
}

fn line(session: &Session, lifetimes: &Lifetimes) -> String {
    format!(
        "{}  created {}, last used {}, ends {}  {}",
        session.id,
        time::format(session.created_at),
        time::format(session.used_at),
        time::format(session.ends_at(lifetimes)),
        escape(session.label.as_str()),
    )
}

fn to_json(session: &Session, lifetimes: &Lifetimes) -> Value {
    json!({
        "id": session.id.to_string(),
        "label": session.label.as_str(),
        "created": time::format(session.created_at),
        "last_used": time::format(session.used_at),
        "ends": time::format(session.ends_at(lifetimes)),
    })
}

/// Ends one session. Its access tokens are refused from then on; the others of the account stay.
pub(crate) async fn end_session(
    store: &dyn Operator,
    name: &str,
    id: &str,
    output: &Output,
) -> Result<ExitCode, CommandError> {
    let account = find(store, name).await?;
    let ended = match SessionId::parse(id) {
        Some(id) => store.end_session(account.username.key(), &id).await?,
        None => false,
    };
    if !ended {
        let unknown = format!("{} has no session \"{id}\"; `accounts sessions` lists them", account.username);
        return Err(CommandError::new(unknown));
    }
    report_change(output, "revoke", &account, true, "the session has ended, and its tokens are refused")
}
