//! Accounts that keep what another system knew them by: their ids, and names that no new account can have.

use serde_json::{Value, json};
use support::samples;

use super::imports::HASH;
use super::places;

/// What [`HASH`] was made of.
const PASSWORD: &str = "correct horse";

/// `GET /me` with a token, without an authorizer in front.
fn me(token: &str) -> Value {
    let mut event = samples::get("/me");
    event["headers"] = json!({ "authorization": format!("Bearer {token}") });
    event["requestContext"].as_object_mut().unwrap().remove("authorizer");
    event
}

/// A back end finds its user by the id that it knows. Nothing changes for accounts without one.
#[tokio::test]
async fn an_old_id_is_shown_exported_mapped_and_handed_to_back_ends() {
    let file = format!("id,username,password\n7,alice,{HASH}\n\"a,b\",bob,{HASH}\n");
    for place in places().await {
        let folder = tempfile::tempdir().unwrap();
        let map = folder.path().join("map.csv");
        for (added, dry_run) in [(2, &["--dry-run"][..]), (2, &[]), (0, &[])] {
            let import = ["import", "-", "--json", "--map", map.to_str().unwrap()];
            let done = place.accounts(&[&import, dry_run].concat(), &file).await.assert_code(0).json();
            assert_eq!(done[if dry_run.is_empty() { "added" } else { "good" }], added, "{done}");
            let map = std::fs::read_to_string(&map).unwrap();
            assert_eq!(
                map,
                "old_id,new_id\n7,080ee0d9-89db-80fd-b821-640ef7e18786\n\"a,b\",2864256e-1168-81d5-ad9e-2a2da1a60843\n"
            );
        }
        let shown = place.accounts(&["show", "alice", "--json"], "").await.assert_code(0).json();
        assert_eq!(shown["external_id"], "7");
        let exported = place.accounts(&["export"], "").await.assert_code(0);
        assert!(exported.out.contains(r#""external_id":"7""#), "{exported:?}");

        let [register, login, validate] = place.functions().await;
        let token = login.login("alice", PASSWORD).await.assert_status(200).token().to_owned();
        let told = validate.call(&me(&token)).await.assert_status(200);
        assert_eq!(told.body["external_id"], "7");
        for event in samples::authorizing(&token) {
            let response = validate.invoke(&event.to_string()).await.outcome.unwrap();
            let context = ["context", "resolverContext", "handlerContext"]
                .map(|name| response[name]["external_id"].clone());
            assert!(context.contains(&json!("7")), "{response}");
        }
        let token = register.register("carol", None).await.assert_status(201).token().to_owned();
        let told = validate.call(&me(&token)).await.assert_status(200);
        assert_eq!(told.body.get("external_id"), None::<&Value>);
    }
}

#[tokio::test]
async fn a_kept_name_logs_in_and_nobody_registers_its_twin() {
    let names = ["al ice", "O'Brien", "a/b", "<b>&\"", &"x y".repeat(50)];
    let lines = names.map(|name| json!({ "username": name, "hash": HASH }).to_string() + "\n");
    for place in places().await {
        let refused =
            place.accounts(&["import", "-", "--dry-run", "--json"], &lines.concat()).await.assert_code(4);
        assert_eq!((&refused.json()["good"], &refused.json()["refused"]), (&json!(0), &json!(5)));
        assert!(refused.err.contains("--keep-names"), "{refused:?}");
        for dry_run in [&["--dry-run"][..], &[]] {
            let import = ["import", "-", "--keep-names", "--json"];
            let done =
                place.accounts(&[&import, dry_run].concat(), &lines.concat()).await.assert_code(0).json();
            assert_eq!(done["names_kept"], 5, "{done}");
        }
        let [register, login, validate] = place.functions().await;
        for name in names {
            let spelling = name.to_uppercase();
            let body = json!({ "username": spelling, "password": PASSWORD, "session": "token" });
            let signed = login.call(&samples::post(&body)).await.assert_status(200);
            validate.validate(signed.token()).await.assert_status(200);
            let refresh = json!({ "refresh_token": signed.body["refresh_token"] });
            login.call(&samples::to_login("POST", "/refresh", &refresh)).await.assert_status(200);
            register.register(name, None).await.assert_status(400);
            place.accounts(&["show", name], "").await.assert_code(0);
        }
    }
}
