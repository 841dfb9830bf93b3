//! The secret as an operator changes it: the JSON that the functions read, and the time at which each key took its role,
//! which they ignore.

use std::collections::BTreeMap;
use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use shared::time::Timestamp;
use shared::token::Key;
use shared::token::secret::{Secret, SecretError};

/// Upper bound of a secret in bytes
/// (<https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html>).
const MAX_BYTES: usize = 65_536;

/// By `kid` and role, the time in seconds since 1970 at which the key took the role. A time of another role is none, so that a
/// key that was moved by hand is not taken for one that has waited.
type Times = BTreeMap<String, BTreeMap<String, u64>>;

/// The members that this file reads and writes. The others belong to somebody else and stay as they are.
const MEMBERS: [&str; 4] = ["current", "next", "previous", "since"];

/// The secret. `Debug` shows no key, and nothing that belongs to somebody else.
#[derive(Clone)]
pub struct Document {
    /// Signs, and verifies.
    pub current: Held,
    /// Is published, so that everybody knows it before it signs.
    pub next: Option<Held>,
    /// Verify what they signed while they were current.
    pub previous: Vec<Held>,
    others: BTreeMap<String, Box<RawValue>>,
}

/// A key in its role.
#[derive(Clone, Debug)]
pub struct Held {
    /// The key.
    pub key: Key,
    /// The time at which it took the role; `None` for a key that was put there by other means than this tool.
    pub since: Option<Timestamp>,
}

/// A place that a key has in the secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// Signs new tokens.
    Current,
    /// Will sign.
    Next,
    /// Has signed.
    Previous,
}

impl Document {
    /// A secret with one key, which signs from now on.
    #[must_use]
    pub fn new(key: Key, now: Timestamp) -> Self {
        Self { current: Held::new(key, now), next: None, previous: Vec::new(), others: BTreeMap::new() }
    }

    /// Reads the secret.
    ///
    /// # Errors
    ///
    /// When the functions could not read it either.
    pub fn parse(json: &SecretString) -> Result<Self, SecretError> {
        let json = json.expose_secret();
        let Secret { current, next, previous } = Secret::parse(json)?;
        let mut others: BTreeMap<String, Box<RawValue>> =
            serde_json::from_str(json).map_err(|_| SecretError::Form)?;
        let since = others.get("since").and_then(|since| serde_json::from_str::<Times>(since.get()).ok());
        let since = since.unwrap_or_default();
        others.retain(|name, _| !MEMBERS.contains(&name.as_str()));
        let held = |role: Role, key: Key| {
            let since = since.get(key.id()).and_then(|roles| roles.get(role.name())).copied();
            Held { key, since: since.map(Timestamp::from_seconds) }
        };
        Ok(Self {
            current: held(Role::Current, current),
            next: next.map(|key| held(Role::Next, key)),
            previous: previous.into_iter().map(|key| held(Role::Previous, key)).collect(),
            others,
        })
    }

    /// The text to be kept.
    ///
    /// # Errors
    ///
    /// [`TooLong`].
    pub fn to_text(&self) -> Result<SecretString, TooLong> {
        // All names are texts, which is all that could fail.
        let written = serde_json::to_string(self).ok().filter(|text| text.len() <= MAX_BYTES);
        written.map(SecretString::from).ok_or(TooLong)
    }

    /// All keys with their roles.
    pub fn keys(&self) -> impl Iterator<Item = (Role, &Held)> {
        let next = self.next.iter().map(|held| (Role::Next, held));
        let previous = self.previous.iter().map(|held| (Role::Previous, held));
        [(Role::Current, &self.current)].into_iter().chain(next).chain(previous)
    }
}

impl Held {
    pub(super) fn new(key: Key, now: Timestamp) -> Self {
        Self { key, since: Some(now.whole_seconds()) }
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys().map(|(role, held)| (role, held.key.id()))).finish()
    }
}

/// The members in the form that the functions read. One previous key stands without brackets, as the versions before lists
/// read it.
impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let texts = |held: &[Held]| held.iter().map(|held| held.key.to_text()).collect::<Vec<_>>();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("current", self.current.key.to_text().expose_secret())?;
        if let Some(next) = &self.next {
            map.serialize_entry("next", next.key.to_text().expose_secret())?;
        }
        match &texts(&self.previous)[..] {
            [] => {}
            [one] => map.serialize_entry("previous", one.expose_secret())?,
            more => {
                let more: Vec<_> = more.iter().map(ExposeSecret::expose_secret).collect();
                map.serialize_entry("previous", &more)?;
            }
        }
        let since = self.keys().filter_map(|(role, held)| {
            Some((held.key.id(), BTreeMap::from([(role.name(), held.since?.seconds())])))
        });
        map.serialize_entry("since", &since.collect::<BTreeMap<_, _>>())?;
        for (name, value) in &self.others {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// The secret with all its keys would be longer than Secrets Manager takes.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the secret would have more than {MAX_BYTES} bytes; revoke keys that are no longer needed")]
pub struct TooLong;
