//! Refresh tokens. One stands for a session and a number; which number is current, the store knows.

use super::sealed::Sealed;
use crate::names::username::UsernameKey;
use crate::session::{Session, SessionId};
use crate::time::Timestamp;

/// A refresh token. The same session with the same number has the same text, so that a client that asks twice cannot get two
/// successors.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RefreshToken {
    /// The session.
    pub session: SessionId,
    /// The number in its session.
    pub counter: u32,
    issued_at: Timestamp,
    username: String,
}

impl RefreshToken {
    /// The current token of a session of the account by this name.
    #[must_use]
    pub fn current(session: &Session, username: &str) -> Self {
        Self {
            session: session.id,
            counter: session.counter,
            issued_at: session.used_at,
            username: username.to_owned(),
        }
    }

    /// The account that it leads to.
    #[must_use]
    pub fn name(&self) -> UsernameKey {
        UsernameKey::of(&self.username)
    }
}

impl Sealed for RefreshToken {
    const PURPOSE: &'static str = "refresh";

    fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.session.to_bytes().to_vec();
        bytes.extend(self.counter.to_be_bytes());
        bytes.extend(self.issued_at.seconds().to_be_bytes());
        bytes.extend(self.username.as_bytes());
        bytes
    }

    fn from_bytes(payload: &[u8]) -> Option<Self> {
        let (session, rest) = payload.split_at_checked(SessionId::BYTES)?;
        let (counter, rest) = rest.split_first_chunk()?;
        let (issued_at, username) = rest.split_first_chunk()?;
        Some(Self {
            session: SessionId::from_bytes(session)?,
            counter: u32::from_be_bytes(*counter),
            issued_at: Timestamp::from_seconds(u64::from_be_bytes(*issued_at)),
            username: String::from_utf8(username.to_vec()).ok()?,
        })
    }
}
