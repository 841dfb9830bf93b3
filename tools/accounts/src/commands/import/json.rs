//! Files in JSON Lines.

use std::error::Error;
use std::io::{self, BufRead};

use serde_json::error::Category;

use super::fields::Fields;
use super::line::{FileError, Line, Start};
use super::refused::Reason;
use super::rules::Rules;
use crate::bounded_line::{LineTooLong, read_bounded_line};

/// The objects of a file, one a line. Empty lines are skipped.
pub(super) struct JsonLines {
    source: Box<dyn BufRead + Send>,
    number: u64,
    end: u64,
    line: Vec<u8>,
    rules: Rules,
}

impl JsonLines {
    pub(super) fn new(source: Box<dyn BufRead + Send>, start: Start, rules: Rules) -> Self {
        Self { source, number: start.lines, end: start.position, line: Vec::new(), rules }
    }
}

impl Iterator for JsonLines {
    type Item = Result<Line, FileError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.number += 1;
            match read_bounded_line(&mut self.source, &mut self.line) {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(Err(file_error(error, self.number))),
            }
            self.end += self.line.len() as u64;
            if !self.line.trim_ascii().is_empty() {
                let fields = serde_json::from_slice::<Fields>(&self.line).map_err(|error| reason(&error));
                let import = fields.and_then(|fields| fields.import(&self.rules));
                return Some(Ok(Line { number: self.number, end: self.end, import }));
            }
        }
    }
}

fn file_error(error: io::Error, number: u64) -> FileError {
    if error.get_ref().is_some_and(<dyn Error + Send + Sync>::is::<LineTooLong>) {
        return FileError::TooLong(number);
    }
    FileError::Io(error)
}

/// Replaces the message of the library, which may quote the line.
fn reason(error: &serde_json::Error) -> Reason {
    let column = error.column();
    match error.classify() {
        Category::Data => Reason::line(format!(
            "A member is missing, unknown, repeated or of the wrong type, before column {column}."
        )),
        _ => Reason::line(format!("Not JSON, at column {column}.")),
    }
}
