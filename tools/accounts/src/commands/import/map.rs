//! The table of old and new ids, `--map`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use shared::account::AccountId;

use crate::exit::CommandError;

/// A CSV file with a line for each account that has an old id.
pub(super) struct IdMap(Option<BufWriter<File>>);

impl IdMap {
    /// Replaces an older file. Without a path nothing is written.
    pub(super) fn create(path: Option<&Path>) -> Result<Self, CommandError> {
        let Some(path) = path else { return Ok(Self(None)) };
        let with_path =
            |error: io::Error| CommandError::new(format!("cannot write {}: {error}", path.display()));
        let mut file = File::create(path).map(BufWriter::new).map_err(with_path)?;
        writeln!(file, "old_id,new_id").map_err(with_path)?;
        Ok(Self(Some(file)))
    }

    pub(super) fn add(&mut self, old: &str, new: AccountId) -> io::Result<()> {
        let Some(file) = &mut self.0 else { return Ok(()) };
        if old.contains([',', '"']) {
            writeln!(file, "\"{}\",{new}", old.replace('"', "\"\""))
        } else {
            writeln!(file, "{old},{new}")
        }
    }

    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.0.as_mut().map_or(Ok(()), BufWriter::flush)
    }
}
