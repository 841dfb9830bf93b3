//! The keys in use over time: when a secret is rotated, running functions learn of it without being deployed anew.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use super::{Claims, IssueError, Issuer, Keys, Rules, TokenError, Verifier};
use crate::account::Account;
use crate::aws::secrets_manager::SecretsManager;

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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use jsonwebtoken::decode_header;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::store::contract::account;
    use crate::token::Key;

    const OLD: &str = "k9Xv2mQ8rT5wZ1bN4cL7dF0gH3jP6sAuE";
    const NEW: &str = "another-Secret-0f-thirty-two-byt3s";

    /// When the function started.
    const START: SystemTime = SystemTime::UNIX_EPOCH;

    /// What Secrets Manager holds; without a value it fails. And how often it was asked.
    type Secret = Arc<Mutex<(Option<&'static str>, usize)>>;

    /// A keyring that knows the old key alone, in the place of Secrets Manager a secret that can be changed.
    async fn keyring(value: Option<&'static str>) -> (Keyring, Secret) {
        let secret = Secret::new((value, 0).into());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(serve(listener, secret.clone()));
        let source = SecretsManager::new(&crate::aws::tests::config(), Some(&endpoint), "the secret");
        (Keyring::new(rules(), &keys(OLD), KeySource::SecretsManager(source), START), secret)
    }

    async fn serve(listener: TcpListener, secret: Secret) {
        loop {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"}") {
                connection.read_buf(&mut request).await.unwrap();
            }
            let (status, body) = {
                let mut secret = secret.lock().unwrap();
                secret.1 += 1;
                match secret.0 {
                    Some(value) => (200, format!(r#"{{"SecretString":"{{\"current\":\"{value}\"}}"}}"#)),
                    None => (400, r#"{"__type":"AccessDeniedException"}"#.to_owned()),
                }
            };
            let length = body.len();
            let answer =
                format!("HTTP/1.1 {status} -\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
            connection.write_all(answer.as_bytes()).await.unwrap();
        }
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

    /// Where a function is this old.
    fn at(seconds: u64) -> SystemTime {
        START + Duration::from_secs(seconds)
    }

    #[tokio::test]
    async fn an_unknown_key_is_asked_for_at_once_and_then_once_a_minute() {
        let (keyring, secret) = keyring(Some(OLD)).await;
        let token = token(NEW);
        for (seconds, reads) in [(1, 1), (2, 1), (60, 1), (61, 2), (62, 2), (120, 2)] {
            assert_eq!(keyring.verify(&token, at(seconds)).await, Err(TokenError::UnknownKey));
            assert_eq!(secret.lock().unwrap().1, reads, "{seconds}");
        }
        secret.lock().unwrap().0 = Some(NEW);
        assert!(keyring.verify(&token, at(121)).await.is_ok());
        assert!(keyring.verify(&token, at(122)).await.is_ok());
        assert_eq!(secret.lock().unwrap().1, 3);
    }

    #[tokio::test]
    async fn a_new_key_signs_ten_minutes_later_at_most() {
        let (keyring, secret) = keyring(Some(NEW)).await;
        let alice = account("alice", "");
        for (seconds, signs, reads) in
            [(1, OLD, 0), (599, OLD, 0), (600, NEW, 1), (1199, NEW, 1), (1200, NEW, 2)]
        {
            let token = keyring.issue(&alice, at(seconds)).await.unwrap();
            let kid = decode_header(&token).unwrap().kid.unwrap();
            assert_eq!(kid, keys(signs).current.id(), "{seconds}");
            assert_eq!(secret.lock().unwrap().1, reads, "{seconds}");
        }
    }

    #[tokio::test]
    async fn keys_that_cannot_be_read_again_stay_in_use_and_others_are_undecided() {
        let (keyring, secret) = keyring(None).await;
        let (old, new) = (token(OLD), token(NEW));
        for seconds in [1, 2, 700] {
            assert_eq!(keyring.verify(&new, at(seconds)).await, Err(TokenError::KeysUnavailable));
            assert!(keyring.verify(&old, at(seconds)).await.is_ok());
            assert!(keyring.issue(&account("alice", ""), at(seconds)).await.is_ok());
        }
        secret.lock().unwrap().0 = Some(OLD);
        assert_eq!(keyring.verify(&new, at(760)).await, Err(TokenError::UnknownKey));
    }

    #[tokio::test]
    async fn a_key_that_was_removed_is_believed_for_ten_minutes_more_at_most() {
        let (keyring, _secret) = keyring(Some(NEW)).await;
        let token = token(OLD);
        assert!(keyring.verify(&token, at(599)).await.is_ok());
        assert_eq!(keyring.verify(&token, at(600)).await, Err(TokenError::UnknownKey));
    }

    #[tokio::test]
    async fn keys_that_could_not_be_read_are_asked_for_again_after_a_minute() {
        let (keyring, secret) = keyring(None).await;
        let token = token(OLD);
        assert!(keyring.verify(&token, at(600)).await.is_ok());
        secret.lock().unwrap().0 = Some(NEW);
        assert!(keyring.verify(&token, at(659)).await.is_ok());
        assert_eq!(keyring.verify(&token, at(660)).await, Err(TokenError::UnknownKey));
    }
}
