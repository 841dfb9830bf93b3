//! Exit codes, and the errors that lead to them.

use std::error::Error;
use std::io;
use std::process;

use shared::config::ConfigError;
use shared::log;
use shared::password::hash::HashError;
use shared::start::StartError;
use shared::store::StoreError;

use crate::output::escape;

/// Exit codes. `--help` lists them, and scripts rely on them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ExitCode {
    Done = 0,
    Failed = 1,
    UsageError = 2,
    NoSuchAccount = 3,
    SomeRefused = 4,
}

impl From<ExitCode> for process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}

/// The error that ended a command.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    #[error("no account named \"{0}\"")]
    NoSuchAccount(String),
    #[error(transparent)]
    Other(Box<dyn Error + Send + Sync>),
    #[error("{0}")]
    UsageError(&'static str),
}

impl CommandError {
    pub(crate) fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Other(error.into())
    }

    /// The error with its causes in one line, with control characters escaped.
    pub(crate) fn describe(&self) -> String {
        let text = match self {
            Self::Other(error) => log::chain(&**error),
            _ => self.to_string(),
        };
        escape(&text)
    }
}

impl From<&CommandError> for ExitCode {
    fn from(error: &CommandError) -> Self {
        match error {
            CommandError::NoSuchAccount(_) => Self::NoSuchAccount,
            CommandError::Other(_) => Self::Failed,
            CommandError::UsageError(_) => Self::UsageError,
        }
    }
}

macro_rules! other {
    ($($error:ty)+) => {$(
        impl From<$error> for CommandError {
            fn from(error: $error) -> Self {
                Self::new(error)
            }
        }
    )+};
}
other!(ConfigError HashError StartError StoreError io::Error);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_cannot_control_the_terminal() {
        let name = "al\u{1b}[2Jice\n\r\u{9b}\u{202e}x\u{200b}é 名".to_owned();
        let text = CommandError::NoSuchAccount(name).describe();
        assert_eq!(text, r#"no account named "al\u{1b}[2Jice\u{a}\u{d}\u{9b}\u{202e}x\u{200b}é 名""#);
    }

    #[test]
    fn an_error_names_its_causes() {
        let error = StoreError::Unavailable("no route".into());
        assert_eq!(CommandError::from(error).describe(), "the account store is unavailable: no route");
    }
}
