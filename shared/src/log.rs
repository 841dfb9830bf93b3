//! Logs: one JSON object per line on standard output, which Lambda hands to CloudWatch.
//!
//! Never in them: a password, token, secret, hash, body or `Authorization` header.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde_json::{Map, Value, json};
use tracing::level_filters::LevelFilter;

use crate::account::AccountId;

/// Which of the functions this process is.
static FUNCTION: OnceLock<&str> = OnceLock::new();

/// Where CloudWatch counts requests, if it does.
static NAMESPACE: OnceLock<String> = OnceLock::new();

/// From now on, lets CloudWatch count requests in a namespace.
pub(crate) fn count_requests_in(namespace: &str) {
    NAMESPACE.get_or_init(|| namespace.to_owned());
}

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
#[derive(Clone, Copy, Debug)]
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
    /// When it was answered.
    pub answered: SystemTime,
    /// How long that took.
    pub duration: Duration,
    /// Whose request it was, where that is known.
    pub account_id: Option<AccountId>,
    /// What went wrong on our side, with its causes.
    pub fault: Option<&'a str>,
}

impl Line<'_> {
    /// Writes the line, once logging was started: as an error what is a fault of ours, as information all else.
    pub fn write(&self) {
        if FUNCTION.get().is_none() {
            return;
        }
        let mut line = self.json(NAMESPACE.get().map(String::as_str)).to_string();
        line.push('\n');
        // There is nobody to tell that nobody can be told.
        let _ = std::io::stdout().lock().write_all(line.as_bytes());
    }

    /// The line; with a namespace, one that CloudWatch makes a metric of, too:
    /// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>.
    fn json(&self, namespace: Option<&str>) -> Value {
        let timestamp = DateTime::from(self.answered);
        let members: [(&str, Value); 12] = [
            ("timestamp", timestamp.fmt(Format::DateTime).ok().into()),
            ("level", if self.fault.is_some() { "ERROR" } else { "INFO" }.into()),
            ("message", "request".into()),
            ("request_id", self.request_id.into()),
            ("function", self.function.into()),
            ("event", self.event.into()),
            ("outcome", self.outcome.into()),
            ("reason", self.reason.into()),
            ("status", self.status.into()),
            ("duration_ms", (self.duration.as_secs_f64() * 1000.0).into()),
            ("account_id", self.account_id.map(|id| id.to_string()).into()),
            ("error", self.fault.into()),
        ];
        let mut line: Map<String, Value> = members
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        if let Some(namespace) = namespace {
            line.insert("Requests".to_owned(), 1.into());
            line.insert(
                "_aws".to_owned(),
                json!({
                    "Timestamp": timestamp.to_millis().unwrap_or_default(),
                    "CloudWatchMetrics": [{
                        "Namespace": namespace,
                        "Dimensions": [["function", "outcome"]],
                        "Metrics": [{ "Name": "Requests", "Unit": "Count" }],
                    }],
                }),
            );
        }
        line.into()
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    fn line() -> Line<'static> {
        Line {
            request_id: "8d1f",
            function: "login",
            event: "http",
            outcome: "invalid_credentials",
            reason: Some("wrong_password"),
            status: Some(401),
            answered: UNIX_EPOCH + Duration::from_millis(1_790_000_000_250),
            duration: Duration::from_micros(41_500),
            account_id: None,
            fault: None,
        }
    }

    #[test]
    fn a_line_says_what_is_known_and_nothing_else() {
        let expected = json!({
            "timestamp": "2026-09-21T14:13:20.25Z", "level": "INFO", "message": "request", "request_id": "8d1f",
            "function": "login", "event": "http", "outcome": "invalid_credentials", "reason": "wrong_password",
            "status": 401, "duration_ms": 41.5,
        });
        assert_eq!(line().json(None), expected);
    }

    #[test]
    fn a_fault_of_ours_is_an_error_with_its_cause() {
        let line = Line { fault: Some("down: no route\n{}"), ..line() }.json(None);
        assert_eq!((&line["level"], &line["error"]), (&json!("ERROR"), &json!("down: no route\n{}")));
        assert!(!line.to_string().contains('\n'), "{line}");
    }

    /// What the specification asks for: metrics and dimensions name members of the line, numbers and texts.
    #[test]
    fn with_a_namespace_the_line_is_a_metric_too() {
        let line = line().json(Some("accounts"));
        assert_eq!(line["_aws"]["Timestamp"], 1_790_000_000_250_u64);
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Namespace"], "accounts");
        assert_eq!(directive["Dimensions"], json!([["function", "outcome"]]));
        assert_eq!(directive["Metrics"], json!([{ "Name": "Requests", "Unit": "Count" }]));
        assert_eq!((&line["Requests"], &line["function"]), (&json!(1), &json!("login")));
        assert_eq!(line["outcome"], "invalid_credentials");
    }
}
