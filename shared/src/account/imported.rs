//! What an import has read of an account in the system that it comes from, to tell later what has changed there and what here.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::{Account, Status};
use crate::hex;
use crate::names::email::Email;
use crate::password::hash::PasswordHash;

/// Bytes of a digest: enough that no two texts that meet here have the same one.
const DIGEST_BYTES: usize = 16;

/// The state of an account in the other system at the last import, as digests. `Debug` and the stored text show no more than
/// these.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Imported {
    /// Of the hash there.
    pub hash: Digest,
    /// Of the hash that was stored here for it. It is the same, unless the import has made another one of it.
    pub stored: Digest,
    /// Of the address, and whether it was verified.
    pub address: Digest,
    /// Active or disabled.
    pub status: Status,
}

/// A digest of a part of an account.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Digest(String);

impl Imported {
    /// The state of an account as an import has made it of a record with this hash.
    #[must_use]
    pub fn of(hash: &str, account: &Account) -> Self {
        Self {
            hash: Digest::of(hash),
            stored: Digest::of_hash(&account.password_hash),
            address: Digest::of_address(account.email.as_ref(), account.email_verified),
            status: account.status,
        }
    }

    /// Reads the text that [`Display`](fmt::Display) writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let [hash, stored, address, status] = text.split('.').collect::<Vec<_>>()[..] else { return None };
        let [hash, stored, address] = [hash, stored, address].map(|digest| Digest(digest.to_owned()));
        let status = match status {
            ACTIVE => Status::Active,
            DISABLED => Status::Disabled,
            _ => return None,
        };
        Some(Self { hash, stored, address, status })
    }
}

const ACTIVE: &str = "active";
const DISABLED: &str = "disabled";

impl fmt::Display for Imported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = if self.status == Status::Active { ACTIVE } else { DISABLED };
        write!(f, "{}.{}.{}.{status}", self.hash.0, self.stored.0, self.address.0)
    }
}

impl Digest {
    /// That of a stored hash.
    #[must_use]
    pub fn of_hash(hash: &PasswordHash) -> Self {
        Self::of(hash.as_str())
    }

    /// That of an address.
    #[must_use]
    pub fn of_address(email: Option<&Email>, is_verified: bool) -> Self {
        Self::of(&format!("{} {is_verified}", email.map_or("", Email::as_str)))
    }

    fn of(text: &str) -> Self {
        Self(hex::encode(Sha256::digest(text).get(..DIGEST_BYTES).unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::contract::account;

    #[test]
    fn a_written_state_is_read_as_the_same_and_shows_nothing() {
        let alice = account("alice", "alice@example.com");
        let imported = Imported::of("canary", &alice);
        let text = imported.to_string();
        assert_eq!(Imported::parse(&text), Some(imported.clone()));
        assert!(!format!("{text}{imported:?}").contains("canary") && !text.contains('@'));
        assert!(
            ["", "a.b.c", "a.b.c.d", "a.b.c.active.e"].iter().all(|text| Imported::parse(text).is_none())
        );
    }
}
