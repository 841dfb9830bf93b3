//! The rules for tokens. Most tokens here are made by hand with one fault each. Unless the test is about the MAC, it is genuine,
//! so that only the rule in question can refuse the token.

mod anything;
mod claims;
mod form;
mod header;
mod issued;
mod keys;
mod rs256;
mod sealed;

use std::collections::HashSet;
use std::fmt::Display;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use sha2::{Sha256, Sha384, Sha512};

use super::TokenError::{
    BadSignature, Expired, LifetimeTooLong, Malformed, NotYetValid, SubjectMismatch, UnacceptableHeader,
    UnknownKey, WrongAudience, WrongIssuer,
};
use super::*;
use crate::account::{Account, AccountId, Status};
use crate::names::username::Username;
use crate::password::hash::PasswordHash;
use crate::session::Sessions;

/// Long ago, so that a look at the real clock would refuse every token here.
const NOW: u64 = 1_700_000_000;

const SECRET: &str = "k9Xv2mQ8rT5wZ1bN4cL7dF0gH3jP6sAuE";
const PREVIOUS: &str = "another-Secret-0f-thirty-two-byt3s";

const ISSUER: &str = "https://auth.example.com";
const AUDIENCE: &str = "example";
const ID: &str = "6a2f41a3-c54c-4ce8-a4d1-0d2f5b1c8e77";

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn rules() -> Rules {
    Rules {
        issuer: ISSUER.to_owned(),
        audience: AUDIENCE.to_owned(),
        ttl: Duration::from_hours(1),
        sessions: Lifetimes::DEFAULT,
    }
}

fn keys(current: &str, previous: Option<&str>) -> Keys {
    let key = |secret| Key::parse(secret).unwrap();
    Keys::new(key(current), previous.map(key))
}

fn verifier(current: &str, previous: Option<&str>) -> Verifier {
    Verifier::new(&rules(), &keys(current, previous))
}

fn verify(token: &str) -> Result<Claims, TokenError> {
    verifier(SECRET, None).verify(token, at(NOW))
}

fn account(username: &str) -> Account {
    Account {
        id: AccountId::parse(ID).unwrap(),
        username: Username::parse(username).unwrap(),
        email: None,
        external_id: None,
        imported: None,
        email_verified: false,
        pending_until: None,
        password_hash: PasswordHash::from_stored("!".to_owned()),
        token_version: 3,
        status: Status::Active,
        created_at: Timestamp::EPOCH,
        sessions: Sessions::default(),
    }
}

fn kid(secret: &str) -> String {
    Key::parse(secret).unwrap().id().to_owned()
}

fn header() -> Value {
    json!({"typ": "JWT", "alg": "HS256", "kid": kid(SECRET)})
}

fn claims() -> Value {
    json!({
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": ID,
        "user_id": ID,
        "username": "alice",
        "ver": 3,
        "iat": NOW - 60,
        "exp": NOW + 3540,
        "jti": "000102030405060708090a0b0c0d0e0f",
    })
}

fn with(mut object: Value, member: &str, value: impl Into<Value>) -> Value {
    object[member] = value.into();
    object
}

fn without(mut object: Value, member: &str) -> Value {
    object.as_object_mut().unwrap().remove(member).unwrap();
    object
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn mac<M: Mac + KeyInit>(secret: &str, message: &str) -> Vec<u8> {
    <M as KeyInit>::new_from_slice(secret.as_bytes())
        .unwrap()
        .chain_update(message)
        .finalize()
        .into_bytes()
        .to_vec()
}

fn hs256(secret: &str, message: &str) -> Vec<u8> {
    mac::<Hmac<Sha256>>(secret, message)
}

/// The signed text: the first two parts of a token.
fn text(header: impl Display, payload: impl Display) -> String {
    format!("{}.{}", b64(header.to_string()), b64(payload.to_string()))
}

/// A token of two parts and a genuine MAC.
fn seal(secret: &str, text: &str) -> String {
    format!("{text}.{}", b64(hs256(secret, text)))
}

/// A token of good claims under this header.
fn under(header: impl Display) -> String {
    seal(SECRET, &text(header, claims()))
}

/// A token of this payload under a good header.
fn saying(payload: impl Display) -> String {
    seal(SECRET, &text(header(), payload))
}

/// Two tokens: one with these bytes for its header, one with them for its payload.
fn of_bytes(bytes: &[u8]) -> [String; 2] {
    let (header, payload) = (b64(header().to_string()), b64(claims().to_string()));
    [format!("{}.{payload}", b64(bytes)), format!("{header}.{}", b64(bytes))].map(|text| seal(SECRET, &text))
}

fn good() -> String {
    saying(claims())
}

/// Every one of these is refused for this reason, and none because everything is.
#[track_caller]
fn assert_refused<N: Display>(reason: TokenError, tokens: impl IntoIterator<Item = (N, String)>) {
    assert_eq!(verify(&good()).err(), None, "the control");
    for (name, token) in tokens {
        assert_eq!(verify(&token).err(), Some(reason), "{name}");
    }
}
