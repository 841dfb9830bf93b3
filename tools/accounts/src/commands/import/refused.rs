//! The list of refused lines.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde_json::json;

use super::line::Reason;
use crate::outcome::Failure;

/// How many are shown where no file was named.
const SHOWN: u64 = 20;

pub(super) struct Refusals {
    file: Option<BufWriter<File>>,
    count: u64,
}

impl Refusals {
    pub(super) fn create(path: Option<&Path>) -> Result<Self, Failure> {
        let create = |path: &Path| {
            let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
            let named = |error: io::Error| Failure::new(format!("cannot write {}: {error}", path.display()));
            file.map(BufWriter::new).map_err(named)
        };
        Ok(Self { file: path.map(create).transpose()?, count: 0 })
    }

    pub(super) fn add(&mut self, number: u64, reason: &Reason) -> io::Result<()> {
        self.count += 1;
        if let Some(file) = &mut self.file {
            let line = json!({ "line": number, "field": reason.field, "reason": reason.problem });
            return writeln!(file, "{line}");
        }
        if self.count <= SHOWN {
            eprintln!("line {number}: {reason}");
        }
        Ok(())
    }

    pub(super) fn end(&mut self) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            return file.flush();
        }
        if self.count > SHOWN {
            eprintln!("… and {} more; --refused FILE lists them all", self.count - SHOWN);
        }
        Ok(())
    }
}
