use aws_sdk_dynamodb::types::AttributeValue;

use super::imports::HASH;
use super::places;
use crate::place::Place;

/// The accounts `ada`, whose email is verified, `bob`, whose email is not, and `carol`, who has none.
async fn populate(place: &Place) {
    let lines = ["ada,ada@example.com,true", "bob,bob@example.com,false", "carol,,"];
    let lines = lines.map(|line| format!("{line},{HASH}\n")).concat();
    let file = format!("username,email,email_verified,hash\n{lines}");
    place.accounts(&["import", "-"], &file).await.assert_code(0);
}

#[tokio::test]
async fn markers_of_an_older_version_are_completed_once() {
    for place in places().await {
        populate(&place).await;
        let before = place.contents().await;
        if let Place::Table(service) = &place {
            service.engine.change("EMAIL#bob@example.com", "username_key", None).await;
        }
        let broken = u64::from(matches!(place, Place::Table(_)));
        for repaired in [broken, 0] {
            let done = place.accounts(&["repair", "--json"], "").await.assert_code(0).json();
            assert_eq!((&done["accounts"], &done["repaired"]), (&3.into(), &repaired.into()), "{done}");
            assert_eq!(place.contents().await, before);
        }
        let done = place.accounts(&["repair"], "").await.assert_code(0);
        assert_eq!(done.out, "3 accounts read, 0 repaired\n");
    }
}

#[tokio::test]
async fn a_verified_email_is_shown_exported_and_imported() {
    let other = Place::file();
    for place in places().await {
        populate(&place).await;
        for (name, verified) in [("ada", true), ("bob", false), ("carol", false)] {
            let shown = place.accounts(&["show", name, "--json"], "").await.assert_code(0).json();
            assert_eq!((&shown["email_verified"], &shown["pending_until"]), (&verified.into(), &().into()));
        }
        let shown = place.accounts(&["show", "ada"], "").await.assert_code(0);
        assert!(shown.out.contains("ada@example.com, verified\n"), "{shown:?}");
    }
    let [from, _] = places().await;
    populate(&from).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("accounts.jsonl");
    let path = path.to_str().unwrap();
    from.accounts(&["export", "--with-hashes", "--output", path], "").await.assert_code(0);
    other.accounts(&["import", path], "").await.assert_code(0);
    let shown = other.accounts(&["show", "ada", "--json"], "").await.assert_code(0).json();
    assert_eq!(shown["email_verified"], true);
}

#[tokio::test]
async fn an_account_that_waits_for_its_confirmation_is_shown_and_not_exported() {
    for place in places().await {
        populate(&place).await;
        match &place {
            Place::Table(service) => {
                let end = AttributeValue::N("4102444800".to_owned());
                service.engine.change("USERNAME#bob", "expires_at", Some(end)).await;
            }
            Place::File(_) => {
                let pending = "UPDATE accounts SET pending_until = 4102444800 WHERE username_key = 'bob'";
                place.database().execute_batch(pending).unwrap();
            }
        }
        let shown = place.accounts(&["show", "bob"], "").await.assert_code(0);
        assert!(shown.out.contains("active, pending until 2100-01-01T00:00:00Z\n"), "{shown:?}");
        let exported = place.accounts(&["export"], "").await.assert_code(0);
        assert_eq!(exported.out.lines().count(), 2);
        assert!(!exported.out.contains("bob"), "{exported:?}");
    }
}
