//! An import that is repeated while the old system still changes.

use serde_json::{Value, json};

use super::imports::HASH;
use super::places;
use crate::place::Place;

/// What [`HASH`] was made of.
const PASSWORD: &str = "correct horse";

/// A file of users with these ids, names, hashes, emails and whether they are active.
fn file(users: &[(u8, &str, &str, &str, bool)]) -> String {
    let line = |(id, name, hash, email, active): &(u8, &str, &str, &str, bool)| {
        format!("{id},{name},{hash},{email},{active}\n")
    };
    let lines: String = users.iter().map(line).collect();
    format!("id,username,password,email,is_active\n{lines}")
}

impl Place {
    /// Runs an update. Returns the lines that it tells, and the numbers.
    async fn update(&self, arguments: &[&str], file: &str, code: i32) -> (Vec<Value>, Value) {
        let import = [&["import", "-", "--update", "--json", "--parallel", "1"], arguments].concat();
        let done = self.accounts(&import, file).await.assert_code(code);
        let mut lines: Vec<Value> =
            done.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let numbers = lines.pop().unwrap();
        (lines, numbers)
    }
}

#[tokio::test]
async fn what_has_changed_in_the_old_system_is_carried_over_and_nothing_else() {
    let other = HASH.replace("$ChVh", "$DhVh");
    let before = file(&[
        (1, "ada", HASH, "ada@example.com", true),
        (2, "bob", HASH, "", true),
        (3, "carol", HASH, "", true),
        (4, "dave", HASH, "dave@example.com", true),
        (5, "erin", HASH, "", true),
    ]);
    // Ada has a new address, bob a new password, carol one as well, and dave is disabled. Erin is called eve, frank is new.
    let after = file(&[
        (1, "ada", HASH, "ada@example.org", true),
        (2, "bob", &other, "", true),
        (3, "carol", &other, "", true),
        (4, "dave", HASH, "dave@example.com", false),
        (5, "eve", HASH, "", true),
        (6, "frank", HASH, "", true),
    ]);
    for place in places().await {
        place.accounts(&["import", "-"], &before).await.assert_code(0);
        let [_, login, validate] = place.functions().await;
        // Renews the hashes.
        login.login("ada", PASSWORD).await.assert_status(200);
        login.login("carol", PASSWORD).await.assert_status(200);
        let token = login.login("dave", PASSWORD).await.assert_status(200).token().to_owned();

        let stored = place.contents().await;
        let (told, rehearsed) = place.update(&["--dry-run"], &after, 0).await;
        assert_eq!(place.contents().await, stored);
        assert_eq!((told.len(), &rehearsed["updated"], &rehearsed["left_alone"]), (4, &json!(3), &json!(1)));

        let (told, numbers) = place.update(&[], &after, 4).await;
        let parts: Vec<_> = told
            .iter()
            .map(|line| {
                (line["username"].as_str().unwrap(), line["carried_over"].clone(), line["left_alone"].clone())
            })
            .collect();
        assert_eq!(
            parts,
            [
                ("ada", json!(["email"]), json!([])),
                ("bob", json!(["password"]), json!([])),
                ("carol", json!([]), json!(["the password, which was renewed here since"])),
                ("dave", json!(["active"]), json!([])),
            ]
        );
        let count = |name: &str| numbers[name].as_i64().unwrap();
        assert_eq!(["added", "updated", "left_alone", "refused"].map(count), [1, 3, 1, 1]);

        login.login("ada", PASSWORD).await.assert_status(200);
        login.login("bob", PASSWORD).await.assert_status(401);
        login.login("carol", PASSWORD).await.assert_status(200);
        validate.validate(&token).await.assert_status(401);
        login.login("frank", PASSWORD).await.assert_status(200);
        login.login("eve", PASSWORD).await.assert_status(401);
        let shown = place.accounts(&["show", "ada", "--json"], "").await.assert_code(0).json();
        assert_eq!(shown["email"], "ada@example.org");

        // Again, and only what is left alone is told.
        let stored = place.contents().await;
        let (told, numbers) = place.update(&[], &after, 4).await;
        assert_eq!((told.len(), &told[0]["username"], &numbers["updated"]), (1, &json!("carol"), &json!(0)));
        assert_eq!(place.contents().await, stored);
    }
}

#[tokio::test]
async fn an_account_that_was_deleted_here_does_not_come_back() {
    let file = file(&[(1, "ada", HASH, "", true)]);
    for place in places().await {
        place.accounts(&["import", "-"], &file).await.assert_code(0);
        place.accounts(&["delete", "ada", "--yes"], "").await.assert_code(0);
        for arguments in [&["import", "-"][..], &["import", "-", "--update"]] {
            let done = place.accounts(arguments, &file).await.assert_code(4);
            assert!(done.err.contains("was deleted. Ids never come back."), "{done:?}");
        }
    }
}

#[tokio::test]
async fn an_address_that_another_account_has_is_not_carried_over() {
    let before =
        file(&[(1, "ada", HASH, "ada@example.com", true), (2, "bob", HASH, "bob@example.com", true)]);
    let swapped = file(&[(1, "ada", HASH, "bob@example.com", true), (2, "bob", HASH, "", true)]);
    for place in places().await {
        place.accounts(&["import", "-"], &before).await.assert_code(0);
        let (told, numbers) = place.update(&[], &swapped, 4).await;
        assert_eq!((told.len(), &numbers["updated"], &numbers["refused"]), (1, &json!(1), &json!(1)));
        // Bob has given it up by now.
        let (told, numbers) = place.update(&[], &swapped, 0).await;
        assert_eq!((told.len(), &numbers["updated"]), (1, &json!(1)));
        assert_eq!(place.addresses().await, 1);
    }
}
