//! The delivery of one mail: its recipient is found, its code is made, and it is sent and forgotten.
//!
//! It can be repeated after a death at any point. A mail that nobody is sending any more is taken again, and its new code
//! takes the place of the one that may or may not have been sent.

use shared::account::{Account, AccountId, Status};
use shared::code::{Code, CodeKey, SentCode};
use shared::http::attempt::Named;
use shared::http::{ApiError, Logged, RequestError};
use shared::log::{Outcome, Reason};
use shared::mail::{Addressed, Letter, Mail, MailId, MailRequest, Sought};
use shared::names::email::Email;
use shared::names::username::UsernameKey;
use shared::store::Taken;
use shared::time::Timestamp;

use crate::Register;

/// A mail as it is to be sent, or the reason for which nothing is.
struct Made {
    letter: Result<Letter, Reason>,
    account_id: Option<AccountId>,
}

/// Delivers a mail.
///
/// # Errors
///
/// When it could not be sent, or a fault of the service. It is to be tried again then, and also where somebody else has taken it.
pub(crate) async fn deliver(
    register: &Register,
    id: &MailId,
    now: Timestamp,
) -> Result<Logged, RequestError> {
    let mail = match register.store.take(id, now).await? {
        Taken::Mail(mail) => mail,
        Taken::Busy => return Ok(unsent(Reason::MailTaken, None)),
        Taken::Gone => return Ok(unsent(Reason::NoSuchMail, None)),
    };
    let Made { letter, account_id } = make(register, &mail, now).await?;
    let logged = match letter {
        Err(reason) => unsent(reason, account_id),
        Ok(letter) => match register.mailer.send(&letter, now).await {
            Ok(()) => Logged { outcome: Outcome::MailSent, reason: None, account_id },
            Err(error) if error.is_final() => unsent(Reason::Undeliverable, account_id),
            Err(error) => {
                return Err(ApiError::Unavailable(error.into()).because(Reason::MailFailed, account_id));
            }
        },
    };
    register.store.forget(id).await?;
    Ok(logged)
}

fn unsent(reason: Reason, account_id: Option<AccountId>) -> Logged {
    Logged { outcome: Outcome::MailUnsent, reason: Some(reason), account_id }
}

async fn make(register: &Register, mail: &Mail, now: Timestamp) -> Result<Made, RequestError> {
    match &mail.request {
        MailRequest::Reset(sought) => reset(register, mail, sought, now).await,
        MailRequest::Confirm(addressed) => confirm(register, mail, addressed, now).await,
        MailRequest::Notice(notice, Addressed { username, email, .. }) => {
            let to = Email::from_stored(email.clone());
            let letter = Letter::Notice { notice: *notice, to, username: username.clone() };
            Ok(Made { letter: Ok(letter), account_id: mail.request.account_id() })
        }
    }
}

/// A code for a new password. It also confirms the address of an account that waits for that: whoever reads the mail has the
/// mailbox, and sets the password, whoever has made the account.
async fn reset(
    register: &Register,
    mail: &Mail,
    sought: &Sought,
    now: Timestamp,
) -> Result<Made, RequestError> {
    let named = match sought {
        Sought::Username(name) => Named::Username(name.clone()),
        Sought::Email(email) => {
            Named::Email { email: Some(Email::from_stored(email.clone())), typed: email.clone() }
        }
    };
    let (_, account) = named.find(&*register.store).await?;
    let Some((account, email)) = account.and_then(recipient) else {
        return Ok(Made { letter: Err(Reason::NoRecipient), account_id: None });
    };
    let code = code(register, mail, &CodeKey::reset(account.id), &account, &email, now).await?;
    let owner = owner(register, &account, &email).await?;
    let letter = code.map(|code| match owner {
        Some(username) => Letter::InUse { to: email, username },
        None => Letter::Reset { to: email, username: account.username.as_str().to_owned(), code },
    });
    Ok(Made { letter, account_id: Some(account.id) })
}

/// A code that confirms an address.
async fn confirm(
    register: &Register,
    mail: &Mail,
    addressed: &Addressed,
    now: Timestamp,
) -> Result<Made, RequestError> {
    let email = Email::from_stored(addressed.email.clone());
    let account = register.store.find(&UsernameKey::of(&addressed.username)).await?;
    let account = account.filter(|found| addressed.is_of(found) && found.status == Status::Active);
    let Some(account) = account else {
        return Ok(Made { letter: Err(Reason::NoRecipient), account_id: None });
    };
    // Also for the address of another: a code that nobody gets keeps the minute between two mails.
    let code = code(register, mail, &CodeKey::email(email.key()), &account, &email, now).await?;
    let owner = owner(register, &account, &email).await?;
    let letter = code.map(|code| match owner {
        Some(username) => Letter::InUse { to: email, username },
        None => Letter::Confirm { to: email, username: account.username.as_str().to_owned(), code },
    });
    Ok(Made { letter, account_id: Some(account.id) })
}

/// The username of another account whose own the address is. It gets no code for this one, but hears of it.
async fn owner(
    register: &Register,
    account: &Account,
    email: &Email,
) -> Result<Option<String>, RequestError> {
    let name = register.store.name_of(email.key()).await?;
    let Some(name) = name.filter(|name| name != account.username.key()) else { return Ok(None) };
    let owner = register.store.find(&name).await?;
    Ok(owner.map(|owner| owner.username.as_str().to_owned()))
}

/// A new code in the place of the account's former one, unless that was sent a moment ago.
async fn code(
    register: &Register,
    mail: &Mail,
    key: &CodeKey,
    account: &Account,
    email: &Email,
    now: Timestamp,
) -> Result<Result<Code, Reason>, RequestError> {
    let code = Code::random()?;
    let sent = SentCode {
        account_id: account.id,
        username: account.username.key().clone(),
        email: email.clone(),
        digest: key.digest(&code),
        mail: mail.id.as_str().to_owned(),
        sent_at: now.whole_seconds(),
        token_version: account.token_version,
        former: account.email.clone(),
    };
    let is_put = register.store.put_code(key, &sent).await?;
    Ok(if is_put { Ok(code) } else { Err(Reason::TooSoon) })
}

/// An account that mail can be sent to, and its address.
fn recipient(account: Account) -> Option<(Account, Email)> {
    let email = account.email.clone().filter(|_| account.status == Status::Active)?;
    Some((account, email))
}
