//! A record of a file: what it says of one account, by the names of the file, and the errors that end the reading.

use std::fmt;
use std::io;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;

use super::reason::Reason;
use crate::bounded_line::MAX_LINE_BYTES;

/// One record.
pub(super) struct Record {
    /// The line where it begins, as an editor counts.
    pub(super) line: u64,
    pub(super) fields: Result<Fields, Unreadable>,
}

/// Receives what a file holds, in its order.
pub(super) trait Receiver {
    /// The names in the header of a CSV file, which comes first.
    fn header(&mut self, names: &[&str]) -> Result<(), FileError>;

    /// A record.
    fn record(&mut self, record: Record) -> Result<(), FileError>;
}

/// The fields of a record in its order. No name is there twice.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Fields(pub(super) Vec<(Arc<str>, Value)>);

/// A record that has no fields to read.
pub(super) struct Unreadable {
    pub(super) reason: Reason,
    /// Its text, or that of its fields.
    pub(super) content: Value,
}

impl Fields {
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(known, _)| &**known == name).map(|(_, value)| value)
    }

    /// The text of a field. `None` if there is no such field, or something else in it.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// Puts a value in the place of the one with this name.
    pub(super) fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.remove(name);
        self.0.push((name.into(), value.into()));
    }

    pub(super) fn remove(&mut self, name: &str) -> Option<Value> {
        let index = self.0.iter().position(|(known, _)| &**known == name)?;
        Some(self.0.remove(index).1)
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Fields, A::Error> {
                let mut fields = Fields::default();
                while let Some((name, value)) = members.next_entry::<String, Value>()? {
                    if fields.get(&name).is_some() {
                        return Err(A::Error::custom("a repeated member"));
                    }
                    fields.0.push((name.into(), value));
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// An error that ends the reading of a file.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileError {
    #[error(
        "the first line names no {0}. It must name the columns, such as `username,hash,email`; \
         a file without password hashes needs a column `hash` that is empty"
    )]
    Header(&'static str),
    #[error("the file cannot be read")]
    Io(#[from] io::Error),
    #[error(
        "line {line}, character {column}: not JSON. What stands before it is read; mend the file and import it again"
    )]
    Json { line: u64, column: u64 },
    #[error("the columns {0} and {1} mean the same; remove one")]
    Repeated(String, String),
    #[error("the import has ended")]
    Stopped,
    #[error(
        "line {0}: a record is longer than {MAX_LINE_BYTES} bytes; a quote or a bracket may not be closed"
    )]
    TooLong(u64),
    #[error("unknown columns: {0}; --ignore-unknown leaves them out")]
    Unknown(String),
}
