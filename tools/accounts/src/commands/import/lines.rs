//! The lines of a file in either format.

use std::io::{self, BufRead};

use shared::store::Import;
use shared::time::Timestamp;

use super::csv::CsvLines;
use super::json::JsonLines;
use super::refused::Reason;
use crate::bounded_line::MAX_LINE_BYTES;

/// A line, with the account in it or the reason for refusing it.
pub(super) struct Line {
    pub(super) number: u64,
    /// Position in the file where the line ends.
    pub(super) end: u64,
    pub(super) import: Result<Import, Reason>,
}

/// An error that ends the reading of a file. It quotes nothing of the file, where any field may be a hash.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileError {
    #[error("column {0} of the header is unknown or repeated")]
    Column(usize),
    #[error("the header lacks the column username or hash")]
    Header,
    #[error("the file cannot be read")]
    Io(#[from] io::Error),
    #[error("line {0} is longer than {MAX_LINE_BYTES} bytes; a quote may not be closed")]
    TooLong(u64),
}

/// Passes all lines of a file to `take`. A file that begins with `{` is JSON Lines, any other is CSV.
pub(super) fn read_lines<T>(
    mut source: Box<dyn BufRead + Send>,
    now: Timestamp,
    take: impl FnOnce(&mut dyn Iterator<Item = Result<Line, FileError>>) -> Result<T, FileError>,
) -> Result<T, FileError> {
    const BYTE_ORDER_MARK: &[u8] = "\u{FEFF}".as_bytes();
    let mark = if source.fill_buf()?.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    source.consume(mark);
    if source.fill_buf()?.first() == Some(&b'{') {
        take(&mut JsonLines::new(source, mark as u64, now))
    } else {
        take(&mut CsvLines::new(source, mark as u64, now)?)
    }
}
