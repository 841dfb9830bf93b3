//! `import`: adds accounts from a file.
//!
//! A thread reads and checks lines, and the requests to the store run in parallel. Memory holds a few batches of accounts
//! for a file of any length.
//!
//! | module | content |
//! |---|---|
//! | [`reader`] | the records of a file: [`csv`], [`json_lines`], [`json_document`] |
//! | [`source`] | a file as text in UTF-8 |
//! | [`record`] | a record, and the errors of a file |
//! | [`columns`] | the columns of an account, by all their names |
//! | [`dialects`] | the exports of other systems |
//! | [`rules`] | what the arguments say of lines |
//! | [`interpreter`] | what the fields of a record are |
//! | [`candidate`] | the account that they describe |
//! | [`values`] | what a field holds |
//! | [`hashes`] | hashes as they are stored |
//! | [`batches`] | lines on their way to the store |
//! | [`mod@dry_run`] | what an import would do |
//! | [`mod@update`] | what has changed in the old system |
//! | [`reason`], [`refused`] | why a line is refused, and the list of such lines |
//! | [`results`], [`report`], [`progress`] | what has become of the lines, at the end and on the way |
//! | [`map`] | the table of old and new ids |

mod batches;
mod candidate;
mod columns;
mod csv;
mod dialects;
mod dry_run;
mod hashes;
mod interpreter;
mod json;
mod json_document;
mod json_lines;
mod map;
mod progress;
mod reader;
mod reason;
mod record;
mod refused;
mod report;
mod results;
mod rules;
mod source;
#[cfg(test)]
mod tests;
mod update;
mod values;

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::path::Path;
use std::thread::{self, JoinHandle};

use futures_util::stream::{self, StreamExt};
use shared::password::hash::Cost;
use shared::store::{Import, ImportOutcome, Operator, StoreError};
use shared::time::Timestamp;
use tokio::sync::mpsc;

use crate::arguments::ImportArguments;
use crate::exit::{CommandError, ExitCode};
use crate::output::Output;
use crate::retry::retry;
use batches::{Batch, Batches};
use dialects::HashConfig;
use dry_run::DryRun;
use hashes::Hashes;
use interpreter::Interpreter;
use record::FileError;
use results::{Outcome, Results};
use rules::Rules;
use source::{BytesRead, Input};
use update::Found;

/// Lines a batch in a dry run. Otherwise the store determines the size.
const DRY_RUN_BATCH: usize = 1000;

/// Batches that wait for a request at most; then the reader waits.
const QUEUED_BATCHES: usize = 2;

pub(crate) async fn import(
    store: Option<&dyn Operator>,
    arguments: &ImportArguments,
    cost: Cost,
    now: Timestamp,
    output: &Output,
) -> Result<ExitCode, CommandError> {
    let rules = Rules {
        hash_config: arguments.hash_config.as_deref().map(HashConfig::read).transpose()?,
        hashes: Hashes::new(arguments, cost)?,
        ignore_unknown: arguments.ignore_unknown,
        keep_names: arguments.keep_names,
        now,
    };
    let (input, length) = open(arguments)?;
    let mut results = Results::new(arguments, length)?;
    let (sender, receiver) = mpsc::channel(QUEUED_BATCHES);
    let size = store.map_or(DRY_RUN_BATCH, Operator::import_batch);
    let batches = Batches::new(Interpreter::new(rules), size, sender);
    let reader = read_beside(input, results.bytes_read.clone(), batches);
    let way = Way { store, dry_run: arguments.dry_run.then(RefCell::default), update: arguments.update };

    let added = way.add_all(receiver, arguments.parallel, &mut results, output).await?;
    // After an error of the store, the reader is not joined: it may wait for more standard input.
    let (ended, left_out) = match added {
        Ok(()) => joined(reader),
        Err(error) => (Err(interrupted(error)), Vec::new()),
    };
    let counts = results.finish()?;
    report::write(counts, arguments.dry_run, ended.is_ok(), &left_out, output)?;
    ended?;
    if counts.lines() == 0 {
        eprintln!("accounts: the file has no accounts; did its export fail?");
    }
    let is_done = counts.refused == 0 && counts.lines() > 0;
    Ok(if is_done { ExitCode::Done } else { ExitCode::SomeRefused })
}

