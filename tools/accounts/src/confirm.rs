//! Questions to whoever sits at the terminal.

use std::io::{self, IsTerminal, Write};

use crate::exit::CommandError;

/// Asks a question, and goes on with `y` alone.
///
/// `elsewhere` is the error where there is no terminal, `unchanged` the one after any other answer.
pub(crate) fn confirm(
    question: &str,
    elsewhere: &'static str,
    unchanged: &'static str,
) -> Result<(), CommandError> {
    if !io::stdin().is_terminal() {
        return Err(CommandError::UsageError(elsewhere));
    }
    eprint!("{question} [y/N] ");
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    if answer.trim().eq_ignore_ascii_case("y") { Ok(()) } else { Err(CommandError::new(unchanged)) }
}
