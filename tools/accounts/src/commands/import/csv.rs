//! Reading lines, be they CSV or JSON.

use shared::time::Timestamp;
use std::error::Error;
use std::io::{self, BufRead, Read};

use csv_core::ReadRecordResult;
use serde_json::error::Category;
use shared::store::Import;

use super::line::{COLUMNS, Fields, NEEDED, Reason};

/// The longest line, in bytes. A quote that is never closed would otherwise take in the rest of the file.
const LONGEST_LINE: usize = 64 * 1024;

/// A line, and the account in it.
pub(super) struct Line {
    pub(super) number: u64,
    /// Where in the file it ends.
    pub(super) end: u64,
    pub(super) import: Result<Import, Reason>,
}

/// Why a file cannot be read, or not on. Nothing of the file is repeated in it.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileError {
    #[error("column {0} of the header is none that is known, or is there twice")]
    Column(usize),
    #[error("the header does not name the columns username and hash")]
    Header,
    #[error("the file cannot be read")]
    Io(#[from] io::Error),
    #[error("line {0} is longer than a line may be; is a quote left open?")]
    TooLong(u64),
}

/// Reads all lines and has them taken, as CSV, or as JSON where the file begins like that.
pub(super) fn lines<T>(
    mut source: Box<dyn BufRead + Send>,
    now: Timestamp,
    take: impl FnOnce(&mut dyn Iterator<Item = Result<Line, FileError>>) -> Result<T, FileError>,
) -> Result<T, FileError> {
    const BYTE_ORDER_MARK: &[u8] = "\u{FEFF}".as_bytes();
    let mark = if source.fill_buf()?.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    source.consume(mark);
    if source.fill_buf()?.first() == Some(&b'{') {
        take(&mut JsonLines { source, number: 0, end: mark as u64, line: Vec::new(), now })
    } else {
        take(&mut CsvLines::new(source, mark as u64, now)?)
    }
}

struct JsonLines {
    source: Box<dyn BufRead + Send>,
    number: u64,
    end: u64,
    line: Vec<u8>,
    now: Timestamp,
}

impl Iterator for JsonLines {
    type Item = Result<Line, FileError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.number += 1;
            match bounded_line(&mut self.source, &mut self.line) {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(Err(file_error(error, self.number))),
            }
            self.end += self.line.len() as u64;
            if !self.line.trim_ascii().is_empty() {
                let fields =
                    serde_json::from_slice::<Fields>(&self.line).map_err(|error| json_reason(&error));
                let import = fields.and_then(|fields| fields.import(self.now));
                return Some(Ok(Line { number: self.number, end: self.end, import }));
            }
        }
    }
}

/// The library's own words may quote the line.
fn json_reason(error: &serde_json::Error) -> Reason {
    let column = error.column();
    match error.classify() {
        Category::Data => Reason::line(format!(
            "A member is missing, unknown, given twice, or of another type, before column {column}."
        )),
        _ => Reason::line(format!("Not JSON, at column {column}.")),
    }
}

/// Reads a line with its end, in the place of the one before. Whether there was one.
pub(crate) fn bounded_line(source: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let read = source.take(LONGEST_LINE as u64).read_until(b'\n', line)?;
    if read == LONGEST_LINE && !line.ends_with(b"\n") {
        return Err(io::Error::other(TooLong));
    }
    Ok(read > 0)
}

struct CsvLines {
    source: Box<dyn BufRead + Send>,
    parser: csv_core::Reader,
    /// The fields of a record, one after the other, and where each ends.
    text: Vec<u8>,
    ends: Vec<usize>,
    /// Which column each field of a record is in.
    columns: Vec<usize>,
    /// The line that is read next, and where it begins.
    line: u64,
    end: u64,
    now: Timestamp,
}

/// A record, which stands in the parser's buffers.
struct Record {
    number: u64,
    length: usize,
    /// How many fields it has, unless they are more than anybody's.
    fields: Option<usize>,
}

