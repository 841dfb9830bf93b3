//! The function `register`: makes and changes credentials, and sends the mails that this takes.

mod code;
mod confirm;
mod delete;
mod deliver;
mod email;
mod forgot;
mod outbox;
mod owner;
mod password;
mod register;
mod reset;

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use lambda_http::http::Method;
use shared::account::Account;
use shared::config::VerifyEmail;
use shared::http::{self, ApiError, BodyFields, Clock, Event, EventResult, Route};
use shared::limits::client_ip::RateLimit;
use shared::mail::{Mail, MailRequest, Mailer, Notice};
use shared::origins::Origins;
use shared::password::Password;
use shared::password::hash::Hasher;
use shared::password::policy::Policy;
use shared::start::{Function, Resources, StartError};
use shared::store::Credentials;
use shared::time::Timestamp;
use shared::token::Keyring;

/// The routes of this function, the first of which answers at every other path.
static ROUTES: [Route<Register>; 7] = [
    Route {
        method: Method::POST,
        path: "/register",
        handler: |register, request| register::handle(register, request).boxed(),
    },
    Route {
        method: Method::POST,
        path: "/password",
        handler: |register, request| password::handle(register, request).boxed(),
    },
    Route {
        method: Method::POST,
        path: "/password/forgot",
        handler: |register, request| forgot::handle(register, request).boxed(),
    },
    Route {
        method: Method::POST,
        path: "/password/reset",
        handler: |register, request| reset::handle(register, request).boxed(),
    },
    Route {
        method: Method::POST,
        path: "/email",
        handler: |register, request| email::handle(register, request).boxed(),
    },
    Route {
        method: Method::POST,
        path: "/email/confirm",
        handler: |register, request| confirm::handle(register, request).boxed(),
    },
    Route {
        method: Method::POST,
        path: "/account/delete",
        handler: |register, request| delete::handle(register, request).boxed(),
    },
];

/// The function.
#[derive(Debug)]
pub struct Register {
    hasher: Hasher,
    keyring: Keyring,
    mailer: Mailer,
    origins: Origins,
    policy: Policy,
    /// The limit of registrations.
    rate_limit: RateLimit,
    /// The limit of wrong passwords and codes.
    guesses: RateLimit,
    /// The limit of requests that send mail.
    mails: RateLimit,
    store: Arc<dyn Credentials>,
    verify_email: VerifyEmail,
}

impl Register {
    /// Checks that mail can be sent.
    fn check_mail(&self) -> Result<(), ApiError> {
        if self.mailer.is_configured() { Ok(()) } else { Err(ApiError::MailNotConfigured) }
    }

    /// Checks a new password once more, also against the address of its account: only who has shown to be the owner may learn
    /// of that.
    fn check_again(&self, account: &Account, password: &Password) -> Result<(), ApiError> {
        let (name, email) = (Some(&account.username), account.email.as_ref());
        let mut fields = BodyFields::default();
        let admitted = fields.check("new_password", self.policy.admit(password.typed(), name, email));
        admitted.map(drop).map_err(|_| fields.into())
    }

    /// News for the owner of an account; `None` if it has no address, or no mail can be sent.
    fn notice(&self, notice: Notice, account: &Account, now: Timestamp) -> Result<Option<Mail>, ApiError> {
        let request = MailRequest::notice(notice, account).filter(|_| self.mailer.is_configured());
        Ok(request.map(|request| Mail::new(request, now)).transpose()?)
    }
}

impl Function for Register {
    type Hashing = Hasher;
    type Store = dyn Credentials;

    const NAME: &'static str = "register";
    const SIGNS: bool = true;

    fn new(resources: Resources<Self>) -> Result<Self, StartError> {
        let Resources { config, hasher, keyring, mailer, store, .. } = resources;
        Ok(Self {
            hasher,
            keyring,
            mailer,
            origins: config.allowed_origins,
            policy: Policy::new(config.password_min_length),
            rate_limit: RateLimit::new(Self::NAME, config.registrations_per_address),
            guesses: RateLimit::new("guess", config.login_attempts_per_address),
            mails: RateLimit::new("mail", config.mails_per_address),
            store,
            verify_email: config.verify_email,
        })
    }

    fn handle<'a>(&'a self, clock: Clock, event: &'a Event) -> BoxFuture<'a, EventResult> {
        async move {
            if let Some(records) = outbox::records(event) {
                return outbox::deliver_all(self, &records, clock, event).await;
            }
            let reply = http::handle(Self::NAME, self, &ROUTES, &self.origins, clock, event).await;
            outbox::deliver_waiting(self, clock, event).await;
            reply
        }
        .boxed()
    }
}
