//! Carrying over what has changed in another system: one update, or a transaction where the address is another one.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemInputBuilder;
use aws_sdk_dynamodb::types::AttributeValue;

use super::DynamoDbStore;
use super::item::{IMPORTED, account_key, email_item, email_key, session_attribute};
use super::transaction::{FREE_OR_OWN, Unwritten, in_transaction};
use super::write::{Unchanged, number, text};
use crate::account::{Account, Status};
use crate::names::email::Email;
use crate::session;
use crate::store::StoreError;
use crate::store::operator::CarryOver;

impl DynamoDbStore {
    pub(super) async fn put_carried_over(
        &self,
        seen: &Account,
        next: &Account,
    ) -> Result<CarryOver, StoreError> {
        let update = replacement(self.update(account_key(seen.username.key())), seen, next);
        if seen.email.as_ref().map(Email::key) == next.email.as_ref().map(Email::key) {
            return match self.change_if(update).await {
                Ok(_) => Ok(CarryOver::Yes),
                Err(Unchanged::Because(_)) => Ok(CarryOver::Changed),
                Err(Unchanged::Failed(error)) => Err(error),
            };
        }
        let id = [(":id", text(seen.id.to_string()))];
        let mut writes = vec![in_transaction(update)?];
        if let Some(email) = &next.email {
            writes.push(self.put_if(email_item(next, email), FREE_OR_OWN, &id)?);
        }
        if let Some(email) = &seen.email {
            writes.push(self.delete_if(email_key(email.key()), FREE_OR_OWN, &id)?);
        }
        match self.transact(writes).await {
            Ok(()) => Ok(CarryOver::Yes),
            Err(Unwritten::Failed(error)) => Err(error),
            Err(Unwritten::Because(unmet)) if unmet.is(0) => Ok(CarryOver::Changed),
            Err(Unwritten::Because(_)) => Ok(CarryOver::EmailTaken),
        }
    }
}

/// The update of the account's item, if it is as it was seen.
fn replacement(update: UpdateItemInputBuilder, seen: &Account, next: &Account) -> UpdateItemInputBuilder {
    let mut set = vec![
        "password_hash = :hash",
        "token_version = :version",
        "disabled = :disabled",
        "email_verified = :verified",
    ];
    let ends_sessions = next.token_version != seen.token_version;
    let mut removed: Vec<_> = (0..session::MAX).filter(|_| ends_sessions).map(session_attribute).collect();
    let mut update = if_as_seen(update, seen)
        .expression_attribute_values(":hash", text(next.password_hash.as_str()))
        .expression_attribute_values(":version", number(next.token_version))
        .expression_attribute_values(":disabled", is_disabled(next))
        .expression_attribute_values(":verified", AttributeValue::Bool(next.email_verified));
    if let Some(external) = &next.external_id {
        set.push("external_id = :external");
        update = update.expression_attribute_values(":external", text(external.as_str()));
    }
    match &next.imported {
        Some(imported) => {
            set.push("imported = :imported");
            update = update.expression_attribute_values(":imported", text(imported.to_string()));
        }
        None => removed.push(IMPORTED.to_owned()),
    }
    match &next.email {
        Some(email) => {
            set.push("email = :email");
            update = update.expression_attribute_values(":email", text(email.as_str()));
        }
        None => removed.push("email".to_owned()),
    }
    let remove = if removed.is_empty() { String::new() } else { format!(" REMOVE {}", removed.join(", ")) };
    update.update_expression(format!("SET {}{remove}", set.join(", ")))
}

/// The condition that an account is as it was seen in what is replaced, and not pending.
fn if_as_seen(update: UpdateItemInputBuilder, seen: &Account) -> UpdateItemInputBuilder {
    let verified = if seen.email_verified {
        "email_verified = :seen_verified"
    } else {
        "(email_verified = :seen_verified OR attribute_not_exists(email_verified))"
    };
    let email = if seen.email.is_some() { "email = :seen_email" } else { "attribute_not_exists(email)" };
    let update = update
        .condition_expression(format!(
            "id = :id AND password_hash = :seen_hash AND token_version = :seen_version \
             AND disabled = :seen_disabled AND {verified} AND {email} AND attribute_not_exists(expires_at)"
        ))
        .expression_attribute_values(":id", text(seen.id.to_string()))
        .expression_attribute_values(":seen_hash", text(seen.password_hash.as_str()))
        .expression_attribute_values(":seen_version", number(seen.token_version))
        .expression_attribute_values(":seen_disabled", is_disabled(seen))
        .expression_attribute_values(":seen_verified", AttributeValue::Bool(seen.email_verified));
    match &seen.email {
        Some(email) => update.expression_attribute_values(":seen_email", text(email.as_str())),
        None => update,
    }
}

fn is_disabled(account: &Account) -> AttributeValue {
    AttributeValue::Bool(account.status == Status::Disabled)
}
