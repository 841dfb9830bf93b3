//! The mails that the service has sent: files in a folder beside the database.

use mail_parser::MessageParser;
use serde_json::Value;

use crate::event::Sender;
use crate::handlers::{Handlers, Response};

/// A mail.
#[derive(Clone, Debug)]
pub struct Received {
    pub to: String,
    pub subject: String,
    pub text: String,
}

impl Received {
    /// The code on a line of its own.
    #[track_caller]
    pub fn code(&self) -> String {
        let is_code = |line: &&str| {
            line.len() == 11
                && line.split_once('-').is_some_and(|(start, end)| start.len() == 5 && end.len() == 5)
        };
        self.text.lines().map(str::trim).find(is_code).expect("a code").to_owned()
    }

    pub fn has_code(&self) -> bool {
        self.text.lines().any(|line| line.trim().len() == 11 && line.trim().find('-') == Some(5))
    }
}

impl Handlers {
    /// All mails so far, in the order in which they were sent.
    pub fn mails(&self) -> Vec<Received> {
        let Ok(folder) = std::fs::read_dir(self.folder().join("mail")) else { return Vec::new() };
        let mut files: Vec<_> = folder.map(|file| file.unwrap().path()).collect();
        // Their names have the time of the tests, which stands still.
        files.sort_by_key(|file| file.metadata().unwrap().modified().unwrap());
        files.iter().map(|file| read(&std::fs::read(file).unwrap())).collect()
    }

    /// The mails to an address, by what they are about.
    pub fn mails_to(&self, address: &str) -> Vec<Received> {
        self.mails().into_iter().filter(|mail| mail.to == address).collect()
    }

    /// The last mail to an address.
    #[track_caller]
    pub fn last_mail_to(&self, address: &str) -> Received {
        self.mails_to(address).pop().expect("a mail")
    }

    /// `POST` to a route of `register`.
    pub async fn post(&self, path: &str, body: &Value) -> Response {
        self.register(Sender::HttpApi.at(path, Sender::HttpApi.post(&body.to_string()))).await
    }

    /// The same with an access token.
    pub async fn post_as(&self, token: &str, path: &str, body: &Value) -> Response {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        self.register(Sender::HttpApi.at(path, Sender::HttpApi.request("POST", &headers, &body.to_string())))
            .await
    }
}

fn read(file: &[u8]) -> Received {
    let mail = MessageParser::default().parse(file).unwrap();
    Received {
        to: mail.to().unwrap().first().unwrap().address().unwrap().to_owned(),
        subject: mail.subject().unwrap().to_owned(),
        text: mail.body_text(0).unwrap().into_owned(),
    }
}
