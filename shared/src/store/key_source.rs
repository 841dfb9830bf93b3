//! Keys of tokens that are read from a store.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{KeySets, StoreError};
use crate::log;
use crate::token::{KeySet, KeySource, Keys, MalformedKeySet};

/// The published key set: the keys of a function that may not read the secret.
#[derive(Clone, Debug)]
pub(crate) struct PublishedKeys(Arc<dyn KeySets>);

/// The published keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotPublished {
    /// There are none.
    #[error("no public key is published; publish one with `accounts keys init --alg RS256`")]
    Empty,
    /// The key set is not one.
    #[error(transparent)]
    Malformed(#[from] MalformedKeySet),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PublishedKeys {
    pub(crate) fn new(store: Arc<dyn KeySets>) -> Self {
        Self(store)
    }

    /// Reads the keys. Boxed, so that the future is compiled here and not once more in each caller.
    pub(crate) fn read(&self) -> BoxFuture<'_, Result<Keys, NotPublished>> {
        async move {
            let key_set = self.0.key_set().await?.ok_or(NotPublished::Empty)?;
            let keys = KeySet::parse(&key_set)?;
            if keys.is_empty() { Err(NotPublished::Empty) } else { Ok(Keys::public(keys)) }
        }
        .boxed()
    }
}

impl KeySource for PublishedKeys {
    fn read_again(&self) -> BoxFuture<'_, Option<Keys>> {
        async move { self.read().await.map_err(|error| warn(&error)).ok() }.boxed()
    }
}

/// The secret that the database file at a path keeps. It is opened for each read: these are minutes apart, and a start does
/// not wait for one more connection.
#[cfg(feature = "sqlite")]
#[derive(Debug)]
pub(crate) struct KeptKeys(pub(crate) std::path::PathBuf);

#[cfg(feature = "sqlite")]
impl KeySource for KeptKeys {
    fn read_again(&self) -> BoxFuture<'_, Option<Keys>> {
        let read = || super::SqliteStore::open(&self.0)?.keys();
        async move { read().map_err(|error| warn(&error)).ok() }.boxed()
    }
}

fn warn(error: &(dyn std::error::Error + 'static)) {
    log::fault(&log::chain(error), "the keys could not be read again");
}
