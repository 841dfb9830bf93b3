//! Why a line is refused, or taken with a warning: the column, what is there, what is wrong with it, and the way out.

use std::borrow::Cow;
use std::fmt;

use crate::output::escape;

/// A reason. It never quotes a hash.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Reason {
    /// The column by its name in the file; `None` if the problem is not in one column.
    pub(super) column: Option<String>,
    /// What is there, if it may be shown.
    value: Option<String>,
    problem: Cow<'static, str>,
    way_out: Option<&'static str>,
}

impl Reason {
    pub(super) fn of_record(problem: impl Into<Cow<'static, str>>) -> Self {
        Self { column: None, value: None, problem: problem.into(), way_out: None }
    }

    /// A problem in a column, whose content is not shown.
    pub(super) fn of_column(column: &str, problem: impl Into<Cow<'static, str>>) -> Self {
        let column = shown(column).unwrap_or_else(|| "unnamed".to_owned());
        Self { column: Some(column), ..Self::of_record(problem) }
    }

    /// A problem with a value in a column.
    pub(super) fn of_value(column: &str, value: &str, problem: &dyn fmt::Display) -> Self {
        Self { value: shown(value), ..Self::of_column(column, problem.to_string()) }
    }

    /// The same with the way out.
    pub(super) fn or(self, way_out: &'static str) -> Self {
        Self { way_out: Some(way_out), ..self }
    }

    /// The reason without the column.
    pub(super) fn text(&self) -> String {
        let value = self.value.as_ref().map(|value| format!("\"{value}\": ")).unwrap_or_default();
        let way_out = self.way_out.map(|way_out| format!(" {way_out}")).unwrap_or_default();
        format!("{value}{}{way_out}", self.problem)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(column) = &self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.text())
    }
}

/// A text as it may be shown: not what could be a hash or a part of one, since columns may be mixed up.
pub(super) fn shown(text: &str) -> Option<String> {
    /// No name of a column and hardly a name of a user is longer.
    const LONGEST: usize = 60;
    /// Letters and digits in a row. Hashes and salts have more.
    const LONGEST_RUN: usize = 20;
    let is_part = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
    let runs = text.split(|c| !is_part(c)).map(str::len).max().unwrap_or_default();
    let is_safe = text.chars().count() <= LONGEST && runs <= LONGEST_RUN && !text.contains('$');
    is_safe.then(|| escape(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_a_hash_is_not_shown() {
        for text in [
            "$2b$10$0xR5",
            "pbkdf2_sha256$1000$salt$key",
            "5f4dcc3b5aa765d61d8327deb882cf99",
            "W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
            "!kKqKwVrmMcNvUMFXAjp4Wv3vF3uXGcTq8iKtGbPD",
            &"word ".repeat(20),
        ] {
            assert_eq!(shown(text), None, "{text}");
        }
        for text in ["al ice", "o'brien", "7", "1958CB3D-0CE9-415D-8319-E8DB0BD8AC48", "yesterday"] {
            assert_eq!(shown(text).as_deref(), Some(text));
        }
        assert_eq!(shown("a\u{1b}[2J").as_deref(), Some("a\\u{1b}[2J"));
    }

    #[test]
    fn a_reason_tells_the_column_what_is_there_and_the_way_out() {
        let reason = Reason::of_value("Login", "al ice", &"Not a name.").or("Mend it.");
        assert_eq!(reason.to_string(), ", column Login: \"al ice\": Not a name. Mend it.");
    }
}
