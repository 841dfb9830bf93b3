//! Files in their formats.

use proptest::prelude::*;

use super::{HASH, read, read_by, read_one, refused, rules};
use crate::commands::import::record::FileError;
use crate::commands::import::rules::Rules;

#[test]
fn fields_may_be_divided_by_any_usual_sign_and_the_text_be_utf_16() {
    let csv = format!("username,password,email\r\nalice,{HASH},a@example.com\r\n");
    let utf_16 = |mark: u16, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        [mark].into_iter().chain(csv.encode_utf16()).flat_map(bytes).collect()
    };
    let files = [
        csv.replace(',', ";").into_bytes(),
        csv.replace(',', "\t").into_bytes(),
        csv.replace(',', "|").into_bytes(),
        format!("sep=,\r\n{csv}").into_bytes(),
        format!("SEP=;\n{}", csv.replace(',', ";")).into_bytes(),
        utf_16(0xFEFF, u16::to_le_bytes),
        utf_16(0xFEFF, u16::to_be_bytes),
    ];
    for file in files {
        let account = read_one(&file).unwrap().import.account;
        assert_eq!((account.username.as_str(), account.email.unwrap().as_str()), ("alice", "a@example.com"));
        assert_eq!(account.password_hash.as_str(), HASH);
    }
}

#[test]
fn a_document_is_read_element_by_element_in_any_layout() {
    let users =
        format!(r#"{{"username":"alice","hash":"{HASH}"}}, {{"hash":7}}, 7, {{"username":"bob","hash":""}}"#);
    for (file, lines) in [
        (format!("[{users}]"), [1, 1, 1, 1]),
        (format!(" \n[\n{}\n]\n", users.replace(", ", ",\n")), [3, 4, 5, 6]),
        (
            format!(
                "{{\"a\": [1, {{\"users\": 7}}],\n \"users\": [\n{}],\n \"z\": null}}",
                users.replace(", ", ",\n")
            ),
            [3, 4, 5, 6],
        ),
        (format!("{{\"users\":[{users}]}}"), [1, 1, 1, 1]),
        (format!("{{\"a\":\"{}\",\"users\":[{users}]}}", "x".repeat(200_000)), [1, 1, 1, 1]),
    ] {
        let read: Vec<_> = read(&file).into_iter().map(|(line, read)| (line, read.is_ok())).collect();
        let expected: Vec<_> = lines.into_iter().zip([true, false, false, true]).collect();
        assert_eq!(read, expected, "{}", &file[..100]);
    }
    for (file, good) in
        [(format!("[{users}"), 4), (format!("[\n{users}, {{]"), 4), (format!("[{users}] x"), 4)]
    {
        let (lines, read) = read_by(rules(), file);
        let error = read.unwrap_err();
        assert!(matches!(error, FileError::Json { .. }), "{error:?}");
        assert_eq!(lines.read.len(), good);
    }
}

#[test]
fn line_numbers_are_those_of_an_editor() {
    let csv = format!("username,hash,email\na,{HASH},\n\n\"b\n\",{HASH},\nc,{HASH}\nd,{HASH},\n");
    let numbers = |file: &str| -> Vec<_> {
        read(file).into_iter().map(|(number, candidate)| (number, candidate.is_ok())).collect()
    };
    for csv in [csv.clone(), csv.replace('\n', "\r\n")] {
        assert_eq!(numbers(&csv), [(2, true), (4, false), (6, false), (7, true)]);
        assert_eq!(numbers(&format!("sep=,\n{csv}")), [(3, true), (5, false), (7, false), (8, true)]);
    }
    let line = format!(r#"{{"username":"a","hash":"{HASH}"}}"#);
    assert_eq!(numbers(&format!("{line}\n\n{{}}\r\n{line}")), [(1, true), (3, false), (4, true)]);
    for (before, lines) in [(" ", 0), ("\n", 1), ("\u{FEFF}\r\n\t\n ", 2)] {
        assert_eq!(numbers(&format!("{before}{line}")), [(lines + 1, true)]);
        assert_eq!(numbers(&format!("{before}username,hash\na,{HASH}\n")), [(lines + 2, true)]);
    }
}

#[test]
fn a_record_that_does_not_end_is_not_read_into_memory() {
    let rest = format!("b,{HASH}\n").repeat(10_000);
    let user = format!("{{\"username\":\"a\",\"hash\":\"{HASH}\"}}");
    for (file, good) in [
        (format!("username,hash\na,{HASH}\n\"b,{HASH}\n{rest}"), 1),
        (format!("{user}\n{{\"{}", "x".repeat(1_000_000)), 1),
        (format!("[{user}, {{\"{}", "x".repeat(1_000_000)), 1),
        (format!("{{\"users\": [{user}, {{\"{}", "x".repeat(1_000_000)), 1),
        (format!("\"username,hash\n{rest}"), 0),
    ] {
        let (lines, read) = read_by(rules(), file);
        assert!(matches!(read, Err(FileError::TooLong(_))), "{read:?}");
        assert_eq!(lines.read.len(), good);
    }
}

#[test]
fn a_header_alone_is_a_file_without_lines() {
    assert!(read("username,hash\n").is_empty());
    assert!(read("[]").is_empty());
    for file in ["", "\n"] {
        assert!(matches!(read_by(rules(), file).1, Err(FileError::Header(_))));
    }
}

#[test]
fn unknown_columns_are_named_or_left_out() {
    let csv = format!("username,hash,Shoe size,x\nalice,{HASH},41,\n");
    assert_eq!(refused(&csv), "unknown columns: Shoe size, x; --ignore-unknown leaves them out");
    let json = format!(r#"{{"username":"alice","hash":"{HASH}","shoe_size":41}}"#);
    assert_eq!(
        read_one(&json).err().unwrap(),
        ", column shoe_size: Unknown. --ignore-unknown leaves it out."
    );
    for file in [csv, json] {
        let (lines, read) = read_by(Rules { ignore_unknown: true, ..rules() }, file);
        assert!(read.is_ok() && lines.read[0].1.is_ok());
        assert!(!lines.interpreter.into_left_out().is_empty());
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for beginning in ["", "{", "[", "{\"users\":[", "sep=", "\u{FFFE}", "username,hash\n"] {
            let _ = read_by(rules(), [beginning.as_bytes(), &bytes].concat());
        }
    }
}
