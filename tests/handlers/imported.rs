//! Logins with the hashes of other services, each replaced by one of ours.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use shared::password::hash::{Cost, Hasher, PasswordHash};
use support::cargo::ROOT;

use crate::event::Sender;
use crate::handlers::Handlers;

const OURS: &str = "$argon2id$v=19$m=19456,t=2,p=1$";

/// A hash, and passwords that its own software accepts and refuses.
struct Vector {
    hash: String,
    accepted: String,
    refused: String,
}

/// The first hash of each scheme that other software has made. One more scheme needs no more than its vectors.
fn vectors() -> BTreeMap<String, Vector> {
    let hasher = Hasher::new(Cost::DEFAULT).unwrap();
    let mut vectors = BTreeMap::new();
    for file in fs::read_dir(Path::new(ROOT).join("shared/src/password/hash/vectors")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let json: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        for vector in json["vectors"].as_array().unwrap() {
            let hash = vector["hash"].as_str().unwrap();
            let hash = hasher.wrap(hash).map_or_else(|_| hash.to_owned(), |hash| hash.as_str().to_owned());
            let scheme = PasswordHash::from_stored(hash.clone()).describe().scheme;
            let typed = |verdict: &str| {
                let passwords = vector[verdict].as_array().unwrap().iter();
                passwords.map(|typed| typed.as_str().unwrap().to_owned()).find(|typed| !typed.is_empty())
            };
            if let (Some(accepted), Some(refused)) = (typed("accepted"), typed("refused")) {
                vectors.entry(scheme.to_owned()).or_insert(Vector { hash, accepted, refused });
            }
        }
    }
    vectors
}

async fn login(service: &Handlers, password: &str) -> u64 {
    let body = json!({ "username": "alice", "password": password }).to_string();
    service.login(Sender::HttpApi.post(&body)).await.status
}

async fn stored(service: &Handlers) -> String {
    service.account("alice").await.unwrap().password_hash.as_str().to_owned()
}

#[tokio::test]
async fn a_hash_of_every_scheme_is_replaced_by_the_right_password_alone() {
    let service = Handlers::new().await;
    service.enrol("alice").await;
    let vectors = vectors();
    for (scheme, Vector { hash, accepted, refused }) in &vectors {
        service.import("alice", hash);
        let before = service.login_hashes();
        assert_eq!(login(&service, refused).await, 401, "{scheme}");
        assert_eq!(service.login_hashes() - before, 1, "{scheme}");
        assert_eq!(stored(&service).await, *hash, "{scheme}");
        assert_eq!(login(&service, accepted).await, 200, "{scheme}");
        assert!(stored(&service).await.starts_with(OURS), "{scheme}");
        assert_eq!(login(&service, accepted).await, 200, "{scheme}");
        assert_eq!(login(&service, refused).await, 401, "{scheme}");
        service.sql("DELETE FROM attempts");
    }
    assert!(vectors.len() >= 35, "{:?}", vectors.keys());
}

/// Made by Django 5.2.19 from `correct horse`.
const DJANGO: &str =
    "{trimmed}pbkdf2_sha256$1000$GfvyuPTGZY4pIqKm0Ncyuf$ChVhyA0JewxDegQl7rE2Tptwq7FEUoj6mC0K8R3wXxc=";

#[tokio::test]
async fn spaces_around_a_password_that_was_trimmed_are_forgiven_until_its_hash_is_replaced() {
    let service = Handlers::new().await;
    service.enrol("alice").await;
    service.import("alice", DJANGO);
    for wrong in [" correct horses", "correct  horse", " correct hors "] {
        assert_eq!(login(&service, wrong).await, 401, "{wrong}");
        assert_eq!(stored(&service).await, DJANGO);
    }
    assert_eq!(login(&service, "correct horse ").await, 200);
    assert!(stored(&service).await.starts_with(OURS));
    assert_eq!(login(&service, "correct horse ").await, 200);
    assert_eq!(login(&service, "correct horse").await, 401);
}
