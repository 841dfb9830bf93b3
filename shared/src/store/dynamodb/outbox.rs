//! Mails that wait: an item each, whose writing calls for its delivery through the table's stream.

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemInput;
use aws_sdk_dynamodb::operation::put_item::PutItemInput;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};

use super::DynamoDbStore;
use super::error::store_error;
use super::item::{EXPIRES_AT, Item, PK, broken, read_number, read_text};
use super::write::{Unchanged, number, text};
use crate::deadlines::TAKEN_FOR;
use crate::mail::{Mail, MailId};
use crate::store::{Outbox, StoreError, Taken};
use crate::time::Timestamp;

/// The attribute with the JSON of [`MailRequest`](crate::mail::MailRequest).
const REQUEST: &str = "request";

#[async_trait]
impl Outbox for DynamoDbStore {
    async fn post(&self, mail: &Mail) -> Result<(), StoreError> {
        let put = PutItemInput::builder().table_name(&self.table).set_item(Some(mail_item(mail)?));
        self.client.call(put.build()).await.map_err(store_error)?;
        Ok(())
    }

    /// A repetition after a lost response finds the mail taken. The delivery is tried again then, when that has passed.
    async fn take(&self, id: &MailId, now: Timestamp) -> Result<Taken, StoreError> {
        let update = self
            .update(mail_key(id))
            .update_expression("SET taken_until = :until")
            .condition_expression(
                "expires_at > :seconds AND (attribute_not_exists(taken_until) OR taken_until <= :millis)",
            )
            .expression_attribute_values(":until", number((now + TAKEN_FOR).millis()))
            .expression_attribute_values(":seconds", number(now.seconds()))
            .expression_attribute_values(":millis", number(now.millis()))
            .return_values(ReturnValue::AllNew);
        match self.change_if(update).await {
            Ok(item) => Ok(Taken::Mail(read_mail(id, &item.unwrap_or_default())?)),
            Err(Unchanged::Because(Some(item))) if expires_at(&item)? > now => Ok(Taken::Busy),
            Err(Unchanged::Because(_)) => Ok(Taken::Gone),
            Err(Unchanged::Failed(error)) => Err(error),
        }
    }

    async fn forget(&self, id: &MailId) -> Result<(), StoreError> {
        let delete = DeleteItemInput::builder().table_name(&self.table).key(PK, mail_key(id));
        self.client.call(delete.build()).await.map_err(store_error)?;
        Ok(())
    }

    async fn waiting(&self, _: Timestamp) -> Result<Vec<MailId>, StoreError> {
        Ok(Vec::new())
    }
}

fn mail_key(id: &MailId) -> AttributeValue {
    AttributeValue::S(id.to_key())
}

/// The item of a mail.
pub(super) fn mail_item(mail: &Mail) -> Result<Item, StoreError> {
    let request = serde_json::to_string(&mail.request).map_err(|error| StoreError::Broken(error.into()))?;
    Ok(Item::from([
        (PK.to_owned(), mail_key(&mail.id)),
        (REQUEST.to_owned(), text(request)),
        (EXPIRES_AT.to_owned(), number(mail.expires_at.seconds())),
    ]))
}

fn read_mail(id: &MailId, item: &Item) -> Result<Mail, StoreError> {
    // The error of the parser may quote the text.
    let request = serde_json::from_str(&read_text(item, REQUEST)?);
    let request = request.map_err(|_| broken("the request of a mail is malformed"))?;
    Ok(Mail { id: id.clone(), request, expires_at: expires_at(item)? })
}

fn expires_at(item: &Item) -> Result<Timestamp, StoreError> {
    Ok(Timestamp::from_seconds(read_number(item, EXPIRES_AT)?))
}
