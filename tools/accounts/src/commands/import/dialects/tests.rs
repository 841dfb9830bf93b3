use std::path::Path;

use shared::account::Status;
use shared::password::Password;
use shared::password::hash::{Cost, Hasher, Verification};

use super::HashConfig;
use crate::commands::import::candidate::Candidate;
use crate::commands::import::rules::Rules;
use crate::commands::import::tests::{HASH, Lines, read_by, rules};

/// All lines of a file that is read to its end.
fn lines(rules: Rules, file: &str) -> Lines {
    let (lines, read) = read_by(rules, file);
    read.unwrap();
    lines
}

fn candidates(file: &str) -> Vec<Candidate> {
    lines(rules(), file)
        .read
        .into_iter()
        .map(|(line, read)| read.unwrap_or_else(|reason| panic!("line {line}{reason}")))
        .collect()
}

/// Name, email, old id, and whether the email is verified and the account active.
fn summary(candidate: &Candidate) -> (&str, &str, &str, bool, bool) {
    let account = &candidate.import.account;
    let email = account.email.as_ref().map_or("", |email| email.as_str());
    let old = candidate.old_id.as_deref().unwrap_or_default();
    (account.username.as_str(), email, old, account.email_verified, account.status == Status::Active)
}

fn verifies(candidate: &Candidate, password: &str) -> bool {
    let hasher = Hasher::new(Cost::DEFAULT).unwrap();
    let password = Password::parse(password).unwrap();
    let verification = hasher.verify(Some(&candidate.import.account.password_hash), Some(&password));
    matches!(verification.unwrap(), Verification::Match { .. })
}

#[test]
fn the_whole_table_of_django_is_read() {
    let header = "id,password,last_login,is_superuser,username,first_name,last_name,email,is_staff,is_active,date_joined";
    let postgres = format!("{header}\n1,{HASH},,f,alice,,,a@example.com,f,t,2026-09-21 14:13:20.123456+00\n");
    let pandas = format!(
        "{header}\n1.0,{HASH},NaN,0.0,alice,NaN,NaN,a@example.com,0.0,1.0,2026-09-21 14:13:20+00:00\n"
    );
    let dump = format!("{header}\n1,{HASH},\\N,f,alice,,,a@example.com,f,t,2026-09-21 14:13:20+00\n")
        .replace(',', "\t");
    for file in [postgres, pandas, dump] {
        let read = candidates(&file);
        assert_eq!(summary(&read[0]), ("alice", "a@example.com", "1", false, true), "{file}");
        assert_eq!(read[0].import.account.created_at.seconds(), 1_790_000_000);
    }
}

#[test]
fn a_dump_of_django_is_read_and_its_other_models_are_skipped() {
    let file = format!(
        r#"[{{"model": "auth.group", "pk": 1, "fields": {{"name": "staff", "permissions": []}}}},
{{"model": "auth.user", "pk": 7, "fields": {{"password": "{HASH}", "last_login": null, "is_superuser": false,
 "username": "alice", "first_name": "", "last_name": "", "email": "", "is_staff": false, "is_active": false,
 "date_joined": "2026-09-21T14:13:20.123Z", "groups": [1], "user_permissions": []}}}}]"#
    );
    let lines = lines(rules(), &file);
    assert_eq!((lines.skipped, lines.read[0].0), (1, 2));
    assert_eq!(summary(lines.read[0].1.as_ref().ok().unwrap()), ("alice", "", "7", false, false));
}

/// The hash is one of the vectors, which other software has made and judged.
#[test]
fn an_export_of_firebase_is_read_with_the_parameters_of_its_project() {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("../../../../../../shared/src/password/hash/vectors/node.json"))
            .unwrap();
    let vector = vectors["vectors"]
        .as_array()
        .unwrap()
        .iter()
        .find(|vector| vector["hash"].as_str().unwrap().starts_with("$firescrypt$"));
    let (hash, password) =
        (vector.unwrap()["hash"].as_str().unwrap(), vector.unwrap()["accepted"][0].as_str().unwrap());
    let [_, _, parameters, salt, key, separator, signer] = hash.split('$').collect::<Vec<_>>()[..] else {
        panic!()
    };
    let [cost, rounds] =
        ["ln=", "r="].map(|name| parameters.split(name).nth(1).unwrap().split(',').next().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hash_config");
    let config = format!(
        "hash_config {{\n  algorithm: SCRYPT,\n  base64_signer_key: {signer},\n  base64_salt_separator: {separator},\n  rounds: {rounds},\n  mem_cost: {cost},\n}}\n"
    );
    std::fs::write(&path, config).unwrap();

    let file = format!(
        r#"{{"users": [
  {{"localId": "ZDFkYWM5NjM", "email": "a@example.com", "emailVerified": true, "passwordHash": "{key}", "salt": "{salt}",
    "lastSignedInAt": "1790000000123", "createdAt": "1790000000123", "disabled": true, "providerUserInfo": []}},
  {{"localId": "phone", "email": "b@example.com", "emailVerified": false, "createdAt": "1790000000123", "providerUserInfo": []}}
]}}"#
    );
    let (without, _) = read_by(rules(), &file);
    assert!(
        without.read[0].1.as_ref().is_err_and(|reason| reason.to_string().contains("--hash-config FILE"))
    );
    let config = HashConfig::read(Path::new(&path)).unwrap();
    let lines = lines(Rules { hash_config: Some(config), ..rules() }, &file);
    let [first, second] = [0, 1].map(|index: usize| lines.read[index].1.as_ref().ok().unwrap());
    assert_eq!(summary(first), ("a@example.com", "a@example.com", "ZDFkYWM5NjM", true, false));
    assert_eq!(first.import.account.created_at.seconds(), 1_790_000_000);
    assert!(verifies(first, password) && !verifies(first, "wrong"));
    assert_eq!(second.import.account.password_hash.as_str(), "!");
}

