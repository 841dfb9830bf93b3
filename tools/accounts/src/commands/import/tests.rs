use std::io::Cursor;

use clap::{CommandFactory, Parser};
use proptest::prelude::*;
use shared::account::Status;
use shared::password::hash::{Cost, Unverifiable};
use shared::store::Import;
use shared::time::Timestamp;

use super::fields::COLUMNS;
use super::line::{FileError, Line};
use super::lines::read_lines;
use super::rules::Rules;
use crate::arguments::{Arguments, Command};

/// Made by Django 5.2.19 from `correct horse`.
const HASH: &str = "pbkdf2_sha256$1000$GfvyuPTGZY4pIqKm0Ncyuf$ChVhyA0JewxDegQl7rE2Tptwq7FEUoj6mC0K8R3wXxc=";

const ID: &str = "1958cb3d-0ce9-415d-8319-e8db0bd8ac48";

/// The rules of an import with these flags.
fn rules(flags: &[&str]) -> Rules {
    let arguments = Arguments::parse_from([&["accounts", "import", "-"], flags].concat());
    let Command::Import(import) = arguments.command else { unreachable!() };
    Rules::new(&import, Cost::DEFAULT, Timestamp::from_seconds(1_790_000_000)).unwrap()
}

fn read(file: impl AsRef<[u8]>) -> Result<Vec<Line>, FileError> {
    let source = Box::new(Cursor::new(file.as_ref().to_vec()));
    read_lines(source, rules(&[]), |lines| lines.collect())
}

/// The one line of a file: the account, or the reason for refusing it.
fn read_one(file: impl AsRef<[u8]>) -> Result<Import, String> {
    let mut lines = read(file).unwrap();
    assert_eq!(lines.len(), 1);
    lines.remove(0).import.map_err(|reason| reason.to_string())
}

fn csv(columns: &str, fields: &str) -> Result<Import, String> {
    read_one(format!("username,hash,{columns}\nalice,{HASH},{fields}\n"))
}

fn json(members: &str) -> Result<Import, String> {
    read_one(format!("{{\"username\":\"alice\",\"hash\":\"{HASH}\"{members}}}\n"))
}

#[test]
fn a_username_and_a_hash_are_enough() {
    for import in [read_one(format!("username,hash\nalice,{HASH}")).unwrap(), json("").unwrap()] {
        assert!(!import.has_id);
        let account = import.account;
        assert_eq!(account.username.as_str(), "alice");
        assert_eq!(account.password_hash.as_str(), HASH);
        assert_eq!((account.email, account.token_version, account.status), (None, 0, Status::Active));
        assert_eq!(account.created_at, Timestamp::from_seconds(1_790_000_000));
    }
}

#[test]
fn every_column_is_read_in_any_order_and_by_the_name_in_django() {
    let csv = format!(
        "date_joined,is_active,id,token_version,email_verified,email,password,username\r\n\
         2026-11-22 15:30:00.5+00,f,{ID},7,t,Alice@Example.COM,{HASH},Alice\r\n"
    );
    let json = format!(
        "{{\"created\":1795361400,\"disabled\":true,\"id\":\"{ID}\",\"token_version\":7,\
         \"email_verified\":true,\"email\":\"Alice@Example.COM\",\"hash\":\"{HASH}\",\"username\":\"Alice\"}}"
    );
    for file in [csv, json] {
        for mark in ["", "\u{FEFF}"] {
            let import = read_one(format!("{mark}{file}")).unwrap();
            assert!(import.has_id);
            let account = import.account;
            assert_eq!((account.username.as_str(), account.id.to_string().as_str()), ("Alice", ID));
            assert_eq!(account.email.unwrap().as_str(), "Alice@example.com");
            assert!(account.email_verified);
            assert_eq!((account.token_version, account.status), (7, Status::Disabled));
            assert_eq!(account.created_at, Timestamp::from_seconds(29_922_690 * 60));
        }
    }
}

