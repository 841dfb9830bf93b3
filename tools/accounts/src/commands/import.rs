//! Adding accounts from a file: a thread reads and checks lines, and as many requests as wanted add them.
//!
//! At no time is more in memory than a few batches of accounts, however long the file is.

mod line;
mod progress;
mod read;
mod refusals;

use shared::time::Timestamp;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;
use std::thread;

use futures_util::stream::{self, StreamExt};
use serde_json::json;
use shared::store::{Import, ImportOutcome, Operator, StoreError};
use tokio::sync::mpsc;

use crate::arguments::ImportArguments;
use crate::outcome::{Exit, Failure, Output};
use crate::patience::patiently;
use line::Reason;
use progress::Progress;
pub(crate) use read::bounded_line;
use read::{FileError, Line};
use refusals::Refusals;

/// How many lines are handed over at once when nothing is to be added.
const UNSTORED_BATCH: usize = 1000;

/// How many batches the reader may be ahead.
const AHEAD: usize = 2;

/// What became of lines.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    added: u64,
    present: u64,
    refused: u64,
}

/// Lines that were read, and what became of them.
struct Batch {
    /// Where in the file the last one ends.
    end: u64,
    imports: Vec<(u64, Import)>,
    refused: Vec<(u64, Reason)>,
}

pub(crate) async fn run(
    store: Option<&dyn Operator>,
    import: &ImportArguments,
    now: Timestamp,
    output: &Output,
) -> Result<Exit, Failure> {
    let (source, length) = open(&import.file)?;
    let mut refusals = Refusals::create(import.refused.as_deref())?;
    let mut progress = Progress::new(length);
    let (sender, mut receiver) = mpsc::channel(AHEAD);
    let size = store.map_or(UNSTORED_BATCH, Operator::import_batch);
    let reader = thread::spawn(move || read::lines(source, now, |lines| send(lines, size, &sender)));

    let mut tally = Tally::default();
    let batches = stream::poll_fn(move |context| receiver.poll_recv(context));
    let added = batches.map(|batch| add(store, batch)).buffer_unordered(import.parallel.into());
    let mut added = std::pin::pin!(added);
    let mut failure = None;
    while let Some(batch) = added.next().await {
        match batch {
            Ok((batch, outcomes)) => settle(batch, &outcomes, &mut tally, &mut refusals, &mut progress)?,
            Err(error) => {
                failure = Some(Failure::from(error));
                break;
            }
        }
    }
    progress.end();
    refusals.end()?;
    // The reader ends by itself once nobody receives; where the store failed it may wait for more of standard input.
    if failure.is_none() {
        failure = match reader.join() {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(Failure::new(error)),
            Err(_) => Some(Failure::new("the file could not be read to its end")),
        };
    }
    report(tally, import, failure.is_some(), output)?;
    match failure {
        Some(failure) => Err(failure),
        None if tally.refused > 0 => Ok(Exit::SomeRefused),
        None => Ok(Exit::Done),
    }
}

/// The file, and how long it is where that is known.
fn open(path: &Path) -> Result<(Box<dyn io::BufRead + Send>, Option<u64>), Failure> {
    if path == Path::new("-") {
        return Ok((Box::new(BufReader::new(io::stdin())), None));
    }
    let named = |error: io::Error| Failure::new(format!("cannot read {}: {error}", path.display()));
    let file = File::open(path).map_err(named)?;
    let length = file.metadata().map_err(named)?.len();
    Ok((Box::new(BufReader::new(file)), Some(length)))
}

/// Hands lines over in batches. Ends when nobody receives them any more.
fn send(
    lines: &mut dyn Iterator<Item = Result<Line, FileError>>,
    size: usize,
    batches: &mpsc::Sender<Batch>,
) -> Result<(), FileError> {
    loop {
        let mut batch = Batch { end: 0, imports: Vec::new(), refused: Vec::new() };
        let mut failure = None;
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
                    failure = Some(error);
                    break;
                }
            }
        }
        let is_last = batch.imports.len() + batch.refused.len() < size;
        if batches.blocking_send(batch).is_err() {
            return Ok(());
        }
        if let Some(error) = failure {
            return Err(error);
        }
        if is_last {
            return Ok(());
        }
    }
}

async fn add(store: Option<&dyn Operator>, batch: Batch) -> Result<(Batch, Vec<ImportOutcome>), StoreError> {
    let Some(store) = store else {
        let outcomes = vec![ImportOutcome::Added; batch.imports.len()];
        return Ok((batch, outcomes));
    };
    let imports: Vec<_> = batch.imports.iter().map(|(_, import)| import.clone()).collect();
    let outcomes = patiently(async || store.import(&imports).await).await?;
    Ok((batch, outcomes))
}

fn settle(
    batch: Batch,
    outcomes: &[ImportOutcome],
    tally: &mut Tally,
    refusals: &mut Refusals,
    progress: &mut Progress,
) -> io::Result<()> {
    let mut refused = batch.refused;
    for ((number, _), arrival) in batch.imports.iter().zip(outcomes) {
        match arrival {
            ImportOutcome::Added => tally.added += 1,
            ImportOutcome::Present => tally.present += 1,
            ImportOutcome::EmailTaken => refused.push((*number, Reason::EMAIL_TAKEN)),
            ImportOutcome::IdTaken => refused.push((*number, Reason::ID_TAKEN)),
            ImportOutcome::UsernameTaken => refused.push((*number, Reason::USERNAME_TAKEN)),
        }
    }
    refused.sort_by_key(|(number, _)| *number);
    for (number, reason) in &refused {
        tally.refused += 1;
        progress.suspend(|| refusals.add(*number, reason))?;
    }
    progress.advance(batch.end, tally.added + tally.present + tally.refused);
    Ok(())
}

fn report(tally: Tally, import: &ImportArguments, is_partial: bool, output: &Output) -> io::Result<()> {
    let Tally { added, present, refused } = tally;
    let mut words = if import.dry_run {
        format!("{added} good, {refused} refused, nothing added")
    } else {
        format!("{added} added, {present} already there, {refused} refused")
    };
    if is_partial {
        words.push_str("; not finished: run the same command again");
    }
    let json = json!({
        "command": "import",
        "dry_run": import.dry_run,
        "finished": !is_partial,
        if import.dry_run { "good" } else { "added" }: added,
        "already_there": present,
        "refused": refused,
    });
    output.answer(&words, &json)
}
