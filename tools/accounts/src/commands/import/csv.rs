//! Files in CSV.
//!
//! The loop stands over `csv-core`, not over the crate `csv`: that one reads a quote that is never closed into memory to
//! the end of the file, and its line numbers are wrong after `\r\n` and empty lines (1.4.0).

use std::io::{self, BufRead};

use csv_core::ReadRecordResult;
use shared::store::Import;

use super::fields::{COLUMNS, Fields, REQUIRED};
use super::line::{FileError, Line, Start};
use super::refused::Reason;
use super::rules::Rules;
use crate::bounded_line::MAX_LINE_BYTES;

/// The records of a file after its header.
pub(super) struct CsvLines {
    source: Box<dyn BufRead + Send>,
    parser: csv_core::Reader,
    /// The fields of a record without separators.
    text: Vec<u8>,
    /// The end of each field in `text`.
    ends: Vec<usize>,
    /// The index in [`COLUMNS`] of each field of a record.
    columns: Vec<usize>,
    /// Number of the next line.
    line: u64,
    /// Position in the file where the next line begins.
    end: u64,
    rules: Rules,
}

/// A record in the buffers of [`CsvLines`].
struct Record {
    number: u64,
    length: usize,
    /// The number of fields; `None` if there are more than the buffer holds.
    fields: Option<usize>,
}

impl CsvLines {
    pub(super) fn new(
        source: Box<dyn BufRead + Send>,
        start: Start,
        rules: Rules,
    ) -> Result<Self, FileError> {
        let (text, ends) = (vec![0; MAX_LINE_BYTES], vec![0; 2 * COLUMNS.len()]);
        let parser = csv_core::Reader::new();
        let mut lines = Self {
            source,
            parser,
            text,
            ends,
            columns: Vec::new(),
            line: start.lines + 1,
            end: start.position,
            rules,
        };
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
            let (result, read, written, ended) = self.parser.read_record(input, text, ends);
            self.line += count_line_ends(input, read);
            self.source.consume(read);
            self.end += read as u64;
            length += written;
            fields += ended;
            match result {
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

    /// Skips empty lines, and the `\n` of a `\r\n`: the parser would take them for the beginning of the next record.
    fn skip_line_ends(&mut self) -> io::Result<()> {
        loop {
            let input = self.source.fill_buf()?;
            let length = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            if length == 0 {
                return Ok(());
            }
            self.line += count_line_ends(input, length);
            self.source.consume(length);
            self.end += length as u64;
        }
    }

    /// The fields of a record; `None` if they are too many or not UTF-8.
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
        Fields::from_columns(values).import(&self.rules)
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

/// The number of lines that end in the first `length` bytes.
fn count_line_ends(input: &[u8], length: usize) -> u64 {
    input.iter().take(length).filter(|byte| **byte == b'\n').count() as u64
}

/// The index in [`COLUMNS`] of each name in a header.
///
/// An unknown name is an error, so that the first account of a file without a header is not taken for one and lost.
fn columns(names: &[&str]) -> Result<Vec<usize>, FileError> {
    let mut columns = Vec::new();
    for (index, name) in names.iter().enumerate() {
        match COLUMNS.iter().position(|column| column.contains(name)) {
            Some(column) if !columns.contains(&column) => columns.push(column),
            _ => return Err(FileError::Column(index + 1)),
        }
    }
    if (0..REQUIRED).all(|required| columns.contains(&required)) {
        Ok(columns)
    } else {
        Err(FileError::Header)
    }
}