#[test]
fn the_exports_of_auth0_are_read() {
    let bcrypt = "$2b$10$0xR5amRt4z450S1XYBAey.RZDiA285Pykv2DDYmVferAjmH333n8.";
    let support = format!(
        r#"{{"_id": {{"$oid": "60425dc43519d90068f82973"}}, "email": "a@example.com", "email_verified": false, "passwordHash": "{bcrypt}", "password_set_date": {{"$date": "2021-03-05T16:35:16.775Z"}}, "tenant": "t", "connection": "Username-Password-Authentication", "_tmp_is_unique": true}}
{{"_id": {{"$oid": "60425dc43519d90068f82974"}}, "alt_id": "euclid", "identifiers": [{{"type": "email", "value": "b@example.com", "verified": true}}], "passwordHash": "{bcrypt}", "connection": "c"}}
"#
    );
    let read = candidates(&support);
    assert_eq!(
        summary(&read[0]),
        ("a@example.com", "a@example.com", "auth0|60425dc43519d90068f82973", false, true)
    );
    assert_eq!(summary(&read[1]), ("b@example.com", "b@example.com", "auth0|euclid", true, true));
    assert!(read.iter().all(|read| read.import.account.password_hash.as_str() == bcrypt));
    let schema = format!(
        r#"[{{"user_id": "auth0|1", "email": "a@example.com", "username": "alice", "blocked": true, "created_at": "2026-09-21T14:13:20.000Z",
  "custom_password_hash": {{"algorithm": "bcrypt", "hash": {{"value": "{bcrypt}"}}}}}},
 {{"user_id": "auth0|2", "email": "b@example.com", "custom_password_hash": {{"algorithm": "md5", "hash": {{"value": "x"}}}}}}]"#
    );
    let lines = lines(rules(), &schema);
    let first = lines.read[0].1.as_ref().ok().unwrap();
    assert_eq!(summary(first), ("alice", "a@example.com", "auth0|1", false, false));
    assert_eq!(first.import.account.password_hash.as_str(), bcrypt);
    assert!(
        lines.read[1].1.as_ref().is_err_and(|reason| reason.to_string().contains("custom_password_hash"))
    );
}

#[test]
fn the_table_of_supabase_is_read_without_deleted_rows() {
    let header = "instance_id,id,aud,role,email,encrypted_password,email_confirmed_at,banned_until,raw_app_meta_data,created_at,confirmed_at,deleted_at,is_sso_user";
    let bcrypt = "$2a$10$0xR5amRt4z450S1XYBAey.RZDiA285Pykv2DDYmVferAjmH333n8.";
    let id = |last| format!("1958cb3d-0ce9-415d-8319-e8db0bd8ac4{last}");
    let row = |last: u8, verified: &str, banned: &str, deleted: &str| {
        format!(
            "0,{},authenticated,authenticated,u{last}@example.com,{bcrypt},{verified},{banned},{{}},2026-09-21 14:13:20.1+00,{verified},{deleted},f\n",
            id(last)
        )
    };
    let moment = "2026-09-21 14:13:20+00";
    let file = [
        format!("{header}\n"),
        row(1, moment, "", ""),
        row(2, "", "2100-01-01 00:00:00+00", ""),
        row(3, "", "2020-01-01 00:00:00+00", ""),
        row(4, "", "", moment),
    ];
    let lines = lines(rules(), &file.concat());
    let read: Vec<_> = lines.read.iter().map(|(_, read)| summary(read.as_ref().ok().unwrap())).collect();
    assert_eq!(read[0], ("u1@example.com", "u1@example.com", id(1).as_str(), true, true));
    assert_eq!([read[1].3, read[1].4, read[2].4], [false, false, true]);
    assert_eq!((read.len(), lines.skipped), (3, 1));
    let first = &lines.read[0].1.as_ref().ok().unwrap().import;
    assert_eq!((first.account.id.to_string(), first.account.external_id.is_none()), (id(1), true));
}

#[test]
fn accounts_of_cognito_come_without_a_password() {
    let file = "name,given_name,email,email_verified,phone_number_verified,cognito:mfa_enabled,cognito:username\n\
                ,,a@example.com,TRUE,FALSE,FALSE,alice\n";
    let read = candidates(file);
    assert_eq!(summary(&read[0]), ("alice", "a@example.com", "", true, true));
    assert_eq!(read[0].import.account.password_hash.as_str(), "!");
}

/// The hashes are hashlib's and argon2-cffi's, of the kinds that Keycloak 15 to 26 have by default.
#[test]
fn a_realm_of_keycloak_is_read() {
    let file = REALM;
    let lines = lines(rules(), file);
    let read: Vec<_> = lines.read.iter().map(|(_, read)| read.as_ref().ok().unwrap()).collect();
    assert_eq!(
        summary(read[0]),
        ("alice", "a@example.com", "1958cb3d-0ce9-415d-8319-e8db0bd8ac41", true, true)
    );
    assert_eq!(summary(read[1]), ("bob", "", "1958cb3d-0ce9-415d-8319-e8db0bd8ac42", false, false));
    for read in &read[..4] {
        assert!(
            verifies(read, "correct horse") && !verifies(read, "wrong"),
            "{:?}",
            read.import.account.password_hash.describe()
        );
    }
    assert_eq!(read[4].import.account.password_hash.as_str(), "!");
    assert_eq!((read.len(), lines.skipped), (5, 1));
}

const REALM: &str = include_str!("keycloak-realm.json");