#[test]
fn booleans_are_read_in_the_spellings_of_all_databases() {
    for (text, active) in [
        ("t", true),
        ("True", true),
        ("true", true),
        ("1", true),
        ("", true),
        ("f", false),
        ("False", false),
        ("0", false),
    ] {
        let expected = if active { Status::Active } else { Status::Disabled };
        assert_eq!(csv("is_active", text).unwrap().account.status, expected, "{text}");
    }
    assert_eq!(json(r#","is_active":0"#).unwrap().account.status, Status::Disabled);
    assert_eq!(json(r#","disabled":true"#).unwrap().account.status, Status::Disabled);
    assert_eq!(csv("disabled,is_active", "f,t").unwrap_err(), "Both disabled and is_active are given.");
}

#[test]
fn an_account_without_a_password_has_an_unusable_hash() {
    let file = "username,password\nalice,!kKqKwVrmMcNvUMFXAjp4Wv3vF3uXGcTq8iKtGbPD\n";
    assert_eq!(read_one(file).unwrap().account.password_hash.as_str(), "!");
}

#[test]
fn a_hash_may_have_spaces_around_it() {
    let padded = read_one(format!("username,hash\nalice,\"{HASH}   \"\n")).unwrap();
    assert_eq!(padded.account.password_hash.as_str(), HASH);
}

#[test]
fn white_space_before_the_content_is_skipped_and_counted() {
    let json = format!("{{\"username\":\"alice\",\"hash\":\"{HASH}\"}}\n");
    let csv = format!("username,hash\nalice,{HASH}\n");
    for (before, lines) in [(" ", 0), ("\n", 1), ("\u{FEFF}\r\n\t\n ", 2)] {
        for (content, number) in [(&json, 1), (&csv, 2)] {
            let file = format!("{before}{content}");
            let line = read(&file).unwrap().remove(0);
            assert!(line.import.is_ok(), "{file:?}");
            assert_eq!((line.number, line.end), (lines + number, file.len() as u64), "{file:?}");
        }
    }
}

#[test]
fn a_field_against_the_rules_is_refused_by_its_name() {
    for (columns, fields, reason) in [
        ("email", "no address", "email: Enter a valid email address."),
        ("id", "7", "id: Not a UUID in lower case."),
        ("id", "1958CB3D-0CE9-415D-8319-E8DB0BD8AC48", "id: Not a UUID in lower case."),
        ("created", "yesterday", "created: Not a time."),
        ("token_version", "-1", "token_version: Not a number from 0 to 4294967295."),
        ("token_version", "4294967296", "token_version: Not a number from 0 to 4294967295."),
        ("email_verified", "perhaps", "email_verified: Neither true nor false."),
        ("disabled", "perhaps", "disabled: Neither true nor false."),
        ("email", "a@example.com,too many", "Not as many fields as the header has."),
    ] {
        assert_eq!(csv(columns, fields).unwrap_err(), reason);
    }
    for (line, field) in [
        (format!("al ice,{HASH}"), "username: "),
        (format!(",{HASH}"), "username: "),
        (format!("\"alice\u{1b}[2J\",{HASH}"), "username: "),
        ("alice,correct horse battery staple".to_owned(), "hash: "),
        ("alice,".to_owned(), "hash: "),
        ("alice,!MyPlainPassw0rd".to_owned(), "hash: "),
        ("alice,\"$argon2id$v=19$m=4294967295,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc\"".to_owned(), "hash: "),
    ] {
        let reason = read_one(format!("username,hash\n{line}\n")).unwrap_err();
        assert!(reason.starts_with(field), "{line}: {reason}");
    }
    assert_eq!(read_one(b"username,hash\nalice\xff,x\n").unwrap_err(), "Not UTF-8.");
}

#[test]
fn a_reason_quotes_nothing_of_its_line() {
    for line in [
        r#"{"username":"canary","hash":"canary"}"#.to_owned(),
        r#"{"username":"canary canary","hash":"x"}"#.to_owned(),
        r#"{"canary":"canary"}"#.to_owned(),
        r#"{"username":"canary","hash":["canary"]}"#.to_owned(),
        r#"{"username":"canary","username":"canary"}"#.to_owned(),
        r#"{"username":"canary" canary"#.to_owned(),
        r#"{"username":"canary","hash":"x","email":"canary"}"#.to_owned(),
        format!(r#"{{"username":"canary","hash":"{HASH}","id":"canary"}}"#),
        format!(r#"{{"username":"canary","hash":"{HASH}","created":"canary"}}"#),
        format!(r#"{{"username":"canary","hash":"{HASH}","token_version":{{"canary":1}}}}"#),
    ] {
        let reason = read_one(&line).unwrap_err();
        assert!(!reason.is_empty() && !reason.contains("canary"), "{line}: {reason}");
    }
    for file in ["canary,canary\n", "username,hash,canary\n", "username,username,hash\n", "username,email\n"]
    {
        let error = read(file).err().unwrap().to_string();
        assert!(error.contains("header") && !error.contains("canary"), "{file}: {error}");
    }
}

#[test]
fn line_numbers_are_those_of_an_editor() {
    let csv = format!("username,hash,email\na,{HASH},\n\n\"b\n\",{HASH},\nc,{HASH}\nd,{HASH},\n");
    let numbers = |file: &str| -> Vec<_> {
        read(file).unwrap().iter().map(|line| (line.number, line.import.is_ok())).collect()
    };
    for csv in [csv.clone(), csv.replace('\n', "\r\n")] {
        assert_eq!(numbers(&csv), [(2, true), (4, false), (6, false), (7, true)]);
    }
    let line = format!(r#"{{"username":"a","hash":"{HASH}"}}"#);
    assert_eq!(numbers(&format!("{line}\n\n{{}}\r\n{line}")), [(1, true), (3, false), (4, true)]);
    assert_eq!(read(&csv).unwrap().last().unwrap().end, csv.len() as u64);
    assert_eq!(read(csv.trim_end()).unwrap().last().unwrap().number, 7);
}

#[test]
fn a_line_that_does_not_end_is_not_read_into_memory() {
    let rest = format!("b,{HASH}\n").repeat(10_000);
    for (file, good) in [
        (format!("username,hash\na,{HASH}\n\"b,{HASH}\n{rest}"), 1),
        (format!("{{\"username\":\"a\",\"hash\":\"{HASH}\"}}\n{{\"{}", "x".repeat(1_000_000)), 1),
        (format!("\"username,hash\n{rest}"), 0),
    ] {
        let mut read = 0;
        let result = read_lines(Box::new(Cursor::new(file.into_bytes())), rules(&[]), |lines| {
            for line in lines {
                line?;
                read += 1;
            }
            Ok(())
        });
        assert!(matches!(result, Err(FileError::TooLong(_))), "{result:?}");
        assert_eq!(read, good);
    }
}

#[test]
fn a_header_alone_is_a_file_without_lines() {
    assert!(read("username,hash\n").unwrap().is_empty());
    assert!(matches!(read(""), Err(FileError::Header)));
}

#[test]
fn the_help_lists_every_column() {
    let mut command = Arguments::command();
    let help = command.find_subcommand_mut("import").unwrap().render_help().to_string();
    for name in COLUMNS.iter().flat_map(|names| names.iter()) {
        assert!(help.contains(name), "{name}");
    }
    assert!(help.starts_with("Add accounts from a file"), "{help}");
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for beginning in ["", "{", "username,hash\n"] {
            let _ = read([beginning.as_bytes(), &bytes].concat());
        }
    }
}

/// MD5 of `correct horse`.
const WEAK: &str = "3cb4e732631f47e6eb961f34554b7cde";

#[test]
fn a_weak_hash_is_stored_wrapped_or_not_at_all() {
    assert_eq!(rules(&[]).hash(WEAK), Err(Unverifiable::Weak));
    let rules = rules(&["--wrap-weak-hashes"]);
    for weak in [WEAK.to_owned(), format!(" md5$${WEAK}\n"), format!("md5$salt${WEAK}")] {
        let hash = rules.hash(&weak).unwrap();
        assert!(hash.as_str().starts_with("{wrapped}md5$") && !hash.as_str().contains(WEAK), "{weak}");
    }
    assert_eq!(rules.hash(HASH).unwrap().as_str(), HASH);
    assert_eq!(rules.hash("!").unwrap().as_str(), "!");
    assert_eq!(rules.hash("{noop}secret"), Err(Unverifiable::PlainText));
    assert_eq!(rules.hash("md5$salt$ab"), Err(Unverifiable::Malformed));
}

#[test]
fn hashes_of_trimmed_passwords_are_marked() {
    let rules = rules(&["--wrap-weak-hashes", "--trimmed-passwords"]);
    assert_eq!(rules.hash(HASH).unwrap().as_str(), format!("{{trimmed}}{HASH}"));
    assert!(rules.hash(WEAK).unwrap().as_str().starts_with("{trimmed}{wrapped}md5$$argon2id$"));
    assert_eq!(rules.hash("!").unwrap().as_str(), "!");
}
