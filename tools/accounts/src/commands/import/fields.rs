//! The fields of a line, and the account that they describe.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use shared::account::{Account, AccountId, Status};
use shared::names::email::Email;
use shared::names::username::Username;
use shared::password::hash::PasswordHash;
use shared::random::NoRandomness;
use shared::session::Sessions;
use shared::store::Import;
use shared::time::Timestamp;

use super::refused::Reason;
use crate::time;

/// The names of each column of a CSV file. The members of a JSON object have the same names.
pub(super) const COLUMNS: [&[&str]; 9] = [
    &["username"],
    &["hash", "password"],
    &["email"],
    &["email_verified"],
    &["id"],
    &["disabled"],
    &["is_active"],
    &["created", "date_joined"],
    &["token_version"],
];

/// Number of required columns, which are the first of [`COLUMNS`].
pub(super) const REQUIRED: usize = 2;

/// The fields of a line as text, not yet checked.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    username: String,
    #[serde(alias = "password")]
    hash: String,
    email: Option<Text>,
    email_verified: Option<Text>,
    id: Option<Text>,
    disabled: Option<Text>,
    is_active: Option<Text>,
    #[serde(alias = "date_joined")]
    created: Option<Text>,
    token_version: Option<Text>,
}

/// A string, a number or a boolean of JSON: databases export the same value in different types.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Scalar;
        impl Visitor<'_> for Scalar {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, a number or a boolean")
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Text, E> {
                Ok(Text(value.to_string()))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Text, E> {
                Ok(Text(value.to_string()))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Text, E> {
                Ok(Text(value.to_string()))
            }

            fn visit_str<E: Error>(self, value: &str) -> Result<Text, E> {
                Ok(Text(value.to_owned()))
            }
        }
        deserializer.deserialize_any(Scalar)
    }
}

impl Fields {
    /// The fields of a CSV record, in the order of [`COLUMNS`].
    pub(super) fn from_columns(values: [Option<String>; COLUMNS.len()]) -> Self {
        let [username, hash, rest @ ..] = values;
        let [email, email_verified, id, disabled, is_active, created, token_version] =
            rest.map(|value| value.map(Text));
        let (username, hash) = (username.unwrap_or_default(), hash.unwrap_or_default());
        Self { username, hash, email, email_verified, id, disabled, is_active, created, token_version }
    }

    /// The account, if every field obeys the rules of the service.
    pub(super) fn import(self, now: Timestamp) -> Result<Import, Reason> {
        let username = Username::parse(&self.username).map_err(|error| Reason::field("username", &error))?;
        let given = |text: Option<Text>| text.map(|Text(text)| text).filter(|text| !text.is_empty());
        let email = given(self.email)
            .map(|email| Email::parse(&email))
            .transpose()
            .map_err(|error| Reason::field("email", &error))?;
        let email_verified = read_boolean("email_verified", given(self.email_verified))?;
        let id = given(self.id)
            .map(|id| AccountId::parse(&id).ok_or_else(|| Reason::field("id", &"Not a UUID in lower case.")))
            .transpose()?;
        let created_at = given(self.created)
            .map(|text| time::parse(&text).ok_or_else(|| Reason::field("created", &"Not a time.")))
            .transpose()?;
        let token_version = given(self.token_version)
            .map(|text| {
                text.parse()
                    .map_err(|_| Reason::field("token_version", &"Not a number from 0 to 4294967295."))
            })
            .transpose()?;
        let has_id = id.is_some();
        let account = Account {
            id: id
                .map_or_else(AccountId::random, Ok)
                .map_err(|error: NoRandomness| Reason::line(error.to_string()))?,
            external_id: None,
            username,
            email_verified: email_verified.unwrap_or_default() && email.is_some(),
            email,
            pending_until: None,
            password_hash: PasswordHash::import(&self.hash).map_err(|error| Reason::field("hash", &error))?,
            token_version: token_version.unwrap_or_default(),
            status: status(given(self.disabled), given(self.is_active))?,
            created_at: created_at.unwrap_or(now),
            imported: None,
            sessions: Sessions::default(),
        };
        Ok(Import { account, has_id })
    }
}

fn status(disabled: Option<String>, is_active: Option<String>) -> Result<Status, Reason> {
    match (read_boolean("disabled", disabled)?, read_boolean("is_active", is_active)?) {
        (Some(_), Some(_)) => Err(Reason::line("Both disabled and is_active are given.")),
        (Some(true), _) | (_, Some(false)) => Ok(Status::Disabled),
        _ => Ok(Status::Active),
    }
}

fn read_boolean(field: &'static str, text: Option<String>) -> Result<Option<bool>, Reason> {
    let read = |text: String| boolean(&text).ok_or_else(|| Reason::field(field, &"Neither true nor false."));
    text.map(read).transpose()
}

/// Reads a boolean as Python and the databases write it.
fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" | "t" | "1" => Some(true),
        "false" | "False" | "FALSE" | "f" | "0" => Some(false),
        _ => None,
    }
}
