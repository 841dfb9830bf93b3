//! The progress bar of an import.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar on standard error; invisible if that is not a terminal.
pub(super) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Starts a bar for a file of this many bytes. The length of standard input is unknown.
    pub(super) fn new(length: Option<u64>) -> Self {
        let target = if io::stderr().is_terminal() {
            ProgressDrawTarget::stderr_with_hz(5)
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(length, target);
        let template = match length {
            Some(_) => "{bar:30} {percent}%, {msg}, {eta} left",
            None => "{spinner} {msg}",
        };
        // An error in the template must not stop an import.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message("0 lines");
        Self { bar }
    }

    /// Shows the number of lines that are done, and the position in the file.
    pub(super) fn advance(&mut self, position: u64, lines: u64) {
        if self.bar.is_hidden() {
            return;
        }
        let seconds = self.bar.elapsed().as_secs().max(1);
        self.bar.set_message(format!("{lines} lines, {} a second", lines / seconds));
        self.bar.set_position(position);
    }

    /// Hides the bar while something else is written.
    pub(super) fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
