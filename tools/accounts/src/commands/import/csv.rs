//! Files in CSV.
//!
//! The loop stands over `csv-core`, not over the crate `csv`: that one reads a quote that is never closed into memory to
//! the end of the file, and its line numbers are wrong after `\r\n` and empty lines (1.4.0).

use std::io::{self, BufRead, Cursor, Read};
use std::sync::Arc;

use csv_core::{ReadRecordResult, ReaderBuilder};
use serde_json::Value;

use super::reason::Reason;
use super::record::{Fields, FileError, Receiver, Record, Unreadable};
use crate::bounded_line::MAX_LINE_BYTES;

/// What may stand between two fields.
const DELIMITERS: [u8; 4] = *b",;\t|";

/// The line that tells Excel the delimiter, before the header.
const SEP: &[u8] = b"sep=";

/// Fields of a record at most.
const MAX_FIELDS: usize = 512;

/// Passes header and records on. `lines` have ended before the first line.
pub(super) fn read(
    first_line: Vec<u8>,
    rest: impl BufRead,
    lines: u64,
    receiver: &mut dyn Receiver,
) -> Result<(), FileError> {
    let told = named_delimiter(&first_line);
    let delimiter = told.unwrap_or_else(|| usual_delimiter(&first_line));
    let (first_line, lines) = if told.is_some() { (Vec::new(), lines + 1) } else { (first_line, lines) };
    let text = Cursor::new(first_line).chain(rest);
    let mut rows = Rows {
        text,
        parser: ReaderBuilder::new().delimiter(delimiter).build(),
        fields: vec![0; MAX_LINE_BYTES],
        ends: vec![0; MAX_FIELDS],
        line: lines + 1,
    };
    let header = rows.next()?.and_then(|row| row.texts.ok()).ok_or(FileError::Header("column"))?;
    receiver.header(&header)?;
    let names: Vec<Arc<str>> = header.into_iter().map(Arc::from).collect();
    while let Some(row) = rows.next()? {
        receiver.record(Record { line: row.line, fields: fields(&names, row) })?;
    }
    Ok(())
}

/// The delimiter that a line `sep=;` names.
fn named_delimiter(line: &[u8]) -> Option<u8> {
    let is_named = line.get(..SEP.len())?.eq_ignore_ascii_case(SEP);
    line.get(SEP.len()).copied().filter(|_| is_named)
}

/// The delimiter that a header has most often, and of several the first.
fn usual_delimiter(header: &[u8]) -> u8 {
    let count = |delimiter: &u8| header.split(|byte| byte == delimiter).count();
    DELIMITERS.iter().rev().max_by_key(|delimiter| count(delimiter)).copied().unwrap_or(b',')
}

/// The fields of a row by their names.
fn fields(names: &[Arc<str>], row: Row<'_>) -> Result<Fields, Unreadable> {
    let unreadable = |problem: String, content: Value| Unreadable {
        reason: Reason::of_record(problem)
            .or("In a text with a delimiter or a quote, quotes must stand around it."),
        content,
    };
    let texts = match row.texts {
        Ok(texts) => texts,
        Err(Broken::NotUtf8(lossy)) => return Err(unreadable("Not UTF-8.".to_owned(), lossy.into())),
        Err(Broken::TooMany) => {
            return Err(unreadable(format!("More than {MAX_FIELDS} fields."), Value::Null));
        }
    };
    if texts.len() != names.len() {
        let problem = format!("The number of fields is {}, that of the header {}.", texts.len(), names.len());
        return Err(unreadable(problem, texts.into()));
    }
    Ok(Fields(names.iter().cloned().zip(texts.into_iter().map(Value::from)).collect()))
}

struct Rows<R> {
    text: R,
    parser: csv_core::Reader,
    /// The fields of a row without delimiters.
    fields: Vec<u8>,
    /// The end of each in `fields`.
    ends: Vec<usize>,
    /// Number of the next line.
    line: u64,
}

struct Row<'a> {
    line: u64,
    texts: Result<Vec<&'a str>, Broken>,
}

/// A row that has no texts.
enum Broken {
    /// What can be read of it.
    NotUtf8(String),
    TooMany,
}

impl<R: BufRead> Rows<R> {
    fn next(&mut self) -> Result<Option<Row<'_>>, FileError> {
        self.skip_line_ends()?;
        let (line, mut length, mut fields, mut too_many) = (self.line, 0, 0, false);
        loop {
            let input = self.text.fill_buf()?;
            let text = self.fields.get_mut(length..).unwrap_or_default();
            let ends = self.ends.get_mut(fields..).unwrap_or_default();
            let (result, read, written, ended) = self.parser.read_record(input, text, ends);
            self.line += count_line_ends(input, read);
            self.text.consume(read);
            length += written;
            fields += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => return Err(FileError::TooLong(line)),
                ReadRecordResult::OutputEndsFull => (fields, too_many) = (0, true),
                ReadRecordResult::Record if too_many => {
                    return Ok(Some(Row { line, texts: Err(Broken::TooMany) }));
                }
                ReadRecordResult::Record => return Ok(Some(Row { line, texts: self.texts(length, fields) })),
                ReadRecordResult::End => return Ok(None),
            }
        }
    }

    /// Skips empty lines, and the `\n` of a `\r\n`: the parser would take them for the beginning of the next record.
    fn skip_line_ends(&mut self) -> io::Result<()> {
        loop {
            let input = self.text.fill_buf()?;
            let length = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            if length == 0 {
                return Ok(());
            }
            self.line += count_line_ends(input, length);
            self.text.consume(length);
        }
    }

    fn texts(&self, length: usize, fields: usize) -> Result<Vec<&str>, Broken> {
        let bytes = self.fields.get(..length).unwrap_or_default();
        let broken = || Broken::NotUtf8(String::from_utf8_lossy(bytes).into_owned());
        let text = str::from_utf8(bytes).map_err(|_| broken())?;
        let mut start = 0;
        let ends = self.ends.get(..fields).unwrap_or_default().iter();
        ends.map(|end| text.get(std::mem::replace(&mut start, *end)..*end).ok_or_else(broken)).collect()
    }
}

/// The number of lines that end in the first `length` bytes.
fn count_line_ends(input: &[u8], length: usize) -> u64 {
    input.iter().take(length).filter(|byte| **byte == b'\n').count() as u64
}
