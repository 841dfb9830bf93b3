//! Codes that were sent: an item for each key, with an attribute for each account.

use std::cmp::Reverse;

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::update_item::UpdateItemInput;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemInputBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};

use super::DynamoDbStore;
use super::error::store_error;
use super::item::{Item, PK, broken, read, read_number, read_text};
use super::write::{Unchanged, number, text};
use crate::account::AccountId;
use crate::code::{CodeDigest, CodeKey, MOST, PAUSE, SentCode, TRIES};
use crate::names::email::Email;
use crate::names::username::UsernameKey;
use crate::store::{Codes, StoreError};
use crate::time::Timestamp;

/// Prefix of the attributes of codes. The id of the account follows.
const CODE_PREFIX: &str = "code_";

#[async_trait]
impl Codes for DynamoDbStore {
    async fn put_code(&self, key: &CodeKey, code: &SentCode) -> Result<bool, StoreError> {
        let update = self
            .update(code_key(key))
            .update_expression("SET #code = :code, tries = :zero, expires_at = :end")
            .condition_expression(
                "attribute_not_exists(#code) OR #code.mail = :mail OR #code.sent_at <= :pause_ago",
            )
            .expression_attribute_names("#code", attribute(code.account_id))
            .expression_attribute_values(":code", code_value(code))
            .expression_attribute_values(":zero", number(0_u64))
            .expression_attribute_values(":end", number(code.ends_at(key).seconds()))
            .expression_attribute_values(":mail", text(&code.mail))
            .expression_attribute_values(":pause_ago", number(code.sent_at.minus(PAUSE).seconds()))
            .return_values(ReturnValue::AllNew);
        match self.change_if(update).await {
            Ok(item) => self.drop_oldest(key, &item.unwrap_or_default()).await.map(|()| true),
            Err(Unchanged::Because(_)) => Ok(false),
            Err(Unchanged::Failed(error)) => Err(error),
        }
    }

    /// One write, also where there is no code or no try is left: one that fails takes another time. So every key that is tried
    /// gets an item, which ends as a code does. A try may be counted twice when the response of the first attempt was lost.
    async fn try_code(&self, key: &CodeKey, now: Timestamp) -> Result<Vec<SentCode>, StoreError> {
        let end = (now + key.lifetime()).whole_seconds();
        let update = UpdateItemInput::builder()
            .table_name(&self.table)
            .key(PK, code_key(key))
            .update_expression(
                "SET tries = if_not_exists(tries, :zero) + :one, expires_at = if_not_exists(expires_at, :end)",
            )
            .expression_attribute_values(":zero", number(0_u64))
            .expression_attribute_values(":one", number(1_u64))
            .expression_attribute_values(":end", number(end.seconds()))
            .return_values(ReturnValue::AllNew);
        let updated = self.write(update.build()).await.map_err(store_error)?;
        let item = updated.attributes.unwrap_or_default();
        if read_number::<u32>(&item, "tries")? > TRIES {
            return Ok(Vec::new());
        }
        // The item is there until the end of the last one, and some days longer.
        Ok(read_codes(&item)?.into_iter().filter(|code| code.ends_at(key) > now).collect())
    }
}

impl DynamoDbStore {
    /// Removes the oldest codes beyond [`MOST`]: an item has a largest size, which strangers could reach at the address of another.
    async fn drop_oldest(&self, key: &CodeKey, item: &Item) -> Result<(), StoreError> {
        let mut codes = read_codes(item)?;
        codes.sort_by_key(|code| Reverse(code.sent_at));
        let oldest: Vec<_> = codes.iter().skip(MOST).map(|code| attribute(code.account_id)).collect();
        if oldest.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = (0..oldest.len()).map(|place| format!("#code{place}")).collect();
        let update = self
            .update(code_key(key))
            .update_expression(format!("REMOVE {}", names.join(", ")))
            .set_expression_attribute_names(Some(names.into_iter().zip(oldest).collect()));
        self.change_if(update).await.map(|_| ()).or_else(Unchanged::ignored)
    }

    /// The update that consumes a code.
    pub(super) fn consumption(&self, key: &CodeKey, code: &SentCode) -> UpdateItemInputBuilder {
        self.update(code_key(key))
            .update_expression("REMOVE #code")
            .condition_expression("#code.digest = :digest")
            .expression_attribute_names("#code", attribute(code.account_id))
            .expression_attribute_values(":digest", text(code.digest.as_str()))
    }
}

fn code_key(key: &CodeKey) -> AttributeValue {
    AttributeValue::S(format!("CODE#{}", key.as_str()))
}

fn attribute(id: AccountId) -> String {
    format!("{CODE_PREFIX}{id}")
}

fn code_value(code: &SentCode) -> AttributeValue {
    let mut value = Item::from([
        ("digest".to_owned(), text(code.digest.as_str())),
        ("username_key".to_owned(), text(code.username.as_str())),
        ("email".to_owned(), text(code.email.as_str())),
        ("mail".to_owned(), text(&code.mail)),
        ("sent_at".to_owned(), number(code.sent_at.seconds())),
        ("token_version".to_owned(), number(code.token_version)),
    ]);
    if let Some(former) = &code.former {
        value.insert("former".to_owned(), text(former.as_str()));
    }
    AttributeValue::M(value)
}

fn read_codes(item: &Item) -> Result<Vec<SentCode>, StoreError> {
    let codes = item.iter().filter_map(|(name, value)| Some((name.strip_prefix(CODE_PREFIX)?, value)));
    codes.map(|(id, value)| read_code(id, value)).collect()
}

fn read_code(id: &str, value: &AttributeValue) -> Result<SentCode, StoreError> {
    let account_id = AccountId::parse(id).ok_or_else(|| broken("a code is of no account"))?;
    let code = value.as_m().map_err(|_| broken("a code is no map"))?;
    let email = |attribute| read(code, attribute, |text| Some(Email::from_stored(text.to_owned())));
    Ok(SentCode {
        account_id,
        username: UsernameKey::from_stored(read_text(code, "username_key")?),
        email: email("email")?,
        digest: CodeDigest::from_stored(read_text(code, "digest")?),
        mail: read_text(code, "mail")?,
        sent_at: Timestamp::from_seconds(read_number(code, "sent_at")?),
        token_version: read_number(code, "token_version")?,
        former: code.contains_key("former").then(|| email("former")).transpose()?,
    })
}
