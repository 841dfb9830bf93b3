use std::fmt::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};

use super::places;
use crate::place::Place;
use crate::proxy::{INTERNAL_ERROR, THROTTLED, TOO_MUCH};

/// Made by Django 5.2.19.
pub const HASH: &str =
    "pbkdf2_sha256$1000$GfvyuPTGZY4pIqKm0Ncyuf$ChVhyA0JewxDegQl7rE2Tptwq7FEUoj6mC0K8R3wXxc=";

/// A file of this many users, every second with an email, and the ids in it.
pub fn users(count: usize) -> (String, Vec<String>) {
    let (mut file, mut ids) = ("username,password,email,id\n".to_owned(), Vec::new());
    for number in 0..count {
        let id = format!("00000000-0000-4000-8000-{number:012}");
        let email = if number % 2 == 0 { format!("u{number}@example.com") } else { String::new() };
        writeln!(file, "user{number},{HASH},{email},{id}").unwrap();
        ids.push(id);
    }
    (file, ids)
}

impl Place {
    /// The ids in the accounts, sorted.
    pub async fn ids(&self) -> Vec<String> {
        let mut ids = self.account_ids().await;
        ids.sort_unstable();
        ids
    }
}

#[tokio::test]
async fn refused_lines_are_listed_and_the_others_imported() {
    let other = HASH.replace("$ChVh", "$DhVh");
    let csv = format!(
        "username,hash,email\nalice,{HASH},alice@example.com\nal ice,{HASH},\nbob,canary,\ncarol,{HASH},Alice@example.com\n\
         ALICE,{other},\ndave,{HASH},canary\nerin,{HASH},erin@example.com,canary\nalice,{HASH},\nfrank,!,\ngrace,!canary,\n"
    );
    let expected = [
        (3, json!("username"), "\"al ice\": Enter a valid username."),
        (4, json!("hash"), "The stored password hash is of an unknown scheme."),
        (5, json!("email"), "\"Alice@example.com\": Another account has it."),
        (6, json!("username"), "\"ALICE\": Another account has it."),
        (7, json!("email"), "\"canary\": Enter a valid email address."),
        (8, Value::Null, "The number of fields is 4, that of the header 3."),
        (11, json!("hash"), "The stored password hash is malformed."),
    ];
    for place in places().await {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("refused.jsonl");
        let refused = path.to_str().unwrap();
        // The dry run tells what the import will do.
        for (dry_run, counted, added) in
            [(&["--dry-run"][..], "good", 2), (&[], "added", 2), (&[], "added", 0)]
        {
            let import = ["import", "-", "--json", "--parallel", "1", "--refused", refused];
            let done = place.accounts(&[&import, dry_run].concat(), &csv).await.assert_code(4);
            assert_eq!(done.json()[counted], added, "{done:?}");
            assert_eq!(done.json()["already_there"], 3 - added, "{done:?}");
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            assert_refused(&path, &expected);
        }
        assert_eq!(place.ids().await.len(), 2);
        mend_and_import_the_list(&place, &path).await;
    }
}

#[track_caller]
fn assert_refused(list: &Path, expected: &[(i64, Value, &str)]) {
    let list = std::fs::read_to_string(list).unwrap();
    let list: Vec<Value> = list.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(list.len(), expected.len());
    for (line, (number, column, reason)) in list.iter().zip(expected) {
        assert_eq!((line["_line"].as_i64(), &line["_column"]), (Some(*number), column), "{line}");
        assert!(line["_reason"].as_str().unwrap().starts_with(reason), "{line}");
    }
}

/// The list has the lines as they were, and is a file that the tool imports.
async fn mend_and_import_the_list(place: &Place, list: &Path) {
    let (path, folder) = (list.to_str().unwrap(), list.parent().unwrap());
    let done = place.accounts(&["import", path, "--refused", path], "").await.assert_code(2);
    assert!(done.err.contains("must not name the file"), "{done:?}");
    let mended =
        std::fs::read_to_string(list).unwrap().replace("al ice", "alison").replace("Alice@", "carol@");
    let again = folder.join("again.jsonl");
    let import = ["import", "-", "--json", "--parallel", "1", "--refused", again.to_str().unwrap()];
    let done = place.accounts(&import, &mended).await.assert_code(4).json();
    assert_eq!((&done["added"], &done["refused"]), (&json!(2), &json!(5)), "{done}");
    let left = std::fs::read_to_string(&again).unwrap();
    assert!(left.lines().all(|line| !line.contains("alison") && !line.contains("carol@")), "{left}");
}

#[tokio::test]
async fn a_dry_run_adds_nothing() {
    let (file, _) = users(2500);
    for place in places().await {
        place.start("register").await.register("bob", None).await.assert_status(201);
        let before = place.contents().await;
        let done = place.accounts(&["import", "-", "--dry-run"], &file).await.assert_code(0);
        assert_eq!(done.out, "2500 good, 0 refused, nothing added\n");
        assert_eq!(place.contents().await, before);
    }
}

