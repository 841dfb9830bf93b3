//! How a function starts: it opens its store and the keys that sign and verify, once, and then answers events.

use std::time::SystemTime;

use aws_config::SdkConfig;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, LocalBoxFuture};
use lambda_runtime::{Diagnostic, LambdaEvent, Runtime, service_fn};
use serde_json::value::RawValue;

use crate::aws::secrets_manager::{SecretError, SecretsManager};
use crate::config::{Config, OperatorConfig, SecretSource, StoreLocation};
use crate::store::DynamoDbStore;
#[cfg(feature = "sqlite")]
use crate::store::SqliteStore;
use crate::store::{Store, StoreError};
use crate::token::{KeySource, Keyring, Keys};

/// Opens what the configuration names. On AWS the connection to the table is opened while the secret is read.
///
/// # Errors
///
/// When a function must not serve anybody: without its store, or without a secret fit to sign.
pub async fn open(config: &Config, now: SystemTime) -> Result<(Store, Keyring), StartError> {
    if let Some(namespace) = &config.metrics_namespace {
        crate::log::count_requests_in(namespace);
    }
    let aws = if needs_aws(config) { Some(crate::aws::config(config.roots).await?) } else { None };
    let aws = aws.as_ref();
    let store = store(&config.store, aws, config.endpoints.dynamodb.as_deref())?;
    // In this order: a client for the secret is made while the table's first answer is on its way.
    let ((), keys) = tokio::join!(store.prime(), keys(config, aws, &store));
    let (keys, source) = keys?;
    Ok((store, Keyring::new(config.tokens.clone(), &keys, source, now)))
}

/// Opens the accounts alone, for an operator's tool.
///
/// # Errors
///
/// When the environment lacks what a client of AWS needs, or the file cannot be opened.
pub async fn open_store(config: &OperatorConfig) -> Result<Store, StartError> {
    let aws = match &config.store {
        StoreLocation::DynamoDb(_) => Some(crate::aws::config(config.roots).await?),
        #[cfg(feature = "sqlite")]
        StoreLocation::Sqlite(_) => None,
    };
    store(&config.store, aws.as_ref(), config.endpoint.as_deref())
}

/// What came of an event.
pub type Answer = Result<Box<RawValue>, Diagnostic>;

/// Has events answered until Lambda ends the environment.
///
/// Boxed on both sides, so that the Lambda runtime is compiled here and not once more in each function.
///
/// # Errors
///
/// When the Runtime API is not there.
pub fn serve<'a>(
    answer: &'a (dyn Fn(LambdaEvent<Box<RawValue>>) -> BoxFuture<'a, Answer> + Send + Sync),
) -> LocalBoxFuture<'a, Result<(), lambda_runtime::Error>> {
    Runtime::new(service_fn(answer)).run().boxed_local()
}

fn store(
    location: &StoreLocation,
    aws: Option<&SdkConfig>,
    endpoint: Option<&str>,
) -> Result<Store, StartError> {
    match location {
        StoreLocation::DynamoDb(table) => {
            let aws = aws.ok_or(StartError::Contradiction)?;
            Ok(Store::DynamoDb(DynamoDbStore::new(aws, endpoint, table)))
        }
        #[cfg(feature = "sqlite")]
        StoreLocation::Sqlite(path) => Ok(Store::Sqlite(SqliteStore::open(path)?)),
    }
}

async fn keys(
    config: &Config,
    aws: Option<&SdkConfig>,
    store: &Store,
) -> Result<(Keys, KeySource), StartError> {
    match (&config.secret, store) {
        (SecretSource::Given(keys), _) => Ok((keys.clone(), KeySource::Fixed)),
        (SecretSource::SecretsManager(arn), _) => {
            let aws = aws.ok_or(StartError::Contradiction)?;
            let secret = SecretsManager::new(aws, config.endpoints.secrets_manager.as_deref(), arn);
            Ok((secret.read().await?, KeySource::SecretsManager(secret)))
        }
        #[cfg(feature = "sqlite")]
        (SecretSource::KeptInStore, Store::Sqlite(store)) => Ok((store.keys()?, KeySource::Fixed)),
        #[cfg(feature = "sqlite")]
        (SecretSource::KeptInStore, Store::DynamoDb(_)) => Err(StartError::Contradiction),
    }
}

fn needs_aws(config: &Config) -> bool {
    matches!(config.store, StoreLocation::DynamoDb(_))
        || matches!(config.secret, SecretSource::SecretsManager(_))
}

/// Why a function cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The environment lacks what a client of AWS needs.
    #[error("the environment is not that of a Lambda function")]
    Environment(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The secret cannot be had.
    #[error("there is no secret to sign tokens with")]
    Secret(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A configuration that `Config::parse` does not make.
    #[error("the configuration contradicts itself")]
    Contradiction,
}

impl From<crate::aws::EnvironmentError> for StartError {
    fn from(error: crate::aws::EnvironmentError) -> Self {
        Self::Environment(error.into())
    }
}

impl From<SecretError> for StartError {
    fn from(error: SecretError) -> Self {
        Self::Secret(error.into())
    }
}
