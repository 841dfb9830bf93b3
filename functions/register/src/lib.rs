//! `POST /register`: creates an account and answers with a token.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lambda_http::Request;
use serde::Serialize;
use shared::account::{Account, AccountId, Status};
use shared::http::{self, ApiError, ApiResponse, BodyFields, RequestError};
use shared::limits::client_ip::RateLimit;
use shared::names::email::Email;
use shared::names::username::Username;
use shared::password::Password;
use shared::password::hash::Hasher;
use shared::password::policy::Policy;
use shared::store::{AccountStore, CreateError};
use shared::token::Keyring;

/// What the log calls this function.
const FUNCTION: &str = "register";

/// The function: what it needs, made once per cold start.
#[derive(Debug)]
pub struct Register<S> {
    store: S,
    hasher: Hasher,
    keyring: Keyring,
    policy: Policy,
    limit: RateLimit,
}

/// What a new account's owner is told.
#[derive(Serialize)]
struct Registered {
    user_id: String,
    token: String,
    token_type: &'static str,
    expires_in: u64,
}

/// A request whose every field is good.
struct Registration {
    username: Username,
    email: Option<Email>,
    password: Password,
}

impl<S: AccountStore> Register<S> {
    /// The function over a store. Passwords have at least `password_min_length` code points;
    /// `registrations_per_address` is how many one source address may try within five minutes, and 0 is no limit.
    pub fn new(
        store: S,
        hasher: Hasher,
        keyring: Keyring,
        password_min_length: usize,
        registrations_per_address: u32,
    ) -> Self {
        let limit = RateLimit::new(FUNCTION, registrations_per_address);
        Self { store, hasher, keyring, policy: Policy::new(password_min_length), limit }
    }

    /// Answers a registration.
    ///
    /// # Errors
    ///
    /// Every bad field in one answer; a taken name; too many attempts; a fault of ours.
    pub async fn handle(&self, now: SystemTime, request: Request) -> Result<ApiResponse, RequestError> {
        let registration = self.read(&request)?;
        self.limit.admit(&self.store, http::client_ip(&request), now).await?;
        let account = self.account(registration, now)?;
        match self.store.create(&account).await {
            Ok(()) => {}
            Err(CreateError::Store(error)) => return Err(error.into()),
            Err(CreateError::Taken { username, email }) => return Err(taken(username, email)),
        }
        let token = self.keyring.issue(&account, now).await?;
        let registered = Registered {
            user_id: account.id.to_string(),
            token,
            token_type: "Bearer",
            expires_in: self.keyring.ttl().as_secs(),
        };
        Ok(ApiResponse::created(&registered, account.id)?)
    }

    fn read(&self, request: &Request) -> Result<Registration, ApiError> {
        let mut form = BodyFields::read(request)?;
        let username = form.required("username", Username::parse);
        let email = form.optional("email", Email::parse);
        let (name, address) = (username.as_ref().ok(), email.as_ref().ok().and_then(Option::as_ref));
        let password = form.required("password", |typed| self.policy.admit(typed, name, address));
        match (username, email, password) {
            (Ok(username), Ok(email), Ok(password)) => Ok(Registration { username, email, password }),
            _ => Err(form.into()),
        }
    }

    fn account(&self, registration: Registration, now: SystemTime) -> Result<Account, ApiError> {
        let Registration { username, email, password } = registration;
        let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        Ok(Account {
            id: AccountId::random()?,
            username,
            email,
            password_hash: self.hasher.hash(&password)?,
            token_version: 0,
            status: Status::Active,
            created_at: UNIX_EPOCH + Duration::from_secs(seconds),
        })
    }
}

fn taken(username: bool, email: bool) -> RequestError {
    let mut fields = Vec::new();
    if username {
        fields.push(("username", "A user with that username already exists.".to_owned()));
    }
    if email {
        fields.push(("email", "A user with that email already exists.".to_owned()));
    }
    ApiError::Fields(fields).because("taken", None)
}
