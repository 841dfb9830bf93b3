//! The start of a function: it opens its store, reads its keys, and then handles events until Lambda ends the process.
//!
//! Everything slow or fallible happens here, once per cold start. A start ends when everything is ready, so that the first
//! request costs what any other does.

mod connect;
mod events;

use std::fmt::Debug;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, LocalBoxFuture};
use lambda_runtime::{LambdaEvent, Runtime, service_fn};
use serde_json::value::RawValue;

use crate::aws::Aws;
use crate::aws::secrets_manager::{ReadError, SecretsManager};
use crate::config::{Config, ConfigError, OperatorConfig, StoreLocation};
use crate::http::{Clock, Event, EventResult};
use crate::mail::Mailer;
use crate::migration::MigrationFunction;
use crate::password::hash::{HashError, Hasher};
#[cfg(feature = "sqlite")]
use crate::store::SqliteStore;
use crate::store::{
    Credentials, DynamoDbStore, Logins, NotPublished, Operator, Registrations, Standings, StoreError,
};
use crate::time::Timestamp;
use crate::token::Keyring;
use crate::token::secret::SecretPlace;
use crate::{log, metrics};
use connect::{BackEnd, Connected, connect};

/// One of the three functions.
pub trait Function: Sized + Send + Sync {
    /// Its name in logs and metrics.
    const NAME: &'static str;

    /// It issues tokens.
    const SIGNS: bool;

    /// [`Hasher`] for a function that hashes passwords, `()` for one that does not.
    type Hashing: Hashing;

    /// The part of the store that the function uses.
    type Store: View + ?Sized;

    /// Makes the function, once per cold start.
    ///
    /// # Errors
    ///
    /// When the configuration does not suit the function.
    fn new(resources: Resources<Self>) -> Result<Self, StartError>;

    /// Handles one event.
    fn handle<'a>(&'a self, clock: Clock, event: &'a Event) -> BoxFuture<'a, EventResult>;
}

/// Everything that a function is made of.
#[derive(Debug)]
pub struct Resources<F: Function> {
    /// The configuration.
    pub config: Config,
    /// Makes and verifies password hashes.
    pub hasher: F::Hashing,
    /// Issues and verifies tokens.
    pub keyring: Keyring,
    /// Sends mails.
    pub mailer: Mailer,
    /// Knows the accounts of another system.
    pub migration: Option<MigrationFunction>,
    /// Keeps accounts.
    pub store: Arc<F::Store>,
}

/// A part of the store, as one function uses it: either back end behind `dyn`.
pub trait View: Debug + Send + Sync {
    /// Hides that the store is a table.
    fn dynamodb(store: DynamoDbStore) -> Arc<Self>;

    /// Hides that the store is a file.
    #[cfg(feature = "sqlite")]
    fn sqlite(store: SqliteStore) -> Arc<Self>;
}

macro_rules! views {
    ($($view:ident)+) => {$(
        impl View for dyn $view {
            fn dynamodb(store: DynamoDbStore) -> Arc<Self> {
                Arc::new(store)
            }

            #[cfg(feature = "sqlite")]
            fn sqlite(store: SqliteStore) -> Arc<Self> {
                Arc::new(store)
            }
        }
    )+};
}

views!(Credentials Logins Registrations Standings);

/// The part of a start that prepares the hashing of passwords.
pub trait Hashing: Debug + Sized {
    /// Begins to map the memory of hashes, before the connections are opened.
    ///
    /// # Errors
    ///
    /// When the cost is not supported.
    fn begin(config: &Config) -> Result<Self, StartError>;

    /// Waits until the memory is mapped.
    fn finish(&self);
}

impl Hashing for Hasher {
    fn begin(config: &Config) -> Result<Self, StartError> {
        Ok(Self::new(config.cost)?)
    }

    fn finish(&self) {
        self.wait_for_memory();
    }
}

impl Hashing for () {
    fn begin(_: &Config) -> Result<Self, StartError> {
        Ok(())
    }

    fn finish(&self) {}
}

/// Runs a function until Lambda ends the process. On a laptop, a function that cannot start stays and responds to each
/// request with the reason; on Lambda it exits.
pub async fn run<F: Function>() -> ExitCode {
    log::init(F::NAME);
    let result = match start::<F>().await {
        Ok(function) => serve(&|event| function_event(&function, event)).await,
        Err(error) => cannot_start(F::NAME, error).await,
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::fault(&log::chain(&*error), "cannot start");
            ExitCode::FAILURE
        }
    }
}

async fn start<F: Function>() -> Result<F, StartError> {
    let config = Config::from_env()?;
    F::new(open(config, clock()).await?)
}

