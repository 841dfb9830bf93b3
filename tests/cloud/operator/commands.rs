use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use support::dynamodb::Item;

use super::imports::HASH;
use super::places;
use crate::deployed::PASSWORD;
use crate::guessing::ATTEMPTS;
use crate::place::Place;

/// Locks `alice` for minutes by fourteen failures, longer than the test takes.
#[expect(clippy::disallowed_methods, reason = "the functions look at this clock")]
async fn lock_alice(place: &Place) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let locked_until = u64::try_from((now + Duration::from_secs(900)).as_millis()).unwrap();
    let expires_at = now.as_secs() + 86_400;
    match place {
        Place::Table(service) => {
            let number = |number: u64| AttributeValue::N(number.to_string());
            let text = |text: &str| AttributeValue::S(text.to_owned());
            let item = Item::from([
                ("pk".to_owned(), text(ATTEMPTS)),
                ("failures".to_owned(), number(14)),
                ("locked_until".to_owned(), number(locked_until)),
                ("expires_at".to_owned(), number(expires_at)),
                ("version".to_owned(), text("0123456789abcdef")),
            ]);
            service.engine.put(item).await;
        }
        Place::File(_) => {
            let (_, digest) = ATTEMPTS.split_once('#').unwrap();
            let insert = "INSERT INTO attempts VALUES (?1, 14, ?2, ?3, '0123456789abcdef')";
            let values = rusqlite::params![digest, locked_until.cast_signed(), expires_at.cast_signed()];
            assert_eq!(place.database().execute(insert, values).unwrap(), 1);
        }
    }
}

#[tokio::test]
async fn a_disabled_account_is_let_in_again_when_it_is_enabled() {
    for place in places().await {
        let [register, login, validate] = place.functions().await;
        let token = register.register("Alice", None).await.assert_status(201).token().to_owned();
        let bob = register.register("bob", None).await.assert_status(201).token().to_owned();
        for changed in [true, false] {
            let done = place.accounts(&["disable", "ａlice", "--json"], "").await.assert_code(0);
            assert_eq!(
                (&done.json()["username"], &done.json()["changed"]),
                (&json!("Alice"), &json!(changed))
            );
            assert_eq!(
                validate.validate(&token).await.assert_status(401).trace.request_line()["reason"],
                "disabled"
            );
            assert_eq!(
                login.login("alice", PASSWORD).await.assert_status(401).trace.request_line()["reason"],
                "disabled"
            );
        }
        validate.validate(&bob).await.assert_status(200);
        assert!(place.accounts(&["show", "alice"], "").await.assert_code(0).out.contains("disabled"));
        place.accounts(&["enable", "ALICE"], "").await.assert_code(0);
        // A stolen token may still be around: only a new login lets in.
        let old = validate.validate(&token).await.assert_status(401);
        assert_eq!(old.trace.request_line()["reason"], "revoked");
        let fresh = login.login("alice", PASSWORD).await.assert_status(200).token().to_owned();
        validate.validate(&fresh).await.assert_status(200);
    }
}

#[tokio::test]
async fn revoked_tokens_are_refused_and_new_ones_good() {
    for place in places().await {
        let [register, login, validate] = place.functions().await;
        let token = register.register("alice", None).await.assert_status(201).token().to_owned();
        place.accounts(&["revoke", "alice"], "").await.assert_code(0);
        assert_eq!(
            validate.validate(&token).await.assert_status(401).trace.request_line()["reason"],
            "revoked"
        );
        let fresh = login.login("alice", PASSWORD).await.assert_status(200).token().to_owned();
        validate.validate(&fresh).await.assert_status(200);
    }
}

