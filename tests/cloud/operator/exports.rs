use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use super::places;
use crate::deployed::PASSWORD;
use crate::place::Place;

/// A place with a few accounts, each of which differs in one attribute.
async fn populate(place: &Place) {
    let register = place.start("register").await;
    for (name, email) in
        [("Alice", Some("Alice@Example.com")), ("bob", None), ("Жанна", Some("z@example.com"))]
    {
        register.register(name, email).await.assert_status(201);
    }
    place.accounts(&["disable", "bob"], "").await.assert_code(0);
    place.accounts(&["revoke", "alice"], "").await.assert_code(0);
}

#[tokio::test]
async fn an_export_without_hashes_shows_none_and_cannot_be_imported() {
    for place in places().await {
        populate(&place).await;
        let done = place.accounts(&["export"], "").await.assert_code(0);
        assert_eq!(done.out.lines().count(), 3);
        let refused = Place::file().accounts(&["import", "-", "--dry-run"], &done.out).await.assert_code(4);
        assert!(refused.out.starts_with("0 good, 3 refused"), "{refused:?}");
    }
}

#[tokio::test]
async fn accounts_move_from_one_store_to_the_other_and_log_in_there() {
    let [file, table] = places().await;
    populate(&file).await;
    let (empty_file, folder) = (Place::file(), tempfile::tempdir().unwrap());
    let mut exports = Vec::new();
    for (from, to) in [(&file, &table), (&table, &empty_file)] {
        let path = folder.path().join(format!("{}.jsonl", exports.len()));
        let path = path.to_str().unwrap();
        let export = ["export", "--with-hashes", "--output", path];
        from.accounts(&export, "").await.assert_code(0);
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
        let done = from.accounts(&export, "").await.assert_code(1);
        assert!(done.err.contains("File exists"), "{done:?}");
        to.accounts(&["import", path], "").await.assert_code(0);

        let mut lines: Vec<Value> = std::fs::read_to_string(path)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        lines.sort_by_key(|line| line["username"].as_str().unwrap().to_owned());
        exports.push(lines);
        let [_, login, _] = to.functions().await;
        login.login("alice", PASSWORD).await.assert_status(200);
        login.login("bob", PASSWORD).await.assert_status(401);
    }
    assert_eq!(exports[0], exports[1]);
    assert_eq!(exports[0][0]["token_version"], 1);
}
