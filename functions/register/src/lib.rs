//! The function `register`: makes credentials.

mod register;

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use lambda_http::http::Method;
use shared::http::{self, Clock, Event, EventResult, Route};
use shared::limits::client_ip::RateLimit;
use shared::origins::Origins;
use shared::password::hash::Hasher;
use shared::password::policy::Policy;
use shared::start::{Function, Resources, StartError};
use shared::store::Registrations;
use shared::token::Keyring;

/// The routes of this function, the first of which answers at every other path.
static ROUTES: [Route<Register>; 1] = [Route {
    method: Method::POST,
    path: "/register",
    handler: |register, request| register::handle(register, request).boxed(),
}];

/// The function.
#[derive(Debug)]
pub struct Register {
    hasher: Hasher,
    keyring: Keyring,
    origins: Origins,
    policy: Policy,
    rate_limit: RateLimit,
    store: Arc<dyn Registrations>,
}

impl Function for Register {
    type Hashing = Hasher;
    type Store = dyn Registrations;

    const NAME: &'static str = "register";
    const SIGNS: bool = true;

    fn new(resources: Resources<Self>) -> Result<Self, StartError> {
        let Resources { config, hasher, keyring, store, .. } = resources;
        Ok(Self {
            hasher,
            keyring,
            origins: config.allowed_origins,
            policy: Policy::new(config.password_min_length),
            rate_limit: RateLimit::new(Self::NAME, config.registrations_per_address),
            store,
        })
    }

    fn handle<'a>(&'a self, clock: Clock, event: &'a Event) -> BoxFuture<'a, EventResult> {
        http::handle(Self::NAME, self, &ROUTES, clock, event).boxed()
    }
}
