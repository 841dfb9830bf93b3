//! The account that the columns of a record describe.

use serde_json::Value;
use shared::account::{Account, AccountId, ExternalId, Imported, Status};
use shared::names::email::Email;
use shared::names::username::Username;
use shared::password::hash::PasswordHash;
use shared::random::NoRandomness;
use shared::session::Sessions;
use shared::store::Import;
use shared::time::Timestamp;

use super::columns::Column;
use super::dialects::Dialect;
use super::reason::{Reason, shown};
use super::rules::Rules;
use super::values;
use crate::time;

/// An account to add.
pub(super) struct Candidate {
    pub(super) import: Import,
    /// The id that the file has for it.
    pub(super) old_id: Option<String>,
    /// Its name is one that a new account cannot have.
    pub(super) is_name_kept: bool,
    pub(super) warnings: Vec<Reason>,
}

/// The fields of a record by their columns, with their names in the file.
#[derive(Default)]
pub(super) struct Columns<'a>(Vec<(Column, &'a str, &'a Value)>);

impl<'a> Columns<'a> {
    pub(super) fn put(&mut self, column: Column, name: &'a str, value: &'a Value) -> Result<(), Reason> {
        if let Some((_, other, _)) = self.0.iter().find(|(known, ..)| *known == column) {
            let problem = format!("It means the same as {}.", shown(other).unwrap_or_default());
            return Err(Reason::of_column(name, problem).or("Remove one of them."));
        }
        self.0.push((column, name, value));
        Ok(())
    }

    /// The text of a column, with the name that it has in the file.
    fn given(&self, column: Column) -> Result<Option<(&'a str, String)>, Reason> {
        let Some((_, name, value)) = self.0.iter().find(|(known, ..)| *known == column) else {
            return Ok(None);
        };
        let text = if column == Column::Username { values::given_name(value) } else { values::given(value) };
        let text = text.map_err(|_| Reason::of_column(name, "Neither a text, a number nor a boolean."))?;
        Ok(text.map(|text| (*name, text)))
    }

    pub(super) fn candidate(&self, rules: &Rules, dialect: &Dialect) -> Result<Candidate, Reason> {
        let email = self.given(Column::Email)?;
        let (username, is_name_kept) = self.username(email.as_ref(), rules.keep_names)?;
        let email = email
            .map(|(name, text)| {
                Email::parse(&text)
                    .map_err(|error| Reason::of_value(name, &text, &error).or("Mend it, or leave it empty."))
            })
            .transpose()?;
        let ids = self.ids()?;
        let mut warnings = Vec::new();
        let created_at = self.created_at(&mut warnings)?;
        let is_verified = self.boolean(Column::EmailVerified, values::boolean_or_time)?;
        let has_id = ids.account.is_some();
        let (source, password_hash) = self.hash(rules, dialect)?;
        let account = Account {
            id: ids
                .account
                .map_or_else(AccountId::random, Ok)
                .map_err(|error: NoRandomness| Reason::of_record(error.to_string()))?,
            external_id: ids.external,
            username,
            email_verified: is_verified.unwrap_or_default() && email.is_some(),
            email,
            pending_until: None,
            password_hash,
            token_version: self.token_version()?,
            status: self.status()?,
            created_at: created_at.unwrap_or(rules.now),
            imported: None,
            sessions: Sessions::default(),
        };
        let account = Account { imported: Some(Imported::of(&source, &account)), ..account };
        Ok(Candidate { import: Import { account, has_id }, old_id: ids.old, is_name_kept, warnings })
    }

