//! Logs: one JSON object per line on standard output, which Lambda hands to CloudWatch.
//!
//! Never in them: a password, token, secret, hash, body or `Authorization` header.

mod words;

use std::error::Error;
use std::io::Write;
#[cfg(feature = "sqlite")]
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde_json::{Map, Value};
use tracing::level_filters::LevelFilter;

pub use words::{Outcome, Reason};

use crate::account::AccountId;
use crate::metrics;
use crate::time::Timestamp;

/// The function that this process is. Unset in tests, which log nothing.
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

/// Logs a fault that does not belong to one request. Alarms count lines with the member `function`.
pub fn fault(error: &str, what: &'static str) {
    tracing::error!(function = FUNCTION.get(), error, message = what);
}

/// Logs which file a mail has become, on a laptop.
#[cfg(feature = "sqlite")]
pub fn mail(file: &Path) {
    tracing::info!(file = %file.display(), "mail");
}

/// An error and its causes in one line.
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

/// The line of a request, written once at its end. `docs/logs.md` describes the members.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// Lambda's id of the invocation.
    pub request_id: &'a str,
    /// The function's name.
    pub function: &'static str,
    /// The kind of event.
    pub event: &'static str,
    /// The result in a word.
    pub outcome: Outcome,
    /// The cause of the outcome, where the outcome alone does not tell it.
    pub reason: Option<Reason>,
    /// The HTTP status, if the response has one.
    pub status: Option<u16>,
    /// The end of the work.
    pub ended: Timestamp,
    /// The time that it took.
    pub duration: Duration,
    /// The account, where it is known.
    pub account_id: Option<AccountId>,
    /// The gateway's id of the request, by which the line joins the access log.
    pub gateway_request_id: Option<&'a str>,
    /// The id of the API.
    pub api_id: Option<&'a str>,
    /// The route that an authorizer was asked about.
    pub route: Option<&'a str>,
    /// The client IP that an authorizer was asked about.
    pub client_ip: Option<&'a str>,
    /// A fault of the service with its causes.
    pub fault: Option<&'a str>,
}

impl Line<'_> {
    /// Writes the line to standard output, if logging was started.
    pub fn write(&self) {
        if FUNCTION.get().is_none() {
            return;
        }
        let mut line = self.json(metrics::namespace()).to_string();
        line.push('\n');
        // A failure to log has nowhere to be reported.
        let _ = std::io::stdout().lock().write_all(line.as_bytes());
    }

    fn json(&self, namespace: Option<&str>) -> Value {
        let timestamp =
            self.ended.to_system_time().and_then(|ended| DateTime::from(ended).fmt(Format::DateTime).ok());
        let members: [(&str, Value); 16] = [
            ("timestamp", timestamp.into()),
            ("level", if self.fault.is_some() { "ERROR" } else { "INFO" }.into()),
            ("message", "request".into()),
            ("request_id", self.request_id.into()),
            ("function", self.function.into()),
            ("event", self.event.into()),
            ("outcome", self.outcome.as_str().into()),
            ("reason", self.reason.map(Reason::as_str).into()),
            ("status", self.status.into()),
            ("duration_ms", (self.duration.as_secs_f64() * 1000.0).into()),
            ("account_id", self.account_id.map(|id| id.to_string()).into()),
            ("gateway_request_id", self.gateway_request_id.into()),
            ("api_id", self.api_id.into()),
            ("route", self.route.into()),
            ("client_ip", self.client_ip.into()),
            ("error", self.fault.into()),
        ];
        let members = members.into_iter().filter(|(_, value)| !value.is_null());
        let mut line: Map<_, _> = members.map(|(name, value)| (name.to_owned(), value)).collect();
        if let Some(namespace) = namespace {
            line.extend(metrics::members(namespace, self.ended));
        }
        line.into()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn line() -> Line<'static> {
        Line {
            request_id: "8d1f",
            function: "login",
            event: "http",
            outcome: Outcome::InvalidCredentials,
            reason: Some(Reason::WrongPassword),
            status: Some(401),
            ended: Timestamp::from_millis(1_790_000_000_250),
            duration: Duration::from_micros(41_500),
            account_id: None,
            gateway_request_id: None,
            api_id: None,
            route: None,
            client_ip: None,
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

    /// As the specification demands: metrics and dimensions name members of the line, numbers and texts.
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
