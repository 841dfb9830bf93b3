//! The refused lines, and the reasons for refusing them.

use std::borrow::Cow;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde_json::json;

use crate::exit::CommandError;

/// Number of refused lines that are printed without `--refused`.
const PRINTED: u64 = 20;

/// The reason for refusing a line. It quotes nothing of the line, where any field may be a hash.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Reason {
    /// The field with the problem; `None` if the problem is not in one field.
    field: Option<&'static str>,
    problem: Cow<'static, str>,
}

impl Reason {
    pub(super) const DELETED: Self = Self {
        field: Some("id"),
        problem: Cow::Borrowed("An account with this id was deleted. Ids never come back."),
    };
    pub(super) const EMAIL_TAKEN: Self = Self::taken("email");
    pub(super) const ID_TAKEN: Self = Self::taken("id");
    pub(super) const USERNAME_TAKEN: Self = Self::taken("username");

    const fn taken(field: &'static str) -> Self {
        Self { field: Some(field), problem: Cow::Borrowed("Another account has it.") }
    }

    pub(super) fn line(problem: impl Into<Cow<'static, str>>) -> Self {
        Self { field: None, problem: problem.into() }
    }

    pub(super) fn field(field: &'static str, problem: &dyn fmt::Display) -> Self {
        Self { field: Some(field), problem: problem.to_string().into() }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field {
            Some(field) => write!(f, "{field}: {}", self.problem),
            None => f.write_str(&self.problem),
        }
    }
}

/// The list of refused lines, in a file or on standard error.
pub(super) struct RefusedLines {
    file: Option<BufWriter<File>>,
    count: u64,
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
        Ok(Self { file: path.map(create).transpose()?, count: 0 })
    }

    pub(super) fn add(&mut self, number: u64, reason: &Reason) -> io::Result<()> {
        self.count += 1;
        if let Some(file) = &mut self.file {
            let line = json!({ "line": number, "field": reason.field, "reason": reason.problem });
            return writeln!(file, "{line}");
        }
        if self.count <= PRINTED {
            eprintln!("line {number}: {reason}");
        }
        Ok(())
    }

    pub(super) fn finish(&mut self) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            return file.flush();
        }
        if self.count > PRINTED {
            eprintln!("… and {} more; --refused FILE lists all of them", self.count - PRINTED);
        }
        Ok(())
    }
}
