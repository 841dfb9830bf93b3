//! The function `login`: exchanges credentials for tokens, and keeps the sessions in which they are renewed.

mod login;
mod logout;
mod migrate;
mod presented;
mod refresh;
mod sessions;

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use lambda_http::http::Method;
use shared::http::{self, Clock, Event, EventResult, Route};
use shared::limits::client_ip::RateLimit;
use shared::migration::MigrationFunction;
use shared::origins::Origins;
use shared::password::hash::Hasher;
use shared::start::{Function, Resources, StartError};
use shared::store::Logins;
use shared::token::Keyring;

/// The routes of this function, the first of which answers at every other path.
static ROUTES: [Route<Login>; 5] = [
    Route {
        method: Method::POST,
        path: "/login",
        handler: |login, request| login::handle(login, request).boxed(),
    },
    Route {
        method: Method::POST,
        path: "/refresh",
        handler: |login, request| refresh::handle(login, request).boxed(),
    },
    Route {
        method: Method::POST,
        path: "/logout",
        handler: |login, request| logout::handle(login, request).boxed(),
    },
    Route {
        method: Method::GET,
        path: "/sessions",
        handler: |login, request| sessions::list(login, request).boxed(),
    },
    Route {
        method: Method::DELETE,
        path: "/sessions/{id}",
        handler: |login, request| sessions::end(login, request).boxed(),
    },
];

/// The function.
#[derive(Debug)]
pub struct Login {
    hasher: Hasher,
    keyring: Keyring,
    migration: Option<MigrationFunction>,
    origins: Origins,
    rate_limit: RateLimit,
    store: Arc<dyn Logins>,
}

impl Login {
    /// Makes and verifies this function's hashes.
    #[must_use]
    pub fn hasher(&self) -> &Hasher {
        &self.hasher
    }
}

impl Function for Login {
    type Hashing = Hasher;
    type Store = dyn Logins;

    const NAME: &'static str = "login";
    const SIGNS: bool = true;

    fn new(resources: Resources<Self>) -> Result<Self, StartError> {
        let Resources { config, hasher, keyring, migration, store, .. } = resources;
        Ok(Self {
            hasher: hasher.with_decoy(config.decoy_hash.as_ref())?,
            keyring,
            migration,
            origins: config.allowed_origins,
            rate_limit: RateLimit::new(Self::NAME, config.login_attempts_per_address),
            store,
        })
    }

    fn handle<'a>(&'a self, clock: Clock, event: &'a Event) -> BoxFuture<'a, EventResult> {
        http::handle(Self::NAME, self, &ROUTES, &self.origins, clock, event).boxed()
    }
}
