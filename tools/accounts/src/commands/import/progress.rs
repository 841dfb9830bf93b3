//! How far an import is, for somebody who watches.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar on standard error where that is a terminal, and nothing elsewhere.
pub(super) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// `length` is how many bytes there are, where that is known.
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
        // A template that the library does not understand is no reason not to import.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message("0 lines");
        Self { bar }
    }

    /// So many lines are done, and the file up to `position`.
    pub(super) fn advance(&mut self, position: u64, lines: u64) {
        if self.bar.is_hidden() {
            return;
        }
        let seconds = self.bar.elapsed().as_secs().max(1);
        self.bar.set_message(format!("{lines} lines, {} a second", lines / seconds));
        self.bar.set_position(self.bar.position().max(position));
    }

    /// Makes way for something else that is written.
    pub(super) fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