/// Opens the file. Also returns its length in bytes, which is unknown for standard input.
fn open(arguments: &ImportArguments) -> Result<(Input, Option<u64>), CommandError> {
    let path = &arguments.file;
    if path == Path::new("-") {
        return Ok((Box::new(io::stdin()), None));
    }
    let with_path = |error: io::Error| CommandError::new(format!("cannot read {}: {error}", path.display()));
    let file = File::open(path).map_err(with_path)?;
    let length = file.metadata().map_err(with_path)?.len();
    let read = path.canonicalize().map_err(with_path)?;
    for written in [&arguments.refused, &arguments.map].into_iter().flatten() {
        if written.canonicalize().is_ok_and(|written| written == read) {
            return Err(CommandError::UsageError("--refused and --map must not name the file that is read"));
        }
    }
    Ok((Box::new(file), Some(length)))
}

/// The end of the reading, and the names that were left out.
type Read = (Result<(), FileError>, Vec<String>);

/// Reads a file on a thread of its own.
fn read_beside(input: Input, bytes_read: BytesRead, mut batches: Batches) -> JoinHandle<Read> {
    thread::spawn(move || {
        let read = reader::read(input, &bytes_read, &mut batches);
        // What comes before an error is taken.
        let sent = batches.flush();
        (read.and(sent), batches.interpreter.into_left_out())
    })
}

/// The end of a reading that nothing waits for any more.
fn joined(reader: JoinHandle<Read>) -> (Result<(), CommandError>, Vec<String>) {
    match reader.join() {
        Ok((read, left_out)) => (read.map_err(CommandError::new), left_out),
        Err(_) => (Err(CommandError::new("the file was not read to its end")), Vec::new()),
    }
}

fn interrupted(error: StoreError) -> CommandError {
    let error = CommandError::from(error).describe();
    CommandError::new(format!("{error}; run the same command again, it goes on where it stopped"))
}

/// The way of accounts into the store.
struct Way<'a> {
    /// None in a dry run that updates nothing.
    store: Option<&'a dyn Operator>,
    /// Takes what would be added in a dry run.
    dry_run: Option<RefCell<DryRun>>,
    /// Carries over what has changed of accounts that are there.
    update: bool,
}

impl Way<'_> {
    /// Adds the accounts of all batches, some at once. Ends with the error of the store, if there is one.
    async fn add_all(
        &self,
        mut batches: mpsc::Receiver<Batch>,
        at_once: u16,
        results: &mut Results,
        output: &Output,
    ) -> io::Result<Result<(), StoreError>> {
        let batches = stream::poll_fn(move |context| batches.poll_recv(context));
        let added = batches.map(|batch| self.add_batch(batch)).buffer_unordered(at_once.into());
        let mut added = std::pin::pin!(added);
        while let Some(batch) = added.next().await {
            match batch {
                Ok((batch, outcomes)) => results.record(batch, outcomes, output)?,
                Err(error) => return Ok(Err(error)),
            }
        }
        Ok(Ok(()))
    }

    /// Adds the accounts of a batch. Returns an outcome for each line that is not refused as such, in their order.
    async fn add_batch(&self, batch: Batch) -> Result<(Batch, Vec<Outcome>), StoreError> {
        let candidates = batch.lines.iter().filter_map(|line| line.candidate.as_ref().ok());
        let (mut outcomes, mut imports) = (Vec::new(), Vec::new());
        for candidate in candidates {
            let outcome = self.update(&candidate.import).await?;
            if outcome.is_none() {
                imports.push(candidate.import.clone());
            }
            outcomes.push(outcome);
        }
        let mut imported = self.import(&imports).await?.into_iter().map(Outcome::Import);
        let outcomes =
            outcomes.into_iter().filter_map(|outcome| outcome.or_else(|| imported.next())).collect();
        Ok((batch, outcomes))
    }

    /// Updates an account that is there. `None` if it is to be added.
    async fn update(&self, import: &Import) -> Result<Option<Outcome>, StoreError> {
        let Some(store) = self.store.filter(|_| self.update) else { return Ok(None) };
        let writes = self.dry_run.is_none();
        Ok(match retry(async || update::update(store, import, writes).await).await? {
            Found::Updated(update) => Some(Outcome::Update(update)),
            // An import tells by itself.
            Found::Another if !writes => Some(Outcome::Import(ImportOutcome::UsernameTaken)),
            Found::Another | Found::Nobody => None,
        })
    }

    async fn import(&self, imports: &[Import]) -> Result<Vec<ImportOutcome>, StoreError> {
        match (&self.dry_run, self.store) {
            (None, Some(store)) => retry(async || store.import(imports).await).await,
            (dry_run, _) => {
                Ok(dry_run.iter().flat_map(|dry_run| dry_run.borrow_mut().import(imports.iter())).collect())
            }
        }
    }
}
