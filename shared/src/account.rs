//! Plain data of one user, without I/O.

mod external_id;
pub mod imported;

use std::cmp::Reverse;
use std::fmt;
use std::time::Duration;

use sha2::{Digest, Sha256};
use uuid::Uuid;

pub use external_id::{ExternalId, ExternalIdError};
pub use imported::Imported;

use crate::names::email::Email;
use crate::names::username::Username;
use crate::password::hash::PasswordHash;
use crate::random::{self, NoRandomness};
use crate::session::{Exchange, Lifetimes, Refusal, Session, SessionId, Sessions, Verdict};
use crate::time::Timestamp;

/// Time within which the address of a new account must be confirmed, where that is required.
pub const PENDING_FOR: Duration = Duration::from_hours(7 * 24);

/// One user's account.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Account {
    /// Permanent, and never reused. Random, but for accounts that come from another system.
    pub id: AccountId,
    /// The id in the system that the account comes from.
    pub external_id: Option<ExternalId>,
    /// Unique, and fixed for the life of the account.
    pub username: Username,
    /// Optional, and unique where it is given.
    pub email: Option<Email>,
    /// The owner has shown that mail to the address arrives. `false` without an address.
    pub email_verified: bool,
    /// The end of an account whose registration waits for the confirmation of its address. Nobody logs in to it until then,
    /// and its address is not its own.
    pub pending_until: Option<Timestamp>,
    /// Ours, or one of another service until the next login replaces it.
    pub password_hash: PasswordHash,
    /// Tokens carry this number; raising it ends all tokens issued before.
    pub token_version: u32,
    /// A disabled account keeps everything but access.
    pub status: Status,
    /// Whole seconds.
    pub created_at: Timestamp,
    /// What an import has read last in the system that the account comes from.
    pub imported: Option<Imported>,
    /// Its sessions.
    pub sessions: Sessions,
}

/// The part of an account that tokens are issued for and judged by.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Standing {
    /// The account's id.
    pub id: AccountId,
    /// The id in the system that the account comes from.
    pub external_id: Option<ExternalId>,
    /// The username as typed at registration.
    pub username: String,
    /// The token version.
    pub token_version: u32,
    /// The status.
    pub status: Status,
    /// The owner has shown that mail to the address of the account arrives.
    pub email_verified: bool,
    /// The session that tokens are issued in or were asked about, if it is there.
    pub session: Option<Session>,
}

impl Standing {
    /// `true` while nothing has happened that ends tokens, such as being disabled.
    #[must_use]
    pub fn is_as_registered(&self) -> bool {
        self.token_version == 0 && self.status == Status::Active
    }
}

impl Account {
    /// The part that tokens are about, outside of any session.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let Self { id, external_id, username, token_version, status, email_verified, .. } = self;
        Standing {
            id: *id,
            external_id: external_id.clone(),
            username: username.as_str().to_owned(),
            token_version: *token_version,
            status: *status,
            email_verified: *email_verified,
            session: None,
        }
    }

    /// The address, if it is the account's own: no other account has it.
    #[must_use]
    pub fn own_email(&self) -> Option<&Email> {
        self.email.as_ref().filter(|_| self.pending_until.is_none())
    }

    /// The sessions that are live, the one used last first.
    #[must_use]
    pub fn live_sessions(&self, lifetimes: &Lifetimes, now: Timestamp) -> Vec<&Session> {
        let is_live = |session: &&Session| session.is_live(self.token_version, lifetimes, now);
        let mut live: Vec<_> = self.sessions.iter().filter(is_live).collect();
        live.sort_by_key(|session| Reverse(session.used_at));
        live
    }

    /// The verdict on the exchange of a refresh token of this account.
    #[must_use]
    pub fn judge(&self, exchange: &Exchange) -> Verdict {
        match self.status {
            Status::Active => exchange.judge(self.sessions.get(&exchange.session), self.token_version),
            Status::Disabled => Verdict::Refused(Refusal::Disabled),
        }
    }

    /// The account with another password: all its tokens and sessions have ended, but for the session `kept`, if the account
    /// has it. `None` if there is no higher token version.
    #[must_use]
    pub fn with_password(&self, hash: &PasswordHash, kept: Option<&SessionId>) -> Option<Self> {
        let token_version = self.token_version.checked_add(1)?;
        let kept = kept.and_then(|id| self.sessions.get(id)).cloned();
        let kept = kept.filter(|session| session.token_version == self.token_version);
        let sessions = kept.map(|session| Sessions::of(Session { token_version, ..session }));
        Some(Self {
            password_hash: hash.clone(),
            token_version,
            sessions: sessions.unwrap_or_default(),
            ..self.clone()
        })
    }

    /// The part that tokens are about, with a session if the account has it.
    #[must_use]
    pub fn standing_in(&self, session: Option<&SessionId>) -> Standing {
        let session = session.and_then(|id| self.sessions.get(id)).cloned();
        Standing { session, ..self.standing() }
    }
}

/// The state of an account.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Status {
    /// Logs in, and its tokens are good.
    Active,
    /// Does not log in, and its tokens are refused.
    Disabled,
}

/// A UUID in lower case. An id is not secret.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct AccountId(Uuid);

impl AccountId {
    /// A new id: a `UUIDv4` (RFC 9562 section 5.4) with 122 unpredictable bits.
    ///
    /// # Errors
    ///
    /// When the operating system has no randomness.
    pub fn random() -> Result<Self, NoRandomness> {
        Ok(Self(uuid::Builder::from_random_bytes(random::bytes()?).into_uuid()))
    }

    /// The id for the account that has this one elsewhere, so that it is the same in every import: a `UUIDv8` made of
    /// SHA-256 (RFC 9562 section 5.8).
    #[must_use]
    pub fn of(external: &ExternalId) -> Self {
        let digest =
            Sha256::new().chain_update("serverless-auth external id\0").chain_update(external.as_str());
        let half = digest.finalize().first_chunk().copied().unwrap_or_default();
        Self(uuid::Builder::from_custom_bytes(half).into_uuid())
    }

    /// The id in 16 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 16] {
        self.0.into_bytes()
    }

    /// Reads an id in the form that [`Display`](fmt::Display) writes, and in no other.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let id = Self(Uuid::try_parse(text).ok()?);
        (id.to_string() == text).then_some(id)
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.as_hyphenated())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_random_version_4_uuids() {
        let ids: std::collections::HashSet<_> = (0..1000).map(|_| AccountId::random().unwrap()).collect();
        assert_eq!(ids.len(), 1000);
        assert!(ids.iter().all(|id| id.0.get_version_num() == 4));
    }

    /// The literal keeps the ids of accounts that are there: do not replace it.
    #[test]
    fn an_external_id_makes_the_same_id_at_any_time() {
        let of = |text| AccountId::of(&ExternalId::parse(text).unwrap());
        assert_eq!(of("1").to_string(), "23438015-a7d9-823f-821d-f253eacaf5f8");
        assert_eq!(of("1").0.get_version_num(), 8);
        assert_ne!(of("1"), of("11"));
        assert_eq!(AccountId::parse(&of("1").to_string()), Some(of("1")));
    }

    #[test]
    fn an_id_has_one_spelling() {
        let id = AccountId::random().unwrap();
        assert_eq!(AccountId::parse(&id.to_string()), Some(id));
        assert_eq!(AccountId::parse(&id.to_string().to_uppercase()), None);
        assert_eq!(AccountId::parse(&id.0.simple().to_string()), None);
    }
}
