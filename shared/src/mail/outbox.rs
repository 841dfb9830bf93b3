//! Mails that wait in the outbox of a store.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::account::{Account, AccountId};
use crate::hex;
use crate::names::email::Email;
use crate::names::username::UsernameKey;
use crate::random::{self, NoRandomness};
use crate::time::Timestamp;

/// Time after which a mail that could not be sent is forgotten.
pub const LIFETIME: Duration = Duration::from_hours(24);

/// Prefix of the keys of mails, by which `template.yaml` tells them in the table's stream.
const KEY_PREFIX: &str = "MAIL#";

/// A mail's id: 32 hexadecimal digits of 128 random bits.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MailId(String);

impl MailId {
    /// A new id.
    ///
    /// # Errors
    ///
    /// When the operating system has no randomness.
    pub fn random() -> Result<Self, NoRandomness> {
        Ok(Self(hex::encode(&random::bytes::<16>()?)))
    }

    /// Reads an id; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (text.len() == 32 && text.bytes().all(is_digit)).then(|| Self(text.to_owned()))
    }

    /// Reads the key of a mail in a table; `None` for any other key.
    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
        Self::parse(key.strip_prefix(KEY_PREFIX)?)
    }

    /// The key of the mail in a table.
    #[must_use]
    pub fn to_key(&self) -> String {
        format!("{KEY_PREFIX}{}", self.0)
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A mail that waits to be sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mail {
    /// The id.
    pub id: MailId,
    /// What it is to say, and to whom.
    pub request: MailRequest,
    /// Whole seconds.
    pub expires_at: Timestamp,
}

impl Mail {
    /// A new mail.
    ///
    /// # Errors
    ///
    /// When the operating system has no randomness.
    pub fn new(request: MailRequest, now: Timestamp) -> Result<Self, NoRandomness> {
        Ok(Self { id: MailId::random()?, request, expires_at: (now + LIFETIME).whole_seconds() })
    }
}

/// What a mail is to say, and to whom, as it is stored. It holds no code: that is made when the mail is sent. `Debug` shows
/// nothing.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MailRequest {
    /// A code for a new password, to the address of an account, if somebody has it.
    Reset(Sought),
    /// A code that confirms that an address is an account's.
    Confirm(Addressed),
    /// News of an account.
    Notice(Notice, Addressed),
}

/// The way to an account that need not be there.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sought {
    /// By its email.
    Email(String),
    /// By its username.
    Username(String),
}

/// An account and an address.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
pub struct Addressed {
    /// The id of the account, as a text.
    pub account_id: String,
    /// The username, as typed at registration.
    pub username: String,
    /// The address that the mail goes to.
    pub email: String,
    /// The token version of the account when the mail was asked for.
    pub token_version: u32,
    /// The address that the account had then.
    pub former: Option<String>,
}

/// News of an account, for its owner.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// The account is deleted.
    AccountDeleted,
    /// Somebody with the password has asked for another address.
    EmailChanging,
    /// The password was changed or reset.
    PasswordChanged,
}

impl MailRequest {
    /// A code for a new password, for the account with this email.
    #[must_use]
    pub fn reset_by_email(email: &Email) -> Self {
        Self::Reset(Sought::Email(email.as_str().to_owned()))
    }

    /// A code for a new password, for the account with this username.
    #[must_use]
    pub fn reset_by_username(name: &UsernameKey) -> Self {
        Self::Reset(Sought::Username(name.as_str().to_owned()))
    }

    /// A code that confirms an address of an account.
    #[must_use]
    pub fn confirm(account: &Account, email: &Email) -> Self {
        Self::Confirm(Addressed::of(account, email))
    }

    /// The account, where it is known.
    #[must_use]
    pub fn account_id(&self) -> Option<AccountId> {
        match self {
            Self::Reset(_) => None,
            Self::Confirm(addressed) | Self::Notice(_, addressed) => addressed.id(),
        }
    }

    /// News for the owner of an account, at its address; `None` if it has none.
    #[must_use]
    pub fn notice(notice: Notice, account: &Account) -> Option<Self> {
        Some(Self::Notice(notice, Addressed::of(account, account.email.as_ref()?)))
    }
}

impl Addressed {
    fn of(account: &Account, email: &Email) -> Self {
        Self {
            account_id: account.id.to_string(),
            username: account.username.as_str().to_owned(),
            email: email.as_str().to_owned(),
            token_version: account.token_version,
            former: account.email.as_ref().map(|email| email.as_str().to_owned()),
        }
    }

    /// The id of the account.
    #[must_use]
    pub fn id(&self) -> Option<AccountId> {
        AccountId::parse(&self.account_id)
    }

    /// `true` if the account is the one that asked, and has not ended its tokens or got another address since.
    #[must_use]
    pub fn is_of(&self, account: &Account) -> bool {
        let former = self.former.as_deref() == account.email.as_ref().map(Email::as_str);
        former && (self.id(), self.token_version) == (Some(account.id), account.token_version)
    }
}

impl fmt::Debug for MailRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailRequest(***)")
    }
}

impl fmt::Debug for Sought {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sought(***)")
    }
}

impl fmt::Debug for Addressed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Addressed(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_in_one_form() {
        let id = MailId::random().unwrap();
        assert_eq!(MailId::parse(id.as_str()), Some(id.clone()));
        for text in [
            "",
            "0",
            &id.as_str().to_uppercase().replace(|c: char| c.is_ascii_digit(), "A"),
            "g0000000000000000000000000000000",
        ] {
            assert_eq!(MailId::parse(text), None, "{text}");
        }
    }

    #[test]
    fn nothing_shows_an_address() {
        let email = Email::parse("ada@example.com").unwrap();
        assert_eq!(format!("{:?}", MailRequest::reset_by_email(&email)), "MailRequest(***)");
    }

    /// Mails wait for a day: the version after reads what the version before has written.
    #[test]
    fn the_stored_form_stays() {
        let stored = [
            r#"{"reset":{"email":"ada@example.com"}}"#,
            r#"{"reset":{"username":"ada"}}"#,
            r#"{"confirm":{"account_id":"1","username":"Ada","email":"a@b.example","token_version":0,"former":null}}"#,
            r#"{"notice":["password_changed",{"account_id":"1","username":"Ada","email":"a@b.example","token_version":1,"former":"a@b.example"}]}"#,
        ];
        for json in stored {
            let request: MailRequest = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&request).unwrap(), json);
        }
    }
}
