//! The functions over a store without state, so that no input depends on those before it.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use lambda_runtime::Diagnostic;
use login::Login;
use register::Register;
use serde_json::Value;
use serde_json::value::RawValue;
use shared::account::{Account, AccountId, Standing, Status};
use shared::config::Config;
use shared::http::{Event, EventResult};
use shared::idempotency::IdempotencyKey;
use shared::limits::client_ip::Window;
use shared::limits::lockout::{Failures, FailuresKey};
use shared::names::username::{Username, UsernameKey};
use shared::password::Password;
use shared::password::hash::{Cost, Hasher, PasswordHash};
use shared::session::{Exchange, Label, Session, SessionId, Sessions};
use shared::start::{self, Function, Resources};
use shared::store::{
    Accounts, CreateError, Logins, Registrations, RequestCounts, SessionError, Standings, StoreError,
    SwapError,
};
use shared::time::Timestamp;
use shared::token::{DeviceToken, Keyring, RefreshToken};
use tokio::runtime::Runtime;
use validate::Validate;

/// The time of every event.
pub const NOW: u64 = 1_790_000_000;

/// The secret that signs tokens.
pub const SECRET: &str = "k9Xv2mQ8rT5wZ1bN4cL7dF0gH3jP6sAuE";

pub const ALICE: &str = "6a2f41a3-c54c-4ce8-a4d1-0d2f5b1c8e77";

/// The time until the end of a lock-out.
pub const LOCKED_SECONDS: u64 = 900;

/// The rate limit of a client IP.
const LIMIT: u32 = 10;

/// The password of all accounts.
pub const PASSWORD: &str = "correct horse battery staple";

/// The one good token: of Alice, issued at [`NOW`]. It is in the corpora.
pub const TOKEN: &str = concat!(
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiIsImtpZCI6IklrRTg2eHgtQWlTQXZnVVgifQ.",
    "eyJpc3MiOiJzZXJ2ZXJsZXNzLWF1dGgiLCJhdWQiOiJzZXJ2ZXJsZXNzLWF1dGgiLCJzdWIiOiI2YTJmNDFhMy1jNTRjLTRjZTgtYTRkMS0w",
    "ZDJmNWIxYzhlNzciLCJ1c2VyX2lkIjoiNmEyZjQxYTMtYzU0Yy00Y2U4LWE0ZDEtMGQyZjViMWM4ZTc3IiwidXNlcm5hbWUiOiJhbGljZSIs",
    "InZlciI6MCwiaWF0IjoxNzkwMDAwMDAwLCJleHAiOjE3OTAwMDM2MDAsImp0aSI6IjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVm",
    "In0.BWQAYBFO22nrXvG29df1JMPWORT1Lq_0EyrCdRf5Flg",
);

/// The session of all accounts.
fn session() -> Session {
    Session::new(SessionId::parse("4AAAAAAAAAAAAAAAA").unwrap(), 0, Label::default(), now())
}

pub fn now() -> Timestamp {
    Timestamp::from_seconds(NOW)
}

pub static FUNCTIONS: LazyLock<Functions> = LazyLock::new(Functions::new);

/// The three functions; `validate` in both of its configurations.
pub struct Functions {
    runtime: Runtime,
    register: Register,
    login: Login,
    validate: [Validate; 2],
    keyring: Keyring,
}