#[tokio::test]
async fn a_file_without_a_header_an_account_or_an_end_is_refused() {
    for place in places().await {
        for (file, added) in [
            (format!("alice,{HASH}\n"), 0),
            (format!("username,hash,shoe size\nalice,{HASH},\n"), 0),
            (format!("username,hash\nalice,{HASH}\n\"bob,{HASH}\n{}", "x".repeat(100_000)), 1),
        ] {
            let done = place.accounts(&["import", "-", "--json"], &file).await.assert_code(1);
            assert_eq!(
                (done.json()["added"].as_i64(), &done.json()["finished"]),
                (Some(added), &json!(false))
            );
        }
        for dry_run in [&[][..], &["--dry-run"]] {
            let import = [&["import", "-", "--json"], dry_run].concat();
            let done = place.accounts(&import, "").await.assert_code(1);
            assert!(done.err.contains("the first line names no column"), "{done:?}");
            for file in ["username,hash\n", "username,hash\n\n", "[]", "{\"users\": []}"] {
                let done = place.accounts(&import, file).await.assert_code(4);
                assert_eq!(done.json()["finished"], true);
                assert!(done.err.contains("the file has no accounts"), "{done:?}");
            }
        }
        let done = place.accounts(&["import", "/nowhere/users.csv"], "").await.assert_code(1);
        assert!(done.err.contains("/nowhere/users.csv"), "{done:?}");
    }
}

#[tokio::test]
async fn a_throttled_import_waits_and_loses_nothing() {
    let place = Place::table().await;
    let Place::Table(service) = &place else { unreachable!() };
    let (file, ids) = users(100);
    for fault in [THROTTLED, TOO_MUCH, INTERNAL_ERROR] {
        // More than the retries of the SDK.
        service.proxy.next(100, fault);
        service.proxy.calls();
        let done = place.accounts(&["import", "-", "--json", "--parallel", "16"], &file).await.assert_code(0);
        let done = done.json();
        assert_eq!(done["added"].as_i64().unwrap() + done["already_there"].as_i64().unwrap(), 100, "{done}");
        let calls = service.proxy.calls();
        // Each account is asked for by a request of its own, and every request refused is made again.
        assert!(calls.len() >= 200, "{} requests", calls.len());
        assert_eq!(place.ids().await, ids);
    }
}

#[tokio::test]
async fn a_store_that_stays_broken_ends_an_import_with_what_is_done() {
    let place = Place::table().await;
    let Place::Table(service) = &place else { unreachable!() };
    service.proxy.always(crate::proxy::ACCESS_DENIED);
    let (file, _) = users(100);
    let done = place.accounts(&["import", "-", "--json"], &file).await.assert_code(1);
    assert_eq!((&done.json()["added"], &done.json()["finished"]), (&json!(0), &json!(false)));
    assert!(done.err.contains("AccessDenied") || done.err.contains("broken"), "{done:?}");
    assert!(done.err.contains("run the same command again"), "{done:?}");
}

/// MD5 and SHA-1 of `correct horse`, as Django writes them.
const WEAK: [&str; 2] =
    ["md5$$3cb4e732631f47e6eb961f34554b7cde", "sha1$seasalt$55eef163bf2e349b9946e3183eef620dde0247f5"];

#[tokio::test]
async fn weak_hashes_are_wrapped_and_trimmed_passwords_forgiven() {
    let [md5, sha1] = WEAK;
    let file = format!("username,hash\nalice,{md5}\nbob,{sha1}\ncarol,{HASH}\n");
    for place in places().await {
        let refused = place.accounts(&["import", "-", "--json"], &file).await.assert_code(4);
        assert_eq!(refused.json()["added"], 1);
        assert!(refused.err.contains("--wrap-weak-hashes"), "{}", refused.err);
        place.accounts(&["delete", "carol", "--yes"], "").await.assert_code(0);
        let flags = ["import", "-", "--wrap-weak-hashes", "--trimmed-passwords"];
        place.accounts(&flags, &file).await.assert_code(0);
        let exported = place.accounts(&["export", "--with-hashes"], "").await;
        assert_eq!(exported.code, Some(0));
        for weak in WEAK {
            assert!(!exported.out.contains(weak.rsplit('$').next().unwrap()), "{}", exported.out);
        }
        let login = place.start("login").await;
        for (name, scheme) in
            [("alice", "MD5 in Argon2id"), ("bob", "SHA-1 in Argon2id"), ("carol", "Django PBKDF2-SHA256")]
        {
            let scheme_of = async || {
                let checked = place.accounts(&["check-hash", name, "--json"], "").await.assert_code(0);
                checked.json()["scheme"].as_str().unwrap().to_owned()
            };
            assert_eq!(scheme_of().await, scheme);
            login.login(name, "wrong horse ").await.assert_status(401);
            login.login(name, "correct horse ").await.assert_status(200);
            assert_eq!(scheme_of().await, "Argon2id");
            login.login(name, "correct horse").await.assert_status(401);
        }
    }
}
