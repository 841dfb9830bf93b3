//! The functions over a store without state, so that no input depends on those before it.

use std::sync::{Arc, LazyLock};

use lambda_runtime::Diagnostic;
use login::Login;
use register::Register;
use serde_json::Value;
use serde_json::value::RawValue;
use shared::config::Config;
use shared::http::{Event, EventResult};
use shared::password::Password;
use shared::password::hash::{Cost, Hasher};
use shared::session::{Label, Session, SessionId};
use shared::start::{self, Function, Resources};
use shared::time::Timestamp;
use shared::token::{DeviceToken, Keyring, RefreshToken};
use tokio::runtime::Runtime;
use validate::Validate;

use crate::fixed::Fixed;

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
pub fn session() -> Session {
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
