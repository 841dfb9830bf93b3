//! The function `validate`: tells whose a token is, over HTTP and to APIs as their authorizer, and publishes the keys by which
//! others can verify one. It signs nothing.

mod authorizer;
mod discovery;
mod jwks;
mod me;
mod validate;
mod verdict;

use std::future::ready;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use lambda_http::http::Method;
use shared::config::AuthorizerResponse;
use shared::http::{self, Clock, Event, EventResult, Route};
use shared::origins::Origins;
use shared::start::{Function, Resources, StartError};
use shared::store::Standings;
use shared::token::Keyring;

use authorizer::Kind;
use discovery::Document;

/// The routes of this function, the first of which answers at every other path.
static ROUTES: [Route<Validate>; 4] = [
    Route {
        method: Method::POST,
        path: "/validate",
        handler: |validate, request| validate::handle(validate, request).boxed(),
    },
    Route {
        method: Method::GET,
        path: "/me",
        handler: |validate, request| me::handle(validate, request).boxed(),
    },
    Route {
        method: Method::GET,
        path: "/.well-known/jwks.json",
        handler: |validate, request| jwks::handle(validate, request).boxed(),
    },
    Route {
        method: Method::GET,
        path: "/.well-known/openid-configuration",
        handler: |validate, _| ready(discovery::handle(validate)).boxed(),
    },
];

/// The function.
#[derive(Debug)]
pub struct Validate {
    authorizer_response: AuthorizerResponse,
    discovery: Option<Document>,
    keyring: Keyring,
    origins: Origins,
    store: Arc<dyn Standings>,
}

impl Function for Validate {
    type Hashing = ();
    type Store = dyn Standings;

    const NAME: &'static str = "validate";
    const SIGNS: bool = false;

    fn new(resources: Resources<Self>) -> Result<Self, StartError> {
        let Resources { config, keyring, store, .. } = resources;
        Ok(Self {
            authorizer_response: config.authorizer_response,
            discovery: Document::of(&config.tokens.issuer),
            keyring,
            origins: config.allowed_origins,
            store,
        })
    }

    fn handle<'a>(&'a self, clock: Clock, event: &'a Event) -> BoxFuture<'a, EventResult> {
        match Kind::of(event) {
            Some(kind) => authorizer::handle(self, kind, clock, event).boxed(),
            None => http::handle(Self::NAME, self, &ROUTES, &self.origins, clock, event).boxed(),
        }
    }
}