impl Functions {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let hasher = Hasher::new(Cost::new(7168, 5).unwrap()).unwrap();
        let hash = hasher.hash(&Password::parse(PASSWORD).unwrap()).unwrap();
        let store = || Arc::new(Fixed { hash: hash.clone() });
        let validate = ["simple", "iam"].map(|response| make::<Validate>(&runtime, store(), response));
        Self {
            register: make::<Register>(&runtime, store(), "simple"),
            login: make::<Login>(&runtime, store(), "simple"),
            validate,
            keyring: resources::<Validate>(&runtime, "simple").keyring,
            runtime,
        }
    }

    pub fn register(&self, event: &Event) -> Result<Value, Diagnostic> {
        read(self.runtime.block_on(self.register.handle(now, event)))
    }

    pub fn login(&self, event: &Event) -> Result<Value, Diagnostic> {
        read(self.runtime.block_on(self.login.handle(now, event)))
    }

    /// With simple responses, and with policies.
    pub fn validate(&self, event: &Event) -> [Result<Value, Diagnostic>; 2] {
        self.validate.each_ref().map(|function| read(self.runtime.block_on(function.handle(now, event))))
    }

    /// The refresh token of Alice's session.
    pub fn refresh_token(&self) -> String {
        self.runtime.block_on(self.keyring.seal(&RefreshToken::current(&session(), "alice"), now())).unwrap()
    }

    /// `true` if a text is a refresh token, and if it is a device token.
    pub fn opens(&self, text: &str) -> (bool, bool) {
        let refresh = self.runtime.block_on(self.keyring.open::<RefreshToken>(text, now())).unwrap();
        let device = self.runtime.block_on(self.keyring.open::<DeviceToken>(text, now())).unwrap();
        (refresh.is_some(), device.is_some())
    }

    /// The id and the name in a good token.
    pub fn subject(&self, token: &str) -> (String, String) {
        let claims = self.runtime.block_on(self.keyring.verify(token, now())).unwrap();
        (claims.sub, claims.username)
    }
}

/// An event of the Lambda runtime: any JSON. And its value, unless `serde_json` cannot read it into one: then the function still
/// must not panic, but what it says cannot be compared with what it was sent.
pub fn event(bytes: &[u8]) -> Option<(Event, Option<Value>)> {
    let payload: Box<RawValue> = serde_json::from_slice(bytes).ok()?;
    Some((Event::parse(payload.get(), ""), serde_json::from_slice(bytes).ok()))
}

fn read(response: EventResult) -> Result<Value, Diagnostic> {
    response.map(|response| serde_json::from_str(response.get()).unwrap())
}

/// Starts a function over the store without state.
fn make<F: Function>(runtime: &Runtime, store: Arc<F::Store>, authorizer_response: &str) -> F {
    F::new(Resources { store, ..resources::<F>(runtime, authorizer_response) }).unwrap()
}

fn resources<F: Function>(runtime: &Runtime, authorizer_response: &str) -> Resources<F> {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::parse(|variable| match variable {
        "ACCOUNT_STORE" => Some(format!("sqlite://{}/accounts.db", folder.path().display())),
        "ARGON2_ITERATIONS" => Some("5".to_owned()),
        "ARGON2_MEMORY_KIB" => Some("7168".to_owned()),
        "AUTHORIZER_RESPONSE" => Some(authorizer_response.to_owned()),
        "JWT_SECRET" => Some(SECRET.to_owned()),
        "LOGIN_ATTEMPTS_PER_ADDRESS" | "REGISTRATIONS_PER_ADDRESS" => Some(LIMIT.to_string()),
        _ => None,
    });
    runtime.block_on(start::open(config.unwrap(), now())).unwrap()
}

/// A store that keeps nothing. It has Alice, the disabled Bob, and Carol, whose first tokens are revoked, and no Nobody. For
/// Dave it is down. All other names are locked, which avoids the hash of most logins.
#[derive(Debug)]
struct Fixed {
    hash: PasswordHash,
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
            password_hash: self.hash.clone(),
            token_version,
            status,
            created_at: Timestamp::EPOCH,
            sessions: Sessions::of(session()),
        }))
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
    async fn create(&self, account: &Account, _: Option<&IdempotencyKey>) -> Result<Standing, CreateError> {
        let username = account.username.key() == &UsernameKey::of("alice");
        let email = account.email.as_ref().is_some_and(|email| email.key().as_str() == "alice@example.com");
        if username || email { Err(CreateError::Taken { username, email }) } else { Ok(account.standing()) }
    }
}

#[async_trait]
impl Logins for Fixed {
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

    async fn replace_hash(&self, _: &Account, _: &PasswordHash) -> Result<bool, StoreError> {
        Ok(true)
    }

    async fn swap_failures(
        &self,
        _: &FailuresKey,
        _: Option<&Failures>,
        _: Option<&Failures>,
    ) -> Result<(), SwapError> {
        Ok(())
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
