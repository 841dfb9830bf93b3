//! Mail on a laptop: files beside the database, and none where accounts live in a table.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use mail_parser::MessageParser;
use serde_json::json;
use support::client::{Client, PASSWORD};
use support::emulator::Emulator;
use support::store::Store;

use crate::owner::post_as;

const ADDRESS: &str = "ada@example.com";
const OTHER: &str = "ada@example.org";
const NEW: &str = "a new and better passphrase";

/// The mails, the oldest first.
fn mails(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

/// The address of a mail, and the code on a line of its own.
fn read(file: &Path) -> (String, Option<String>) {
    let bytes = fs::read(file).unwrap();
    let mail = MessageParser::default().parse(&bytes).unwrap();
    let to = mail.to().unwrap().first().unwrap().address().unwrap().to_owned();
    let text = mail.body_text(0).unwrap().into_owned();
    let code = text.lines().find(|line| line.len() == 11 && line.find('-') == Some(5));
    (to, code.map(str::to_owned))
}

/// The code in the last mail to an address.
fn code(folder: &Path, address: &str) -> String {
    let mails = mails(folder).into_iter().rev().map(|file| read(&file));
    let code = mails.filter(|(to, _)| to == address).find_map(|(_, code)| code);
    code.unwrap_or_else(|| panic!("no code for {address}"))
}

/// Registers ada with an address. Returns her token.
async fn register(client: &Client) -> String {
    let body = json!({ "username": "ada", "password": PASSWORD, "email": ADDRESS });
    let registered = client.post("register", body.to_string()).await;
    assert_eq!(registered.status, 201, "{registered:?}");
    registered.bearer()
}

#[tokio::test]
async fn a_password_is_reset_and_an_address_changed_by_mails_that_are_files() {
    let store = Store::sqlite();
    let service = Emulator::start(&store.variables);
    let client = service.client();
    register(&client).await;
    let forgot = client.post("password/forgot", json!({ "email": ADDRESS }).to_string()).await;
    assert_eq!((forgot.status, &*forgot.body), (202, "{}"));
    let [file] = &mails(&store.mails())[..] else { panic!("not one mail") };
    assert!(file.to_str().unwrap().ends_with(".eml"), "{file:?}");
    assert_eq!(
        fs::metadata(file).unwrap().permissions().mode() & 0o077,
        0,
        "the code is nobody else's business"
    );
    assert!(service.output().contains(file.to_str().unwrap()), "the log names the file");

    let code_of = |address: &str| code(&store.mails(), address);
    let reset = json!({ "username": "ada", "code": code_of(ADDRESS), "new_password": NEW });
    assert_eq!(client.post("password/reset", reset.to_string()).await.status, 200);
    assert_eq!(client.login("ada", PASSWORD).await.status, 401);
    let by_email = json!({ "email": ADDRESS, "password": NEW }).to_string();
    let bearer = client.post("login", by_email.clone()).await.bearer();

    let change = json!({ "email": OTHER, "current_password": NEW });
    assert_eq!(post_as(&client, &bearer, "email", &change).await.status, 202);
    let confirm = json!({ "email": OTHER, "code": code_of(OTHER) });
    assert_eq!(client.post("email/confirm", confirm.to_string()).await.status, 200);
    assert_eq!(client.post("login", by_email).await.status, 401);
    let by_other = json!({ "email": OTHER, "password": NEW });
    assert_eq!(client.post("login", by_other.to_string()).await.status, 200);
    assert_eq!(mails(&store.mails()).len(), 4, "two codes and two notices");
}

#[tokio::test]
async fn in_a_table_no_mail_can_be_sent_and_the_routes_say_so() {
    let store = Store::dynamodb();
    let service = Emulator::start(&store.variables);
    let client = service.client();
    let bearer = register(&client).await;
    for path in ["password/forgot", "password/reset", "email", "email/confirm"] {
        let response = post_as(&client, &bearer, path, &json!({})).await;
        let body = r#"{"code":"mail_not_configured","error":"Mail is not configured"}"#;
        response.must_be(501, body, None);
    }
    let change = json!({ "current_password": PASSWORD, "new_password": NEW });
    assert_eq!(post_as(&client, &bearer, "password", &change).await.status, 200);
}
