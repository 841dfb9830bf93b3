//! Mails on a laptop: each is a file, which mail programs open.

use std::io::{Error, Write};
use std::path::PathBuf;

use mail_builder::MessageBuilder;
use mail_builder::headers::date::Date;

use super::letter::{Letter, Rendered};
use super::sender::Sender;
use crate::time::Timestamp;
use crate::{hex, log, random};

/// The sender where none is configured.
const NOBODY: &str = "serverless-auth@localhost";

/// A folder of mails.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// The folder with this path, which need not be there.
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Writes a letter. It appears under its name whole or not at all; only the owner may read it. Names sort by time.
    pub(super) fn put(
        &self,
        sender: &Sender,
        letter: &Letter,
        to: &str,
        now: Timestamp,
    ) -> Result<(), Error> {
        let id = hex::encode(&random::bytes::<8>().map_err(Error::other)?);
        std::fs::create_dir_all(&self.0)?;
        let mut file = tempfile::Builder::new().prefix(".mail-").tempfile_in(&self.0)?;
        file.write_all(&message(sender, letter, to, &id, now)?)?;
        let path = self.0.join(format!("{}-{}-{id}.eml", now.millis(), letter.kind()));
        file.persist_noclobber(&path).map_err(|error| error.error)?;
        log::mail(&path);
        Ok(())
    }
}

fn message(sender: &Sender, letter: &Letter, to: &str, id: &str, now: Timestamp) -> Result<Vec<u8>, Error> {
    let Rendered { subject, text, html } = letter.render(sender);
    let from = sender.address.as_deref().unwrap_or(NOBODY);
    MessageBuilder::new()
        .message_id(format!("{id}@localhost"))
        .date(Date::new(now.seconds().try_into().unwrap_or(i64::MAX)))
        .from((sender.app_name.as_str(), from))
        .to(to)
        .subject(subject)
        .text_body(text)
        .html_body(html)
        .write_to_vec()
}

#[cfg(test)]
mod tests;
