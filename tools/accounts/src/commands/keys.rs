//! `keys`: shows and changes the keys that sign and verify tokens.

use std::io;
use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use shared::store::Operator;
use shared::time::Timestamp;
use shared::token::secret::{Kept, SecretPlace};
use shared::token::{KeySet, RsaPublicKey};

use crate::arguments::KeysCommand;
use crate::confirm::confirm;
use crate::exit::{CommandError, ExitCode};
use crate::keys::document::{Document, Held, Role};
use crate::keys::generate::generate;
use crate::keys::rotation::{Algorithm, ChangeError, Step, kept};
use crate::output::Output;
use crate::time;

/// Attempts to publish the keys while other commands do the same.
const PUBLICATIONS: u32 = 5;

pub(crate) async fn keys(
    place: &dyn SecretPlace,
    store: &dyn Operator,
    session_idle: Duration,
    command: Option<KeysCommand>,
    now: Timestamp,
    output: &Output,
) -> Result<ExitCode, CommandError> {
    let kept = kept(session_idle);
    let seen = place.read().await.map_err(CommandError::new)?;
    let before = seen.as_ref().map(|kept| Document::parse(&kept.json)).transpose();
    let before = before.map_err(CommandError::new)?;
    let (after, text) = match (command, before) {
        (None, Some(document)) => {
            list(&document, kept, now, output)?;
            return Ok(ExitCode::Done);
        }
        (Some(KeysCommand::Init { alg }), before) => init(before, alg, kept, now)?,
        (Some(KeysCommand::Rotate { alg }), Some(document)) => rotate(document, alg, kept, now)?,
        (Some(KeysCommand::Revoke { kid, yes }), Some(document)) => revoke(document, &kid, yes, now)?,
        (_, None) => {
            return Err(CommandError::new("there are no keys yet; make one with `accounts keys init`"));
        }
    };
    write(place, store, seen.as_ref(), &after).await?;
    output
        .write(&text, &json!({ "command": "keys", "result": text, "keys": described(&after, kept, now) }))?;
    Ok(ExitCode::Done)
}

/// Keeps the secret. Each key is published before it is in the secret, and as long as it is there, so that no token is signed with
/// an unpublished key.
async fn write(
    place: &dyn SecretPlace,
    store: &dyn Operator,
    seen: Option<&Kept>,
    after: &Document,
) -> Result<(), CommandError> {
    let next = after.to_text().map_err(CommandError::new)?;
    // As the functions will read it: what would stop them is not written.
    Document::parse(&next).map_err(CommandError::new)?;
    publish(place, store, Some(after)).await?;
    let is_changed = seen.is_none_or(|seen| seen.json.expose_secret() != next.expose_secret());
    let outcome = if is_changed { place.replace(seen, &next).await } else { Ok(true) };
    // By the secret that is there now, whether it is this one or not.
    publish(place, store, None).await?;
    if outcome.map_err(CommandError::new)? {
        return Ok(());
    }
    Err(CommandError::new("the keys changed since they were read; run the command again"))
}

/// Publishes the public keys of the secret, and those of `coming`. The published set is read before the secret: of two commands at
/// once, the one that read an older secret then fails to swap the set, and reads again.
async fn publish(
    place: &dyn SecretPlace,
    store: &dyn Operator,
    coming: Option<&Document>,
) -> Result<(), CommandError> {
    for _ in 0..PUBLICATIONS {
        let seen = store.key_set().await?;
        let kept = place.read().await.map_err(CommandError::new)?;
        let there = kept.map(|kept| Document::parse(&kept.json)).transpose().map_err(CommandError::new)?;
        let mut keys: Vec<&RsaPublicKey> = Vec::new();
        for (_, held) in there.iter().chain(coming).flat_map(Document::keys) {
            keys.extend(held.key.public().filter(|key| !keys.contains(key)));
        }
        let key_set = serde_json::to_string(&KeySet::of_public(keys)).map_err(CommandError::new)?;
        if seen.as_ref() == Some(&key_set) || store.swap_key_set(seen.as_deref(), &key_set).await? {
            return Ok(());
        }
    }
    Err(CommandError::new("other commands change the keys at the same time; run the command again"))
}

type Change = (Document, String);

fn init(
    before: Option<Document>,
    alg: Algorithm,
    kept: Duration,
    now: Timestamp,
) -> Result<Change, CommandError> {
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
    let until = time::format(now + kept);
    let text = format!("key {} signs, key {before} verifies until {until}", document.current.key.id());
    Ok((document, text))
}

fn rotate(
    mut document: Document,
    alg: Option<Algorithm>,
    kept: Duration,
    now: Timestamp,
) -> Result<Change, CommandError> {
    let text = match document.rotate(alg, kept, now, make)? {
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
            &format!("Remove key {kid}, and end every token and session that it signed?"),
            "revoke asks at a terminal; elsewhere it needs --yes",
            "the key was not removed",
        )?;
    }
    document.revoke(kid, now, make)?;
    let current = document.current.key.id();
    let text = format!(
        "key {kid} is gone, key {current} signs; functions refuse its tokens within an hour, busy ones within five minutes"
    );
    Ok((document, text))
}

fn make(alg: Algorithm) -> Result<shared::token::Key, CommandError> {
    generate(alg).map_err(CommandError::new)
}

fn list(document: &Document, kept: Duration, now: Timestamp, output: &Output) -> io::Result<()> {
    let line = |(role, held): (Role, &Held)| {
        let since = held.since.map_or("unknown".to_owned(), time::format);
        let role_until = match role {
            Role::Current => "signs".to_owned(),
            Role::Next => format!("may sign from {} on", time::format(held.ready(now))),
            Role::Previous => format!("verifies until {}", time::format(held.needed_until(kept, now))),
        };
        format!(
            "{:8}  {}  {}  since {since}, {role_until}",
            role.name(),
            Algorithm::of(&held.key),
            held.key.id()
        )
    };
    let text: Vec<_> = document.keys().map(line).collect();
    output.write(&text.join("\n"), &json!({ "command": "keys", "keys": described(document, kept, now) }))
}

fn described(document: &Document, kept: Duration, now: Timestamp) -> Vec<Value> {
    let describe = |(role, held): (Role, &Held)| {
        let ready = (role == Role::Next).then(|| time::format(held.ready(now)));
        let needed_until = (role == Role::Previous).then(|| time::format(held.needed_until(kept, now)));
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
