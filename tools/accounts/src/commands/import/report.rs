//! The numbers that an import ends with.

use std::io;

use serde_json::json;

use super::update::Update;
use crate::output::Output;

/// Numbers of lines by result, and of what is worth knowing about those that are not refused.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) added: u64,
    pub(super) present: u64,
    pub(super) refused: u64,
    /// Accounts that were there, and to which something was carried over.
    pub(super) updated: u64,
    /// Accounts with a part that was left alone.
    pub(super) left_alone: u64,
    /// Records of the file that are no accounts.
    pub(super) skipped: u64,
    pub(super) names_kept: u64,
    pub(super) without_password: u64,
    pub(super) warnings: u64,
}

impl Counts {
    /// The number of lines.
    pub(super) fn lines(&self) -> u64 {
        self.added + self.present + self.refused + self.updated
    }
}

/// Writes the report.
pub(super) fn write(
    counts: Counts,
    dry_run: bool,
    is_finished: bool,
    left_out: &[String],
    output: &Output,
) -> io::Result<()> {
    let mut text = describe(counts, dry_run);
    if !is_finished {
        text.push_str("; not finished");
    }
    if !left_out.is_empty() {
        text = format!("{text}\nNot taken over: {}", left_out.join(", "));
    }
    let json = json!({
        "command": "import",
        "dry_run": dry_run,
        "finished": is_finished,
        if dry_run { "good" } else { "added" }: counts.added,
        "already_there": counts.present,
        "refused": counts.refused,
        "updated": counts.updated,
        "left_alone": counts.left_alone,
        "without_password": counts.without_password,
        "names_kept": counts.names_kept,
        "warnings": counts.warnings,
        "skipped": counts.skipped,
        "left_out": left_out,
    });
    output.write(&text, &json)
}

fn describe(counts: Counts, dry_run: bool) -> String {
    let Counts { added, present, refused, .. } = counts;
    let lines = if dry_run {
        let repeated = if present > 0 { format!("{present} repeated, ") } else { String::new() };
        format!("{added} good, {repeated}{refused} refused, nothing added")
    } else {
        format!("{added} added, {present} already there, {refused} refused")
    };
    let further = [
        (counts.updated, if dry_run { "to be updated" } else { "updated" }),
        (counts.left_alone, "left alone in part"),
        (counts.without_password, "without a password"),
        (counts.names_kept, "with a name that new accounts cannot have"),
        (counts.warnings, "with a warning"),
        (counts.skipped, "records of other kinds skipped"),
    ];
    let further = further.iter().filter(|(count, _)| *count > 0);
    let further: Vec<_> = further.map(|(count, what)| format!("; {count} {what}")).collect();
    lines + &further.concat()
}

/// Tells what was carried over to an account, and what was not.
pub(super) fn write_update(update: &Update, username: &str, line: u64, output: &Output) -> io::Result<()> {
    let Update { carried, left_alone, .. } = update;
    let parts = [("carried over", carried), ("left alone", left_alone)];
    let told = parts.iter().filter(|(_, parts)| !parts.is_empty());
    let told: Vec<_> = told.map(|(what, parts)| format!("; {what}: {}", parts.join(", "))).collect();
    let text = format!("line {line}: {username}{}", told.concat());
    let json = json!({
        "command": "import",
        "line": line,
        "username": username,
        "carried_over": carried,
        "left_alone": left_alone,
    });
    output.write(&text, &json)
}
