//! Session ids.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::MAX;
use crate::random::{self, NoRandomness};

/// A session's id: its slot among the sessions of the account, and 96 bits that no other has. It is not secret.
///
/// The slot makes it possible to read or to change one session by its name alone, and bounds their number.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct SessionId {
    slot: u8,
    random: [u8; 12],
}

impl SessionId {
    /// Bytes of [`SessionId::to_bytes`].
    pub const BYTES: usize = 13;

    /// A new id in a slot.
    ///
    /// # Errors
    ///
    /// When the operating system has no randomness.
    pub fn random(slot: usize) -> Result<Self, NoRandomness> {
        let slot = u8::try_from(slot % MAX).unwrap_or_default();
        Ok(Self { slot, random: random::bytes()? })
    }

    /// The id of the session that begins with an account. No later one has it.
    #[must_use]
    pub fn of_registration(account_id: [u8; 16]) -> Self {
        let digest = Sha256::new().chain_update("session").chain_update(account_id).finalize();
        let mut id = Self { slot: 0, random: [0; 12] };
        id.random.iter_mut().zip(digest).for_each(|(byte, of_digest)| *byte = of_digest);
        id
    }

    /// The slot, below [`MAX`].
    #[must_use]
    pub fn slot(&self) -> usize {
        self.slot.into()
    }

    /// Reads an id in the form that [`Display`](fmt::Display) writes, and in no other.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (slot, random) = text.split_at_checked(1)?;
        let slot = slot.bytes().next()?.checked_sub(b'0')?;
        let random = BASE64_URL_SAFE_NO_PAD.decode(random).ok()?.try_into().ok()?;
        (usize::from(slot) < MAX).then_some(Self { slot, random })
    }

    /// The id in 13 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [self.slot; Self::BYTES];
        let (_, random) = bytes.split_at_mut(1);
        random.copy_from_slice(&self.random);
        bytes
    }

    /// Reads the bytes that [`SessionId::to_bytes`] writes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (slot, random) = bytes.split_first()?;
        let random = random.try_into().ok()?;
        (usize::from(*slot) < MAX).then_some(Self { slot: *slot, random })
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.slot, BASE64_URL_SAFE_NO_PAD.encode(self.random))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_was_written() {
        for slot in 0..MAX {
            let id = SessionId::random(slot).unwrap();
            assert_eq!((id.slot(), id.to_string().len()), (slot, 17));
            assert_eq!(SessionId::parse(&id.to_string()), Some(id));
            assert_eq!(SessionId::from_bytes(&id.to_bytes()), Some(id));
        }
    }

    #[test]
    fn the_session_of_a_registration_is_told_by_the_account() {
        let (one, other) = ([1; 16], [2; 16]);
        assert_eq!(SessionId::of_registration(one), SessionId::of_registration(one));
        assert_ne!(SessionId::of_registration(one), SessionId::of_registration(other));
        assert_eq!(SessionId::of_registration(one).slot(), 0);
    }

    #[test]
    fn an_id_has_one_spelling() {
        let id = SessionId { slot: 3, random: [7; 12] }.to_string();
        assert_eq!(id, "3BwcHBwcHBwcHBwcH");
        for other in [
            "",
            "3",
            "é",
            "3BwcHBwcHBwcHBwc",
            "3BwcHBwcHBwcHBwcHB",
            ":BwcHBwcHBwcHBwcH",
            "3BwcHBwcHBwcHBwc=",
            "3 wcHBwcHBwcHBwcH",
        ] {
            assert_eq!(SessionId::parse(other), None, "{other}");
        }
        assert_eq!(SessionId::from_bytes(&[10; 13]), None);
        assert_eq!(SessionId::from_bytes(&[1; 12]), None);
    }
}
