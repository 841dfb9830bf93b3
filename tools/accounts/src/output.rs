//! Results on standard output, as text or as JSON.

use std::io::{self, Write};

use serde_json::Value;
use shared::names::unicode;

/// The form of the results: JSON with `--json`, else text.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Writes one result in the form that was asked for.
    pub(crate) fn write(&self, text: &str, json: &Value) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        if self.json { writeln!(stdout, "{json}") } else { writeln!(stdout, "{text}") }
    }
}

/// Escapes control characters, invisible characters, and all whitespace but the space: they could control a terminal,
/// or change the direction of a line.
pub(crate) fn escape(text: &str) -> String {
    let is_visible = |c: char| c == ' ' || !(c.is_control() || c.is_whitespace() || unicode::is_ignorable(c));
    text.chars().map(|c| if is_visible(c) { c.to_string() } else { c.escape_unicode().to_string() }).collect()
}
