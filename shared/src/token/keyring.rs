//! The keys in use over time. A running function learns of a rotated secret without a deployment, and no request waits for
//! that unless it must.
//!
//! | age of the keys | |
//! |---|---|
//! | up to 5 min | used |
//! | 5 min to 1 h | used, and read again in the background |
//! | over 1 h | not believed: a request waits for a read, or fails |
//!
//! A token with an unknown `kid` is invalid if the keys were read after its `iat`. Otherwise they are read again, within a
//! budget, since any client can make up such tokens. Without that read there is no verdict.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::claims::claimed_iat;
use super::sealed::{Sealed, Sealer};
use super::{CLOCK_SKEW_SECONDS, Claims, IssueError, Issuer, KeySet, Keys, Rules, TokenError, Verifier};
use crate::account::Standing;
use crate::time::Timestamp;

/// Age at which keys are read again in the background.
const RENEWAL_AGE: Duration = Duration::from_mins(5);

/// Maximum age of keys that sign, verify or are published.
pub const MAX_AGE: Duration = Duration::from_hours(1);

/// Shortest time between two background reads after a failure.
const RETRY_INTERVAL: Duration = Duration::from_mins(1);

/// Reads in a minute that unknown `kid`s may cause.
const READS_PER_MINUTE: u32 = 6;

/// A place from which keys can be read again.
pub trait KeySource: Debug + Send + Sync {
    /// Reads the keys. `None` after a failure, which the source has logged.
    fn read_again(&self) -> BoxFuture<'_, Option<Keys>>;
}

/// Issues and verifies tokens with the current keys.
#[derive(Clone, Debug)]
pub struct Keyring {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    rules: Rules,
    source: Option<Box<dyn KeySource>>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    issuer: Arc<Issuer>,
    verifier: Arc<Verifier>,
    sealer: Arc<Sealer>,
    published: Arc<KeySet>,
    read_at: Timestamp,
    /// The last attempt to read the keys.
    tried_at: Timestamp,
    /// The minute in which unknown `kid`s cause reads, and their number so far.
    budget: (Timestamp, u32),
}

