//! Items of the table, and what they mean.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::account::{Account, AccountId, ExternalId, Imported, Standing, Status};
use crate::limits::window::Window;
use crate::names::email::{Email, EmailKey};
use crate::names::username::{Username, UsernameKey};
use crate::password::hash::PasswordHash;
use crate::session::{self, Label, Session, SessionId, Sessions};
use crate::store::StoreError;
use crate::time::Timestamp;

/// The partition key, the table's only key.
pub(super) const PK: &str = "pk";

/// The attributes of one item.
pub(super) type Item = HashMap<String, AttributeValue>;

/// Prefix of the keys of accounts.
pub(super) const ACCOUNT_PREFIX: &str = "USERNAME#";

/// The table's TTL attribute. An account that is pending has it, with its end.
pub(super) const EXPIRES_AT: &str = "expires_at";

/// The attribute of an account whose owner has the mailbox. Its absence is `false`.
const EMAIL_VERIFIED: &str = "email_verified";

/// The attribute of an account that comes from another system.
const EXTERNAL_ID: &str = "external_id";

/// The attribute with what an import has read of it there.
pub(super) const IMPORTED: &str = "imported";

/// The key of the account with this name.
pub(super) fn account_key(name: &UsernameKey) -> AttributeValue {
    AttributeValue::S(format!("{ACCOUNT_PREFIX}{}", name.as_str()))
}

/// The item of an account. Below 1 KB for names of usual length, so that it costs one write unit.
pub(super) fn account_item(account: &Account) -> Item {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let mut item = Item::from([
        (PK.to_owned(), account_key(account.username.key())),
        ("id".to_owned(), text(&account.id.to_string())),
        ("username".to_owned(), text(account.username.as_str())),
        ("password_hash".to_owned(), text(account.password_hash.as_str())),
        ("token_version".to_owned(), AttributeValue::N(account.token_version.to_string())),
        ("disabled".to_owned(), AttributeValue::Bool(account.status == Status::Disabled)),
        ("created_at".to_owned(), AttributeValue::N(account.created_at.seconds().to_string())),
    ]);
    if let Some(email) = &account.email {
        item.insert("email".to_owned(), text(email.as_str()));
    }
    if let Some(external) = &account.external_id {
        item.insert(EXTERNAL_ID.to_owned(), text(external.as_str()));
    }
    if let Some(imported) = &account.imported {
        item.insert(IMPORTED.to_owned(), text(&imported.to_string()));
    }
    if account.email_verified {
        item.insert(EMAIL_VERIFIED.to_owned(), AttributeValue::Bool(true));
    }
    if let Some(end) = account.pending_until {
        item.insert(EXPIRES_AT.to_owned(), AttributeValue::N(end.seconds().to_string()));
    }
    item.extend(
        account.sessions.iter().map(|session| (session_attribute(session.id.slot()), session_value(session))),
    );
    item
}

/// The attribute of the session in a slot.
pub(super) fn session_attribute(slot: usize) -> String {
    format!("session_{slot}")
}

/// The value of a session.
pub(super) fn session_value(session: &Session) -> AttributeValue {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let number = |number: u64| AttributeValue::N(number.to_string());
    AttributeValue::M(HashMap::from([
        ("id".to_owned(), text(&session.id.to_string())),
        ("counter".to_owned(), number(session.counter.into())),
        ("exchanged".to_owned(), number(session.exchanged.into())),
        ("late".to_owned(), number(session.late.into())),
        ("created_at".to_owned(), number(session.created_at.seconds())),
        ("used_at".to_owned(), number(session.used_at.seconds())),
        ("token_version".to_owned(), number(session.token_version.into())),
        ("label".to_owned(), text(session.label.as_str())),
    ]))
}

/// Reads the session in a slot of an account's item.
pub(super) fn read_session(item: &Item, slot: usize) -> Result<Option<Session>, StoreError> {
    let Some(value) = item.get(&session_attribute(slot)) else { return Ok(None) };
    let session = value.as_m().map_err(|_| broken("a session is no map"))?;
    let id = read(session, "id", SessionId::parse)?;
    if id.slot() != slot {
        return Err(broken("a session is in the slot of another one"));
    }
    Ok(Some(Session {
        id,
        counter: read_number(session, "counter")?,
        exchanged: read_number(session, "exchanged")?,
        late: read_number(session, "late")?,
        created_at: Timestamp::from_seconds(read_number(session, "created_at")?),
        used_at: Timestamp::from_seconds(read_number(session, "used_at")?),
        token_version: read_number(session, "token_version")?,
        label: Label::from_stored(read_text(session, "label")?),
    }))
}

/// Reads all sessions of an account's item.
pub(super) fn read_sessions(item: &Item) -> Result<Sessions, StoreError> {
    let mut sessions = Sessions::default();
    for slot in 0..session::MAX {
        if let Some(session) = read_session(item, slot)? {
            sessions.put(session);
        }
    }
    Ok(sessions)
}

/// The key of the marker of this email.
pub(super) fn email_key(email: &EmailKey) -> AttributeValue {
    AttributeValue::S(format!("EMAIL#{}", email.as_str()))
}

