//! The refused lines, with the reasons for refusing them.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde_json::{Map, Value};

use super::reason::Reason;
use super::record::Fields;
use crate::exit::CommandError;

/// Number of lines that are printed without `--refused`, and of warnings.
const PRINTED: u64 = 20;

/// The members of a line in the list, beside those of the line that was refused: its number, the column and the problem.
const LINE: &str = "_line";
const COLUMN: &str = "_column";
const REASON: &str = "_reason";

/// What is there instead of members, where these could not be read.
const CONTENT: &str = "_content";

/// The content of a line.
pub(super) enum Content {
    Fields(Fields),
    Unreadable(Value),
}

/// Takes the fields out of a line that was refused. Those of other lines are left as they are.
///
/// # Errors
///
/// The line that was refused could not be read.
pub(super) fn unwrap(fields: &mut Fields) -> Result<(), Reason> {
    if fields.remove(LINE).is_none() {
        return Ok(());
    }
    fields.remove(COLUMN);
    fields.remove(REASON);
    match fields.remove(CONTENT) {
        None => Ok(()),
        Some(_) => {
            Err(Reason::of_record("This line could not be read.")
                .or("Mend it in the file that it comes from."))
        }
    }
}

fn to_json(number: u64, reason: &Reason, content: Content) -> Value {
    let mut members = Map::from_iter([
        (LINE.to_owned(), number.into()),
        (COLUMN.to_owned(), reason.column.as_deref().into()),
        (REASON.to_owned(), reason.text().into()),
    ]);
    match content {
        Content::Fields(Fields(fields)) => {
            for (name, value) in fields {
                // A line that was refused before has its own.
                if ![LINE, COLUMN, REASON].contains(&&*name) {
                    members.insert(name.to_string(), value);
                }
            }
        }
        Content::Unreadable(content) => {
            members.insert(CONTENT.to_owned(), content);
        }
    }
    members.into()
}

/// The list of refused lines, in a file or on standard error.
pub(super) struct RefusedLines {
    file: Option<BufWriter<File>>,
    count: u64,
    warnings: u64,
}

impl RefusedLines {
    /// Lists lines in the file, which only its owner may read, or on standard error without one.
    pub(super) fn create(path: Option<&Path>) -> Result<Self, CommandError> {
        let create = |path: &Path| {
            let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
            let with_path =
                |error: io::Error| CommandError::new(format!("cannot write {}: {error}", path.display()));
            file.map(BufWriter::new).map_err(with_path)
        };
        Ok(Self { file: path.map(create).transpose()?, count: 0, warnings: 0 })
    }

    pub(super) fn add(&mut self, number: u64, reason: &Reason, content: Content) -> io::Result<()> {
        self.count += 1;
        if let Some(file) = &mut self.file {
            return writeln!(file, "{}", to_json(number, reason, content));
        }
        if self.count <= PRINTED {
            eprintln!("line {number}{reason}");
        }
        Ok(())
    }

    /// Prints a warning about a line that is taken.
    pub(super) fn warn(&mut self, number: u64, warning: &Reason) {
        self.warnings += 1;
        if self.warnings <= PRINTED {
            eprintln!("line {number}{warning}");
        }
    }

    pub(super) fn finish(&mut self) -> io::Result<()> {
        if self.warnings > PRINTED {
            eprintln!("… and {} more warnings", self.warnings - PRINTED);
        }
        if let Some(file) = &mut self.file {
            return file.flush();
        }
        if self.count > PRINTED {
            eprintln!("… and {} more; --refused FILE lists all of them", self.count - PRINTED);
        }
        Ok(())
    }
}
