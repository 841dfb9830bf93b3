//! Mails as Python's `email` reads them, which has nothing in common with what writes them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::*;
use crate::code::Code;
use crate::mail::letter::tests::{letters, sender};
use crate::mail::{Mailer, Notice, SendError};
use crate::names::email::Email;

const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_250);

/// Prints the headers, the addresses and the parts of a mail, and what the parser finds wrong with it.
const READER: &str = r#"
import email, email.policy, json, sys
mail = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default)
addresses = lambda name: [[a.display_name, a.addr_spec] for a in mail[name].addresses]
parts = list(mail.iter_parts())
print(json.dumps({
    "headers": [name.lower() for name in mail.keys()],
    "from": addresses("from"),
    "to": addresses("to"),
    "subject": mail["subject"],
    "date": mail["date"].datetime.timestamp(),
    "type": mail.get_content_type(),
    "parts": {part.get_content_type(): part.get_content() for part in parts},
    "defects": [str(d) for part in [mail, *parts] for d in part.defects] + [str(d) for v in mail.values() for d in v.defects],
}))
"#;

fn read(path: &Path) -> Value {
    let output = Command::new("python3").args(["-c", READER]).arg(path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn files(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

/// The one mail that this letter becomes.
async fn written(sender: Sender, letter: &Letter) -> Value {
    let folder = tempfile::tempdir().unwrap();
    Mailer::folder(sender, folder.path().to_owned()).send(letter, NOW).await.unwrap();
    let [file] = &files(folder.path())[..] else { panic!() };
    read(&folder.path().join(file))
}

#[tokio::test]
async fn a_file_holds_what_the_letter_says() {
    for letter in letters() {
        let mail = written(sender(), &letter).await;
        let Rendered { subject, text, html } = letter.render(&sender());
        let expected = json!({
            "headers": ["message-id", "date", "from", "to", "subject", "mime-version", "content-type"],
            "from": [["Tom & \"Jerry\" <3", "noreply@example.com"]],
            "to": [["", "ada.o'neill&co@xn--mnchen-3ya.example"]],
            "subject": subject,
            "date": 1_790_000_000.0,
            "type": "multipart/alternative",
            "parts": { "text/plain": text, "text/html": html },
            "defects": [],
        });
        assert_eq!(mail, expected, "{letter:?}");
    }
}

#[tokio::test]
async fn no_name_writes_a_header() {
    const EVIL: &str = "x\r\nBcc: evil@example.com\r\n\r\n<b>";
    let honest = written(sender(), &letters()[0]).await;
    for name in
        [EVIL, "\r\n.\r\nBcc: evil@example.com", "日本🦀\u{2028}é", &"é".repeat(64), &"x".repeat(2000)]
    {
        let to = Email::parse("ada@example.com").unwrap();
        let letter = Letter::Reset { to, username: name.to_owned(), code: Code::random().unwrap() };
        let mail = written(Sender { app_name: name.to_owned(), ..sender() }, &letter).await;
        assert_eq!(mail["headers"], honest["headers"], "{name:?}");
        assert_eq!(mail["from"].as_array().unwrap().len(), 1, "{name:?}");
        assert_eq!(mail["from"][0][1], "noreply@example.com", "{name:?}");
        assert_eq!(mail["to"], json!([["", "ada@example.com"]]), "{name:?}");
        assert_eq!(mail["parts"].as_object().unwrap().len(), 2, "{name:?}");
    }
}

#[tokio::test]
async fn an_address_that_is_none_becomes_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let mailer = Mailer::folder(sender(), folder.path().to_owned());
    for address in ["josé@example.com", "a@b.example\r\nBcc: c@d.example", "a@b.example>, <c@d.example"] {
        let to = Email::from_stored(address.to_owned());
        let letter = Letter::Notice { notice: Notice::AccountDeleted, to, username: "Ada".to_owned() };
        let error = mailer.send(&letter, NOW).await.unwrap_err();
        assert!(matches!(error, SendError::Unsendable), "{error:?}");
    }
    assert_eq!(files(folder.path()), [""; 0]);
}

#[tokio::test]
async fn files_sort_by_time_and_only_their_owner_reads_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/mail");
    let mailer = Mailer::folder(Sender { address: None, ..sender() }, path.clone());
    assert!(mailer.is_configured() && !path.exists());
    let letters = letters();
    for (letter, after) in [(&letters[5], 2), (&letters[0], 1), (&letters[0], 1), (&letters[1], 0)] {
        mailer.send(letter, NOW + std::time::Duration::from_millis(after)).await.unwrap();
    }
    let names = files(&path);
    let starts: Vec<_> = names.iter().map(|name| name.rsplit_once('-').unwrap().0).collect();
    assert_eq!(
        starts,
        ["1790000000250-in-use", "1790000000251-confirm", "1790000000251-confirm", "1790000000252-reset"]
    );
    for name in names {
        assert_eq!(fs::metadata(path.join(&name)).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(read(&path.join(&name))["from"][0][1], NOBODY);
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_an_error_that_may_pass() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mailer = Mailer::folder(sender(), file.path().to_owned());
    let error = mailer.send(&letters()[5], NOW).await.unwrap_err();
    assert!(matches!(error, SendError::Failed(_)) && !error.is_final(), "{error:?}");
    assert!(!format!("{error:?}").contains("neill"), "{error:?}");
}
