mod files;

use std::io::Cursor;

use clap::CommandFactory;
use shared::account::{AccountId, ExternalId, Status};
use shared::store::Import;
use shared::time::Timestamp;

use super::candidate::Candidate;
use super::columns::NAMES;
use super::dialects::Unfit;
use super::hashes::Hashes;
use super::interpreter::Interpreter;
use super::reader;
use super::reason::Reason;
use super::record::{FileError, Receiver, Record};
use super::rules::Rules;
use super::source::BytesRead;
use crate::arguments::Arguments;

/// Made by Django 5.2.19 from `correct horse`.
pub(super) const HASH: &str =
    "pbkdf2_sha256$1000$GfvyuPTGZY4pIqKm0Ncyuf$ChVhyA0JewxDegQl7rE2Tptwq7FEUoj6mC0K8R3wXxc=";

const ID: &str = "1958cb3d-0ce9-415d-8319-e8db0bd8ac48";

const NOW: Timestamp = Timestamp::from_seconds(1_790_000_000);

/// The lines of a file with their numbers.
pub(super) struct Lines {
    interpreter: Interpreter,
    pub(super) read: Vec<(u64, Result<Candidate, Reason>)>,
    pub(super) skipped: usize,
}

impl Receiver for Lines {
    fn header(&mut self, names: &[&str]) -> Result<(), FileError> {
        self.interpreter.check_header(names)
    }

    fn record(&mut self, Record { line, fields }: Record) -> Result<(), FileError> {
        match fields.map_err(|unreadable| unreadable.reason).map(|fields| self.interpreter.read(&fields)) {
            Err(reason) | Ok(Err(Unfit::Refused(reason))) => self.read.push((line, Err(reason))),
            Ok(Err(Unfit::Skipped)) => self.skipped += 1,
            Ok(Ok(candidate)) => self.read.push((line, Ok(candidate))),
        }
        Ok(())
    }
}

pub(super) fn rules() -> Rules {
    Rules { hash_config: None, hashes: Hashes::default(), ignore_unknown: false, keep_names: false, now: NOW }
}

pub(super) fn read_by(rules: Rules, file: impl AsRef<[u8]>) -> (Lines, Result<(), FileError>) {
    let mut lines = Lines { interpreter: Interpreter::new(rules), read: Vec::new(), skipped: 0 };
    let input = Box::new(Cursor::new(file.as_ref().to_vec()));
    let read = reader::read(input, &BytesRead::default(), &mut lines);
    (lines, read)
}

/// The lines of a file that is read to its end.
pub(super) fn read(file: impl AsRef<[u8]>) -> Vec<(u64, Result<Candidate, Reason>)> {
    let (lines, read) = read_by(rules(), file);
    read.unwrap();
    lines.read
}

pub(super) fn refused(file: impl AsRef<[u8]>) -> String {
    read_by(rules(), file).1.unwrap_err().to_string()
}

/// The one line of a file: the account, or the reason for refusing it.
pub(super) fn read_one(file: impl AsRef<[u8]>) -> Result<Candidate, String> {
    let mut lines = read(file);
    assert_eq!(lines.len(), 1);
    lines.remove(0).1.map_err(|reason| reason.to_string())
}

fn csv(columns: &str, fields: &str) -> Result<Candidate, String> {
    read_one(format!("username,hash,{columns}\nalice,{HASH},{fields}\n"))
}

fn json(members: &str) -> Result<Candidate, String> {
    read_one(format!("{{\"username\":\"alice\",\"hash\":\"{HASH}\"{members}}}\n"))
}

#[test]
fn a_username_and_a_hash_are_enough() {
    for read in [read_one(format!("username,hash\nalice,{HASH}")).unwrap(), json("").unwrap()] {
        let Import { account, has_id } = read.import;
        assert!(!has_id && read.old_id.is_none());
        assert_eq!(account.username.as_str(), "alice");
        assert_eq!(account.password_hash.as_str(), HASH);
        assert_eq!((account.email, account.token_version, account.status), (None, 0, Status::Active));
        assert_eq!((account.created_at, account.external_id), (NOW, None));
    }
}

#[test]
fn every_column_is_read_in_any_order_and_by_any_of_its_names() {
    let csv = format!(
        "Date Joined,IS_ACTIVE,id,token_version,email_confirmed_at,E-mail,passwordHash,User Name\r\n\
         2026-11-22 15:30:00.5+00,f,{ID},7,2026-11-22,Alice@Example.COM,{HASH},Alice\r\n"
    )
    .replace("2026-11-22,", "2026-11-22 15:30:00 UTC,");
    let json = format!(
        "{{\"created\":1795361400,\"disabled\":true,\"id\":\"{ID}\",\"token_version\":7,\
         \"email_verified\":true,\"email\":\"Alice@Example.COM\",\"hash\":\"{HASH}\",\"username\":\"Alice\"}}"
    );
    for file in [csv, json] {
        for mark in ["", "\u{FEFF}"] {
            let read = read_one(format!("{mark}{file}")).unwrap();
            assert!(read.import.has_id);
            let account = read.import.account;
            assert_eq!((account.username.as_str(), account.id.to_string().as_str()), ("Alice", ID));
            assert_eq!(account.email.unwrap().as_str(), "Alice@example.com");
            assert!(account.email_verified);
            assert_eq!((account.token_version, account.status), (7, Status::Disabled));
            assert_eq!(account.created_at, Timestamp::from_seconds(29_922_690 * 60));
        }
    }
}

