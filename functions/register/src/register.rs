//! `POST /register`: creates an account and issues its first token, in a session if one is asked for.

use serde_json::json;
use shared::account::{Account, AccountId, PENDING_FOR, Standing, Status};
use shared::config::VerifyEmail;
use shared::http::sign_in::{Asked, SignedIn, Transport};
use shared::http::{
    ApiError, ApiResponse, BodyFields, FieldError, Request, RequestError, cross_site, rate_limit,
};
use shared::idempotency::IdempotencyKey;
use shared::log::Reason;
use shared::mail::{Mail, MailRequest};
use shared::names::email::Email;
use shared::names::username::Username;
use shared::password::Password;
use shared::session::{SessionId, Sessions};
use shared::store::CreateError;
use shared::time::Timestamp;
use shared::token::DeviceToken;

use crate::Register;

/// The header of an idempotent registration.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The fields of a registration, all of them valid.
struct Registration {
    username: Username,
    email: Option<Email>,
    password: Password,
    session: Option<Asked>,
}

/// Handles a registration.
///
/// # Errors
///
/// All bad fields together, a cookie that a page of another site asks for, a taken name, too many attempts, a fault of the
/// service.
pub(crate) async fn handle(register: &Register, request: Request) -> Result<ApiResponse, RequestError> {
    let (registration, now) = (read(register, &request)?, request.now);
    let key = idempotency_key(&request)?;
    rate_limit::admit(&register.rate_limit, &*register.store, &request).await?;
    if register.verify_email == VerifyEmail::Required
        && let Some(email) = registration.email.clone()
    {
        return pending(register, registration, &email, key.as_ref(), &request).await;
    }
    let asked = registration.session.clone();
    let account = account(register, registration, now)?;
    let own = Standing { session: account.sessions.in_slot(0).cloned(), ..account.standing() };
    // Signed before the account is written: nothing can fail between the write and the response.
    let signed_in = sign_in(register, &account, &own, asked.as_ref(), now).await?;
    let stored = match register.store.create(&account, key.as_ref(), None).await {
        Ok(stored) => stored,
        Err(CreateError::Store(error)) => return Err(error.into()),
        Err(CreateError::Taken { username, email }) => return Err(taken(username, email)),
    };
    if stored.id == account.id {
        return Ok(signed_in.created()?);
    }
    // The repetition gets the session of the first request, unless that has been used: the client had its tokens then. A
    // session that a login has begun since is not the registration's to give.
    let first = SessionId::of_registration(stored.id.to_bytes());
    let session = stored.session.clone().filter(|session| session.id == first && session.counter == 0);
    let session = session.filter(|_| asked.is_some());
    if session.is_none() && asked.is_some() {
        return Err(taken(true, false));
    }
    let stored = Standing { session, ..stored };
    let account = Account { id: stored.id, ..account };
    Ok(sign_in(register, &account, &stored, asked.as_ref(), now).await?.created()?)
}

/// Makes an account that waits for the confirmation of its address. It gets no token, and the response is the same whether
/// somebody has the address already, who then hears of it by mail.
async fn pending(
    register: &Register,
    registration: Registration,
    email: &Email,
    key: Option<&IdempotencyKey>,
    request: &Request,
) -> Result<ApiResponse, RequestError> {
    rate_limit::admit(&register.mails, &*register.store, request).await?;
    let account = account(register, Registration { session: None, ..registration }, request.now)?;
    let end = (request.now + PENDING_FOR).whole_seconds();
    let account = Account { pending_until: Some(end), ..account };
    let mail = Mail::new(MailRequest::confirm(&account, email), request.now)?;
    match register.store.create(&account, key, Some(&mail)).await {
        Ok(Standing { id, .. }) => {
            let body = json!({ "user_id": id.to_string(), "pending": "email" });
            Ok(ApiResponse::accepted(&body, Some(id))?)
        }
        Err(CreateError::Store(error)) => Err(error.into()),
        Err(CreateError::Taken { username, email }) => Err(taken(username, email)),
    }
}

async fn sign_in(
    register: &Register,
    account: &Account,
    standing: &Standing,
    asked: Option<&Asked>,
    now: Timestamp,
) -> Result<SignedIn, RequestError> {
    let transport = asked.map_or(Transport::Token, |asked| asked.transport);
    let signed_in = SignedIn::issue(&register.keyring, standing, transport, now).await?;
    if asked.is_none() {
        return Ok(signed_in);
    }
    let device = DeviceToken::new(account, None, now)?;
    signed_in.on_device(&register.keyring, &device, transport, now).await
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
    let session = Asked::read(&mut fields, request);
    let (Ok(username), Ok(email), Ok(password), Ok(session)) = (username, email, password, session) else {
        return Err(fields.into());
    };
    if session.as_ref().is_some_and(|asked| asked.transport == Transport::Cookie) {
        cross_site::check(&register.origins, request)?;
    }
    Ok(Registration { username, email, password, session })
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
    let Registration { username, email, password, session } = registration;
    let id = AccountId::random()?;
    let session = session.map(|asked| asked.session(SessionId::of_registration(id.to_bytes()), 0, now));
    Ok(Account {
        id,
        username,
        email,
        external_id: None,
        imported: None,
        email_verified: false,
        pending_until: None,
        password_hash: register.hasher.hash(&password)?,
        token_version: 0,
        status: Status::Active,
        created_at: now.whole_seconds(),
        sessions: session.map(Sessions::of).unwrap_or_default(),
    })
}

pub(crate) fn taken(username: bool, email: bool) -> RequestError {
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