/// Opens what the configuration names.
///
/// # Errors
///
/// When the store cannot be opened, or there is no secret that is fit to sign with.
pub async fn open<F: Function>(config: Config, now: Timestamp) -> Result<Resources<F>, StartError> {
    if let Some(namespace) = &config.metrics_namespace {
        metrics::count_in(namespace);
    }
    let hasher = F::Hashing::begin(&config)?;
    let Connected { back_end, keyring, mailer, migration } = connect(&config, now).await?;
    if F::SIGNS && !keyring.signs() {
        return Err(StartError::CannotSign);
    }
    hasher.finish();
    let store = match back_end {
        BackEnd::DynamoDb(store) => F::Store::dynamodb(store),
        #[cfg(feature = "sqlite")]
        BackEnd::Sqlite(store) => F::Store::sqlite(store),
    };
    Ok(Resources { config, hasher, keyring, mailer, migration, store })
}

/// Opens the accounts alone, for the operator's tool.
///
/// # Errors
///
/// When the environment lacks what a client of AWS needs, or the file cannot be opened.
pub async fn open_store(config: &OperatorConfig) -> Result<Arc<dyn Operator>, StartError> {
    match &config.store {
        StoreLocation::DynamoDb(table) => {
            let aws = Aws::from_env(config.roots).await?;
            Ok(Arc::new(DynamoDbStore::new(&aws, config.endpoints.dynamodb.as_deref(), table)))
        }
        #[cfg(feature = "sqlite")]
        StoreLocation::Sqlite(path) => Ok(Arc::new(SqliteStore::open(path)?)),
    }
}

/// Opens the place of the secret, for the operator's tool.
///
/// # Errors
///
/// When it is unknown where the secret is, and as [`open_store`].
pub async fn open_secret(config: &OperatorConfig) -> Result<Arc<dyn SecretPlace>, StartError> {
    match (&config.secret_arn, &config.store) {
        (Some(arn), _) => {
            let aws = Aws::from_env(config.roots).await?;
            Ok(Arc::new(SecretsManager::new(&aws, config.endpoints.secrets_manager.as_deref(), arn)))
        }
        #[cfg(feature = "sqlite")]
        (None, StoreLocation::Sqlite(path)) => Ok(Arc::new(SqliteStore::open(path)?)),
        (None, StoreLocation::DynamoDb(_)) => Err(StartError::NoSecret),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the clock; everything else is handed the time"
)]
fn clock() -> Timestamp {
    SystemTime::now().into()
}

fn function_event<F: Function>(
    function: &F,
    event: LambdaEvent<Box<RawValue>>,
) -> BoxFuture<'_, EventResult> {
    async move {
        let event = Event::parse(event.payload.get(), &event.context.request_id);
        function.handle(clock, &event).await
    }
    .boxed()
}

type Respond<'a> = dyn Fn(LambdaEvent<Box<RawValue>>) -> BoxFuture<'a, EventResult> + Send + Sync + 'a;

/// Boxed on both sides, so that the Lambda runtime is compiled here and not once more in each function.
fn serve<'a>(respond: &'a Respond<'a>) -> LocalBoxFuture<'a, Result<(), lambda_runtime::Error>> {
    Runtime::new(service_fn(respond)).layer(events::one_after_another()).run().boxed_local()
}

#[cfg(feature = "sqlite")]
async fn cannot_start(name: &'static str, error: StartError) -> Result<(), lambda_runtime::Error> {
    let reason = log::chain(&error);
    log::fault(&reason, "cannot start");
    let respond = |event: LambdaEvent<Box<RawValue>>| {
        let reason = reason.clone();
        async move {
            let event = Event::parse(event.payload.get(), &event.context.request_id);
            crate::http::cannot_start(name, reason, clock, &event).await
        }
        .boxed()
    };
    serve(&respond).await
}

#[cfg(not(feature = "sqlite"))]
async fn cannot_start(_: &'static str, error: StartError) -> Result<(), lambda_runtime::Error> {
    Err(error.into())
}

/// A function cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A variable is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A configuration that `Config::parse` does not make.
    #[error("the configuration contradicts itself")]
    Contradiction,
    /// The function signs tokens, and its keys only verify.
    #[error("SIGNING_KEYS=public is for validate alone: this function signs tokens")]
    CannotSign,
    /// The environment lacks what a client of AWS needs.
    #[error("the environment is not that of a Lambda function")]
    Environment(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The hasher cannot be made.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// It is unknown where the secret is.
    #[error("JWT_SECRET_ARN must be set, as for the functions: the output SecretArn of the stack")]
    NoSecret,
    /// There is no secret to sign with.
    #[error("there is no secret to sign tokens with")]
    Secret(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<crate::aws::EnvironmentError> for StartError {
    fn from(error: crate::aws::EnvironmentError) -> Self {
        Self::Environment(error.into())
    }
}

impl From<NotPublished> for StartError {
    fn from(error: NotPublished) -> Self {
        match error {
            NotPublished::Store(error) => Self::Store(error),
            error => Self::Secret(error.into()),
        }
    }
}

impl From<ReadError> for StartError {
    fn from(error: ReadError) -> Self {
        Self::Secret(error.into())
    }
}
