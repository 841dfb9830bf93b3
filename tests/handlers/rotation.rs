//! Rotations of the key that signs, on a clock that moves, before many environments of the functions and a verifier that
//! caches the published keys.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use accounts::keys::document::Document;
use accounts::keys::rotation::{Algorithm, ChangeError, Step, kept};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use shared::account::{AccountId, Standing, Status};
use shared::session::{Label, Lifetimes, Session, SessionId};
use shared::time::Timestamp;
use shared::token::secret::Secret;
use shared::token::{Key, KeySource, Keyring, Keys, RefreshToken, Rules};
use support::keys::{RSA_2048, RSA_2048_OTHER, RSA_3072};

const START: Timestamp = Timestamp::from_seconds(1_790_000_000);

/// Long enough for three rotations.
const TIME: Duration = Duration::from_hours(10 * 24);

const TTL: Duration = Duration::from_hours(24);

/// The lifetime of a session without a refresh: longer than that of a token.
const IDLE: Duration = Duration::from_hours(2 * 24);

/// Time for which API Gateway caches the keys that it has fetched.
const GATEWAY_CACHE: Duration = Duration::from_hours(2);

/// Time for which a cache in between may have had the response (`cache-control` of the key set).
const HTTP_CACHE: Duration = Duration::from_mins(10);

/// The secret, as Secrets Manager holds it.
#[derive(Clone, Debug)]
struct Place(Arc<Mutex<Document>>);

impl Place {
    fn keys(&self) -> Keys {
        let text = self.0.lock().unwrap().to_text().unwrap();
        Secret::parse(text.expose_secret()).unwrap().into()
    }

    fn keyring(&self, now: Timestamp) -> Keyring {
        let rules = Rules {
            issuer: "us".to_owned(),
            audience: "them".to_owned(),
            ttl: TTL,
            sessions: Lifetimes { idle: IDLE, ..Lifetimes::DEFAULT },
        };
        Keyring::new(rules, &self.keys(), Some(Box::new(self.clone())), now)
    }
}

impl KeySource for Place {
    fn read_again(&self) -> BoxFuture<'_, Option<Keys>> {
        async { Some(self.keys()) }.boxed()
    }
}

struct Token {
    text: String,
    kid: String,
    is_rs256: bool,
    expires_at: Timestamp,
}

/// The service, and those who use it.
struct World {
    now: Timestamp,
    random: fastrand::Rng,
    secret: Place,
    logins: Vec<Keyring>,
    validates: Vec<Keyring>,
    tokens: Vec<Token>,
    /// Refresh tokens, with the time of issue.
    refresh_tokens: Vec<(String, Timestamp)>,
    /// The `kid`s that a cache in between has, and that API Gateway has, with the time of the request for them.
    http_cache: (Vec<String>, Timestamp),
    gateway_cache: (Vec<String>, Timestamp),
    new_keys: Vec<&'static str>,
    signs: u32,
}

impl World {
    fn new(seed: u64, current: &str) -> Self {
        let json = SecretString::from(json!({ "current": current }).to_string());
        let secret = Place(Arc::new(Mutex::new(Document::parse(&json).unwrap())));
        let environments = || (0..3).map(|_| secret.keyring(START)).collect();
        Self {
            now: START,
            random: fastrand::Rng::with_seed(seed),
            logins: environments(),
            validates: environments(),
            secret: secret.clone(),
            tokens: Vec::new(),
            refresh_tokens: Vec::new(),
            http_cache: (Vec::new(), Timestamp::EPOCH),
            gateway_cache: (Vec::new(), Timestamp::EPOCH),
            new_keys: vec![RSA_3072, RSA_2048_OTHER, RSA_2048],
            signs: 0,
        }
    }

    /// An operator who runs the command at any time, and much too often.
    fn rotate(&mut self) {
        let key = *self.new_keys.last().unwrap();
        let mut document = self.secret.0.lock().unwrap();
        let make = |_| Ok::<_, ChangeError>(Key::parse(key).unwrap());
        let step = document.rotate(Some(Algorithm::Rs256), kept(IDLE), self.now, make);
        match step.unwrap() {
            Step::Published { .. } => self.new_keys.rotate_right(1),
            Step::Signs { .. } => self.signs += 1,
            Step::Announced { .. } | Step::Kept { .. } => {}
        }
    }

