//! Logs: one JSON object per line on standard output, which Lambda hands to CloudWatch.
//!
//! Never in them: a password, token, secret, hash, body or `Authorization` header.

use std::error::Error;
use std::process::ExitCode;
use std::sync::OnceLock;
use std::time::Duration;

use tracing::level_filters::LevelFilter;

use crate::account::AccountId;

/// Which of the functions this process is.
static FUNCTION: OnceLock<&str> = OnceLock::new();

/// Starts logging for a function. Panics are logged by their place alone: their message may quote what a caller sent.
pub fn init(function: &'static str) {
    FUNCTION.get_or_init(|| function);
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false)
        .with_max_level(LevelFilter::INFO)
        .init();
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(function, place, "panic");
    }));
}

/// Ends a process: in silence when all went well, else with the reason.
#[must_use]
pub fn exit(outcome: Result<(), lambda_runtime::Error>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            fault(&chain(&*error), "cannot start");
            ExitCode::FAILURE
        }
    }
}

/// Logs a fault of ours that is not the outcome of one request. Lines with the name of a function are what alarms count.
pub fn fault(error: &str, what: &'static str) {
    tracing::error!(function = FUNCTION.get(), error, message = what);
}

/// An error with all that caused it, in one line.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// What is logged of a request, once, when it is answered.
#[derive(Debug)]
pub struct Line<'a> {
    /// Lambda's id of the invocation.
    pub request_id: &'a str,
    /// Which of the functions.
    pub function: &'static str,
    /// What kind of event it was called with.
    pub event: &'static str,
    /// What came of it, in a word.
    pub outcome: &'static str,
    /// Why, where the outcome alone does not say.
    pub reason: Option<&'static str>,
    /// The HTTP status, where there is one.
    pub status: Option<u16>,
    /// How long it took.
    pub duration: Duration,
    /// Whose request it was, where that is known.
    pub account_id: Option<AccountId>,
    /// What went wrong on our side, with its causes.
    pub fault: Option<String>,
}

impl Line<'_> {
    /// Writes the line: as an error what is a fault of ours, as information all else.
    pub fn write(self) {
        let Self { request_id, function, event, outcome, reason, status, .. } = self;
        let duration_ms = self.duration.as_secs_f64() * 1000.0;
        let account_id = self.account_id.map(|id| id.to_string());
        if let Some(error) = self.fault {
            tracing::error!(
                request_id,
                function,
                event,
                outcome,
                reason,
                status,
                duration_ms,
                account_id,
                error,
                "request"
            );
        } else {
            tracing::info!(
                request_id,
                function,
                event,
                outcome,
                reason,
                status,
                duration_ms,
                account_id,
                "request"
            );
        }
    }
}
