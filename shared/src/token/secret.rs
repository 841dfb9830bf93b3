//! The secret that holds the keys, as JSON: `{"current": K, "next": K, "previous": [K, …]}`. A K is what [`Key::parse`] takes.
//!
//! `current` signs and all verify. Only `current` is required; `previous` may be one K without brackets.

use std::fmt::{self, Debug};

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};

use super::claims::Object;
use super::key::{Key, Keys, UnfitKey};

/// The keys by their roles in a rotation.
#[derive(Clone, Debug)]
pub struct Secret {
    /// Signs new tokens, and verifies.
    pub current: Key,
    /// Verifies, and is published, before it signs.
    pub next: Option<Key>,
    /// Verify the tokens that they signed when they were current.
    pub previous: Vec<Key>,
}

/// The JSON. Unknown members are ignored.
#[derive(serde::Deserialize)]
struct Members {
    current: SecretString,
    next: Option<SecretString>,
    #[serde(default)]
    previous: OneOrMore,
}

/// The secret cannot be used. The error never shows it.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub enum SecretError {
    /// Not an object with a text `current`.
    #[error(r#"the secret is not JSON of the form {{"current": "…", "next": "…", "previous": ["…"]}}"#)]
    Form,
    /// A key in it is not fit to sign with.
    #[error("the secret's value \"{0}\" {1}")]
    Unfit(&'static str, UnfitKey),
}

impl Secret {
    /// Reads the JSON.
    ///
    /// # Errors
    ///
    /// When it has another form, or a key in it is not fit to sign with.
    pub fn parse(json: &str) -> Result<Self, SecretError> {
        let Object(members) = serde_json::from_str::<Object<Members>>(json).map_err(|_| SecretError::Form)?;
        let key = |role, text: &SecretString| {
            Key::parse(text.expose_secret()).map_err(|unfit| SecretError::Unfit(role, unfit))
        };
        Ok(Self {
            current: key("current", &members.current)?,
            next: members.next.map(|text| key("next", &text)).transpose()?,
            previous: members
                .previous
                .0
                .iter()
                .map(|text| key("previous", text))
                .collect::<Result<_, _>>()?,
        })
    }
}

impl From<Secret> for Keys {
    fn from(Secret { current, next, previous }: Secret) -> Self {
        Self::new(current, next.into_iter().chain(previous))
    }
}

/// A place that keeps the secret, for an operator. The functions read it in their own ways.
#[async_trait]
pub trait SecretPlace: Debug + Send + Sync {
    /// The secret as it is kept; `None` if there is none yet.
    async fn read(&self) -> Result<Option<Kept>, BoxError>;

    /// Puts `next` in the place of `seen`: compare and swap. Returns `false`, and changes nothing, if something else is there
    /// by now.
    async fn replace(&self, seen: Option<&Kept>, next: &SecretString) -> Result<bool, BoxError>;
}

/// A secret as it was read.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The JSON of [`Secret`].
    pub json: SecretString,
    /// Identifies this value among all that the place has held.
    pub(crate) revision: SecretString,
}

/// The error of a place.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// No text, one, or a list of them. What serde derives for such a choice keeps a copy that is not wiped.
#[derive(Default)]
struct OneOrMore(Vec<SecretString>);

impl<'de> Deserialize<'de> for OneOrMore {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrMoreVisitor)
    }
}

struct OneOrMoreVisitor;

impl<'de> Visitor<'de> for OneOrMoreVisitor {
    type Value = OneOrMore;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a list of texts")
    }

    fn visit_unit<E>(self) -> Result<OneOrMore, E> {
        Ok(OneOrMore::default())
    }

    fn visit_str<E>(self, text: &str) -> Result<OneOrMore, E> {
        Ok(OneOrMore(vec![text.into()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut texts: A) -> Result<OneOrMore, A::Error> {
        let mut all = Vec::new();
        while let Some(text) = texts.next_element()? {
            all.push(text);
        }
        Ok(OneOrMore(all))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use support::keys::{RSA_2048, RSA_3072};

    use super::*;

    const ONE: &str = "k9Xv2mQ8rT5wZ1bN4cL7dF0gH3jP6sAuE";
    const TWO: &str = "another-Secret-0f-thirty-two-byt3s";

    /// The `kid`s of a secret, the signing key first.
    fn ids(json: &serde_json::Value) -> Vec<String> {
        Keys::from(Secret::parse(&json.to_string()).unwrap()).ids().map(str::to_owned).collect()
    }

    fn kids<const N: usize>(keys: [&str; N]) -> [String; N] {
        keys.map(|key| Key::parse(key).unwrap().id().to_owned())
    }

    #[test]
    fn a_secret_has_a_current_key_and_maybe_a_next_and_previous_ones() {
        for (json, keys) in [
            (json!({ "current": ONE }), &kids([ONE])[..]),
            (json!({ "previous": TWO, "current": ONE, "kept": "by others" }), &kids([ONE, TWO])),
            (json!({ "current": ONE, "previous": [] }), &kids([ONE])),
            (json!({ "current": ONE, "next": null, "previous": null }), &kids([ONE])),
            (json!({ "current": ONE, "next": RSA_2048 }), &kids([ONE, RSA_2048])),
            (json!({ "current": RSA_2048, "previous": [ONE, RSA_3072] }), &kids([RSA_2048, ONE, RSA_3072])),
            (json!({ "current": RSA_2048, "next": TWO, "previous": ONE }), &kids([RSA_2048, TWO, ONE])),
            (json!({ "current": ONE, "next": ONE, "previous": [ONE] }), &kids([ONE])),
        ] {
            assert_eq!(ids(&json), keys, "{json}");
        }
    }

    #[test]
    fn anything_else_is_refused_and_not_shown() {
        let canary = format!("-----BEGIN PUBLIC KEY----- {} -----END PUBLIC KEY-----", "canary".repeat(8));
        for (json, problem) in [
            ("canary canary canary canary canary canary".to_owned(), "not JSON"),
            (json!(["canary"]).to_string(), "not JSON"),
            (json!([ONE, TWO, [TWO]]).to_string(), "not JSON"),
            (json!({ "previous": "canary" }).to_string(), "not JSON"),
            (json!({ "current": { "canary": 1 } }).to_string(), "not JSON"),
            (json!({ "current": ONE, "previous": { "canary": 1 } }).to_string(), "not JSON"),
            (json!({ "current": ONE, "previous": [ONE, ["canary"]] }).to_string(), "not JSON"),
            (json!({ "current": ONE, "next": ["canary"] }).to_string(), "not JSON"),
            (format!(r#"{{"current":"{ONE}","current":"canary"}}"#), "not JSON"),
            (json!({ "current": "canary" }).to_string(), "\"current\" must have at least 32 bytes"),
            (json!({ "current": ONE, "next": "canary" }).to_string(), "\"next\" must have"),
            (json!({ "current": ONE, "previous": "canary" }).to_string(), "\"previous\" must have"),
            (json!({ "current": ONE, "previous": [TWO, "canary"] }).to_string(), "\"previous\" must have"),
            (json!({ "current": canary }).to_string(), "\"current\" is public"),
        ] {
            let error = Secret::parse(&json).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(shown.contains(problem) && !shown.contains("canary"), "{shown}");
        }
    }
}
