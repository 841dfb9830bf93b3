//! The records of a file, whatever its format.

use std::io::{BufRead, Cursor, Read};

use serde_json::error::Category;

use super::csv;
use super::record::{Fields, FileError, Receiver};
use super::source::{BytesRead, Input, decoded, skip_white_space};
use super::{json_document, json_lines};
use crate::bounded_line::MAX_LINE_BYTES;

/// Reads a file to its end. Its first character tells its format: `[` begins an array, `{` a line of JSON or a whole
/// document, and anything else the header of a CSV file. White space and a byte order mark before it do not count.
pub(super) fn read(input: Input, read: &BytesRead, receiver: &mut dyn Receiver) -> Result<(), FileError> {
    let mut text = decoded(input, read);
    let lines = skip_white_space(&mut text)?;
    let mut first = Vec::new();
    (&mut text).take(MAX_LINE_BYTES as u64).read_until(b'\n', &mut first)?;
    if !first.starts_with(b"[") && !first.starts_with(b"{") {
        return csv::read(first, text, lines, receiver);
    }
    let read_json = if is_document(&first) { json_document::read } else { json_lines::read };
    read_json(Cursor::new(first).chain(text), lines, &mut |record| receiver.record(record))
}

/// `true` if a text begins a document, whose first line is no record: it ends too early, or has records in it.
fn is_document(first_line: &[u8]) -> bool {
    match serde_json::from_slice::<Fields>(first_line) {
        Ok(fields) => fields.get("users").is_some_and(serde_json::Value::is_array),
        Err(error) => first_line.starts_with(b"[") || error.classify() == Category::Eof,
    }
}
