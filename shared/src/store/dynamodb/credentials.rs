//! Changes of credentials. Each is a transaction where it has more than the account to write.

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemInputBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, TransactWriteItem};

use super::DynamoDbStore;
use super::attempts::failures_key;
use super::item::{
    account_key, broken, deleted_item, email_item, email_key, id_key, read_account, session_attribute,
};
use super::outbox::mail_item;
use super::transaction::{FREE_OR_NAMED, FREE_OR_OWN, Unwritten, in_transaction};
use super::write::{no_higher_version, number, text};
use crate::account::Account;
use crate::code::{CodeKey, SentCode};
use crate::limits::lockout::FailuresKey;
use crate::mail::Mail;
use crate::password::hash::PasswordHash;
use crate::session::{self, SessionId};
use crate::store::{Confirmed, Credentials, StoreError};

/// The account waits for the confirmation of its address.
const PENDING: &str = "attribute_exists(expires_at)";

/// The account is like any other.
const NOT_PENDING: &str = "attribute_not_exists(expires_at)";

#[async_trait]
impl Credentials for DynamoDbStore {
    async fn change_password(
        &self,
        account: &Account,
        hash: &PasswordHash,
        kept: Option<&SessionId>,
        mail: Option<&Mail>,
    ) -> Result<Option<Account>, StoreError> {
        let next = account.with_password(hash, kept).ok_or_else(no_higher_version)?;
        let update = self
            .new_password(account, &next, kept, ("", ""), "password_hash = :old")
            .expression_attribute_values(":old", text(account.password_hash.as_str()));
        let Some(mail) = mail else { return self.change_one_item(update, &next).await };
        let writes = vec![in_transaction(update)?, self.put(mail_item(mail)?)?];
        // A transaction returns no item. A read would find a later account, whose tokens may have ended since.
        Ok(is_written(self.transact(writes).await)?.then_some(next))
    }

    async fn reset_password(
        &self,
        account: &Account,
        code: &SentCode,
        hash: &PasswordHash,
        mail: Option<&Mail>,
    ) -> Result<bool, StoreError> {
        let next = account.with_password(hash, None).ok_or_else(no_higher_version)?;
        let is_pending = account.pending_until.is_some();
        let condition = format!("email = :email AND {}", if is_pending { PENDING } else { NOT_PENDING });
        let removed = if is_pending { ", expires_at" } else { "" };
        let update = self
            .new_password(account, &next, None, (", email_verified = :yes", removed), &condition)
            .expression_attribute_values(":email", text(code.email.as_str()))
            .expression_attribute_values(":yes", AttributeValue::Bool(true));
        let mut writes = vec![
            in_transaction(update)?,
            in_transaction(self.consumption(&CodeKey::reset(account.id), code))?,
            self.delete_any(failures_key(&FailuresKey::of_name(account.username.key())))?,
        ];
        if is_pending {
            let id = [(":id", text(account.id.to_string()))];
            writes.push(self.put_if(email_item(account, &code.email), FREE_OR_OWN, &id)?);
        }
        if let Some(mail) = mail {
            writes.push(self.put(mail_item(mail)?)?);
        }
        is_written(self.transact(writes).await)
    }

    async fn confirm_email(&self, account: &Account, code: &SentCode) -> Result<Confirmed, StoreError> {
        let id = [(":id", text(account.id.to_string()))];
        let mut writes = vec![
            in_transaction(self.new_email(account, code))?,
            in_transaction(self.consumption(&CodeKey::email(code.email.key()), code))?,
            self.put_if(email_item(account, &code.email), FREE_OR_OWN, &id)?,
        ];
        if let Some(former) = account.own_email().filter(|former| former.key() != code.email.key()) {
            writes.push(self.delete_if(email_key(former.key()), FREE_OR_OWN, &id)?);
        }
        match self.transact(writes).await {
            Ok(()) => Ok(Confirmed::Yes),
            Err(Unwritten::Failed(error)) => Err(error),
            Err(Unwritten::Because(unmet)) if unmet.is(0) || unmet.is(1) => Ok(Confirmed::Changed),
            Err(Unwritten::Because(unmet)) if unmet.is(2) => Ok(Confirmed::Taken),
            Err(Unwritten::Because(_)) => Err(marked_as_anothers()),
        }
    }

    async fn delete(&self, account: &Account, mail: Option<&Mail>) -> Result<bool, StoreError> {
        match self.transact(self.deletion(account, mail)?).await {
            Ok(()) => Ok(true),
            Err(Unwritten::Failed(error)) => Err(error),
            // Without an item it is gone already.
            Err(Unwritten::Because(unmet)) if unmet.is(0) => Ok(unmet.item(0).is_none()),
            Err(Unwritten::Because(_)) => Err(marked_as_anothers()),
        }
    }
}