#[test]
fn an_id_that_is_no_uuid_is_kept_and_makes_the_same_id_each_time() {
    let external = |text: &str| ExternalId::parse(text).unwrap();
    for (read, expected) in [
        (csv("id", "7").unwrap(), "7"),
        (csv("pk", "7.0").unwrap(), "7"),
        (json(r#","id":7"#).unwrap(), "7"),
        (json(r#","_id":{"$oid":"60425dc43519d90068f82973"}"#).unwrap(), "60425dc43519d90068f82973"),
        (csv("external_id", "7").unwrap(), "7"),
    ] {
        let Import { account, has_id } = read.import;
        assert!(has_id);
        assert_eq!(
            (account.id, account.external_id),
            (AccountId::of(&external(expected)), Some(external(expected)))
        );
        assert_eq!(read.old_id.as_deref(), Some(expected));
    }
    let read = csv("id,external_id", &format!("{ID},7")).unwrap();
    assert_eq!(read.import.account.id.to_string(), ID);
    assert_eq!((read.import.account.external_id, read.old_id.as_deref()), (Some(external("7")), Some("7")));
    let read = csv("id", &ID.to_uppercase()).unwrap();
    assert_eq!((read.import.account.id.to_string().as_str(), read.import.account.external_id), (ID, None));
}

#[test]
fn a_time_that_cannot_be_read_costs_a_warning() {
    let read = csv("date_joined", "yesterday").unwrap();
    assert_eq!(read.import.account.created_at, NOW);
    assert_eq!(
        read.warnings[0].to_string(),
        ", column date_joined: \"yesterday\": Not a time that can be read. The time of the import stands in its place."
    );
    for time in
        ["2026-09-21T14:13:20.000+0000", "2026-09-21 14:13:20 UTC", "1790000000123", "1790000000.123456"]
    {
        let read = csv("date_joined", time).unwrap();
        assert_eq!((read.import.account.created_at, read.warnings.len()), (NOW, 0), "{time}");
    }
}

#[test]
fn words_for_nothing_are_nothing() {
    for nothing in ["", "\\N", "NULL", "NaN"] {
        let read = csv("email,is_active,created,token_version", &[nothing; 4].join(",")).unwrap();
        let account = read.import.account;
        assert_eq!(
            (account.email, account.status, account.token_version),
            (None, Status::Active, 0),
            "{nothing}"
        );
        let read = read_one(format!("username,hash\nNULL,{nothing}\n")).unwrap();
        assert_eq!(
            (read.import.account.username.as_str(), read.import.account.password_hash.as_str()),
            ("NULL", "!")
        );
    }
    assert_eq!(csv("is_active", "0.0").unwrap().import.account.status, Status::Disabled);
}

#[test]
fn an_account_without_a_password_has_an_unusable_hash() {
    for file in [
        "username,password\nalice,!kKqKwVrmMcNvUMFXAjp4Wv3vF3uXGcTq8iKtGbPD\n",
        "username,password\nalice,\n",
        r#"{"username": "alice", "password": null, "email": "a@example.com"}"#,
    ] {
        assert_eq!(read_one(file).unwrap().import.account.password_hash.as_str(), "!", "{file}");
    }
    // A file that has lost its hashes is not taken for one of accounts without passwords.
    assert!(
        read_one(r#"{"username": "alice"}"#)
            .is_err_and(|reason| reason.starts_with(", column hash: Missing."))
    );
    assert!(refused("username,email\nalice,\n").contains("column `hash`"));
}

#[test]
fn a_name_outside_the_grammar_is_kept_on_demand() {
    for name in ["al ice", "o'brien", "a/b", &"x y".repeat(50)] {
        let file = format!("username,hash\n{name},{HASH}\n");
        assert!(read_one(&file).is_err_and(|reason| reason.contains("--keep-names")), "{name}");
        let (mut lines, _) = read_by(Rules { keep_names: true, ..rules() }, &file);
        let candidate = lines.read.remove(0).1.unwrap();
        assert!(candidate.is_name_kept);
        assert_eq!(candidate.import.account.username.as_str(), name);
    }
    let (lines, _) = read_by(
        Rules { keep_names: true, ..rules() },
        format!("username,hash\nalice,{HASH}\nali\u{200B}ce,{HASH}"),
    );
    assert!(lines.read[0].1.as_ref().is_ok_and(|candidate| !candidate.is_name_kept));
    assert!(lines.read[1].1.is_err());
}

#[test]
fn without_a_username_an_account_is_named_by_its_email() {
    let account = read_one(format!("email,hash\nAlice@Example.com,{HASH}\n")).unwrap().import.account;
    assert_eq!(
        (account.username.as_str(), account.email.unwrap().as_str()),
        ("Alice@Example.com", "Alice@example.com")
    );
}

#[test]
fn a_hash_may_have_spaces_around_it() {
    let padded = read_one(format!("username,hash\nalice,\"{HASH}   \"\n")).unwrap();
    assert_eq!(padded.import.account.password_hash.as_str(), HASH);
}

#[test]
fn a_field_against_the_rules_is_refused_with_what_is_there_and_the_way_out() {
    for (columns, fields, reason) in [
        (
            "email",
            "no address",
            ", column email: \"no address\": Enter a valid email address. Mend it, or leave it empty.",
        ),
        ("id", "a b", ", column id: \"a b\": An id has neither spaces nor invisible characters."),
        ("token_version", "-1", ", column token_version: \"-1\": Not a number from 0 to 4294967295."),
        (
            "token_version",
            "4294967296",
            ", column token_version: \"4294967296\": Not a number from 0 to 4294967295.",
        ),
        ("Verified", "perhaps", ", column Verified: \"perhaps\": Neither true nor false."),
        ("disabled", "perhaps", ", column disabled: \"perhaps\": Neither true nor false."),
        ("disabled,is_active", "f,f", ": It is both active and disabled, or neither."),
        (
            "email",
            "a@example.com,too many",
            ": The number of fields is 4, that of the header 3. In a text with a delimiter or a quote, quotes must stand around it.",
        ),
    ] {
        assert_eq!(csv(columns, fields).err().unwrap(), reason);
    }
    for (line, column) in [
        (format!("al ice,{HASH}"), ", column username: \"al ice\": "),
        (format!(",{HASH}"), ", column username: "),
        (format!("\"alice\u{1b}[2J\",{HASH}"), ", column username: \"alice\\u{1b}[2J\": "),
        ("alice,correct horse battery staple".to_owned(), ", column hash: The stored"),
        ("alice,!MyPlainPassw0rd".to_owned(), ", column hash: The stored"),
        ("alice,\"$argon2id$v=19$m=4294967295,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc\"".to_owned(), ", column hash: The stored"),
    ] {
        let reason = read_one(format!("username,hash\n{line}\n")).err().unwrap();
        assert!(reason.starts_with(column), "{line}: {reason}");
    }
    assert!(
        read_one(b"username,hash\nalice\xff,x\n").is_err_and(|reason| reason.starts_with(": Not UTF-8."))
    );
    assert!(refused("username,hash,Password Hash\n").contains("hash and Password Hash"));
}

/// A hash, or a part of one, wherever it is.
#[test]
fn a_reason_quotes_no_hash() {
    for line in [
        format!(r#"{{"username":"{HASH}","hash":"canary"}}"#),
        format!(r#"{{"username":"alice","hash":"{HASH}canary"}}"#),
        format!(r#"{{"{HASH}":"canary"}}"#),
        format!(r#"{{"username":"alice","hash":["{HASH}"]}}"#),
        format!(r#"{{"username":"{HASH}","username":"canary"}}"#),
        format!(r#"{{"username":"{HASH}" canary"#),
        format!(r#"{{"username":"alice","hash":"x","email":"{HASH}"}}"#),
        format!(r#"{{"username":"alice","hash":"{HASH}","token_version":"{HASH}"}}"#),
        format!(r#"{{"username":"alice","hash":"{HASH}","disabled":"{HASH}"}}"#),
    ] {
        let reason = read_one(&line).err().unwrap();
        let telltales = ["canary", "GfvyuPTGZY4pIqKm0Ncyuf", "ChVhyA0JewxDegQl7rE2Tptwq7FEUoj6mC0K8R3wXxc"];
        assert!(
            !reason.is_empty() && !telltales.iter().any(|part| reason.contains(part)),
            "{line}: {reason}"
        );
    }
    for header in [format!("alice,{HASH}"), format!("username,hash,{HASH}"), format!("{HASH},{HASH}")] {
        let error = refused(header);
        assert!(!error.contains("pbkdf2"), "{error}");
    }
}

#[test]
fn the_help_lists_every_column() {
    let mut command = Arguments::command();
    let help = command.find_subcommand_mut("import").unwrap().render_help().to_string();
    for (_, names) in NAMES {
        assert!(help.contains(names[0]), "{names:?}");
    }
    assert!(help.starts_with("Add accounts from a file"), "{help}");
}
