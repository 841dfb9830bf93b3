//! `POST /register`: creates an account and issues its first token.

use serde::Serialize;
use shared::account::{Account, AccountId, Status};
use shared::http::{ApiError, ApiResponse, BodyFields, FieldError, Request, RequestError, rate_limit};
use shared::idempotency::IdempotencyKey;
use shared::log::Reason;
use shared::names::email::Email;
use shared::names::username::Username;
use shared::password::Password;
use shared::store::CreateError;
use shared::time::Timestamp;

use crate::Register;

/// The header of an idempotent registration.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

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
    let key = idempotency_key(&request)?;
    rate_limit::admit(&register.rate_limit, &*register.store, &request).await?;
    let account = account(register, registration, now)?;
    // Signed before the account is written: nothing can fail between the write and the response.
    let mut token = register.keyring.issue(&account.standing(), now).await?;
    let standing = match register.store.create(&account, key.as_ref()).await {
        Ok(standing) => standing,
        Err(CreateError::Store(error)) => return Err(error.into()),
        Err(CreateError::Taken { username, email }) => return Err(taken(username, email)),
    };
    if standing.id != account.id {
        token = register.keyring.issue(&standing, now).await?;
    }
    let registered = Registered {
        user_id: standing.id.to_string(),
        token,
        token_type: "Bearer",
        expires_in: register.keyring.ttl().as_secs(),
    };
    Ok(ApiResponse::created(&registered, standing.id)?)
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

/// The key by which a client repeats a registration whose response it did not get.
fn idempotency_key(request: &Request) -> Result<Option<IdempotencyKey>, ApiError> {
    let mut values = request.headers().get_all(IDEMPOTENCY_KEY).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            let key = value.to_str().ok().and_then(IdempotencyKey::parse);
            key.map(Some).ok_or(ApiError::InvalidIdempotencyKey)
        }
        (Some(_), Some(_)) => Err(ApiError::InvalidIdempotencyKey),
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
    let taken = |field, message: &str| FieldError { field, code: "unique", message: message.to_owned() };
    let mut fields = Vec::new();
    if username {
        fields.push(taken("username", "A user with that username already exists."));
    }
    if email {
        fields.push(taken("email", "A user with that email already exists."));
    }
    ApiError::Fields(fields).because(Reason::Taken, None)
}
