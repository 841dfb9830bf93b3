//! The values of fields, as databases, data frames and JSON write them.

use serde_json::Value;

use crate::time;

/// What stands for no value: SQL's dumps, pandas, and programs that write what they have.
const NOTHING: [&str; 9] = ["", "\\N", "NULL", "null", "NaN", "nan", "NaT", "None", "<NA>"];

/// The text of a value; `None` where it stands for nothing.
///
/// # Errors
///
/// It is neither a text, a number nor a boolean.
pub(super) fn given(value: &Value) -> Result<Option<String>, NotText> {
    Ok(text(value)?.filter(|text| !NOTHING.contains(&text.as_str())))
}

/// The same of a name, which may be a word for nothing.
pub(super) fn given_name(value: &Value) -> Result<Option<String>, NotText> {
    Ok(text(value)?.filter(|text| !text.is_empty()))
}

/// An array or an object in the place of a text.
#[derive(Debug)]
pub(super) struct NotText;

fn text(value: &Value) -> Result<Option<String>, NotText> {
    match value {
        Value::Null => Ok(None),
        Value::Bool(value) => Ok(Some(value.to_string())),
        Value::Number(number) => Ok(Some(number.to_string())),
        Value::String(text) => Ok(Some(text.clone())),
        // MongoDB's `{"$oid": "…"}`, `{"$date": {"$numberLong": "…"}}`.
        Value::Object(members) if members.len() == 1 => {
            let typed = members.iter().next().filter(|(name, _)| name.starts_with('$'));
            typed.map_or(Err(NotText), |(_, value)| text(value))
        }
        Value::Array(_) | Value::Object(_) => Err(NotText),
    }
}

/// Reads a boolean.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "on" | "1" | "1.0" => Some(true),
        "false" | "f" | "no" | "n" | "off" | "0" | "0.0" => Some(false),
        _ => None,
    }
}

/// Reads a boolean, or the time since which it is true.
pub(super) fn boolean_or_time(text: &str) -> Option<bool> {
    boolean(text).or_else(|| time::parse(text).map(|_| true))
}

/// A whole number that was written as a fraction, as pandas writes those of a column with gaps.
pub(super) fn whole(text: &str) -> &str {
    let number = text.strip_suffix(".0").filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
    number.unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_for_nothing_are_nothing_except_as_a_name() {
        for nothing in ["", "\\N", "NULL", "NaN", "None"] {
            assert_eq!(given(&nothing.into()).unwrap(), None, "{nothing}");
        }
        assert_eq!(given(&Value::Null).unwrap(), None);
        assert_eq!(given_name(&"null".into()).unwrap().as_deref(), Some("null"));
    }

    #[test]
    fn scalars_are_texts_and_lists_are_not() {
        for (value, expected) in [
            (json!(7), "7"),
            (json!(1.0), "1.0"),
            (json!(true), "true"),
            (json!({"$oid": "60425dc4"}), "60425dc4"),
            (json!({"$date": {"$numberLong": "1790000000000"}}), "1790000000000"),
        ] {
            assert_eq!(given(&value).unwrap().as_deref(), Some(expected));
        }
        for value in [json!([1]), json!({"a": 1}), json!({})] {
            assert!(given(&value).is_err(), "{value}");
        }
    }

    #[test]
    fn booleans_are_read_in_the_spellings_of_all_databases() {
        for text in ["t", "True", "TRUE", "1", "1.0", "yes"] {
            assert_eq!(boolean(text), Some(true), "{text}");
        }
        for text in ["f", "False", "0", "0.0", "off"] {
            assert_eq!(boolean(text), Some(false), "{text}");
        }
        assert_eq!((boolean("perhaps"), boolean_or_time("2026-09-21 14:13:20 UTC")), (None, Some(true)));
    }

    #[test]
    fn a_whole_number_has_no_fraction() {
        assert_eq!([whole("12.0"), whole("12.5"), whole("a.0"), whole("12")], ["12", "12.5", "a.0", "12"]);
    }
}
