//! The exports of other systems: which one a record comes from, and how its names and values map to ours.

mod auth0;
mod cognito;
mod django;
mod firebase;
mod keycloak;
mod supabase;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::Value;

use super::columns::{self, Column};
use super::reason::Reason;
use super::record::Fields;
pub(super) use firebase::HashConfig;

/// A system, and what is particular about its exports.
pub(super) struct Dialect {
    /// Names of which its records have at least one, and the records of no system further down.
    marks: &'static [&'static str],
    /// Its names that mean something else than in [`columns::NAMES`].
    names: &'static [(&'static str, Column)],
    /// Its names that mean nothing here.
    left_out: &'static [&'static str],
    /// `true` if its exports may have no hashes at all.
    pub(super) lacks_hashes: bool,
    /// Brings the fields of a record to the form of the others.
    arrange: fn(&mut Fields, &Context<'_>) -> Result<(), Unfit>,
}

/// What a dialect knows beside the record.
pub(super) struct Context<'a> {
    pub(super) hash_config: Option<&'a HashConfig>,
    /// Seconds since 1970.
    pub(super) now: u64,
}

/// A record is no account.
pub(super) enum Unfit {
    Refused(Reason),
    /// It is something else that the export has as well.
    Skipped,
}

/// The meaning of a name.
pub(super) enum Meaning {
    Column(Column),
    LeftOut,
    Unknown,
}

/// Those with nested values first: their marks are the surer ones.
const DIALECTS: [&Dialect; 7] = [
    &django::DUMP,
    &keycloak::DIALECT,
    &firebase::DIALECT,
    &auth0::DIALECT,
    &supabase::DIALECT,
    &cognito::DIALECT,
    &django::TABLE,
];

impl Dialect {
    /// The dialect of a record or of a header, which tells if it has a name.
    pub(super) fn of(has: &dyn Fn(&str) -> bool) -> &'static Self {
        let is_marked = |dialect: &&&Self| dialect.marks.iter().any(|mark| has(mark));
        DIALECTS.iter().find(is_marked).copied().unwrap_or(&PLAIN)
    }

    pub(super) fn arrange(&self, fields: &mut Fields, context: &Context<'_>) -> Result<(), Unfit> {
        (self.arrange)(fields, context)
    }

    pub(super) fn meaning(&self, name: &str) -> Meaning {
        let own = self.names.iter().find(|(own, _)| columns::is_same(own, name));
        if let Some((_, column)) = own {
            return Meaning::Column(*column);
        }
        if self.left_out.iter().any(|left_out| columns::is_same(left_out, name)) {
            return Meaning::LeftOut;
        }
        columns::column(name).map_or(Meaning::Unknown, Meaning::Column)
    }
}

/// Any other file, and the base of a dialect.
const PLAIN: Dialect =
    Dialect { marks: &[], names: &[], left_out: &[], lacks_hashes: false, arrange: |_, _| Ok(()) };

/// Takes the members of an object in a field to the fields around it.
fn lift(fields: &mut Fields, name: &str) {
    if let Some(Value::Object(members)) = fields.remove(name) {
        for (name, value) in members {
            if fields.get(&name).is_none() {
                fields.0.push((Arc::from(name), value));
            }
        }
    }
}
