//! What the fields of a record are, by the file that they come from.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::candidate::{Candidate, Columns};
use super::columns::Column;
use super::dialects::{Context, Dialect, Meaning, Unfit};
use super::reason::{Reason, shown};
use super::record::{Fields, FileError};
use super::refused;
use super::rules::Rules;

/// Names of columns that are remembered to be told at the end.
const MOST_LEFT_OUT: usize = 100;

/// Makes accounts of records.
pub(super) struct Interpreter {
    rules: Rules,
    /// The names that were left out.
    left_out: BTreeSet<Arc<str>>,
}

impl Interpreter {
    pub(super) fn new(rules: Rules) -> Self {
        Self { rules, left_out: BTreeSet::new() }
    }

    /// The names that were left out, in their order, as far as they may be shown.
    pub(super) fn into_left_out(self) -> Vec<String> {
        self.left_out.iter().filter_map(|name| shown(name)).collect()
    }

    /// Checks the header of a CSV file, so that one that lacks it, or means something else, is refused as a whole.
    pub(super) fn check_header(&self, names: &[&str]) -> Result<(), FileError> {
        let dialect = Dialect::of(&|mark| names.iter().any(|name| mark.eq_ignore_ascii_case(name)));
        let (mut columns, mut unknown) = (Vec::<(Column, &str)>::new(), Vec::new());
        for name in names {
            match dialect.meaning(name) {
                Meaning::Column(column) => match columns.iter().find(|(known, _)| *known == column) {
                    Some((_, other)) => {
                        let [one, other] = [other, name].map(|name| shown(name).unwrap_or_default());
                        return Err(FileError::Repeated(one, other));
                    }
                    None => columns.push((column, *name)),
                },
                Meaning::LeftOut => {}
                Meaning::Unknown => {
                    unknown.push(shown(name).unwrap_or_else(|| "one without a name".to_owned()));
                }
            }
        }
        let has = |column| columns.iter().any(|(known, _)| *known == column);
        if !has(Column::Username) && !has(Column::Email) {
            return Err(FileError::Header("column `username` or `email`"));
        }
        if !has(Column::Hash) && !dialect.lacks_hashes {
            return Err(FileError::Header("column `hash`"));
        }
        if unknown.is_empty() || self.rules.ignore_unknown {
            return Ok(());
        }
        Err(FileError::Unknown(unknown.join(", ")))
    }

    /// The account of a record, if every field obeys the rules of the service.
    pub(super) fn read(&mut self, fields: &Fields) -> Result<Candidate, Unfit> {
        let mut arranged = fields.clone();
        refused::unwrap(&mut arranged).map_err(Unfit::Refused)?;
        let dialect = Dialect::of(&|mark| arranged.0.iter().any(|(name, _)| mark.eq_ignore_ascii_case(name)));
        let context = Context { hash_config: self.rules.hash_config.as_ref(), now: self.rules.now.seconds() };
        dialect.arrange(&mut arranged, &context)?;
        let columns = self.columns(dialect, &arranged)?;
        Ok(columns.candidate(&self.rules, dialect)?)
    }

    fn columns<'a>(&mut self, dialect: &Dialect, fields: &'a Fields) -> Result<Columns<'a>, Reason> {
        let mut columns = Columns::default();
        for (name, value) in &fields.0 {
            match dialect.meaning(name) {
                Meaning::Column(column) => columns.put(column, name, value)?,
                Meaning::Unknown if !self.rules.ignore_unknown => {
                    return Err(Reason::of_column(name, "Unknown.").or("--ignore-unknown leaves it out."));
                }
                Meaning::LeftOut | Meaning::Unknown => {
                    if !self.left_out.contains(name) && self.left_out.len() < MOST_LEFT_OUT {
                        self.left_out.insert(name.clone());
                    }
                }
            }
        }
        Ok(columns)
    }
}

impl From<Reason> for Unfit {
    fn from(reason: Reason) -> Self {
        Self::Refused(reason)
    }
}
