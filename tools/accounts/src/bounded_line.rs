//! Reads lines up to a maximum length, so that a file without line ends does not fill the memory.

use std::io::{self, BufRead, Read};

/// Maximum length of a line, with its end.
pub(crate) const MAX_LINE_BYTES: usize = 64 * 1024;

/// The first character of a text file that some editors and shells write, and no part of the text.
pub(crate) const BYTE_ORDER_MARK: char = '\u{FEFF}';

/// The cause in the [`io::Error`] for a line that is too long.
#[derive(Debug, thiserror::Error)]
#[error("a line is longer than {MAX_LINE_BYTES} bytes")]
pub(crate) struct LineTooLong;

/// Replaces `line` by the next line with its end. Returns false at the end of the input.
pub(crate) fn read_bounded_line(source: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let read = source.take(MAX_LINE_BYTES as u64).read_until(b'\n', line)?;
    if read == MAX_LINE_BYTES && !line.ends_with(b"\n") {
        return Err(io::Error::other(LineTooLong));
    }
    Ok(read > 0)
}
