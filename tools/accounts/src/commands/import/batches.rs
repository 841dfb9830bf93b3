//! The lines of a file in batches, each with the account that it describes.

use tokio::sync::mpsc;

use super::candidate::Candidate;
use super::dialects::Unfit;
use super::interpreter::Interpreter;
use super::reason::Reason;
use super::record::{FileError, Receiver, Record, Unreadable};
use super::refused::Content;

/// Lines that were read.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) lines: Vec<Line>,
    /// Number of records that are no accounts.
    pub(super) skipped: u64,
}

pub(super) struct Line {
    pub(super) number: u64,
    /// What it holds, for the list of refused lines.
    pub(super) content: Content,
    pub(super) candidate: Result<Candidate, Reason>,
}

/// Sends what it receives in batches of a size.
pub(super) struct Batches {
    pub(super) interpreter: Interpreter,
    size: usize,
    batch: Batch,
    sender: mpsc::Sender<Batch>,
}

impl Batches {
    pub(super) fn new(interpreter: Interpreter, size: usize, sender: mpsc::Sender<Batch>) -> Self {
        Self { interpreter, size, batch: Batch::default(), sender }
    }

    /// Sends the lines so far. Ends the reading where nobody receives them any more.
    pub(super) fn flush(&mut self) -> Result<(), FileError> {
        self.sender.blocking_send(std::mem::take(&mut self.batch)).map_err(|_| FileError::Stopped)
    }

    fn push(&mut self, number: u64, content: Content, candidate: Result<Candidate, Reason>) {
        self.batch.lines.push(Line { number, content, candidate });
    }
}

impl Receiver for Batches {
    fn header(&mut self, names: &[&str]) -> Result<(), FileError> {
        self.interpreter.check_header(names)
    }

    fn record(&mut self, Record { line, fields }: Record) -> Result<(), FileError> {
        match fields {
            Err(Unreadable { reason, content }) => self.push(line, Content::Unreadable(content), Err(reason)),
            Ok(fields) => match self.interpreter.read(&fields) {
                Ok(candidate) => self.push(line, Content::Fields(fields), Ok(candidate)),
                Err(Unfit::Refused(reason)) => self.push(line, Content::Fields(fields), Err(reason)),
                Err(Unfit::Skipped) => self.batch.skipped += 1,
            },
        }
        if self.batch.lines.len() < self.size { Ok(()) } else { self.flush() }
    }
}
