//! What has become of the lines of a file: numbers, refused lines, warnings, the table of ids.

use std::io;

use shared::names::email::Email;
use shared::store::ImportOutcome;

use super::batches::{Batch, Line};
use super::candidate::Candidate;
use super::map::IdMap;
use super::progress::Progress;
use super::reason::Reason;
use super::refused::RefusedLines;
use super::report::{self, Counts};
use super::source::BytesRead;
use super::update::Update;
use crate::arguments::ImportArguments;
use crate::exit::CommandError;
use crate::output::Output;

/// What has become of a line that is not refused as such.
pub(super) enum Outcome {
    Import(ImportOutcome),
    /// The account is there.
    Update(Update),
}

/// What has become of the lines so far.
pub(super) struct Results {
    pub(super) bytes_read: BytesRead,
    counts: Counts,
    map: IdMap,
    progress: Progress,
    refused: RefusedLines,
}

impl Results {
    pub(super) fn new(arguments: &ImportArguments, length: Option<u64>) -> Result<Self, CommandError> {
        Ok(Self {
            bytes_read: BytesRead::default(),
            counts: Counts::default(),
            map: IdMap::create(arguments.map.as_deref())?,
            progress: Progress::new(length),
            refused: RefusedLines::create(arguments.refused.as_deref())?,
        })
    }

    /// Counts the lines of a batch and lists the refused ones.
    pub(super) fn record(&mut self, batch: Batch, outcomes: Vec<Outcome>, output: &Output) -> io::Result<()> {
        let mut outcomes = outcomes.into_iter();
        self.counts.skipped += batch.skipped;
        for line in batch.lines {
            let refused = match &line.candidate {
                Err(reason) => Some(reason.clone()),
                Ok(candidate) => match outcomes.next() {
                    Some(Outcome::Import(outcome)) => self.imported(outcome, candidate),
                    Some(Outcome::Update(update)) => self.updated(&update, candidate, line.number, output)?,
                    None => None,
                },
            };
            match refused {
                Some(reason) => {
                    self.counts.refused += 1;
                    let Self { progress, refused, .. } = self;
                    progress.suspend(|| refused.add(line.number, &reason, line.content))?;
                }
                None => self.taken(&line)?,
            }
        }
        self.progress.advance(self.bytes_read.get(), self.counts.lines());
        Ok(())
    }

    fn taken(&mut self, line: &Line) -> io::Result<()> {
        let Ok(candidate) = &line.candidate else { return Ok(()) };
        let account = &candidate.import.account;
        self.counts.names_kept += u64::from(candidate.is_name_kept);
        self.counts.without_password += u64::from(account.password_hash.is_none());
        self.counts.warnings += u64::from(!candidate.warnings.is_empty());
        for warning in &candidate.warnings {
            let Self { progress, refused, .. } = self;
            progress.suspend(|| refused.warn(line.number, warning));
        }
        match &candidate.old_id {
            Some(old) => self.map.add(old, account.id),
            None => Ok(()),
        }
    }

    pub(super) fn finish(mut self) -> io::Result<Counts> {
        self.progress.finish();
        self.map.finish()?;
        self.refused.finish()?;
        Ok(self.counts)
    }

    /// Counts an outcome, or returns the reason for which the account was not added.
    fn imported(&mut self, outcome: ImportOutcome, candidate: &Candidate) -> Option<Reason> {
        match outcome {
            ImportOutcome::Added => self.counts.added += 1,
            ImportOutcome::Present => self.counts.present += 1,
            _ => return refusal(outcome, candidate),
        }
        None
    }

    /// Counts an update and tells of it, or returns the reason for which nothing was carried over.
    fn updated(
        &mut self,
        update: &Update,
        candidate: &Candidate,
        line: u64,
        output: &Output,
    ) -> io::Result<Option<Reason>> {
        if update.is_email_taken {
            return Ok(refusal(ImportOutcome::EmailTaken, candidate));
        }
        let Update { carried, left_alone, .. } = update;
        let (updated, present) = (!carried.is_empty(), carried.is_empty());
        self.counts.updated += u64::from(updated);
        self.counts.present += u64::from(present);
        self.counts.left_alone += u64::from(!left_alone.is_empty());
        if updated || !left_alone.is_empty() {
            let username = candidate.import.account.username.as_str();
            self.progress.suspend(|| report::write_update(update, username, line, output))?;
        }
        Ok(None)
    }
}

/// The reason for which an account was not added; `None` if it is there.
fn refusal(outcome: ImportOutcome, candidate: &Candidate) -> Option<Reason> {
    let account = &candidate.import.account;
    let taken = |column, value: &str| Reason::of_value(column, value, &"Another account has it.");
    Some(match outcome {
        ImportOutcome::Added | ImportOutcome::Present => return None,
        ImportOutcome::Deleted => {
            let reason = Reason::of_column("id", "An account with this id was deleted. Ids never come back.");
            reason.or("Remove the line.")
        }
        ImportOutcome::EmailTaken => {
            let email = account.email.as_ref().map_or("", Email::as_str);
            taken("email", email).or("Leave it empty in one of the two. If that one gives it up in this file, run the command again.")
        }
        ImportOutcome::IdTaken => {
            let id = candidate.old_id.clone().unwrap_or_else(|| account.id.to_string());
            taken("id", &id)
                .or("The same user by another name, which never changes here, or a system with the same ids.")
        }
        ImportOutcome::UsernameTaken => taken("username", account.username.as_str())
            .or("Perhaps in another case or width. Rename one of the two."),
    })
}
