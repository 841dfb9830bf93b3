//! Files that are one JSON text: an array of records, or an object with such an array in its member `users`, as Firebase and
//! Keycloak write it. One element is in memory at a time.

use std::fmt;
use std::io::BufRead;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::json;
use super::json_lines::file_error;
use super::record::{FileError, Record};
use super::source::{Bounded, Position};

/// The member of an object that has the records.
const USERS: &str = "users";

/// Passes the records on. `lines` have ended before.
pub(super) fn read(
    text: impl BufRead,
    lines: u64,
    take: &mut dyn FnMut(Record) -> Result<(), FileError>,
) -> Result<(), FileError> {
    let (text, position) = Bounded::new(text, lines + 1);
    let mut ended_by = None;
    let mut parser = serde_json::Deserializer::from_reader(text);
    let records = Records { position: &position, take, ended_by: &mut ended_by };
    let read = records.deserialize(&mut parser).and_then(|()| parser.end());
    match (ended_by, read) {
        (Some(error), _) => Err(error),
        (None, Ok(())) => Ok(()),
        (None, Err(error)) if error.is_io() => Err(file_error(error.into(), position.line())),
        (None, Err(error)) => Err(FileError::Json { line: position.line(), column: error.column() as u64 }),
    }
}

/// The records of a text.
struct Records<'a> {
    position: &'a Position,
    take: &'a mut dyn FnMut(Record) -> Result<(), FileError>,
    /// The error of `take`, which ends the parsing.
    ended_by: &'a mut Option<FileError>,
}

impl<'de> DeserializeSeed<'de> for Records<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Records<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array, or an object with one")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        while let Some(name) = members.next_key::<String>()? {
            if name == USERS {
                let Records { position, take, ended_by } = &mut self;
                members.next_value_seed(Records { position, take: *take, ended_by })?;
                self.position.skip();
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        self.position.begin();
        while let Some(record) = elements.next_element_seed(Element(self.position))? {
            if let Err(error) = (self.take)(record) {
                *self.ended_by = Some(error);
                return Err(A::Error::custom("ended"));
            }
            self.position.begin();
        }
        Ok(())
    }
}

/// An element of an array.
struct Element<'a>(&'a Position);

impl<'de> DeserializeSeed<'de> for Element<'_> {
    type Value = Record;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Record, D::Error> {
        let line = self.0.line();
        let text: Box<RawValue> = serde::Deserialize::deserialize(deserializer)?;
        Ok(Record { line, fields: json::fields(text.get().as_bytes()) })
    }
}
