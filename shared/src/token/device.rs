//! Device tokens: who has logged in before on a device is not locked out there by strangers who guess.
//! <https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies>

use std::time::Duration;

use super::sealed::Sealed;
use crate::account::Account;
use crate::names::username::UsernameKey;
use crate::random::{self, NoRandomness};
use crate::time::Timestamp;

/// Lifetime of a device token.
pub const DEVICE_TTL: Duration = Duration::from_hours(180 * 24);

/// A device on which an account was logged in to. It proves nothing but that.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DeviceToken {
    device: [u8; 16],
    issued_at: Timestamp,
    account: [u8; 16],
    token_version: u32,
    username: String,
}

impl DeviceToken {
    /// A token of the device that has presented `before`, or of a new one, for an account.
    ///
    /// # Errors
    ///
    /// When the operating system has no randomness.
    pub fn new(account: &Account, before: Option<&Self>, now: Timestamp) -> Result<Self, NoRandomness> {
        let device = before.filter(|before| before.is_of(account)).map(|before| before.device);
        Ok(Self {
            device: device.map_or_else(random::bytes, Ok)?,
            issued_at: now.whole_seconds(),
            account: account.id.to_bytes(),
            token_version: account.token_version,
            username: account.username.as_str().to_owned(),
        })
    }

    /// The device, by 128 random bits.
    #[must_use]
    pub fn device(&self) -> &[u8; 16] {
        &self.device
    }

    /// `true` while it is good for logins at this name.
    #[must_use]
    pub fn is_for(&self, name: &UsernameKey, now: Timestamp) -> bool {
        now.since(self.issued_at) < DEVICE_TTL && UsernameKey::of(&self.username) == *name
    }

    /// `true` if it was given to this account, and not to another one that had its name, nor before all tokens of the
    /// account were ended: who knew the former password may have collected any number of them.
    #[must_use]
    pub fn is_of(&self, account: &Account) -> bool {
        self.account == account.id.to_bytes() && self.token_version == account.token_version
    }
}

impl Sealed for DeviceToken {
    const PURPOSE: &'static str = "device";

    fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.device.to_vec();
        bytes.extend(self.issued_at.seconds().to_be_bytes());
        bytes.extend(self.account);
        bytes.extend(self.token_version.to_be_bytes());
        bytes.extend(self.username.as_bytes());
        bytes
    }

    fn from_bytes(payload: &[u8]) -> Option<Self> {
        let (device, rest) = payload.split_first_chunk()?;
        let (issued_at, rest) = rest.split_first_chunk()?;
        let (account, rest) = rest.split_first_chunk()?;
        let (token_version, username) = rest.split_first_chunk()?;
        Some(Self {
            device: *device,
            issued_at: Timestamp::from_seconds(u64::from_be_bytes(*issued_at)),
            account: *account,
            token_version: u32::from_be_bytes(*token_version),
            username: String::from_utf8(username.to_vec()).ok()?,
        })
    }
}