/// A token is not valid, or there is no verdict on it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum VerifyError {
    /// The token is not valid.
    #[error("the token is not valid")]
    Invalid(TokenError),
    /// The keys are too old and could not be read, or the token's key may be newer than they are.
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
        let state = State {
            issuer: Issuer::new(rules.clone(), keys).into(),
            verifier: Verifier::new(&rules, keys).into(),
            sealer: Sealer::new(keys).into(),
            published: KeySet::of(keys).into(),
            read_at,
            tried_at: read_at,
            budget: (Timestamp::EPOCH, 0),
        };
        Self { inner: Arc::new(Inner { rules, source, state: Mutex::new(state) }) }
    }

    /// A token for an account, valid from `now` on.
    ///
    /// # Errors
    ///
    /// Those of [`Issuer::issue`], and [`IssueError::KeysUnavailable`].
    pub async fn issue(&self, standing: &Standing, now: Timestamp) -> Result<String, IssueError> {
        self.renew(now).await.map_err(|_| IssueError::KeysUnavailable)?;
        let issuer = self.inner.state().issuer.clone();
        issuer.issue(standing, now)
    }

    /// Checks everything about a token but its account, and returns its claims.
    ///
    /// # Errors
    ///
    /// [`VerifyError`].
    pub async fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, VerifyError> {
        self.renew(now).await?;
        let verdict = self.inner.verify(token, now);
        if verdict != Err(TokenError::UnknownKey) || self.inner.knows_keys_at(claimed_iat(token), now) {
            return verdict.map_err(VerifyError::Invalid);
        }
        self.inner.read_within_budget(now).await?;
        self.inner.verify(token, now).map_err(VerifyError::Invalid)
    }

    /// The text of a token that only this service reads.
    ///
    /// # Errors
    ///
    /// [`IssueError::KeysUnavailable`], [`IssueError::NoSigningKey`].
    pub async fn seal<T: Sealed>(&self, token: &T, now: Timestamp) -> Result<String, IssueError> {
        self.renew(now).await.map_err(|_| IssueError::KeysUnavailable)?;
        let sealer = self.inner.state().sealer.clone();
        sealer.seal(token).ok_or(IssueError::NoSigningKey)
    }

    /// Reads a token that [`Keyring::seal`] has written; `None` for any other text.
    ///
    /// # Errors
    ///
    /// [`VerifyError::KeysUnavailable`].
    pub async fn open<T: Sealed>(&self, text: &str, now: Timestamp) -> Result<Option<T>, VerifyError> {
        let Some(envelope) = T::envelope(text) else { return Ok(None) };
        self.renew(now).await?;
        let sealer = self.inner.state().sealer.clone();
        if sealer.knows(&envelope) || self.inner.knows_keys_at(Some(envelope.claimed.issued_at()), now) {
            return Ok(sealer.open(envelope));
        }
        self.inner.read_within_budget(now).await?;
        let sealer = self.inner.state().sealer.clone();
        Ok(sealer.open(envelope))
    }

    /// The public keys. With texts alone there are none.
    ///
    /// # Errors
    ///
    /// [`VerifyError::KeysUnavailable`].
    pub async fn published(&self, now: Timestamp) -> Result<Arc<KeySet>, VerifyError> {
        self.renew(now).await?;
        Ok(self.inner.state().published.clone())
    }

    /// `true` if tokens can be issued: with public keys alone they cannot.
    #[must_use]
    pub fn signs(&self) -> bool {
        self.inner.state().issuer.signs()
    }

    /// The rules of all tokens.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.inner.rules
    }

    /// Reads the keys again when they are due: in the background, or, if they are too old, before anything else.
    async fn renew(&self, now: Timestamp) -> Result<(), VerifyError> {
        if self.inner.source.is_none() {
            return Ok(());
        }
        let (age, is_due) = {
            let mut state = self.inner.state();
            let age = now.since(state.read_at);
            let is_due = age >= RENEWAL_AGE && now.since(state.tried_at) >= RETRY_INTERVAL;
            if is_due && age < MAX_AGE {
                state.tried_at = now;
            }
            (age, is_due)
        };
        if age >= MAX_AGE {
            return if self.inner.read(now).await { Ok(()) } else { Err(VerifyError::KeysUnavailable) };
        }
        if is_due {
            let inner = self.inner.clone();
            tokio::spawn(async move { inner.read(now).await });
        }
        Ok(())
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, TokenError> {
        let verifier = self.state().verifier.clone();
        verifier.verify(token, now)
    }

    /// `true` if the key of a token, if it is a key of ours, must be among those that were read: they were read after the
    /// token's `iat`, which an honest token has from its signer's clock.
    fn knows_keys_at(&self, iat: Option<Timestamp>, now: Timestamp) -> bool {
        let skew = Duration::from_secs(CLOCK_SKEW_SECONDS);
        self.source.is_none() || iat.is_none_or(|iat| iat + skew <= self.state().read_at || iat > now + skew)
    }

    /// Reads the keys because of an unknown `kid`.
    async fn read_within_budget(&self, now: Timestamp) -> Result<(), VerifyError> {
        let may_read = self.state().may_read(now);
        if may_read && self.read(now).await { Ok(()) } else { Err(VerifyError::KeysUnavailable) }
    }

    /// Reads the keys; `false` after a failure, which leaves the old ones in use.
    async fn read(&self, now: Timestamp) -> bool {
        let Some(source) = &self.source else { return true };
        let keys = source.read_again().await;
        let mut state = self.state();
        state.tried_at = now;
        let Some(keys) = keys else { return false };
        state.issuer = Issuer::new(self.rules.clone(), &keys).into();
        state.verifier = Verifier::new(&self.rules, &keys).into();
        state.sealer = Sealer::new(&keys).into();
        state.published = KeySet::of(&keys).into();
        state.read_at = now;
        true
    }
}

impl State {
    /// Takes one read from the budget of this minute.
    fn may_read(&mut self, now: Timestamp) -> bool {
        if now.since(self.budget.0) >= Duration::from_mins(1) {
            self.budget = (now, 0);
        }
        self.budget.1 += 1;
        self.budget.1 <= READS_PER_MINUTE
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures_util::FutureExt;
    use jsonwebtoken::decode_header;
    use serde_json::json;
    use support::keys::RSA_2048;

    use super::*;
    use crate::session::{Label, Lifetimes, Session, SessionId};
    use crate::store::contract::account;
    use crate::token::{Key, RefreshToken};

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
        Rules {
            issuer: "us".to_owned(),
            audience: "them".to_owned(),
            ttl: Duration::from_hours(1),
            sessions: Lifetimes::DEFAULT,
        }
    }

    fn keys(secret: &str) -> Keys {
        Keys::new(Key::parse(secret).unwrap(), None)
    }

