//! The keys in use over time: when a secret is rotated, running functions learn of it without being deployed anew.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use super::{Claims, IssueError, Issuer, Keys, Rules, TokenError, Verifier};
use crate::account::Account;
use crate::secrets_manager::SecretsManager;

/// How old keys may be that sign or verify, where they can be read again: so long a secret that was replaced still signs,
/// and one that was removed is still believed.
const KEY_AGE: Duration = Duration::from_mins(10);

/// Tokens with an unknown `kid`, which anybody can send, make us read the keys again once in this time at most; and keys
/// that could not be read are asked for again after it.
const ASKING_INTERVAL: Duration = Duration::from_mins(1);

/// Where keys can be read again.
#[derive(Debug)]
pub(crate) enum KeySource {
    /// Nowhere: they are what they are until the process ends.
    Fixed,
    /// AWS Secrets Manager.
    SecretsManager(SecretsManager),
}

/// Issues and verifies tokens with the keys of the moment.
#[derive(Debug)]
pub struct Keyring {
    rules: Rules,
    source: KeySource,
    state: RwLock<State>,
}

#[derive(Clone, Debug)]
struct State {
    issuer: Arc<Issuer>,
    verifier: Arc<Verifier>,
    /// When the keys were last asked for.
    asked_at: SystemTime,
    /// Whether they were told then.
    answered: bool,
    /// When they were last asked for again, if they were. The first time does not count: a function that started shortly
    /// before a rotation would refuse good tokens for as long as it must not ask.
    asked_again_at: Option<SystemTime>,
}

impl State {
    fn new(rules: &Rules, keys: &Keys, asked_at: SystemTime) -> Self {
        let (issuer, verifier) = (Issuer::new(rules.clone(), keys), Verifier::new(rules, keys));
        Self {
            issuer: issuer.into(),
            verifier: verifier.into(),
            asked_at,
            answered: true,
            asked_again_at: None,
        }
    }
}

impl Keyring {
    /// Keys that stay what they are.
    #[must_use]
    pub fn fixed(rules: Rules, keys: &Keys) -> Self {
        Self::new(rules, keys, KeySource::Fixed, SystemTime::UNIX_EPOCH)
    }

    /// Keys that were read from `source` at `read_at`.
    pub(crate) fn new(rules: Rules, keys: &Keys, source: KeySource, read_at: SystemTime) -> Self {
        Self { state: RwLock::new(State::new(&rules, keys, read_at)), rules, source }
    }

    /// A token for this account, good from `now` on.
    ///
    /// # Errors
    ///
    /// Those of [`Issuer::issue`].
    pub async fn issue(&self, account: &Account, now: SystemTime) -> Result<String, IssueError> {
        self.renew(now).await;
        self.state().issuer.issue(account, now)
    }

    /// The claims of a token, once everything about it has been checked but its account.
    ///
    /// # Errors
    ///
    /// Those of [`Verifier::verify`]; and [`TokenError::KeysUnavailable`] when the token's key may be one that could
    /// not be read, so that nobody knows.
    pub async fn verify(&self, token: &str, now: SystemTime) -> Result<Claims, TokenError> {
        self.renew(now).await;
        let verdict = self.state().verifier.verify(token, now);
        if verdict != Err(TokenError::UnknownKey) {
            return verdict;
        }
        self.refresh(now, self.state().asked_again_at, ASKING_INTERVAL).await;
        let State { verifier, answered, .. } = self.state();
        match verifier.verify(token, now) {
            Err(TokenError::UnknownKey) if !answered => Err(TokenError::KeysUnavailable),
            verdict => verdict,
        }
    }

    /// How long a new token is good.
    #[must_use]
    pub fn ttl(&self) -> Duration {
        self.rules.ttl
    }

    fn state(&self) -> State {
        self.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the keys again when it is time.
    async fn renew(&self, now: SystemTime) {
        let State { asked_at, answered, .. } = self.state();
        self.refresh(now, Some(asked_at), if answered { KEY_AGE } else { ASKING_INTERVAL }).await;
    }

    /// Reads the keys again unless `last` is less than `age` ago. Keys that cannot be read stay in use.
    async fn refresh(&self, now: SystemTime, last: Option<SystemTime>, age: Duration) {
        if last.is_some_and(|last| now.duration_since(last).unwrap_or_default() < age) {
            return;
        }
        let keys = match &self.source {
            KeySource::Fixed => return,
            KeySource::SecretsManager(secret) => secret.read_again().await,
        };
        let state = match keys {
            Some(keys) => State { asked_again_at: Some(now), ..State::new(&self.rules, &keys, now) },
            None => State { asked_at: now, answered: false, asked_again_at: Some(now), ..self.state() },
        };
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = state;
    }
}
