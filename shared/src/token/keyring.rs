//! The keys in use over time. A running function learns of a rotated secret without a deployment.

use std::fmt::Debug;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::{Claims, IssueError, Issuer, Keys, Rules, TokenError, Verifier};
use crate::account::Account;
use crate::time::Timestamp;

/// Maximum age of cached keys.
const KEY_AGE: Duration = Duration::from_mins(10);

/// Shortest time between two reads that unknown `kid`s cause, which any client can send, and between two failed reads.
const RETRY_INTERVAL: Duration = Duration::from_mins(1);

/// A place from which keys can be read again.
pub trait KeySource: Debug + Send + Sync {
    /// Reads the keys while a request waits. `None` after a failure, which the source has logged.
    fn read_again(&self) -> BoxFuture<'_, Option<Keys>>;
}

/// Issues and verifies tokens with the current keys.
#[derive(Debug)]
pub struct Keyring {
    rules: Rules,
    source: Option<Box<dyn KeySource>>,
    state: RwLock<State>,
}

#[derive(Clone, Debug)]
struct State {
    issuer: Arc<Issuer>,
    verifier: Arc<Verifier>,
    /// The last attempt to read the keys.
    tried_at: Timestamp,
    /// `false` after an attempt that failed.
    is_fresh: bool,
    /// The last attempt after the start. The read at the start does not count towards [`RETRY_INTERVAL`]: a function that
    /// started shortly before a rotation would refuse good tokens until the interval is over.
    retried_at: Option<Timestamp>,
}

impl State {
    fn new(rules: &Rules, keys: &Keys, read_at: Timestamp) -> Self {
        let (issuer, verifier) = (Issuer::new(rules.clone(), keys), Verifier::new(rules, keys));
        Self {
            issuer: issuer.into(),
            verifier: verifier.into(),
            tried_at: read_at,
            is_fresh: true,
            retried_at: None,
        }
    }
}

/// The verdict on a token, or its absence.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum VerifyError {
    /// The token is not valid.
    #[error("the token is not valid")]
    Invalid(TokenError),
    /// The token's key may be one that could not be read: there is no verdict.
    #[error("the keys are unavailable")]
    KeysUnavailable,
}

impl Keyring {
    /// A keyring whose keys never change.
    #[must_use]
    pub fn fixed(rules: Rules, keys: &Keys) -> Self {
        Self::new(rules, keys, None, Timestamp::EPOCH)
    }

    /// A keyring with the keys that were read at `read_at`, to be read again from `source`.
    #[must_use]
    pub fn new(rules: Rules, keys: &Keys, source: Option<Box<dyn KeySource>>, read_at: Timestamp) -> Self {
        Self { state: RwLock::new(State::new(&rules, keys, read_at)), rules, source }
    }

    /// A token for this account, valid from `now` on.
    ///
    /// # Errors
    ///
    /// Those of [`Issuer::issue`].
    pub async fn issue(&self, account: &Account, now: Timestamp) -> Result<String, IssueError> {
        self.renew(now).await;
        self.state().issuer.issue(account, now)
    }

    /// Checks everything about a token but its account, and returns its claims.
    ///
    /// # Errors
    ///
    /// [`VerifyError`].
    pub async fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, VerifyError> {
        self.renew(now).await;
        let verdict = self.state().verifier.verify(token, now);
        if verdict != Err(TokenError::UnknownKey) {
            return verdict.map_err(VerifyError::Invalid);
        }
        self.read_again(now, self.state().retried_at, RETRY_INTERVAL).await;
        let State { verifier, is_fresh, .. } = self.state();
        verifier.verify(token, now).map_err(|error| match error {
            TokenError::UnknownKey if !is_fresh => VerifyError::KeysUnavailable,
            error => VerifyError::Invalid(error),
        })
    }

    /// Lifetime of a new token.
    #[must_use]
    pub fn ttl(&self) -> Duration {
        self.rules.ttl
    }