    fn kid(secret: &str) -> String {
        Key::parse(secret).unwrap().id().to_owned()
    }

    fn at(seconds: u64) -> Timestamp {
        START + Duration::from_secs(seconds)
    }

    const UNKNOWN: Result<Claims, VerifyError> = Err(VerifyError::Invalid(TokenError::UnknownKey));

    /// Lets a background read end.
    async fn settle() {
        for _ in 0..4 {
            tokio::task::yield_now().await;
        }
    }

    fn token_at(secret: &str, now: Timestamp) -> String {
        Issuer::new(rules(), &keys(secret)).issue(&account("alice", "").standing(), now).unwrap()
    }

    async fn signs(keyring: &Keyring, now: Timestamp) -> String {
        let token = keyring.issue(&account("alice", "").standing(), now).await.unwrap();
        decode_header(&token).unwrap().kid.unwrap()
    }

    #[tokio::test]
    async fn a_new_key_is_learned_from_its_first_token() {
        let (keyring, secret) = keyring(Some(OLD));
        secret.becomes(NEW);
        assert!(keyring.verify(&token_at(NEW, at(10)), at(10)).await.is_ok());
        assert!(keyring.verify(&token_at(NEW, at(11)), at(11)).await.is_ok());
        assert_eq!(secret.reads(), 1);
    }

    /// A token that was signed before the keys were read is of no key of ours: no read is needed to know that.
    #[tokio::test]
    async fn an_unknown_key_of_an_older_token_is_invalid_without_a_read() {
        let (keyring, secret) = keyring(Some(OLD));
        let old = token_at(NEW, START.minus(Duration::from_secs(5)));
        for seconds in [1, 30, 299] {
            assert_eq!(keyring.verify(&old, at(seconds)).await, UNKNOWN);
        }
        let future = token_at(NEW, at(1000));
        assert_eq!(keyring.verify(&future, at(1)).await, UNKNOWN);
        assert_eq!(secret.reads(), 0);
    }

    /// Good fresh tokens of a new key are told from others at any time, also while others send tokens that are made up.
    #[tokio::test]
    async fn unknown_keys_are_asked_for_within_a_budget_and_beyond_it_there_is_no_verdict() {
        let (keyring, secret) = keyring(Some(OLD));
        for read in 1..=6 {
            assert_eq!(keyring.verify(&token_at(NEW, at(10 + read)), at(10 + read)).await, UNKNOWN, "{read}");
        }
        assert_eq!(secret.reads(), 6);
        let late = token_at(NEW, at(20));
        assert_eq!(keyring.verify(&late, at(20)).await, Err(VerifyError::KeysUnavailable));
        assert_eq!(secret.reads(), 6);
        assert!(keyring.verify(&token_at(OLD, at(20)), at(20)).await.is_ok(), "a known key needs no read");
        secret.becomes(NEW);
        assert!(keyring.verify(&late, at(71)).await.is_ok());
    }

    #[tokio::test]
    async fn an_unknown_key_that_cannot_be_asked_for_has_no_verdict() {
        let (keyring, _secret) = keyring(None);
        assert_eq!(keyring.verify(&token_at(NEW, at(9)), at(9)).await, Err(VerifyError::KeysUnavailable));
        assert!(keyring.verify(&token_at(OLD, at(9)), at(9)).await.is_ok());
    }

    #[tokio::test]
    async fn keys_are_renewed_after_five_minutes_without_making_a_request_wait() {
        let (keyring, secret) = keyring(Some(NEW));
        let old = kid(OLD);
        assert_eq!((signs(&keyring, at(299)).await, secret.reads()), (old.clone(), 0));
        assert_eq!(signs(&keyring, at(300)).await, old, "the request that finds them due does not wait");
        settle().await;
        assert_eq!((signs(&keyring, at(301)).await.as_str(), secret.reads()), (&*kid(NEW), 1));
        assert_eq!(keyring.verify(&token_at(OLD, at(200)), at(302)).await, UNKNOWN);
    }

    #[tokio::test]
    async fn a_failed_renewal_is_tried_again_after_a_minute() {
        let (keyring, secret) = keyring(None);
        for (seconds, reads) in [(300, 1), (301, 1), (359, 1), (360, 2), (361, 2), (420, 3)] {
            signs(&keyring, at(seconds)).await;
            settle().await;
            assert_eq!(secret.reads(), reads, "{seconds}");
        }
    }

