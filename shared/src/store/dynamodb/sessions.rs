//! Sessions of accounts: each is one attribute of the account's item, named after its slot.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemInputBuilder;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemInput};
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};

use super::DynamoDbStore;
use super::error::store_error;
use super::item::{Item, PK, account_key, read_account, session_attribute, session_value};
use crate::account::{Account, AccountId};
use crate::names::username::UsernameKey;
use crate::session::{self, Exchange, Session, SessionId};
use crate::store::{SessionError, StoreError};

/// The clause that ends all sessions.
pub(super) const REMOVE_SESSIONS: &str = "REMOVE session_0, session_1, session_2, session_3, session_4, session_5, \
                                          session_6, session_7, session_8, session_9";

const _: () = assert!(session::MAX == 10);

fn number(number: impl Into<u64>) -> AttributeValue {
    AttributeValue::N(number.into().to_string())
}

impl DynamoDbStore {
    fn update(&self, name: &UsernameKey) -> UpdateItemInputBuilder {
        UpdateItemInput::builder()
            .table_name(&self.table)
            .key(PK, account_key(name))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    /// Makes a conditional update. Returns the item as the update asks for it, or the item that fails the condition.
    async fn change_if(&self, update: UpdateItemInputBuilder) -> Result<Option<Item>, Unchanged> {
        let failure = match self.client.call(update.build()).await {
            Ok(updated) => return Ok(updated.attributes),
            Err(failure) => failure,
        };
        match failure.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                Err(Unchanged::Because(failed.item.clone()))
            }
            _ => Err(Unchanged::Failed(store_error(failure))),
        }
    }

    pub(super) async fn put_session(&self, account: &Account, session: &Session) -> Result<(), SessionError> {
        let slot = session.id.slot();
        let update = self
            .update(account.username.key())
            .update_expression("SET #session = :session")
            .expression_attribute_names("#session", session_attribute(slot))
            .expression_attribute_values(":session", session_value(session))
            .expression_attribute_values(":id", AttributeValue::S(account.id.to_string()))
            .expression_attribute_values(":version", number(account.token_version))
            .expression_attribute_values(":no", AttributeValue::Bool(false));
        let condition = "id = :id AND token_version = :version AND disabled = :no";
        let update = match account.sessions.in_slot(slot) {
            None => update.condition_expression(format!("{condition} AND attribute_not_exists(#session)")),
            Some(seen) => update
                .condition_expression(format!(
                    "{condition} AND #session.id = :seen AND #session.#counter = :counter"
                ))
                .expression_attribute_names("#counter", "counter")
                .expression_attribute_values(":seen", AttributeValue::S(seen.id.to_string()))
                .expression_attribute_values(":counter", number(seen.counter)),
        };
        let Err(unchanged) = self.change_if(update).await else { return Ok(()) };
        match unchanged.account()? {
            // This is the repetition of a write whose response was lost.
            Some(found) if found.sessions.get(&session.id).is_some() => Ok(()),
            found => Err(SessionError::Changed(found.map(Box::new))),
        }
    }

    pub(super) async fn exchange_token(
        &self,
        name: &UsernameKey,
        exchange: &Exchange,
    ) -> Result<Account, SessionError> {
        let update = self
            .update(name)
            .update_expression(
                "SET #session.#counter = :next, #session.exchanged = :token, #session.used_at = :now, \
                 #session.late = #session.late + :late",
            )
            .condition_expression(
                "#session.id = :session AND #session.#counter = :current AND #session.token_version = token_version \
                 AND disabled = :no AND #session.used_at > :used_after AND #session.created_at > :created_after",
            )
            .expression_attribute_names("#session", session_attribute(exchange.session.slot()))
            .expression_attribute_names("#counter", "counter")
            .expression_attribute_values(":session", AttributeValue::S(exchange.session.to_string()))
            .expression_attribute_values(":current", number(exchange.current))
            .expression_attribute_values(":next", number(exchange.next()))
            .expression_attribute_values(":token", number(exchange.token))
            .expression_attribute_values(":now", number(exchange.now.seconds()))
            .expression_attribute_values(":late", number(u32::from(exchange.is_late)))
            .expression_attribute_values(":used_after", number(exchange.used_after().seconds()))
            .expression_attribute_values(":created_after", number(exchange.created_after().seconds()))
            .expression_attribute_values(":no", AttributeValue::Bool(false))
            .return_values(ReturnValue::AllNew);
        match self.change_if(update).await {
            Ok(item) => Ok(read_account(&item.unwrap_or_default())?),
            Err(unchanged) => Err(SessionError::Changed(unchanged.account()?.map(Box::new))),
        }
    }

    pub(super) async fn remove_session(
        &self,
        name: &UsernameKey,
        session: &SessionId,
    ) -> Result<bool, StoreError> {
        let update = self
            .update(name)
            .update_expression("REMOVE #session")
            .condition_expression("#session.id = :session")
            .expression_attribute_names("#session", session_attribute(session.slot()))
            .expression_attribute_values(":session", AttributeValue::S(session.to_string()));
        match self.change_if(update).await {
            Ok(_) => Ok(true),
            Err(Unchanged::Because(_)) => Ok(false),
            Err(Unchanged::Failed(error)) => Err(error),
        }
    }

    pub(super) async fn raise_token_version(
        &self,
        name: &UsernameKey,
        id: AccountId,
    ) -> Result<bool, StoreError> {
        let update = self
            .update(name)
            .update_expression(format!("ADD token_version :one {REMOVE_SESSIONS}"))
            .condition_expression("id = :id AND token_version < :most")
            .expression_attribute_values(":id", AttributeValue::S(id.to_string()))
            .expression_attribute_values(":one", number(1_u64))
            .expression_attribute_values(":most", number(u32::MAX));
        match self.change_if(update).await {
            Ok(_) => Ok(true),
            Err(Unchanged::Because(_)) => Ok(false),
            Err(Unchanged::Failed(error)) => Err(error),
        }
    }
}

/// A conditional update changed nothing.
enum Unchanged {
    /// The item does not meet the condition.
    Because(Option<Item>),
    /// The store failed.
    Failed(StoreError),
}

impl Unchanged {
    /// The account as it is, where that is the cause.
    fn account(self) -> Result<Option<Account>, StoreError> {
        match self {
            Self::Because(item) => item.map(|item| read_account(&item)).transpose(),
            Self::Failed(error) => Err(error),
        }
    }
}