impl DynamoDbStore {
    /// The update to `next`, the account with another password, if `condition` holds and the account is as it was read.
    fn new_password(
        &self,
        account: &Account,
        next: &Account,
        kept: Option<&SessionId>,
        (set, removed): (&str, &str),
        condition: &str,
    ) -> UpdateItemInputBuilder {
        let slots = (0..session::MAX).filter(|slot| kept.is_none_or(|kept| kept.slot() != *slot));
        let ended = slots.map(session_attribute).collect::<Vec<_>>().join(", ");
        let as_read = "id = :id AND token_version = :version AND disabled = :no";
        let update = self
            .update(account_key(account.username.key()))
            .expression_attribute_values(":new", text(next.password_hash.as_str()))
            .expression_attribute_values(":next", number(next.token_version))
            .expression_attribute_values(":id", text(account.id.to_string()))
            .expression_attribute_values(":version", number(account.token_version))
            .expression_attribute_values(":no", AttributeValue::Bool(false));
        let set = format!("SET password_hash = :new, token_version = :next{set}");
        let Some(kept) = kept else {
            return update
                .update_expression(format!("{set} REMOVE {ended}{removed}"))
                .condition_expression(format!("{as_read} AND {condition}"));
        };
        update
            .update_expression(format!("{set}, #kept.token_version = :next REMOVE {ended}{removed}"))
            .condition_expression(format!(
                "{as_read} AND {condition} AND #kept.id = :kept AND #kept.token_version = :version"
            ))
            .expression_attribute_names("#kept", session_attribute(kept.slot()))
            .expression_attribute_values(":kept", text(kept.to_string()))
    }

    /// Writes the new password where no mail goes with it.
    async fn change_one_item(
        &self,
        update: UpdateItemInputBuilder,
        next: &Account,
    ) -> Result<Option<Account>, StoreError> {
        match self.change_if(update.return_values(ReturnValue::AllNew)).await {
            Ok(item) => Ok(Some(read_account(&item.unwrap_or_default())?)),
            Err(unchanged) => {
                // This is the repetition of a write whose response was lost.
                let is_own = |found: &Account| {
                    (found.id, found.token_version) == (next.id, next.token_version)
                        && found.password_hash == next.password_hash
                };
                Ok(unchanged.account()?.filter(is_own))
            }
        }
    }

    /// The update that makes an address the account's own, if it has the same one as when it was read, and has not ended its
    /// tokens since the code was asked for.
    fn new_email(&self, account: &Account, code: &SentCode) -> UpdateItemInputBuilder {
        let update = self
            .update(account_key(account.username.key()))
            .update_expression("SET email = :new, email_verified = :yes REMOVE expires_at")
            .condition_expression(format!(
                "id = :id AND token_version = :version AND disabled = :no AND {}",
                same_email(account)
            ))
            .expression_attribute_values(":new", text(code.email.as_str()))
            .expression_attribute_values(":version", number(code.token_version))
            .expression_attribute_values(":yes", AttributeValue::Bool(true))
            .expression_attribute_values(":id", text(account.id.to_string()))
            .expression_attribute_values(":no", AttributeValue::Bool(false));
        match &account.email {
            Some(former) => update.expression_attribute_values(":email", text(former.as_str())),
            None => update,
        }
    }

    /// Deletes the account and its markers, and keeps its id from coming back.
    fn deletion(&self, account: &Account, mail: Option<&Mail>) -> Result<Vec<TransactWriteItem>, StoreError> {
        let id = [(":id", text(account.id.to_string()))];
        let version = (":version", number(account.token_version));
        let email = account.email.iter().map(|email| (":email", text(email.as_str())));
        let values: Vec<_> = id.iter().cloned().chain([version]).chain(email).collect();
        let condition = format!("id = :id AND token_version = :version AND {}", same_email(account));
        let name = [(":name", text(account.username.key().as_str()))];
        let mut writes = vec![
            self.delete_if(account_key(account.username.key()), &condition, &values)?,
            self.put(deleted_item(account.id))?,
            self.delete_if(id_key(account.id), FREE_OR_NAMED, &name)?,
        ];
        if let Some(email) = account.own_email() {
            writes.push(self.delete_if(email_key(email.key()), FREE_OR_OWN, &id)?);
        }
        if let Some(mail) = mail {
            writes.push(self.put(mail_item(mail)?)?);
        }
        Ok(writes)
    }
}

/// The condition that an account has the address `:email`, or none, and is pending or not, as when it was read.
fn same_email(account: &Account) -> String {
    let email = if account.email.is_some() { "email = :email" } else { "attribute_not_exists(email)" };
    let pending = if account.pending_until.is_some() { PENDING } else { NOT_PENDING };
    format!("{email} AND {pending}")
}

fn is_written(result: Result<(), Unwritten>) -> Result<bool, StoreError> {
    match result {
        Ok(()) => Ok(true),
        Err(Unwritten::Because(_)) => Ok(false),
        Err(Unwritten::Failed(error)) => Err(error),
    }
}

fn marked_as_anothers() -> StoreError {
    broken("a marker of the account is another's")
}
