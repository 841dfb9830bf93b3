//! `POST /register`: creates an account and issues its first token.

use serde::Serialize;
use shared::account::{Account, AccountId, Status};
use shared::http::{ApiError, ApiResponse, BodyFields, Request, RequestError, admit};
use shared::log::Reason;
use shared::names::email::Email;
use shared::names::username::Username;
use shared::password::Password;
use shared::store::CreateError;
use shared::time::Timestamp;

use crate::Register;

/// The body of a successful registration.
#[derive(Serialize)]
struct Registered {
    user_id: String,
    token: String,
    token_type: &'static str,
    expires_in: u64,
}

/// The fields of a registration, all of them valid.
struct Registration {
    username: Username,
    email: Option<Email>,
    password: Password,
}

/// Handles a registration.
///
/// # Errors
///
/// All bad fields together, a taken name, too many attempts, a fault of the service.
pub(crate) async fn handle(register: &Register, request: Request) -> Result<ApiResponse, RequestError> {
    let (registration, now) = (read(register, &request)?, request.now);
    admit(&register.rate_limit, &*register.store, &request).await?;
    let account = account(register, registration, now)?;
    match register.store.create(&account).await {
        Ok(()) => {}
        Err(CreateError::Store(error)) => return Err(error.into()),
        Err(CreateError::Taken { username, email }) => return Err(taken(username, email)),
    }
    let token = register.keyring.issue(&account, now).await?;
    let registered = Registered {
        user_id: account.id.to_string(),
        token,
        token_type: "Bearer",
        expires_in: register.keyring.ttl().as_secs(),
    };
    Ok(ApiResponse::created(&registered, account.id)?)
}

fn read(register: &Register, request: &Request) -> Result<Registration, ApiError> {
    let mut fields = BodyFields::read(request)?;
    let email = fields.optional("email", Email::parse);
    let own = email.as_ref().ok().and_then(Option::as_ref);
    let username = fields.required("username", |typed| {
        let username = Username::parse(typed)?;
        username.check_is_own(own).map(|()| username)
    });
    let name = username.as_ref().ok();
    let password = fields.required("password", |typed| register.policy.admit(typed, name, own));
    match (username, email, password) {
        (Ok(username), Ok(email), Ok(password)) => Ok(Registration { username, email, password }),
        _ => Err(fields.into()),
    }
}

fn account(register: &Register, registration: Registration, now: Timestamp) -> Result<Account, ApiError> {
    let Registration { username, email, password } = registration;
    Ok(Account {
        id: AccountId::random()?,
        username,
        email,
        password_hash: register.hasher.hash(&password)?,
        token_version: 0,
        status: Status::Active,
        created_at: now.whole_seconds(),
    })
}

fn taken(username: bool, email: bool) -> RequestError {
    let mut fields = Vec::new();
    if username {
        fields.push(("username", "A user with that username already exists.".to_owned()));
    }
    if email {
        fields.push(("email", "A user with that email already exists.".to_owned()));
    }
    ApiError::Fields(fields).because(Reason::Taken, None)
}
