//! Sessions of accounts: each is one attribute of the account's item, named after its slot.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};

use super::DynamoDbStore;
use super::item::{account_key, read_account, session_attribute, session_value};
use super::write::number;
use crate::account::{Account, AccountId};
use crate::names::username::UsernameKey;
use crate::session::{self, Exchange, Session, SessionId};
use crate::store::{SessionError, StoreError};

/// The clause that ends all sessions.
pub(super) const REMOVE_SESSIONS: &str = "REMOVE session_0, session_1, session_2, session_3, session_4, session_5, \
                                          session_6, session_7, session_8, session_9";

const _: () = assert!(session::MAX == 10);

impl DynamoDbStore {
    pub(super) async fn put_session(&self, account: &Account, session: &Session) -> Result<(), SessionError> {
        let slot = session.id.slot();
        let update = self
            .update(account_key(account.username.key()))
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
            .update(account_key(name))
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
            .update(account_key(name))
            .update_expression("REMOVE #session")
            .condition_expression("#session.id = :session")
            .expression_attribute_names("#session", session_attribute(session.slot()))
            .expression_attribute_values(":session", AttributeValue::S(session.to_string()));
        self.is_changed(update).await
    }

    pub(super) async fn raise_token_version(
        &self,
        name: &UsernameKey,
        id: AccountId,
    ) -> Result<bool, StoreError> {
        let update = self
            .update(account_key(name))
            .update_expression(format!("ADD token_version :one {REMOVE_SESSIONS}"))
            .condition_expression("id = :id AND token_version < :most")
            .expression_attribute_values(":id", AttributeValue::S(id.to_string()))
            .expression_attribute_values(":one", number(1_u64))
            .expression_attribute_values(":most", number(u32::MAX));
        self.is_changed(update).await
    }
}
