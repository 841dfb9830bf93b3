//! The lines of a file in either format.

use std::io::BufRead;

use shared::time::Timestamp;

use super::csv::CsvLines;
use super::json::JsonLines;
use super::line::{FileError, Line};

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
