//! Who mails are from.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// Bytes in an encoded word: it has at most 75 characters (RFC 2047, section 2), twelve of them around its base64.
const ENCODED_WORD_BYTES: usize = 45;

/// What an operator configures of all mails.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sender {
    /// The address, in ASCII. Without one there is no mail on AWS.
    pub address: Option<String>,
    /// The name of the app: 1 to 64 characters, none of them a control character.
    pub app_name: String,
    /// The URL of the app, whose pages `/reset` and `/confirm` links lead to. It has no slash at its end.
    pub app_url: Option<String>,
    /// The begin of the names of templates in SES. Without it our own words are sent.
    pub template_prefix: Option<String>,
}

/// A mailbox with a name (RFC 5322, section 3.4). A name that is not plain ASCII is a row of encoded words (RFC 2047).
pub(crate) fn mailbox(name: &str, address: &str) -> String {
    // Many readers decode what looks like an encoded word between quotes, too.
    let is_plain = name.bytes().all(|byte| matches!(byte, b' '..=b'~')) && !name.contains("=?");
    let name = if is_plain { quoted(name) } else { encoded_words(name) };
    format!("{name} <{address}>")
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

/// No character is divided between two words.
fn encoded_words(name: &str) -> String {
    let mut words = vec![String::new()];
    for character in name.chars() {
        match words.last_mut() {
            Some(word) if word.len() + character.len_utf8() <= ENCODED_WORD_BYTES => word.push(character),
            _ => words.push(character.to_string()),
        }
    }
    let words = words.iter().map(|word| format!("=?UTF-8?B?{}?=", BASE64_STANDARD.encode(word)));
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_name_is_quoted() {
        for (name, expected) in [
            ("serverless-auth", r#""serverless-auth" <a@b.example>"#),
            ("Smith, \"Jo\" & Sons <x@y> \\", r#""Smith, \"Jo\" & Sons <x@y> \\" <a@b.example>"#),
        ] {
            assert_eq!(mailbox(name, "a@b.example"), expected);
        }
    }

    /// The words were made by Python's `email.header`.
    #[test]
    fn any_other_name_is_encoded() {
        for (name, expected) in [
            ("Zürich", "=?UTF-8?B?WsO8cmljaA==?= <a@b.example>"),
            ("=?UTF-8?Q?x?=", "=?UTF-8?B?PT9VVEYtOD9RP3g/PQ==?= <a@b.example>"),
            ("a\r\nBcc: c@d.example", "=?UTF-8?B?YQ0KQmNjOiBjQGQuZXhhbXBsZQ==?= <a@b.example>"),
        ] {
            assert_eq!(mailbox(name, "a@b.example"), expected);
        }
    }

    #[test]
    fn a_long_name_is_more_than_one_word_and_no_character_is_divided() {
        for name in ["🦀".repeat(64), "aé".repeat(32), "日".repeat(64)] {
            let encoded = mailbox(&name, "a@b.example");
            let words = encoded.strip_suffix(" <a@b.example>").unwrap().split(' ');
            let decoded: String = words
                .map(|word| {
                    assert!(word.len() <= 75, "{word}");
                    let base64 = word.strip_prefix("=?UTF-8?B?").unwrap().strip_suffix("?=").unwrap();
                    String::from_utf8(BASE64_STANDARD.decode(base64).unwrap()).unwrap()
                })
                .collect();
            assert_eq!(decoded, name);
        }
    }
}