    fn state(&self) -> State {
        self.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the keys again when they are too old.
    async fn renew(&self, now: Timestamp) {
        let State { tried_at, is_fresh, .. } = self.state();
        self.read_again(now, Some(tried_at), if is_fresh { KEY_AGE } else { RETRY_INTERVAL }).await;
    }

    /// Reads the keys again unless `last` is less than `age` ago. After a failure the old keys stay in use.
    async fn read_again(&self, now: Timestamp, last: Option<Timestamp>, age: Duration) {
        if last.is_some_and(|last| now.since(last) < age) {
            return;
        }
        let Some(source) = &self.source else { return };
        let state = match source.read_again().await {
            Some(keys) => State { retried_at: Some(now), ..State::new(&self.rules, &keys, now) },
            None => State { tried_at: now, is_fresh: false, retried_at: Some(now), ..self.state() },
        };
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures_util::FutureExt;
    use jsonwebtoken::decode_header;

    use super::*;
    use crate::store::contract::account;
    use crate::token::Key;

    const OLD: &str = "k9Xv2mQ8rT5wZ1bN4cL7dF0gH3jP6sAuE";
    const NEW: &str = "another-Secret-0f-thirty-two-byt3s";

    /// The start of the function.
    const START: Timestamp = Timestamp::from_seconds(1_790_000_000);

    /// A secret that can change, with the number of times that it was read. Without a value the read fails.
    #[derive(Clone, Debug)]
    struct Secret(Arc<Mutex<(Option<&'static str>, usize)>>);

    impl KeySource for Secret {
        fn read_again(&self) -> BoxFuture<'_, Option<Keys>> {
            let mut secret = self.0.lock().unwrap();
            secret.1 += 1;
            let keys = secret.0.map(keys);
            async move { keys }.boxed()
        }
    }

    impl Secret {
        fn reads(&self) -> usize {
            self.0.lock().unwrap().1
        }

        fn becomes(&self, value: &'static str) {
            self.0.lock().unwrap().0 = Some(value);
        }
    }

    /// A keyring that knows the old key alone, and the secret that it reads again.
    fn keyring(value: Option<&'static str>) -> (Keyring, Secret) {
        let secret = Secret(Arc::new(Mutex::new((value, 0))));
        (Keyring::new(rules(), &keys(OLD), Some(Box::new(secret.clone())), START), secret)
    }

    fn rules() -> Rules {
        Rules { issuer: "us".to_owned(), audience: "them".to_owned(), ttl: Duration::from_hours(1) }
    }

    fn keys(secret: &str) -> Keys {
        Keys { current: Key::parse(secret).unwrap(), previous: None }
    }

    fn token(secret: &str) -> String {
        Issuer::new(rules(), &keys(secret)).issue(&account("alice", ""), START).unwrap()
    }

    fn at(seconds: u64) -> Timestamp {
        START + Duration::from_secs(seconds)
    }

    const UNKNOWN: Result<Claims, VerifyError> = Err(VerifyError::Invalid(TokenError::UnknownKey));

    #[tokio::test]
    async fn an_unknown_key_is_asked_for_at_once_and_then_once_a_minute() {
        let (keyring, secret) = keyring(Some(OLD));
        let token = token(NEW);
        for (seconds, reads) in [(1, 1), (2, 1), (60, 1), (61, 2), (62, 2), (120, 2)] {
            assert_eq!(keyring.verify(&token, at(seconds)).await, UNKNOWN);
            assert_eq!(secret.reads(), reads, "{seconds}");
        }
        secret.becomes(NEW);
        assert!(keyring.verify(&token, at(121)).await.is_ok());
        assert!(keyring.verify(&token, at(122)).await.is_ok());
        assert_eq!(secret.reads(), 3);
    }

    #[tokio::test]
    async fn a_new_key_signs_ten_minutes_later_at_most() {
        let (keyring, secret) = keyring(Some(NEW));
        let alice = account("alice", "");
        for (seconds, signs, reads) in
            [(1, OLD, 0), (599, OLD, 0), (600, NEW, 1), (1199, NEW, 1), (1200, NEW, 2)]
        {
            let token = keyring.issue(&alice, at(seconds)).await.unwrap();
            let kid = decode_header(&token).unwrap().kid.unwrap();
            assert_eq!(kid, keys(signs).current.id(), "{seconds}");
            assert_eq!(secret.reads(), reads, "{seconds}");
        }
    }

    #[tokio::test]
    async fn keys_that_cannot_be_read_again_stay_in_use_and_others_are_undecided() {
        let (keyring, secret) = keyring(None);
        let (old, new) = (token(OLD), token(NEW));
        for seconds in [1, 2, 700] {
            assert_eq!(keyring.verify(&new, at(seconds)).await, Err(VerifyError::KeysUnavailable));
            assert!(keyring.verify(&old, at(seconds)).await.is_ok());
            assert!(keyring.issue(&account("alice", ""), at(seconds)).await.is_ok());
        }
        secret.becomes(OLD);
        assert_eq!(keyring.verify(&new, at(760)).await, UNKNOWN);
    }

    #[tokio::test]
    async fn a_key_that_was_removed_is_believed_for_ten_minutes_more_at_most() {
        let (keyring, _secret) = keyring(Some(NEW));
        let token = token(OLD);
        assert!(keyring.verify(&token, at(599)).await.is_ok());
        assert_eq!(keyring.verify(&token, at(600)).await, UNKNOWN);
    }

    #[tokio::test]
    async fn keys_that_could_not_be_read_are_asked_for_again_after_a_minute() {
        let (keyring, secret) = keyring(None);
        let token = token(OLD);
        assert!(keyring.verify(&token, at(600)).await.is_ok());
        secret.becomes(NEW);
        assert!(keyring.verify(&token, at(659)).await.is_ok());
        assert_eq!(keyring.verify(&token, at(660)).await, UNKNOWN);
    }
}
