//! `import`: adds accounts from a file.
//!
//! A thread reads and checks lines, and the requests to the store run in parallel. Memory holds a few batches of accounts
//! for a file of any length.
//!
//! | module | content |
//! |---|---|
//! | [`lines`] | the lines of a file, by [`csv`] or [`mod@json`] |
//! | [`mod@dry_run`] | what an import would do |
//! | [`fields`] | the fields of a line, and the account that they describe |
//! | [`refused`] | refused lines and the reasons |
//! | [`rules`] | what a line is held to |
//! | [`progress`] | the progress bar |

mod csv;
mod dry_run;
mod fields;
mod json;
mod line;
mod lines;
mod progress;
mod refused;
mod rules;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;
use std::thread;

use futures_util::stream::{self, StreamExt};
use serde_json::json;
use shared::password::hash::Cost;
use shared::store::{Import, ImportOutcome, Operator, StoreError};
use shared::time::Timestamp;
use tokio::sync::mpsc;

use crate::arguments::ImportArguments;
use crate::exit::{CommandError, ExitCode};
use crate::output::Output;
use crate::retry::retry;
use dry_run::DryRun;
use line::{FileError, Line};
use progress::Progress;
use refused::{Reason, RefusedLines};
use rules::Rules;

/// Lines a batch in a dry run. Otherwise the store determines the size.
const DRY_RUN_BATCH: usize = 1000;

/// Batches that wait for a request at most; then the reader waits.
const QUEUED_BATCHES: usize = 2;

/// Numbers of lines by result.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    added: u64,
    present: u64,
    refused: u64,
}

impl Counts {
    fn all(&self) -> u64 {
        self.added + self.present + self.refused
    }
}

/// Lines that were read: accounts to add, and refused lines. Each has its number.
struct Batch {
    /// Position in the file where the last line ends.
    end: u64,
    imports: Vec<(u64, Import)>,
    refused: Vec<(u64, Reason)>,
}

pub(crate) async fn import(
    store: Option<&dyn Operator>,
    arguments: &ImportArguments,
    cost: Cost,
    now: Timestamp,
    output: &Output,
) -> Result<ExitCode, CommandError> {
    let rules = Rules::new(arguments, cost, now)?;
    let (source, length) = open(&arguments.file)?;
    let mut refused = RefusedLines::create(arguments.refused.as_deref())?;
    let mut progress = Progress::new(length);
    let (sender, mut receiver) = mpsc::channel(QUEUED_BATCHES);
    let size = store.map_or(DRY_RUN_BATCH, Operator::import_batch);
    let reader =
        thread::spawn(move || lines::read_lines(source, rules, |lines| send_batches(lines, size, &sender)));

    let mut counts = Counts::default();
    let dry_run = RefCell::new(DryRun::default());
    let batches = stream::poll_fn(move |context| receiver.poll_recv(context));
    let added =
        batches.map(|batch| add_batch(store, &dry_run, batch)).buffer_unordered(arguments.parallel.into());
    let mut added = std::pin::pin!(added);
    let mut ended_by = None;
    while let Some(batch) = added.next().await {
        match batch {
            Ok((batch, outcomes)) => record(batch, &outcomes, &mut counts, &mut refused, &mut progress)?,
            Err(error) => {
                ended_by = Some(CommandError::from(error));
                break;
            }
        }
    }
    progress.finish();
    refused.finish()?;
    // After an error of the store, the reader is not joined: it may wait for more standard input.
    if ended_by.is_none() {
        ended_by = match reader.join() {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(CommandError::new(error)),
            Err(_) => Some(CommandError::new("the file was not read to its end")),
        };
    }
    if ended_by.is_none() && counts.all() == 0 {
        ended_by = Some(CommandError::new("the file has no accounts; did its export fail?"));
    }
    report(counts, arguments.dry_run, ended_by.is_none(), output)?;
    match ended_by {
        Some(error) => Err(error),
        None if counts.refused > 0 => Ok(ExitCode::SomeRefused),
        None => Ok(ExitCode::Done),
    }
}

