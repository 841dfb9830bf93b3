//! What comes of a command: words or JSON for the operator, an exit code for scripts.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use serde_json::Value;
use shared::config::ConfigError;
use shared::log;
use shared::password::hash::HashError;
use shared::start::StartError;
use shared::store::StoreError;

/// How a command ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Exit {
    Done = 0,
    Failed = 1,
    UsageError = 2,
    NoSuchAccount = 3,
    SomeRefused = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("nobody has the name {0}")]
    NoSuchAccount(String),
    #[error(transparent)]
    Other(Box<dyn Error + Send + Sync>),
    #[error("{0}")]
    UsageError(&'static str),
}

impl Failure {
    pub(crate) fn new(problem: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Other(problem.into())
    }

    /// The failure with its causes, in one line that does nothing to a terminal.
    pub(crate) fn describe(&self) -> String {
        let text = match self {
            Self::Other(error) => log::chain(&**error),
            _ => self.to_string(),
        };
        plain(&text)
    }
}

impl From<&Failure> for Exit {
    fn from(failure: &Failure) -> Self {
        match failure {
            Failure::NoSuchAccount(_) => Self::NoSuchAccount,
            Failure::Other(_) => Self::Failed,
            Failure::UsageError(_) => Self::UsageError,
        }
    }
}

macro_rules! other {
    ($($error:ty)+) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::new(error)
            }
        }
    )+};
}
other!(ConfigError HashError StartError StoreError io::Error);

/// Escapes what is not plainly visible: control characters, and those that turn the direction of a line.
pub(crate) fn plain(text: &str) -> String {
    let is_plain = |c: &char| {
        *c == ' ' || !(c.is_control() || c.is_whitespace() || shared::names::unicode::is_ignorable(*c))
    };
    text.chars().map(|c| if is_plain(&c) { c.to_string() } else { c.escape_unicode().to_string() }).collect()
}

/// Where answers go.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Gives an answer, in the form that was asked for.
    pub(crate) fn answer(&self, words: &str, json: &Value) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        if self.json { writeln!(stdout, "{json}") } else { writeln!(stdout, "{words}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_does_nothing_to_a_terminal() {
        let name = "al\u{1b}[2Jice\n\r\u{9b}\u{202e}x\u{200b}é 名".to_owned();
        let described = Failure::NoSuchAccount(name).describe();
        assert_eq!(described, r"nobody has the name al\u{1b}[2Jice\u{a}\u{d}\u{9b}\u{202e}x\u{200b}é 名");
    }

    #[test]
    fn a_failure_names_its_causes() {
        let error = StoreError::Unavailable("no route".into());
        assert_eq!(Failure::from(error).describe(), "the account store is unavailable: no route");
    }
}