    async fn log_in(&mut self) {
        let standing = Standing {
            id: AccountId::random().unwrap(),
            username: "alice".to_owned(),
            token_version: 0,
            status: Status::Active,
            external_id: None,
            email_verified: false,
            session: None,
        };
        let text = self.random.choice(&self.logins).unwrap().issue(&standing, self.now).await.unwrap();
        let header = jsonwebtoken::decode_header(&text).unwrap();
        let is_rs256 = header.alg == jsonwebtoken::Algorithm::RS256;
        self.tokens.push(Token { text, kid: header.kid.unwrap(), is_rs256, expires_at: self.now + TTL });
    }

    async fn begin_session(&mut self) {
        let session = Session::new(SessionId::random(0).unwrap(), 0, Label::of_user_agent("curl"), self.now);
        let token = RefreshToken::current(&session, "alice");
        let text = self.random.choice(&self.logins).unwrap().seal(&token, self.now).await.unwrap();
        self.refresh_tokens.push((text, self.now));
    }

    /// A client comes back to a session, soon or at the last moment.
    async fn refresh(&mut self) {
        if self.refresh_tokens.is_empty() {
            return;
        }
        let (text, issued_at) =
            self.refresh_tokens.swap_remove(self.random.usize(..self.refresh_tokens.len()));
        let login = self.random.choice(&self.logins).unwrap();
        let opened: Option<RefreshToken> = login.open(&text, self.now).await.unwrap();
        assert!(opened.is_some(), "a session ends {:?} after its use", self.now.since(issued_at));
        self.begin_session().await;
    }

    async fn validate(&mut self) {
        let Some(token) = self.random.choice(&self.tokens) else { return };
        let verdict = self.random.choice(&self.validates).unwrap().verify(&token.text, self.now).await;
        assert!(verdict.is_ok(), "{verdict:?} after {:?}", self.now.since(START));
    }

    /// API Gateway judges all tokens with the keys that it has.
    async fn ask_gateway(&mut self) {
        if self.now.since(self.gateway_cache.1) >= GATEWAY_CACHE {
            if self.now.since(self.http_cache.1) >= HTTP_CACHE {
                let validate = self.random.choice(&self.validates).unwrap();
                let key_set = serde_json::to_value(&*validate.published(self.now).await.unwrap()).unwrap();
                let kids = key_set["keys"].as_array().unwrap().iter();
                let kids = kids.map(|key| key["kid"].as_str().unwrap().to_owned());
                self.http_cache = (kids.collect(), self.now);
            }
            self.gateway_cache = (self.http_cache.0.clone(), self.now);
        }
        for token in self.tokens.iter().filter(|token| token.is_rs256) {
            assert!(
                self.gateway_cache.0.contains(&token.kid),
                "API Gateway refuses a good token after {:?}",
                self.now.since(START)
            );
        }
    }

    fn start_again(&mut self) {
        let fresh = self.secret.keyring(self.now);
        let environments = if self.random.bool() { &mut self.logins } else { &mut self.validates };
        *self.random.choice(environments.iter_mut()).unwrap() = fresh;
    }

    async fn live(&mut self) {
        while self.now.since(START) < TIME {
            let pause = if self.random.u8(..10) == 0 { 5_400 } else { 300 };
            self.now = self.now + Duration::from_secs(self.random.u64(1..=pause));
            let now = self.now;
            self.tokens.retain(|token| now < token.expires_at);
            self.refresh_tokens.retain(|(_, issued_at)| now.since(*issued_at) < IDLE);
            match self.random.u8(..12) {
                0..3 => self.rotate(),
                3..6 => self.log_in().await,
                6..9 => self.validate().await,
                9 => self.begin_session().await,
                10 => self.refresh().await,
                _ => self.start_again(),
            }
            self.ask_gateway().await;
            // Lets reads in the background end.
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn no_good_token_is_refused_and_no_session_ends_at_any_moment_of_a_rotation() {
    for seed in 0..4 {
        for current in [RSA_2048_OTHER, "k9Xv2mQ8rT5wZ1bN4cL7dF0gH3jP6sAuE"] {
            let mut world = World::new(seed, current);
            world.live().await;
            assert!(world.signs >= 2, "{} rotations", world.signs);
        }
    }
}