/// Opens the file. Also returns its length in bytes, which is unknown for standard input.
fn open(path: &Path) -> Result<(Box<dyn io::BufRead + Send>, Option<u64>), CommandError> {
    if path == Path::new("-") {
        return Ok((Box::new(BufReader::new(io::stdin())), None));
    }
    let with_path = |error: io::Error| CommandError::new(format!("cannot read {}: {error}", path.display()));
    let file = File::open(path).map_err(with_path)?;
    let length = file.metadata().map_err(with_path)?.len();
    Ok((Box::new(BufReader::new(file)), Some(length)))
}

/// Sends lines in batches. Ends with the lines, or when the receiver is gone.
fn send_batches(
    lines: &mut dyn Iterator<Item = Result<Line, FileError>>,
    size: usize,
    batches: &mpsc::Sender<Batch>,
) -> Result<(), FileError> {
    loop {
        let mut batch = Batch { end: 0, imports: Vec::new(), refused: Vec::new() };
        let mut ended_by = None;
        for line in (&mut *lines).take(size) {
            match line {
                Ok(Line { number, end, import }) => {
                    batch.end = end;
                    match import {
                        Ok(import) => batch.imports.push((number, import)),
                        Err(reason) => batch.refused.push((number, reason)),
                    }
                }
                Err(error) => {
                    ended_by = Some(error);
                    break;
                }
            }
        }
        let is_last = batch.imports.len() + batch.refused.len() < size;
        if batches.blocking_send(batch).is_err() {
            return Ok(());
        }
        if let Some(error) = ended_by {
            return Err(error);
        }
        if is_last {
            return Ok(());
        }
    }
}

/// Adds the accounts of a batch, without a store in a dry run.
async fn add_batch(
    store: Option<&dyn Operator>,
    dry_run: &RefCell<DryRun>,
    batch: Batch,
) -> Result<(Batch, Vec<ImportOutcome>), StoreError> {
    let Some(store) = store else {
        let outcomes = dry_run.borrow_mut().import(batch.imports.iter().map(|(_, import)| import));
        return Ok((batch, outcomes));
    };
    let imports: Vec<_> = batch.imports.iter().map(|(_, import)| import.clone()).collect();
    let outcomes = retry(async || store.import(&imports).await).await?;
    Ok((batch, outcomes))
}

/// Counts the lines of a batch and lists the refused ones.
fn record(
    batch: Batch,
    outcomes: &[ImportOutcome],
    counts: &mut Counts,
    refused_lines: &mut RefusedLines,
    progress: &mut Progress,
) -> io::Result<()> {
    let mut refused = batch.refused;
    for ((number, _), outcome) in batch.imports.iter().zip(outcomes) {
        match outcome {
            ImportOutcome::Added => counts.added += 1,
            ImportOutcome::Present => counts.present += 1,
            ImportOutcome::Deleted => refused.push((*number, Reason::DELETED)),
            ImportOutcome::EmailTaken => refused.push((*number, Reason::EMAIL_TAKEN)),
            ImportOutcome::IdTaken => refused.push((*number, Reason::ID_TAKEN)),
            ImportOutcome::UsernameTaken => refused.push((*number, Reason::USERNAME_TAKEN)),
        }
    }
    refused.sort_by_key(|(number, _)| *number);
    for (number, reason) in &refused {
        counts.refused += 1;
        progress.suspend(|| refused_lines.add(*number, reason))?;
    }
    progress.advance(batch.end, counts.all());
    Ok(())
}

fn report(counts: Counts, dry_run: bool, is_finished: bool, output: &Output) -> io::Result<()> {
    let Counts { added, present, refused } = counts;
    let mut text = if dry_run {
        let repeated = if present > 0 { format!("{present} repeated, ") } else { String::new() };
        format!("{added} good, {repeated}{refused} refused, nothing added")
    } else {
        format!("{added} added, {present} already there, {refused} refused")
    };
    if !is_finished {
        text.push_str("; not finished: correct the error and run the same command again");
    }
    let json = json!({
        "command": "import",
        "dry_run": dry_run,
        "finished": is_finished,
        if dry_run { "good" } else { "added" }: added,
        "already_there": present,
        "refused": refused,
    });
    output.write(&text, &json)
}
