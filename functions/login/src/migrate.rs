//! Accounts that come from another system at their first login, one by one: its passwords need not be given away.

use shared::account::{Account, AccountId, Status};
use shared::http::attempt::Named;
use shared::http::{ApiError, RequestError};
use shared::limits::lockout::{Failures, FailuresKey};
use shared::log::Reason;
use shared::migration::{MigratedUser, MigrationFunction};
use shared::names::email::Email;
use shared::names::username::{Username, UsernameKey};
use shared::password::Password;
use shared::password::hash::PasswordHash;
use shared::session::Sessions;
use shared::store::CreateError;
use shared::time::Timestamp;

use crate::Login;

/// Asks the other system, if there is one, about a name that is unknown here, and makes an account of its answer. The attempt at the
/// password follows, and counts, as at any account. A locked name is not asked for.
///
/// # Errors
///
/// Too many attempts, or a fault of the service, for which one of the other system counts too.
pub(crate) async fn find(
    login: &Login,
    named: &Named,
    name: &UsernameKey,
    password: Option<&Password>,
    now: Timestamp,
) -> Result<Option<Account>, RequestError> {
    let (Some(function), Some(password)) = (&login.migration, password) else { return Ok(None) };
    let Ok(username) = Username::parse(named.typed()) else { return Ok(None) };
    let seen = login.store.failures(&FailuresKey::of_name(name)).await?;
    Failures::admit(seen.as_ref(), now)?;
    let Some(user) = ask(function, named.typed(), password).await? else { return Ok(None) };
    let Some(account) = account(login, username, user, password, now)? else { return Ok(None) };
    create(login, account).await
}

async fn ask(
    function: &MigrationFunction,
    typed: &str,
    password: &Password,
) -> Result<Option<MigratedUser>, RequestError> {
    function
        .ask(typed, password)
        .await
        .map_err(|error| ApiError::Unavailable(error.into()).because(Reason::MigrationFailed, None))
}

/// The account of a user; `None` where it would have another name than the one that was typed. A name with an `@` is the
/// account's own email.
fn account(
    login: &Login,
    username: Username,
    user: MigratedUser,
    password: &Password,
    now: Timestamp,
) -> Result<Option<Account>, ApiError> {
    let email = user.email.or_else(|| Email::parse(username.as_str()).ok());
    if username.check_is_own(email.as_ref()).is_err() {
        tracing::warn!(function = "login", "the migration function knows the user by another email");
        return Ok(None);
    }
    let password_hash = if user.must_reset { PasswordHash::none() } else { login.hasher.hash(password)? };
    Ok(Some(Account {
        id: AccountId::random()?,
        external_id: user.external_id,
        username,
        email,
        email_verified: user.email_verified,
        pending_until: None,
        password_hash,
        token_version: 0,
        status: Status::Active,
        created_at: now.whole_seconds(),
        imported: None,
        sessions: Sessions::default(),
    }))
}

/// Adds the account, or finds the one that another login has just added. An email that somebody has here by now stays theirs.
async fn create(login: &Login, mut account: Account) -> Result<Option<Account>, RequestError> {
    loop {
        match login.store.create(&account, None, None).await {
            Ok(_) => {
                tracing::info!(function = "login", account_id = %account.id, "an account has come from the migration function");
                return Ok(Some(account));
            }
            Err(CreateError::Taken { username: false, .. })
                if account.username.check_is_own(None).is_ok() =>
            {
                tracing::warn!(function = "login", account_id = %account.id, "an account has come without its email, which is taken");
                (account.email, account.email_verified) = (None, false);
            }
            Err(CreateError::Taken { .. }) => return Ok(login.store.find(account.username.key()).await?),
            Err(CreateError::Store(error)) => return Err(error.into()),
        }
    }
}
