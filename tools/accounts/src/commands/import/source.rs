//! A file as text: UTF-8, with line ends and bytes counted, and no record longer than memory should hold.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use encoding_rs_io::DecodeReaderBytesBuilder;

use crate::bounded_line::{LineTooLong, MAX_LINE_BYTES};

/// Size of the buffer that text is read into, in bytes.
const BUFFER_BYTES: usize = 64 * 1024;

/// A file that is read.
pub(super) type Input = Box<dyn Read + Send>;

/// The number of bytes that were read of a file so far.
#[derive(Clone, Default)]
pub(super) struct BytesRead(Arc<AtomicU64>);

impl BytesRead {
    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

struct CountBytes<R> {
    inner: R,
    read: BytesRead,
}

impl<R: Read> Read for CountBytes<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.read.0.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// The text of a file.
pub(super) type Text = BufReader<Box<dyn Read + Send>>;

/// Decodes UTF-16 where a byte order mark announces it, and drops the mark. Other text is passed on as it is.
pub(super) fn decoded(input: Input, read: &BytesRead) -> Text {
    let counted = CountBytes { inner: input, read: read.clone() };
    let decoder = DecodeReaderBytesBuilder::new().utf8_passthru(true).strip_bom(true).build(counted);
    BufReader::with_capacity(BUFFER_BYTES, Box::new(decoder))
}

/// Skips white space before the content. Returns the number of lines that end in it.
pub(super) fn skip_white_space(text: &mut impl BufRead) -> io::Result<u64> {
    let mut lines = 0;
    while let Some(byte) = text.fill_buf()?.first().copied().filter(u8::is_ascii_whitespace) {
        text.consume(1);
        lines += u64::from(byte == b'\n');
    }
    Ok(lines)
}

/// Counts the lines of a text that a parser reads byte by byte, and ends it where a record is too long.
pub(super) struct Bounded<R> {
    inner: R,
    position: Position,
}

/// The place of a [`Bounded`] reader, shared with whoever parses.
#[derive(Clone)]
pub(super) struct Position {
    line: Arc<AtomicU64>,
    /// Bytes that may be read until the next [`begin`](Self::begin).
    left: Arc<AtomicU64>,
}

impl Position {
    /// The number of the line that is read.
    pub(super) fn line(&self) -> u64 {
        self.line.load(Ordering::Relaxed)
    }

    /// A record begins.
    pub(super) fn begin(&self) {
        self.left.store(MAX_LINE_BYTES as u64, Ordering::Relaxed);
    }

    /// What follows is not kept, and may be of any length.
    pub(super) fn skip(&self) {
        self.left.store(u64::MAX, Ordering::Relaxed);
    }
}

impl<R: BufRead> Bounded<R> {
    /// A reader whose text begins in this line.
    pub(super) fn new(inner: R, line: u64) -> (Self, Position) {
        let position = Position { line: Arc::new(line.into()), left: Arc::new(u64::MAX.into()) };
        (Self { inner, position: position.clone() }, position)
    }
}

impl<R: BufRead> Read for Bounded<R> {
    /// One byte, since the parser asks for one: so its place is known.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = &self.position.left;
        if left.load(Ordering::Relaxed) == 0 {
            return Err(io::Error::other(LineTooLong));
        }
        let (Some(byte), Some(slot)) = (self.inner.fill_buf()?.first().copied(), buffer.first_mut()) else {
            return Ok(0);
        };
        *slot = byte;
        self.inner.consume(1);
        left.fetch_sub(1, Ordering::Relaxed);
        if byte == b'\n' {
            self.position.line.fetch_add(1, Ordering::Relaxed);
        }
        Ok(1)
    }
}
