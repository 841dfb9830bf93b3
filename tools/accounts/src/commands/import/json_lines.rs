//! Files in JSON Lines: an object a line.

use std::error::Error;
use std::io;

use super::json;
use super::record::{FileError, Record};
use crate::bounded_line::{LineTooLong, read_bounded_line};

/// Passes the objects on. Empty lines are skipped. `lines` have ended before.
pub(super) fn read(
    mut text: impl io::BufRead,
    lines: u64,
    take: &mut dyn FnMut(Record) -> Result<(), FileError>,
) -> Result<(), FileError> {
    let mut bytes = Vec::new();
    for line in lines + 1.. {
        if !read_bounded_line(&mut text, &mut bytes).map_err(|error| file_error(error, line))? {
            break;
        }
        if !bytes.trim_ascii().is_empty() {
            take(Record { line, fields: json::fields(&bytes) })?;
        }
    }
    Ok(())
}

pub(super) fn file_error(error: io::Error, line: u64) -> FileError {
    if error.get_ref().is_some_and(<dyn Error + Send + Sync>::is::<LineTooLong>) {
        return FileError::TooLong(line);
    }
    FileError::Io(error)
}