#[tokio::test]
async fn a_session_is_listed_and_ended_alone() {
    for place in places().await {
        let [register, login, validate] = place.functions().await;
        let mut signed_in = vec![register.begin_session().await.assert_status(201)];
        for _ in 0..2 {
            signed_in.push(login.begin_session().await.assert_status(200));
        }
        let listed = async || {
            let done = place.accounts(&["sessions", "ALICE", "--json"], "").await.assert_code(0);
            let sessions = done.json()["sessions"].as_array().unwrap().clone();
            sessions.iter().map(|session| session["id"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
        };
        let mut ids: BTreeSet<_> = signed_in.iter().map(|response| response.text("session_id")).collect();
        assert_eq!(listed().await, ids);
        let text = place.accounts(&["sessions", "alice"], "").await.assert_code(0).out;
        assert_eq!((text.lines().count(), text.matches("curl/8.5.0").count()), (3, 3), "{text}");
        let shown = place.accounts(&["show", "alice", "--json"], "").await.assert_code(0);
        assert_eq!(shown.json()["sessions"], 3);

        let ended = signed_in[1].text("session_id");
        place.accounts(&["revoke", "alice", "--session", &ended], "").await.assert_code(0);
        ids.remove(&ended);
        assert_eq!(listed().await, ids);
        for (number, response) in signed_in.iter().enumerate() {
            let status = if number == 1 { 401 } else { 200 };
            validate.validate(response.token()).await.assert_status(status);
            login.refresh(&response.refresh_token()).await.assert_status(status);
        }
        for unknown in [ended.as_str(), "no session"] {
            let done = place.accounts(&["revoke", "alice", "--session", unknown], "").await.assert_code(1);
            assert!(done.err.contains("`accounts sessions` lists them"), "{done:?}");
        }

        place.accounts(&["revoke", "alice"], "").await.assert_code(0);
        assert_eq!(
            place.accounts(&["sessions", "alice"], "").await.assert_code(0).out,
            "alice: no sessions\n"
        );
        login.refresh(&signed_in[0].refresh_token()).await.assert_status(401);
    }
}

#[tokio::test]
async fn a_session_that_has_rested_too_long_is_not_listed() {
    let place = Place::table().await;
    place.start("register").await.begin_session().await.assert_status(201);
    let Place::Table(service) = &place else { unreachable!() };
    let session = service.engine.items().await["USERNAME#alice"]["session_0"].clone();
    let mut session = session.as_m().unwrap().clone();
    let used_at: u64 = session["used_at"].as_n().unwrap().parse().unwrap();
    session.insert("used_at".to_owned(), AttributeValue::N((used_at - 2 * 86_400).to_string()));
    service.engine.change("USERNAME#alice", "session_0", Some(AttributeValue::M(session))).await;
    for (days, live) in [("2", 0), ("3", 1)] {
        let mut tool = place.tool(&["show", "alice", "--json"]);
        let output = tool.env("SESSION_IDLE_DAYS", days).output().await.unwrap();
        let shown: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(shown["sessions"], live, "{days} days");
    }
}

#[tokio::test]
async fn an_unlocked_name_may_log_in_at_once() {
    for place in places().await {
        let [register, login, _] = place.functions().await;
        register.register("alice", None).await.assert_status(201);
        lock_alice(&place).await;
        login.login("alice", PASSWORD).await.assert_status(429);
        let shown = place.accounts(&["--json", "show", "alice"], "").await.assert_code(0).json();
        assert_eq!(shown["failed_logins"], 14);
        assert!(shown["locked_until"].is_string(), "{shown}");
        let done = place.accounts(&["unlock", "ALICE", "--json"], "").await.assert_code(0);
        assert_eq!(done.json()["failed_logins"], 14);
        login.login("alice", PASSWORD).await.assert_status(200);
        assert_eq!(
            place.accounts(&["unlock", "alice", "--json"], "").await.assert_code(0).json()["failed_logins"],
            0
        );
    }
}

#[tokio::test]
async fn a_new_password_replaces_the_old_one_its_tokens_and_its_lock() {
    const NEW: &str = "  another phrase altogether ";
    for place in places().await {
        let [register, login, validate] = place.functions().await;
        let token =
            register.register("alice", Some("alice@example.com")).await.assert_status(201).token().to_owned();
        for (refused, reason) in [
            ("short", "too short"),
            ("password123", "too common"),
            ("ALICE@example.com", "email address"),
            ("", "too short"),
            ("one line\nand another", "one line"),
            ("correct\0horse", "Null"),
        ] {
            let done = place.accounts(&["set-password", "alice"], refused).await.assert_code(1);
            assert!(done.err.contains(reason), "{done:?}");
        }
        validate.validate(&token).await.assert_status(200);
        lock_alice(&place).await;
        // The mark of an editor is no part of it.
        let line = format!("\u{FEFF}{NEW}\n");
        place.accounts(&["set-password", "Alice"], &line).await.assert_code(0);
        login.login("alice", NEW).await.assert_status(200);
        login.login("alice", PASSWORD).await.assert_status(401);
        login.login("alice", NEW.trim()).await.assert_status(401);
        assert_eq!(
            validate.validate(&token).await.assert_status(401).trace.request_line()["reason"],
            "revoked"
        );
    }
}

#[tokio::test]
async fn a_deleted_account_is_gone_with_its_address_and_only_on_purpose() {
    for place in places().await {
        let [register, login, validate] = place.functions().await;
        let email = Some("alice@example.com");
        let token = register.register("alice", email).await.assert_status(201).token().to_owned();
        let done = place.accounts(&["delete", "alice"], "y\n").await.assert_code(2);
        assert!(done.err.contains("--yes"), "{done:?}");
        validate.validate(&token).await.assert_status(200);

        place.accounts(&["delete", "ALICE", "--yes"], "").await.assert_code(0);
        validate.validate(&token).await.assert_status(401);
        login.login("alice", PASSWORD).await.assert_status(401);
        assert!(place.account_ids().await.is_empty());
        register.register("alice", email).await.assert_status(201);
        validate.validate(&token).await.assert_status(401);
    }
}

#[tokio::test]
async fn an_unknown_name_has_its_own_exit_code() {
    for place in places().await {
        place.start("register").await.register("bob", None).await.assert_status(201);
        let before = place.contents().await;
        for arguments in [
            &["show", "alice"][..],
            &["sessions", "alice"],
            &["revoke", "alice", "--session", "0AAAAAAAAAAAAAAAA"],
            &["disable", "alice"],
            &["enable", "alice"],
            &["revoke", "alice"],
            &["unlock", "alice"],
            &["set-password", "alice"],
            &["delete", "alice", "--yes"],
            &["check-hash", "al\u{1b}[2Jice"],
        ] {
            let done = place.accounts(arguments, "").await.assert_code(3);
            assert!(done.out.is_empty() && !done.err.contains('\u{1b}'), "{done:?}");
        }
        assert_eq!(place.contents().await, before);
        for arguments in [&[][..], &["show"], &["sho", "bob"], &["import"], &["delete", "bob", "--force"]] {
            place.accounts(arguments, "").await.assert_code(2);
        }
        for arguments in [&["--help"][..], &["import", "--help"], &["--version"]] {
            place.accounts(arguments, "").await.assert_code(0);
        }
    }
}

#[tokio::test]
async fn a_mistaken_path_or_variable_makes_no_database() {
    let place = Place::file();
    place.accounts(&["show", "alice"], "").await.assert_code(1);
    place
        .accounts(&["import", "-", "--dry-run"], &format!("username,hash\nalice,{HASH}\n"))
        .await
        .assert_code(0);
    let Place::File(folder) = &place else { unreachable!() };
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    let mut tool = place.tool(&["show", "alice"]);
    let output = tool.env("ACCOUNT_STORE", "postgres://canary").output().await.unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && err.contains("ACCOUNT_STORE must be"), "{err}");
}

#[tokio::test]
async fn hashes_are_described_and_not_shown() {
    let place = Place::file();
    place.start("register").await.register("alice", None).await.assert_status(201);
    let own = place.accounts(&["check-hash", "alice", "--json"], "").await.assert_code(0).json();
    assert_eq!((&own["scheme"], &own["replaced_at_login"]), (&json!("Argon2id"), &json!(false)));
    let hashes = "\u{FEFF}pbkdf2_sha256$1000$GfvyuPTGZY4pIqKm0Ncyuf$ChVhyA0JewxDegQl7rE2Tptwq7FEUoj6mC0K8R3wXxc=\n\
                  md5$canary$canary\n!canary\n\n";
    let done = place.accounts(&["check-hash", "--json"], hashes).await.assert_code(4);
    let lines: Vec<serde_json::Value> =
        done.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let verdicts: Vec<_> = lines
        .iter()
        .map(|line| {
            (line["of"].as_str().unwrap(), line["scheme"].as_str().unwrap(), line["verifiable"] == true)
        })
        .collect();
    assert_eq!(
        verdicts,
        [
            ("1", "Django PBKDF2-SHA256", true),
            ("2", "MD5", false),
            ("3", "no password", false),
            ("4", "unknown", false)
        ]
    );
    assert_eq!(lines[0]["replaced_at_login"], true);
    place.accounts(&["show", "alice"], "").await.assert_code(0);
}

/// Listing accounts takes a Scan. The tool has it; it is not linked into the functions.
#[test]
fn no_function_has_what_an_operator_needs() {
    let scans = |binary: &std::path::Path| {
        let bytes = std::fs::read(binary).unwrap();
        bytes.windows(b"DynamoDB_20120810.Scan".len()).any(|window| window == b"DynamoDB_20120810.Scan")
    };
    assert!(scans(&crate::binaries::local("accounts")));
    for function in crate::binaries::FUNCTIONS {
        assert!(!scans(&crate::binaries::deployed(function)), "{function}");
    }
}