    /// The name, which is the email where there is none. Returns whether it is one that a new account cannot have.
    fn username(
        &self,
        email: Option<&(&'a str, String)>,
        keep_names: bool,
    ) -> Result<(Username, bool), Reason> {
        let named = self.given(Column::Username)?;
        let Some((name, text)) = named.as_ref().or(email) else {
            return Err(Reason::of_column("username", "Empty, and there is no email in its place."));
        };
        match Username::parse(text) {
            Ok(username) => Ok((username, false)),
            Err(error) => match Username::keep(text) {
                Ok(username) if keep_names => Ok((username, true)),
                Ok(_) => {
                    let reason = Reason::of_value(name, text, &error);
                    Err(reason.or("--keep-names keeps it, and its owner logs in with it."))
                }
                Err(error) => Err(Reason::of_value(name, text, &error)),
            },
        }
    }

    /// The hash as the file has it, and as it is stored.
    fn hash(&self, rules: &Rules, dialect: &Dialect) -> Result<(String, PasswordHash), Reason> {
        let is_there = self.0.iter().any(|(column, ..)| *column == Column::Hash);
        if !is_there && !dialect.lacks_hashes {
            let reason = Reason::of_column("hash", "Missing.");
            return Err(reason.or("An empty one makes an account without a password."));
        }
        let Some((name, text)) = self.given(Column::Hash)? else {
            return Ok((String::new(), PasswordHash::none()));
        };
        let hash = rules.hashes.stored(&text).map_err(|error| {
            Reason::of_column(name, sentence(&error.to_string()))
                .or("`accounts check-hash` knows more; an empty one makes an account without a password.")
        })?;
        // Django's marks of no password differ, and mean the same.
        let source = if hash.is_none() { String::new() } else { text.trim().to_owned() };
        Ok((source, hash))
    }

    /// The id of the account and the id in the old system, as the file has them. An id that cannot be that of an account is the
    /// old one, and makes the new one: the same in each import.
    fn ids(&self) -> Result<Ids, Reason> {
        let parse = |name: &str, text: &str| {
            ExternalId::parse(values::whole(text)).map_err(|error| Reason::of_value(name, text, &error))
        };
        let external = self.given(Column::ExternalId)?.map(|(name, text)| parse(name, &text)).transpose()?;
        let Some((name, text)) = self.given(Column::Id)? else {
            return Ok(external.map(Ids::of).unwrap_or_default());
        };
        match (AccountId::parse(&text.to_ascii_lowercase()), external) {
            (None, None) => Ok(Ids::of(parse(name, &text)?)),
            (None, Some(_)) => {
                Err(Reason::of_value(name, &text, &"Not a UUID, and there is an external_id beside it."))
            }
            (account, None) => Ok(Ids { account, external: None, old: Some(text) }),
            (account, Some(external)) => {
                let old = Some(external.as_str().to_owned());
                Ok(Ids { account, external: Some(external), old })
            }
        }
    }

    /// The time; the time of the import, with a warning, in the place of one that cannot be read.
    fn created_at(&self, warnings: &mut Vec<Reason>) -> Result<Option<Timestamp>, Reason> {
        let Some((name, text)) = self.given(Column::Created)? else { return Ok(None) };
        let time = time::parse(&text);
        if time.is_none() {
            let warning = Reason::of_value(name, &text, &"Not a time that can be read.");
            warnings.push(warning.or("The time of the import stands in its place."));
        }
        Ok(time)
    }

    fn token_version(&self) -> Result<u32, Reason> {
        let Some((name, text)) = self.given(Column::TokenVersion)? else { return Ok(0) };
        let problem = |_| Reason::of_value(name, &text, &"Not a number from 0 to 4294967295.");
        values::whole(&text).parse().map_err(problem)
    }

    fn status(&self) -> Result<Status, Reason> {
        let disabled = self.boolean(Column::Disabled, values::boolean)?;
        let is_active = self.boolean(Column::IsActive, values::boolean)?;
        match (disabled, is_active) {
            (Some(disabled), Some(is_active)) if disabled == is_active => {
                Err(Reason::of_record("It is both active and disabled, or neither."))
            }
            (Some(true), _) | (_, Some(false)) => Ok(Status::Disabled),
            _ => Ok(Status::Active),
        }
    }

    fn boolean(&self, column: Column, read: fn(&str) -> Option<bool>) -> Result<Option<bool>, Reason> {
        let Some((name, text)) = self.given(column)? else { return Ok(None) };
        let problem = || Reason::of_value(name, &text, &"Neither true nor false.");
        read(&text).map(Some).ok_or_else(problem)
    }
}

/// The ids of a record.
#[derive(Default)]
struct Ids {
    /// That of the account.
    account: Option<AccountId>,
    external: Option<ExternalId>,
    /// That by which the old system knows it, as the file has it.
    old: Option<String>,
}

impl Ids {
    fn of(external: ExternalId) -> Self {
        let old = Some(external.as_str().to_owned());
        Self { account: Some(AccountId::of(&external)), external: Some(external), old }
    }
}

/// A message of the service as a sentence.
fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters.next().map(char::to_uppercase).into_iter().flatten();
    first.chain(letters).chain(['.']).collect()
}
