//! One JSON text as a record.

use serde_json::error::Category;

use super::reason::Reason;
use super::record::{Fields, Unreadable};

/// Reads the object of a record.
pub(super) fn fields(text: &[u8]) -> Result<Fields, Unreadable> {
    serde_json::from_slice(text).map_err(|error| {
        let content = String::from_utf8_lossy(text).trim().into();
        Unreadable { reason: reason(&error), content }
    })
}

/// Replaces the message of the library, which may quote the text.
fn reason(error: &serde_json::Error) -> Reason {
    let column = error.column();
    match error.classify() {
        Category::Data => Reason::of_record(format!(
            "Not an object, or one with a repeated member, before character {column}."
        )),
        _ => Reason::of_record(format!("Not JSON, at character {column}.")),
    }
}
