//! The changes of the secret. No good token is refused at any moment of a rotation.
//!
//! ```text
//! next      published ── ANNOUNCED ──┐
//! current                            signs ──────────── the next rotation ──┐
//! previous                                                                  verifies ── kept ──▷ gone
//! ```

use std::fmt;
use std::time::Duration;

use shared::http::PUBLIC_MAX_AGE;
use shared::time::Timestamp;
use shared::token::{Key, MAX_KEY_AGE, MAX_TTL};

use super::document::{Document, Held, Role};

/// Room for clocks that differ, and for a read that is on its way.
const MARGIN: Duration = Duration::from_mins(10);

/// After this time every function has read a change.
const READ_BY_ALL: Duration = MAX_KEY_AGE.saturating_add(MARGIN);

/// The longest time for which a verifier keeps the public keys that it fetched: the JWT authorizer of an HTTP API
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html>).
const CACHED_BY_VERIFIERS: Duration = Duration::from_hours(2);

/// What makes a signature.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
#[value(rename_all = "UPPER")]
pub enum Algorithm {
    /// HMAC-SHA256: only those who hold the secret can verify a token.
    Hs256,
    /// RSA with SHA-256: anybody can verify a token with the published key.
    Rs256,
}

impl Algorithm {
    /// The algorithm of a key.
    #[must_use]
    pub fn of(key: &Key) -> Self {
        if key.public().is_some() { Self::Rs256 } else { Self::Hs256 }
    }

    /// Time from the publication of a key to its first token.
    #[must_use]
    pub fn announced(self) -> Duration {
        match self {
            Self::Hs256 => READ_BY_ALL,
            // A cache in between may have had the response for as long as it may.
            Self::Rs256 => READ_BY_ALL + PUBLIC_MAX_AGE + CACHED_BY_VERIFIERS,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Hs256 => "HS256",
            Self::Rs256 => "RS256",
        })
    }
}

/// Time for which a key is kept after it signed last: a function that has not read the change yet signs with it, and what it
/// signs lives. That is an access token, or the refresh token of a session that is not used for as long as it may.
#[must_use]
pub fn kept(session_idle: Duration) -> Duration {
    READ_BY_ALL + MAX_TTL.max(session_idle)
}

/// What a rotation did, or waits for. Keys are told by their `kid`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Step {
    /// A new key was published.
    Published {
        /// The `kid` of that key.
        next: String,
        /// The time from which it may sign.
        ready: Timestamp,
    },
    /// The published key may not sign yet.
    Announced {
        /// The `kid` of that key.
        next: String,
        /// The time from which it may sign.
        ready: Timestamp,
    },
    /// The published key signs now.
    Signs {
        /// The `kid` of that key.
        current: String,
        /// The time until which the key before is needed.
        previous_until: Timestamp,
    },
    /// The last rotation is not over.
    Kept {
        /// The key that signs.
        current: String,
        /// The time until which the key before is needed.
        previous_until: Timestamp,
    },
}

/// The change is not possible.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ChangeError {
    /// Another algorithm than that of the published key was asked for.
    #[error("key {0}, of another algorithm, is published and waits; go on without --alg, or revoke it")]
    OtherAlgorithm(String),
    /// No key has this `kid`.
    #[error("no key has the kid \"{0}\"; `accounts keys` lists them")]
    UnknownKey(String),
}

impl Document {
    /// Goes one step: forgets keys that are not needed any more, lets the published key sign once everybody knows it, or
    /// publishes a new one. Any number of calls at any time do no harm. A key that has signed is [`kept`].
    ///
    /// # Errors
    ///
    /// [`ChangeError::OtherAlgorithm`], and those of `make`.
    pub fn rotate<E: From<ChangeError>>(
        &mut self,
        algorithm: Option<Algorithm>,
        kept: Duration,
        now: Timestamp,
        make: impl FnOnce(Algorithm) -> Result<Key, E>,
    ) -> Result<Step, E> {
        let now = now.whole_seconds();
        self.complete(now);
        self.previous.retain(|held| now < held.needed_until(kept, now));
        if let Some(next) = self.next.take() {
            return Ok(self.go_on(next, algorithm, kept, now)?);
        }
        if let Some(previous_until) = self.previous.iter().map(|held| held.needed_until(kept, now)).max() {
            return Ok(Step::Kept { current: self.current.key.id().to_owned(), previous_until });
        }
        let key = make(algorithm.unwrap_or_else(|| Algorithm::of(&self.current.key)))?;
        let step =
            Step::Published { next: key.id().to_owned(), ready: now + Algorithm::of(&key).announced() };
        self.next = Some(Held::new(key, now));
        Ok(step)
    }

    /// Lets the published key sign, if its time has come.
    fn go_on(
        &mut self,
        next: Held,
        algorithm: Option<Algorithm>,
        kept: Duration,
        now: Timestamp,
    ) -> Result<Step, ChangeError> {
        let (kid, ready) = (next.key.id().to_owned(), next.ready(now));
        let is_other = algorithm.is_some_and(|algorithm| algorithm != Algorithm::of(&next.key));
        if is_other || now < ready {
            self.next = Some(next);
            return if is_other {
                Err(ChangeError::OtherAlgorithm(kid))
            } else {
                Ok(Step::Announced { next: kid, ready })
            };
        }
        self.sign_with(next.key, now);
        Ok(Step::Signs { current: kid, previous_until: now + kept })
    }

    /// Lets a key sign at once. The one before verifies on.
    pub fn sign_with(&mut self, key: Key, now: Timestamp) {
        let before = std::mem::replace(&mut self.current, Held::new(key, now));
        self.previous.push(Held::new(before.key, now));
    }

    /// Ends what a key has signed. In the place of the one that signs steps the published one, or else a new one.
    ///
    /// # Errors
    ///
    /// [`ChangeError::UnknownKey`], and those of `make`.
    pub fn revoke<E: From<ChangeError>>(
        &mut self,
        kid: &str,
        now: Timestamp,
        make: impl FnOnce(Algorithm) -> Result<Key, E>,
    ) -> Result<(), E> {
        let is_it = |held: &Held| held.key.id() == kid;
        if !self.keys().any(|(_, held)| is_it(held)) {
            return Err(ChangeError::UnknownKey(kid.to_owned()).into());
        }
        self.next = self.next.take().filter(|held| !is_it(held));
        self.previous.retain(|held| !is_it(held));
        if is_it(&self.current) {
            let key = match self.next.take() {
                Some(next) => next.key,
                None => make(Algorithm::of(&self.current.key))?,
            };
            self.current = Held::new(key, now);
        }
        Ok(())
    }

    /// Writes down the time of keys that were put there by other means, or by a clock that was ahead.
    fn complete(&mut self, now: Timestamp) {
        for held in self.next.iter_mut().chain(&mut self.previous) {
            held.since = held.since.filter(|since| *since <= now).or(Some(now));
        }
    }
}

impl Held {
    /// The time from which a published key may sign.
    #[must_use]
    pub fn ready(&self, now: Timestamp) -> Timestamp {
        self.known_since(now) + Algorithm::of(&self.key).announced()
    }

    /// The time until which a previous key is needed.
    #[must_use]
    pub fn needed_until(&self, kept: Duration, now: Timestamp) -> Timestamp {
        self.known_since(now) + kept
    }

    fn known_since(&self, now: Timestamp) -> Timestamp {
        self.since.unwrap_or(now).min(now).whole_seconds()
    }
}

impl Role {
    /// The member of the secret.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Next => "next",
            Self::Previous => "previous",
        }
    }
}