    #[tokio::test]
    async fn keys_older_than_an_hour_are_not_believed() {
        let (keyring, secret) = keyring(None);
        let token = token_at(OLD, at(3000));
        assert!(keyring.verify(&token, at(3599)).await.is_ok());
        settle().await;
        for seconds in [3600, 3601] {
            assert_eq!(keyring.verify(&token, at(seconds)).await, Err(VerifyError::KeysUnavailable));
            let issued = keyring.issue(&account("alice", "").standing(), at(seconds)).await;
            assert!(matches!(issued, Err(IssueError::KeysUnavailable)), "{issued:?}");
        }
        secret.becomes(OLD);
        assert!(keyring.verify(&token, at(3602)).await.is_ok());
        secret.becomes(NEW);
        assert_eq!(
            keyring.verify(&token, at(8000)).await,
            UNKNOWN,
            "after a long sleep the first request waits"
        );
    }

    #[tokio::test]
    async fn the_published_keys_are_those_in_use() {
        let (keyring, secret) = keyring(Some(RSA_2048));
        let published = async |seconds| json!(*keyring.published(at(seconds)).await.unwrap());
        assert_eq!(published(299).await, json!({ "keys": [] }));
        assert_eq!(published(300).await, json!({ "keys": [] }), "it does not wait");
        settle().await;
        assert_eq!(published(301).await["keys"][0]["kid"], kid(RSA_2048));
        assert_eq!(secret.reads(), 1);
    }

    /// Else a verifier would cache them for hours more.
    #[tokio::test]
    async fn keys_older_than_an_hour_are_not_published() {
        let (keyring, secret) = keyring(None);
        assert!(keyring.published(at(3599)).await.is_ok());
        settle().await;
        assert_eq!(keyring.published(at(3600)).await, Err(VerifyError::KeysUnavailable));
        secret.becomes(RSA_2048);
        assert_eq!(json!(*keyring.published(at(3601)).await.unwrap())["keys"][0]["kid"], kid(RSA_2048));
    }

    /// The refresh token of a session of `alice`, sealed by a function that knows this secret alone.
    async fn sealed(secret: &str, now: Timestamp) -> String {
        let session = Session::new(SessionId::random(0).unwrap(), 0, Label::default(), now);
        let token = RefreshToken::current(&session, "alice");
        Keyring::fixed(rules(), &keys(secret)).seal(&token, now).await.unwrap()
    }

    /// A function that has not read a rotated secret yet must not take a good token for a bad one.
    #[tokio::test]
    async fn a_sealed_token_of_a_new_key_is_opened_as_soon_as_the_key_is_read() {
        let (keyring, secret) = keyring(Some(OLD));
        let opens = async |text: &str, seconds| {
            keyring.open::<RefreshToken>(text, at(seconds)).await.map(|token| token.is_some())
        };
        assert_eq!(opens(&sealed(OLD, at(10)).await, 10).await, Ok(true));
        assert_eq!((opens("garbage", 10).await, secret.reads()), (Ok(false), 0));
        let before = sealed(NEW, START.minus(Duration::from_secs(5))).await;
        assert_eq!((opens(&before, 10).await, secret.reads()), (Ok(false), 0), "no key of ours");
        secret.becomes(NEW);
        assert_eq!((opens(&sealed(NEW, at(10)).await, 10).await, secret.reads()), (Ok(true), 1));
    }

    #[tokio::test]
    async fn a_sealed_token_whose_key_cannot_be_asked_for_has_no_verdict() {
        let (keyring, _secret) = keyring(None);
        let opened = keyring.open::<RefreshToken>(&sealed(NEW, at(9)).await, at(9)).await;
        assert_eq!(opened, Err(VerifyError::KeysUnavailable));
        assert!(keyring.open::<RefreshToken>(&sealed(OLD, at(9)).await, at(9)).await.unwrap().is_some());
        let late = keyring.open::<RefreshToken>(&sealed(OLD, at(9)).await, at(3600)).await;
        assert_eq!(late, Err(VerifyError::KeysUnavailable), "keys that are too old open nothing");
    }

    #[tokio::test]
    async fn keys_without_a_source_never_grow_old() {
        let keyring = Keyring::fixed(rules(), &keys(OLD));
        let now = START + Duration::from_hours(30 * 24);
        assert!(keyring.verify(&token_at(OLD, now), now).await.is_ok());
        assert_eq!(keyring.verify(&token_at(NEW, now), now).await, UNKNOWN);
    }
}
