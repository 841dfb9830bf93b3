//! The lines of a file in either format.

use std::io::{self, BufRead};

use super::csv::CsvLines;
use super::json::JsonLines;
use super::line::{FileError, Line, Start};
use super::rules::Rules;
use crate::bounded_line::BYTE_ORDER_MARK;

/// Passes all lines of a file to `take`. A file whose first character is `{` is JSON Lines, any other is CSV. White space and
/// a byte order mark before it do not count.
pub(super) fn read_lines<T>(
    mut source: Box<dyn BufRead + Send>,
    rules: Rules,
    take: impl FnOnce(&mut dyn Iterator<Item = Result<Line, FileError>>) -> Result<T, FileError>,
) -> Result<T, FileError> {
    let start = skip_to_content(&mut source)?;
    if source.fill_buf()?.first() == Some(&b'{') {
        take(&mut JsonLines::new(source, start, rules))
    } else {
        take(&mut CsvLines::new(source, start, rules)?)
    }
}

fn skip_to_content(source: &mut impl BufRead) -> io::Result<Start> {
    let mut start = Start::default();
    let mut mark = [0; BYTE_ORDER_MARK.len_utf8()];
    let mark = BYTE_ORDER_MARK.encode_utf8(&mut mark).as_bytes();
    if source.fill_buf()?.starts_with(mark) {
        source.consume(mark.len());
        start.position += mark.len() as u64;
    }
    while let Some(byte) = source.fill_buf()?.first().copied().filter(u8::is_ascii_whitespace) {
        source.consume(1);
        start.position += 1;
        start.lines += u64::from(byte == b'\n');
    }
    Ok(start)
}