/// The marker of an email in use.
pub(super) fn email_item(account: &Account, email: &Email) -> Item {
    let name = AttributeValue::S(account.username.key().as_str().to_owned());
    Item::from([
        (PK.to_owned(), email_key(email.key())),
        ("id".to_owned(), AttributeValue::S(account.id.to_string())),
        (USERNAME_KEY.to_owned(), name),
    ])
}

/// The key that keeps the id of a deleted account from coming back.
pub(super) fn deleted_key(id: AccountId) -> AttributeValue {
    AttributeValue::S(format!("DELETED#{id}"))
}

/// The item that does.
pub(super) fn deleted_item(id: AccountId) -> Item {
    Item::from([(PK.to_owned(), deleted_key(id))])
}

/// The attribute of the markers that lead to an account.
pub(super) const USERNAME_KEY: &str = "username_key";

/// The marker of an id that came with an account.
pub(super) fn id_item(account: &Account) -> Item {
    let name = AttributeValue::S(account.username.key().as_str().to_owned());
    Item::from([(PK.to_owned(), id_key(account.id)), (USERNAME_KEY.to_owned(), name)])
}

/// Its key.
pub(super) fn id_key(id: AccountId) -> AttributeValue {
    AttributeValue::S(format!("ID#{id}"))
}

/// The key of the counter of a client IP's requests in a window.
pub(super) fn window_key(window: &Window) -> AttributeValue {
    AttributeValue::S(format!("ADDRESS#{}", window.key))
}

/// The key of the published key set.
pub(super) fn key_set_key() -> AttributeValue {
    AttributeValue::S("KEYS".to_owned())
}

/// Its one attribute.
pub(super) const KEY_SET: &str = "key_set";

/// The id of the account that an item belongs to.
pub(super) fn holder(item: &Item) -> Option<&str> {
    item.get("id")?.as_s().ok().map(String::as_str)
}

/// Reads the attributes that tell whether an account may be used, and the session in a slot.
pub(super) fn read_standing(item: &Item, slot: Option<usize>) -> Result<Standing, StoreError> {
    let status = match item.get("disabled") {
        Some(AttributeValue::Bool(true)) => Status::Disabled,
        Some(AttributeValue::Bool(false)) => Status::Active,
        _ => return Err(broken("disabled is missing or not a boolean")),
    };
    let email_verified = match item.get(EMAIL_VERIFIED) {
        Some(AttributeValue::Bool(verified)) => *verified,
        None => false,
        _ => return Err(broken("email_verified is not a boolean")),
    };
    let has_external_id = item.contains_key(EXTERNAL_ID);
    let external_id = has_external_id.then(|| read_text(item, EXTERNAL_ID)).transpose()?;
    Ok(Standing {
        id: read(item, "id", AccountId::parse)?,
        external_id: external_id.map(ExternalId::from_stored),
        username: read_text(item, "username")?,
        token_version: read_number(item, "token_version")?,
        status,
        email_verified,
        session: slot.map(|slot| read_session(item, slot)).transpose()?.flatten(),
    })
}

/// Reads the item of an account. Types are checked; names are trusted, whatever grammar new ones have.
pub(super) fn read_account(item: &Item) -> Result<Account, StoreError> {
    let Standing { id, external_id, username, token_version, status, email_verified, .. } =
        read_standing(item, None)?;
    let email = match item.get("email") {
        None => None,
        Some(_) => Some(read(item, "email", |text| Some(Email::from_stored(text.to_owned())))?),
    };
    let key = read(item, PK, |pk| pk.strip_prefix(ACCOUNT_PREFIX).map(str::to_owned))?;
    let created_at = Timestamp::from_seconds(read_number(item, "created_at")?);
    created_at.to_system_time().ok_or_else(|| broken("created_at is out of range"))?;
    let is_pending = item.contains_key(EXPIRES_AT);
    let pending_until = is_pending.then(|| read_number(item, EXPIRES_AT)).transpose()?;
    Ok(Account {
        id,
        external_id,
        username: Username::from_stored(username, key),
        email,
        email_verified,
        pending_until: pending_until.map(Timestamp::from_seconds),
        password_hash: read(item, "password_hash", |text| Some(PasswordHash::from_stored(text.to_owned())))?,
        token_version,
        status,
        created_at,
        imported: item.contains_key(IMPORTED).then(|| read(item, IMPORTED, Imported::parse)).transpose()?,
        sessions: read_sessions(item)?,
    })
}

pub(super) fn read_text(item: &Item, attribute: &str) -> Result<String, StoreError> {
    read(item, attribute, |text| Some(text.to_owned()))
}

pub(super) fn read<T>(
    item: &Item,
    attribute: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<T, StoreError> {
    let text = item.get(attribute).and_then(|value| value.as_s().ok());
    text.and_then(|text| parse(text)).ok_or_else(|| broken(&format!("{attribute} is missing or malformed")))
}

pub(super) fn read_number<N: std::str::FromStr>(item: &Item, attribute: &str) -> Result<N, StoreError> {
    let number = item.get(attribute).and_then(|value| value.as_n().ok());
    number
        .and_then(|number| number.parse().ok())
        .ok_or_else(|| broken(&format!("{attribute} is missing or malformed")))
}

pub(super) fn broken(problem: &str) -> StoreError {
    StoreError::Broken(problem.into())
}
