//! Opens the store and reads the keys, both at once where they are apart, and finds the ways to what is called later.

#[cfg(feature = "sqlite")]
use std::path::Path;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::StartError;
use crate::aws::Aws;
use crate::aws::secrets_manager::SecretsManager;
use crate::aws::ses::Ses;
use crate::config::{Config, SecretSource, StoreLocation};
use crate::mail::Mailer;
use crate::migration::MigrationFunction;
use crate::store::{DynamoDbStore, KeySets, PublishedKeys};
#[cfg(feature = "sqlite")]
use crate::store::{KeptKeys, SqliteStore};
use crate::time::Timestamp;
use crate::token::{KeySource, Keyring, Keys};

/// The store of a function.
pub(super) enum BackEnd {
    DynamoDb(DynamoDbStore),
    #[cfg(feature = "sqlite")]
    Sqlite(SqliteStore),
}

/// Keys, and where they are read again, if they can change.
type FoundKeys = (Keys, Option<Box<dyn KeySource>>);

/// What a start has opened.
pub(super) struct Connected {
    pub(super) back_end: BackEnd,
    pub(super) keyring: Keyring,
    pub(super) mailer: Mailer,
    pub(super) migration: Option<MigrationFunction>,
}

type Opened = (BackEnd, FoundKeys, Mailer, Option<MigrationFunction>);

/// Boxed, so that the future is compiled here and not once more in each function.
pub(super) fn connect(config: &Config, now: Timestamp) -> BoxFuture<'_, Result<Connected, StartError>> {
    async move {
        let (back_end, (keys, source), mailer, migration) = match &config.store {
            StoreLocation::DynamoDb(table) => of_table(config, table).await?,
            #[cfg(feature = "sqlite")]
            StoreLocation::Sqlite(path) => of_file(config, path).await?,
        };
        let keyring = Keyring::new(config.tokens.clone(), &keys, source, now);
        Ok(Connected { back_end, keyring, mailer, migration })
    }
    .boxed()
}

async fn of_table(config: &Config, table: &str) -> Result<Opened, StartError> {
    let aws = Aws::from_env(config.roots).await?;
    let store = DynamoDbStore::new(&aws, config.endpoints.dynamodb.as_deref(), table);
    let keys = match &config.secret {
        SecretSource::SecretsManager(arn) => {
            // In this order: the client for the secret is made while the table's first response is on its way.
            let ((), keys) = tokio::join!(store.prime(), of_secret(config, &aws, arn));
            keys?
        }
        // Reading the keys opens the connection too.
        SecretSource::Published => published(Arc::new(store.clone())).await?,
        SecretSource::Given(keys) => {
            store.prime().await;
            (keys.clone(), None)
        }
        #[cfg(feature = "sqlite")]
        SecretSource::KeptInStore => return Err(StartError::Contradiction),
    };
    let migration = migration(config, &aws);
    let mailer = Mailer::ses(config.sender.clone(), Ses::new(aws, config.endpoints.ses.as_deref()));
    Ok((BackEnd::DynamoDb(store), keys, mailer, migration))
}

#[cfg(feature = "sqlite")]
async fn of_file(config: &Config, path: &Path) -> Result<Opened, StartError> {
    let store = SqliteStore::open(path)?;
    let keys = match &config.secret {
        SecretSource::SecretsManager(arn) => {
            of_secret(config, &Aws::from_env(config.roots).await?, arn).await?
        }
        SecretSource::Published => published(Arc::new(SqliteStore::open(path)?)).await?,
        SecretSource::Given(keys) => (keys.clone(), None),
        SecretSource::KeptInStore => {
            (store.keys()?, Some(Box::new(KeptKeys(path.to_owned())) as Box<dyn KeySource>))
        }
    };
    let mailer = Mailer::folder(config.sender.clone(), path.with_file_name("mail"));
    let migration = match &config.migration_function {
        Some(_) => migration(config, &Aws::from_env(config.roots).await?),
        None => None,
    };
    Ok((BackEnd::Sqlite(store), keys, mailer, migration))
}

fn migration(config: &Config, aws: &Aws) -> Option<MigrationFunction> {
    let endpoint = config.endpoints.lambda.as_deref();
    config.migration_function.as_ref().map(|arn| MigrationFunction::new(aws, endpoint, arn))
}

async fn of_secret(config: &Config, aws: &Aws, arn: &str) -> Result<FoundKeys, StartError> {
    let secret = SecretsManager::new(aws, config.endpoints.secrets_manager.as_deref(), arn);
    Ok((secret.read_first().await?, Some(Box::new(secret))))
}

async fn published(store: Arc<dyn KeySets>) -> Result<FoundKeys, StartError> {
    let source = PublishedKeys::new(store);
    Ok((source.read().await?, Some(Box::new(source))))
}
