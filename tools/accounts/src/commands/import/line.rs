//! One line of a file, and the errors that end its reading.

use std::io;

use shared::store::Import;

use super::refused::Reason;
use crate::bounded_line::MAX_LINE_BYTES;

/// The place where the content of a file begins.
#[derive(Clone, Copy, Default)]
pub(super) struct Start {
    /// Position in the file.
    pub(super) position: u64,
    /// Number of lines that end before it.
    pub(super) lines: u64,
}

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
