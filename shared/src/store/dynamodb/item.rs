//! Items of the table, and what they mean.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::types::AttributeValue;

use crate::account::{Account, AccountId, Status};
use crate::limits::client_ip::Window;
use crate::limits::lockout::{self, Failures};
use crate::names::email::Email;
use crate::names::username::{Username, UsernameKey};
use crate::password::hash::PasswordHash;
use crate::store::StoreError;

/// The partition key, the table's only key.
pub(super) const PK: &str = "pk";

/// What DynamoDB keeps under a key.
pub(super) type Item = HashMap<String, AttributeValue>;

/// How the keys of accounts begin.
pub(super) const ACCOUNT_PREFIX: &str = "USERNAME#";

/// Where the account of this name is.
pub(super) fn account_key(name: &UsernameKey) -> AttributeValue {
    AttributeValue::S(format!("{ACCOUNT_PREFIX}{}", name.as_str()))
}

/// The item of an account. Below 1 KB for names of usual length, so that it costs one write unit.
pub(super) fn account_item(account: &Account) -> Result<Item, StoreError> {
    let created_at = account.created_at.duration_since(UNIX_EPOCH).map_err(|_| broken("made before 1970"))?;
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let mut item = Item::from([
        (PK.to_owned(), account_key(account.username.key())),
        ("id".to_owned(), text(&account.id.to_string())),
        ("username".to_owned(), text(account.username.as_str())),
        ("password_hash".to_owned(), text(account.password_hash.as_str())),
        ("token_version".to_owned(), AttributeValue::N(account.token_version.to_string())),
        ("disabled".to_owned(), AttributeValue::Bool(account.status == Status::Disabled)),
        ("created_at".to_owned(), AttributeValue::N(created_at.as_secs().to_string())),
    ]);
    if let Some(email) = &account.email {
        item.insert("email".to_owned(), text(email.as_str()));
    }
    Ok(item)
}

/// Where the marker of this email address is.
pub(super) fn email_key(email: &Email) -> AttributeValue {
    AttributeValue::S(format!("EMAIL#{}", email.key().as_str()))
}

/// The marker of an email address in use.
pub(super) fn email_item(account: &Account, email: &Email) -> Item {
    Item::from([
        (PK.to_owned(), email_key(email)),
        ("id".to_owned(), AttributeValue::S(account.id.to_string())),
    ])
}

/// Where the failed attempts at this name are.
pub(super) fn failures_key(name: &UsernameKey) -> AttributeValue {
    AttributeValue::S(format!("ATTEMPTS#{}", lockout::digest(name)))
}

/// The item of failed attempts. Its `expires_at` is when DynamoDB may delete it.
pub(super) fn failures_item(name: &UsernameKey, attempts: &Failures) -> Item {
    Item::from([
        (PK.to_owned(), failures_key(name)),
        ("failures".to_owned(), AttributeValue::N(attempts.failures.to_string())),
        ("locked_until".to_owned(), AttributeValue::N(attempts.locked_until.to_string())),
        ("expires_at".to_owned(), AttributeValue::N(attempts.expires_at.to_string())),
        ("version".to_owned(), AttributeValue::S(attempts.version.clone())),
    ])
}

/// Reads the item of failed attempts.
pub(super) fn read_failures(item: &Item) -> Result<Failures, StoreError> {
    Ok(Failures {
        failures: read_number(item, "failures")?,
        locked_until: read_number(item, "locked_until")?,
        expires_at: read_number(item, "expires_at")?,
        version: read(item, "version", |text| Some(text.to_owned()))?,
    })
}

/// Where the requests of an address are counted.
pub(super) fn window_key(window: &Window) -> AttributeValue {
    AttributeValue::S(format!("ADDRESS#{}", window.key))
}

/// The id of the account that an item belongs to.
pub(super) fn holder(item: &Item) -> Option<&str> {
    item.get("id")?.as_s().ok().map(String::as_str)
}

/// Reads the item of an account, whose values are checked like any other input.
pub(super) fn read_account(item: &Item) -> Result<Account, StoreError> {
    let status = match item.get("disabled") {
        Some(AttributeValue::Bool(true)) => Status::Disabled,
        Some(AttributeValue::Bool(false)) => Status::Active,
        _ => return Err(broken("an item that does not say whether it is disabled")),
    };
    let email = match item.get("email") {
        None => None,
        Some(_) => Some(read(item, "email", |text| Email::parse(text).ok())?),
    };
    let seconds: u64 = read_number(item, "created_at")?;
    Ok(Account {
        id: read(item, "id", AccountId::parse)?,
        username: read(item, "username", |text| Username::parse(text).ok())?,
        email,
        password_hash: read(item, "password_hash", |text| Some(PasswordHash::from_stored(text.to_owned())))?,
        token_version: read_number(item, "token_version")?,
        status,
        created_at: SystemTime::UNIX_EPOCH
            .checked_add(Duration::from_secs(seconds))
            .ok_or_else(|| broken("an item from beyond all time"))?,
    })
}

fn read<T>(item: &Item, attribute: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, StoreError> {
    let text = item.get(attribute).and_then(|value| value.as_s().ok());
    text.and_then(|text| parse(text)).ok_or_else(|| broken(&format!("an item without a proper {attribute}")))
}

pub(super) fn read_number<N: std::str::FromStr>(item: &Item, attribute: &str) -> Result<N, StoreError> {
    let number = item.get(attribute).and_then(|value| value.as_n().ok());
    number
        .and_then(|number| number.parse().ok())
        .ok_or_else(|| broken(&format!("an item without a proper {attribute}")))
}

fn broken(problem: &str) -> StoreError {
    StoreError::Broken(problem.into())
}
