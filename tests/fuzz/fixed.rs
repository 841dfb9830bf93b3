//! A store without state.

use async_trait::async_trait;
use shared::account::{Account, AccountId, Standing, Status};
use shared::code::{CodeKey, SentCode};
use shared::idempotency::IdempotencyKey;
use shared::limits::lockout::{Failures, FailuresKey};
use shared::limits::window::Window;
use shared::mail::{Mail, MailId, MailRequest};
use shared::names::email::EmailKey;
use shared::names::username::{Username, UsernameKey};
use shared::password::hash::PasswordHash;
use shared::session::{Exchange, Session, SessionId, Sessions};
use shared::store::{
    Accounts, Attempts, Codes, Confirmed, CreateError, Credentials, Logins, Outbox, Registrations,
    RequestCounts, SessionError, Standings, StoreError, SwapError, Taken,
};
use shared::time::Timestamp;

use crate::functions::{ALICE, LOCKED_SECONDS, NOW, session};

/// A store that keeps nothing. It has Alice, the disabled Bob, and Carol, whose first tokens are revoked, and no Nobody. For
/// Dave it is down. All other names are locked, which avoids the hash of most logins.
#[derive(Debug)]
pub struct Fixed {
    pub hash: PasswordHash,
}

#[async_trait]
impl Standings for Fixed {
    async fn standing(
        &self,
        name: &UsernameKey,
        session: Option<&SessionId>,
    ) -> Result<Option<Standing>, StoreError> {
        Ok(self.find(name).await?.map(|account| account.standing_in(session)))
    }
}

#[async_trait]
impl Accounts for Fixed {
    async fn find(&self, name: &UsernameKey) -> Result<Option<Account>, StoreError> {
        let (status, token_version) = match name.as_str() {
            "alice" => (Status::Active, 0),
            "bob" => (Status::Disabled, 0),
            "carol" => (Status::Active, 1),
            "nobody" => return Ok(None),
            _ => return Err(down()),
        };
        Ok(Some(Account {
            id: AccountId::parse(ALICE).unwrap(),
            username: Username::parse(name.as_str()).unwrap(),
            email: None,
            external_id: None,
            imported: None,
            email_verified: false,
            pending_until: None,
            password_hash: self.hash.clone(),
            token_version,
            status,
            created_at: Timestamp::EPOCH,
            sessions: Sessions::of(session()),
        }))
    }

    async fn name_of(&self, email: &EmailKey) -> Result<Option<UsernameKey>, StoreError> {
        Ok((email.as_str() == "alice@example.com").then(|| UsernameKey::of("alice")))
    }
}

#[async_trait]
impl Attempts for Fixed {
    async fn failures(&self, key: &FailuresKey) -> Result<Option<Failures>, StoreError> {
        let known = ["alice", "bob", "carol", "nobody", "dave"]
            .iter()
            .any(|name| *key == FailuresKey::of_name(&UsernameKey::of(name)));
        let locked = Failures {
            failures: 100,
            locked_until: Timestamp::from_seconds(NOW + LOCKED_SECONDS),
            expires_at: Timestamp::from_seconds(u64::MAX),
            version: String::new(),
        };
        Ok((!known).then_some(locked))
    }

    async fn swap_failures(
        &self,
        _: &FailuresKey,
        _: Option<&Failures>,
        _: Option<&Failures>,
    ) -> Result<(), SwapError> {
        Ok(())
    }
}

#[async_trait]
impl RequestCounts for Fixed {
    async fn requests(&self, window: &Window) -> Result<u64, StoreError> {
        self.count_request(window).await
    }

    /// Client IPs of one network are over the limit.
    async fn count_request(&self, window: &Window) -> Result<u64, StoreError> {
        let busy = window.key.contains("#198.51.100.");
        Ok(if busy { u64::MAX } else { 1 })
    }
}

#[async_trait]
impl Registrations for Fixed {
    async fn create(
        &self,
        account: &Account,
        _: Option<&IdempotencyKey>,
        _: Option<&Mail>,
    ) -> Result<Standing, CreateError> {
        let username = account.username.key() == &UsernameKey::of("alice");
        let email = account.email.as_ref().is_some_and(|email| email.key().as_str() == "alice@example.com");
        if username || email { Err(CreateError::Taken { username, email }) } else { Ok(account.standing()) }
    }
}

#[async_trait]
impl Outbox for Fixed {
    async fn post(&self, _: &Mail) -> Result<(), StoreError> {
        Ok(())
    }

    /// The first digit of the id tells what is there. No mail is sent: Alice has no address.
    async fn take(&self, id: &MailId, _: Timestamp) -> Result<Taken, StoreError> {
        let request = match id.as_str().as_bytes()[0] {
            b'a' => MailRequest::reset_by_username(&UsernameKey::of("alice")),
            b'b' => MailRequest::reset_by_username(&UsernameKey::of("dave")),
            b'c' => return Ok(Taken::Busy),
            b'd' => return Err(down()),
            b'e' => return Err(StoreError::Broken("no request".into())),
            _ => return Ok(Taken::Gone),
        };
        Ok(Taken::Mail(Mail { id: id.clone(), request, expires_at: Timestamp::from_seconds(NOW) }))
    }

    async fn forget(&self, _: &MailId) -> Result<(), StoreError> {
        Ok(())
    }

    async fn waiting(&self, _: Timestamp) -> Result<Vec<MailId>, StoreError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Codes for Fixed {
    async fn put_code(&self, _: &CodeKey, _: &SentCode) -> Result<bool, StoreError> {
        Ok(true)
    }

    async fn try_code(&self, _: &CodeKey, _: Timestamp) -> Result<Vec<SentCode>, StoreError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Credentials for Fixed {
    async fn change_password(
        &self,
        account: &Account,
        hash: &PasswordHash,
        kept: Option<&SessionId>,
        _: Option<&Mail>,
    ) -> Result<Option<Account>, StoreError> {
        Ok(account.with_password(hash, kept))
    }

    async fn reset_password(
        &self,
        _: &Account,
        _: &SentCode,
        _: &PasswordHash,
        _: Option<&Mail>,
    ) -> Result<bool, StoreError> {
        Ok(true)
    }

    async fn confirm_email(&self, _: &Account, _: &SentCode) -> Result<Confirmed, StoreError> {
        Ok(Confirmed::Yes)
    }

    async fn delete(&self, _: &Account, _: Option<&Mail>) -> Result<bool, StoreError> {
        Ok(true)
    }
}

#[async_trait]
impl Logins for Fixed {
    async fn replace_hash(&self, _: &Account, _: &PasswordHash) -> Result<bool, StoreError> {
        Ok(true)
    }

    async fn begin_session(&self, _: &Account, _: &Session) -> Result<(), SessionError> {
        Ok(())
    }

    async fn exchange(&self, name: &UsernameKey, exchange: &Exchange) -> Result<Account, SessionError> {
        let found = self.find(name).await?;
        match found.as_ref().and_then(|account| account.sessions.get(&exchange.session)?.after(exchange)) {
            Some(next) if name.as_str() == "alice" => {
                Ok(Account { sessions: Sessions::of(next), ..found.unwrap() })
            }
            _ => Err(SessionError::Changed(found.map(Box::new))),
        }
    }

    async fn end_session(&self, _: &UsernameKey, _: &SessionId) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn end_tokens(&self, _: &UsernameKey, _: AccountId) -> Result<bool, StoreError> {
        Ok(true)
    }
}

fn down() -> StoreError {
    StoreError::Unavailable("down".into())
}