impl CsvLines {
    fn new(source: Box<dyn BufRead + Send>, start: u64, now: Timestamp) -> Result<Self, FileError> {
        let (text, ends) = (vec![0; LONGEST_LINE], vec![0; 2 * COLUMNS.len()]);
        let parser = csv_core::Reader::new();
        let mut lines = Self { source, parser, text, ends, columns: Vec::new(), line: 1, end: start, now };
        let header = lines.record()?.ok_or(FileError::Header)?;
        let names = lines.fields(&header).ok_or(FileError::Header)?;
        lines.columns = columns(&names)?;
        Ok(lines)
    }

    fn record(&mut self) -> Result<Option<Record>, FileError> {
        self.skip_line_ends()?;
        let (number, mut length, mut fields, mut too_many) = (self.line, 0, 0, false);
        loop {
            let input = self.source.fill_buf()?;
            let text = self.text.get_mut(length..).unwrap_or_default();
            let ends = self.ends.get_mut(fields..).unwrap_or_default();
            let (outcome, read, written, ended) = self.parser.read_record(input, text, ends);
            self.line += line_ends(input, read);
            self.source.consume(read);
            self.end += read as u64;
            length += written;
            fields += ended;
            match outcome {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => return Err(FileError::TooLong(number)),
                ReadRecordResult::OutputEndsFull => (fields, too_many) = (0, true),
                ReadRecordResult::Record => {
                    return Ok(Some(Record { number, length, fields: (!too_many).then_some(fields) }));
                }
                ReadRecordResult::End => return Ok(None),
            }
        }
    }

    /// Skips empty lines, and the rest of an end of two characters, which the parser would count to what follows.
    fn skip_line_ends(&mut self) -> io::Result<()> {
        loop {
            let input = self.source.fill_buf()?;
            let length = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            if length == 0 {
                return Ok(());
            }
            self.line += line_ends(input, length);
            self.source.consume(length);
            self.end += length as u64;
        }
    }

    /// The fields of a record, if they can be read.
    fn fields(&self, record: &Record) -> Option<Vec<&str>> {
        let text = str::from_utf8(self.text.get(..record.length)?).ok()?;
        let mut start = 0;
        let ends = self.ends.get(..record.fields?)?.iter();
        ends.map(|end| text.get(std::mem::replace(&mut start, *end)..*end)).collect()
    }

    fn import(&self, record: &Record) -> Result<Import, Reason> {
        if record.fields != Some(self.columns.len()) {
            return Err(Reason::line("Not as many fields as the header has."));
        }
        let fields = self.fields(record).ok_or_else(|| Reason::line("Not UTF-8."))?;
        let mut values = [const { None }; COLUMNS.len()];
        for (column, field) in self.columns.iter().zip(fields) {
            if let Some(value) = values.get_mut(*column) {
                *value = Some(field.to_owned());
            }
        }
        Fields::from_columns(values).import(self.now)
    }
}

impl Iterator for CsvLines {
    type Item = Result<Line, FileError>;

    fn next(&mut self) -> Option<Self::Item> {
        let record = match self.record() {
            Ok(record) => record?,
            Err(error) => return Some(Err(error)),
        };
        let import = self.import(&record);
        Some(Ok(Line { number: record.number, end: self.end, import }))
    }
}

/// How many lines end in the first bytes of what was read.
fn line_ends(input: &[u8], length: usize) -> u64 {
    input.iter().take(length).filter(|byte| **byte == b'\n').count() as u64
}

/// Which column each name of a header is. A file without a header must not be taken for one with strange columns: its
/// first account would be missing.
fn columns(names: &[&str]) -> Result<Vec<usize>, FileError> {
    let mut columns = Vec::new();
    for (index, name) in names.iter().enumerate() {
        match COLUMNS.iter().position(|column| column.contains(name)) {
            Some(column) if !columns.contains(&column) => columns.push(column),
            _ => return Err(FileError::Column(index + 1)),
        }
    }
    if (0..NEEDED).all(|needed| columns.contains(&needed)) { Ok(columns) } else { Err(FileError::Header) }
}

fn file_error(error: io::Error, line: u64) -> FileError {
    if error.get_ref().is_some_and(<dyn Error + Send + Sync>::is::<TooLong>) {
        return FileError::TooLong(line);
    }
    FileError::Io(error)
}

#[derive(Debug, thiserror::Error)]
#[error("a line is too long")]
struct TooLong;

#[cfg(test)]
mod tests;
