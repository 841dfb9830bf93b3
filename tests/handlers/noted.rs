//! A store that notes its calls.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use shared::account::{Account, AccountId, Standing};
use shared::code::{CodeKey, SentCode};
use shared::idempotency::IdempotencyKey;
use shared::limits::lockout::{Failures, FailuresKey};
use shared::limits::window::Window;
use shared::mail::{Mail, MailId};
use shared::names::email::EmailKey;
use shared::names::username::UsernameKey;
use shared::password::hash::PasswordHash;
use shared::session::{Exchange, Session, SessionId};
use shared::store::{
    Accounts, Attempts, Codes, Confirmed, CreateError, Credentials, Logins, Outbox, Registrations,
    RequestCounts, SessionError, SqliteStore, Standings, StoreError, SwapError, Taken,
};
use shared::time::Timestamp;

/// A store that notes its calls, and panics when told to.
#[derive(Debug)]
pub struct Noted {
    pub store: SqliteStore,
    pub calls: Arc<Mutex<Vec<String>>>,
    pub panics: Arc<AtomicBool>,
}

impl Noted {
    fn note(&self, call: String) -> &SqliteStore {
        self.calls.lock().unwrap().push(call);
        assert!(!self.panics.load(Ordering::Relaxed), "canary");
        &self.store
    }
}

#[async_trait]
impl Standings for Noted {
    async fn standing(
        &self,
        name: &UsernameKey,
        session: Option<&SessionId>,
    ) -> Result<Option<Standing>, StoreError> {
        self.note(format!("standing {}", name.as_str())).standing(name, session).await
    }
}

#[async_trait]
impl Accounts for Noted {
    async fn find(&self, name: &UsernameKey) -> Result<Option<Account>, StoreError> {
        self.note(format!("find {}", name.as_str())).find(name).await
    }

    async fn name_of(&self, email: &EmailKey) -> Result<Option<UsernameKey>, StoreError> {
        self.note("name_of".to_owned()).name_of(email).await
    }
}

#[async_trait]
impl Attempts for Noted {
    async fn failures(&self, key: &FailuresKey) -> Result<Option<Failures>, StoreError> {
        self.note(format!("failures {}", key.as_str())).failures(key).await
    }

    async fn swap_failures(
        &self,
        key: &FailuresKey,
        seen: Option<&Failures>,
        next: Option<&Failures>,
    ) -> Result<(), SwapError> {
        let failures = |attempts: Option<&Failures>| attempts.map_or(0, |attempts| attempts.failures);
        let call = format!("swap_failures {}: {} to {}", key.as_str(), failures(seen), failures(next));
        self.note(call).swap_failures(key, seen, next).await
    }
}

#[async_trait]
impl RequestCounts for Noted {
    async fn requests(&self, window: &Window) -> Result<u64, StoreError> {
        self.note("requests".to_owned()).requests(window).await
    }

    async fn count_request(&self, window: &Window) -> Result<u64, StoreError> {
        self.note("count_request".to_owned()).count_request(window).await
    }
}

#[async_trait]
impl Registrations for Noted {
    async fn create(
        &self,
        account: &Account,
        key: Option<&IdempotencyKey>,
        mail: Option<&Mail>,
    ) -> Result<Standing, CreateError> {
        self.note(format!("create {}", account.username.key().as_str())).create(account, key, mail).await
    }
}

#[async_trait]
impl Outbox for Noted {
    async fn post(&self, mail: &Mail) -> Result<(), StoreError> {
        self.note("post".to_owned()).post(mail).await
    }

    async fn take(&self, id: &MailId, now: Timestamp) -> Result<Taken, StoreError> {
        self.note("take".to_owned()).take(id, now).await
    }

    async fn forget(&self, id: &MailId) -> Result<(), StoreError> {
        self.note("forget".to_owned()).forget(id).await
    }

    async fn waiting(&self, now: Timestamp) -> Result<Vec<MailId>, StoreError> {
        // Not noted: after every request it is asked for, and there is no such call on AWS.
        self.store.waiting(now).await
    }
}

#[async_trait]
impl Codes for Noted {
    async fn put_code(&self, key: &CodeKey, code: &SentCode) -> Result<bool, StoreError> {
        self.note("put_code".to_owned()).put_code(key, code).await
    }

    async fn try_code(&self, key: &CodeKey, now: Timestamp) -> Result<Vec<SentCode>, StoreError> {
        self.note("try_code".to_owned()).try_code(key, now).await
    }
}

#[async_trait]
impl Credentials for Noted {
    async fn change_password(
        &self,
        account: &Account,
        hash: &PasswordHash,
        kept: Option<&SessionId>,
        mail: Option<&Mail>,
    ) -> Result<Option<Account>, StoreError> {
        let call = format!("change_password {}", account.username.key().as_str());
        self.note(call).change_password(account, hash, kept, mail).await
    }

    async fn reset_password(
        &self,
        account: &Account,
        code: &SentCode,
        hash: &PasswordHash,
        mail: Option<&Mail>,
    ) -> Result<bool, StoreError> {
        let call = format!("reset_password {}", account.username.key().as_str());
        self.note(call).reset_password(account, code, hash, mail).await
    }

    async fn confirm_email(&self, account: &Account, code: &SentCode) -> Result<Confirmed, StoreError> {
        let call = format!("confirm_email {}", account.username.key().as_str());
        self.note(call).confirm_email(account, code).await
    }

    async fn delete(&self, account: &Account, mail: Option<&Mail>) -> Result<bool, StoreError> {
        self.note(format!("delete {}", account.username.key().as_str())).delete(account, mail).await
    }
}

#[async_trait]
impl Logins for Noted {
    async fn replace_hash(&self, account: &Account, hash: &PasswordHash) -> Result<bool, StoreError> {
        self.note(format!("replace_hash {}", account.username.key().as_str()))
            .replace_hash(account, hash)
            .await
    }

    async fn begin_session(&self, account: &Account, session: &Session) -> Result<(), SessionError> {
        self.note("begin_session".to_owned()).begin_session(account, session).await
    }

    async fn exchange(&self, name: &UsernameKey, exchange: &Exchange) -> Result<Account, SessionError> {
        self.note(format!("exchange {}", name.as_str())).exchange(name, exchange).await
    }

    async fn end_session(&self, name: &UsernameKey, session: &SessionId) -> Result<bool, StoreError> {
        self.note(format!("end_session {}", name.as_str())).end_session(name, session).await
    }

    async fn end_tokens(&self, name: &UsernameKey, id: AccountId) -> Result<bool, StoreError> {
        self.note(format!("end_tokens {}", name.as_str())).end_tokens(name, id).await
    }
}
