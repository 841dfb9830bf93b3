//! `keys`: shows and changes the keys that sign and verify tokens.

use std::io;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use shared::store::Operator;
use shared::time::Timestamp;
use shared::token::KeySet;
use shared::token::secret::SecretPlace;

use crate::arguments::KeysCommand;
use crate::confirm::confirm;
use crate::exit::{CommandError, ExitCode};
use crate::keys::document::{Document, Held, Role};
use crate::keys::generate::generate;
use crate::keys::rotation::{Algorithm, ChangeError, KEPT, Step};
use crate::output::Output;
use crate::time;

pub(crate) async fn keys(
    place: &dyn SecretPlace,
    store: &dyn Operator,
    command: Option<KeysCommand>,
    now: Timestamp,
    output: &Output,
) -> Result<ExitCode, CommandError> {
    let seen = place.read().await.map_err(CommandError::new)?;
    let before = seen.as_ref().map(Document::parse).transpose().map_err(CommandError::new)?;
    let (after, text) = match (command, before) {
        (None, Some(document)) => {
            list(&document, now, output)?;
            return Ok(ExitCode::Done);
        }
        (Some(KeysCommand::Init { alg }), before) => init(before, alg, now)?,
        (Some(KeysCommand::Rotate { alg }), Some(document)) => rotate(document, alg, now)?,
        (Some(KeysCommand::Revoke { kid, yes }), Some(document)) => revoke(document, &kid, yes, now)?,
        (_, None) => {
            return Err(CommandError::new("there are no keys yet; make one with `accounts keys init`"));
        }
    };
    write(place, store, seen.as_ref(), &after).await?;
    output.write(&text, &json!({ "command": "keys", "result": text, "keys": described(&after, now) }))?;
    Ok(ExitCode::Done)
}

/// Publishes the public keys, then keeps the secret: no token is signed with a key that is not published.
async fn write(
    place: &dyn SecretPlace,
    store: &dyn Operator,
    seen: Option<&SecretString>,
    after: &Document,
) -> Result<(), CommandError> {
    let next = after.to_text().map_err(CommandError::new)?;
    // As the functions will read it: what would stop them is not written.
    Document::parse(&next).map_err(CommandError::new)?;
    let public = after.keys().filter_map(|(_, held)| held.key.public());
    let key_set = serde_json::to_string(&KeySet::of_public(public)).map_err(CommandError::new)?;
    store.put_key_set(&key_set).await?;
    if seen.is_some_and(|seen| seen.expose_secret() == next.expose_secret()) {
        return Ok(());
    }
    if !place.replace(seen, &next).await.map_err(CommandError::new)? {
        return Err(CommandError::new("the keys changed since they were read; run the command again"));
    }
    Ok(())
}

type Change = (Document, String);

fn init(before: Option<Document>, alg: Algorithm, now: Timestamp) -> Result<Change, CommandError> {
    let Some(mut document) = before else {
        let document = Document::new(make(alg)?, now);
        let text = format!("key {} signs", document.current.key.id());
        return Ok((document, text));
    };
    let before = document.current.key.id().to_owned();
    if Algorithm::of(&document.current.key) == alg {
        return Ok((
            document,
            format!("key {before} signs by {alg} already; `accounts keys rotate` replaces it"),
        ));
    }
    document.sign_with(make(alg)?, now);
    let until = time::format(now + KEPT);
    let text = format!("key {} signs, key {before} verifies until {until}", document.current.key.id());
    Ok((document, text))
}

fn rotate(mut document: Document, alg: Option<Algorithm>, now: Timestamp) -> Result<Change, CommandError> {
    let text = match document.rotate(alg, now, make)? {
        Step::Published { next, ready } => {
            format!(
                "key {next} is published; from {} on, run this again to sign with it",
                time::format(ready)
            )
        }
        Step::Announced { next, ready } => {
            format!(
                "key {next} is published, and may sign from {} on; run this again then",
                time::format(ready)
            )
        }
        Step::Signs { current, previous_until } => {
            format!(
                "key {current} signs; the key before it verifies until {}, and the next run after that removes it",
                time::format(previous_until)
            )
        }
        Step::Kept { current, previous_until } => {
            format!(
                "nothing to do: key {current} signs, and the key before it is needed until {}",
                time::format(previous_until)
            )
        }
    };
    Ok((document, text))
}

fn revoke(mut document: Document, kid: &str, yes: bool, now: Timestamp) -> Result<Change, CommandError> {
    if !yes && document.keys().any(|(_, held)| held.key.id() == kid) {
        confirm(
            &format!("Remove key {kid}, and end every token that it signed?"),
            "revoke asks at a terminal; elsewhere it needs --yes",
            "the key was not removed",
        )?;
    }
    document.revoke(kid, now, make)?;
    let current = document.current.key.id();
    let text = format!(
        "key {kid} is gone, key {current} signs; functions notice within an hour, mostly five minutes"
    );
    Ok((document, text))
}

fn make(alg: Algorithm) -> Result<shared::token::Key, CommandError> {
    generate(alg).map_err(CommandError::new)
}

fn list(document: &Document, now: Timestamp, output: &Output) -> io::Result<()> {
    let line = |(role, held): (Role, &Held)| {
        let since = held.since.map_or("unknown".to_owned(), time::format);
        let role_until = match role {
            Role::Current => "signs".to_owned(),
            Role::Next => format!("may sign from {} on", time::format(held.ready(now))),
            Role::Previous => format!("verifies until {}", time::format(held.needed_until(now))),
        };
        format!(
            "{:8}  {}  {}  since {since}, {role_until}",
            role.name(),
            Algorithm::of(&held.key),
            held.key.id()
        )
    };
    let text: Vec<_> = document.keys().map(line).collect();
    output.write(&text.join("\n"), &json!({ "command": "keys", "keys": described(document, now) }))
}

fn described(document: &Document, now: Timestamp) -> Vec<Value> {
    let describe = |(role, held): (Role, &Held)| {
        let ready = (role == Role::Next).then(|| time::format(held.ready(now)));
        let needed_until = (role == Role::Previous).then(|| time::format(held.needed_until(now)));
        json!({
            "kid": held.key.id(),
            "alg": Algorithm::of(&held.key).to_string(),
            "role": role.name(),
            "since": held.since.map(time::format),
            "ready": ready,
            "needed_until": needed_until,
        })
    };
    document.keys().map(describe).collect()
}

impl From<ChangeError> for CommandError {
    fn from(error: ChangeError) -> Self {
        Self::new(error)
    }
}
