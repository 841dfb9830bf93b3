//! bcrypt (Provos and Mazières, 1999), bare and as Django has it.

use std::fmt::{self, Write};

use secrecy::zeroize::Zeroizing;
use sha2::{Digest, Sha256};

use super::{Form, Scheme, boxed, form};
use crate::password::Password;
use crate::password::hash::memory::Memory;
use crate::password::hash::{Unverifiable, parts};

pub(super) const FORMS: &[Form] = &[
    form("$2a$", "bcrypt", |rest| boxed(Bcrypt::parse(rest, Input::Plain))),
    form("$2b$", "bcrypt", |rest| boxed(Bcrypt::parse(rest, Input::Plain))),
    form("$2y$", "bcrypt", |rest| boxed(Bcrypt::parse(rest, Input::Plain))),
    form("bcrypt$", "Django bcrypt", |rest| boxed(Bcrypt::whole(rest, Input::Plain))),
    form("bcrypt_sha256$", "Django bcrypt over SHA-256", |rest| boxed(Bcrypt::whole(rest, Input::Sha256))),
];

/// Costs that bcrypt knows, up to the highest that a login can wait for; each doubles the one before.
const COSTS: std::ops::RangeInclusive<u32> = 4..=31;
const MOST_COST: u32 = 14;

/// bcrypt reads no more of a password than this.
const MOST_BYTES: usize = 72;

/// The input of bcrypt.
enum Input {
    /// The password.
    Plain,
    /// SHA-256 of the password in hexadecimal digits: Django's way round the 72 bytes.
    Sha256,
}

struct Bcrypt {
    input: Input,
    cost: u32,
    salt: [u8; 16],
    key: Vec<u8>,
}

impl Bcrypt {
    /// `2a`, `2b` and `2y` are one algorithm: their differences were bugs in single programs. `2x` is such a bug, and
    /// `2` older than the rule that the password ends with a zero.
    fn whole(text: &str, input: Input) -> Option<Self> {
        let rest = ["$2a$", "$2b$", "$2y$"].into_iter().find_map(|prefix| text.strip_prefix(prefix));
        Self::parse(rest?, input)
    }

    /// The part after the prefix: the cost in two digits, then salt and key.
    fn parse(rest: &str, input: Input) -> Option<Self> {
        let [cost, salt_and_key] = parts::fields(rest)?;
        let digits = cost.strip_prefix('0').unwrap_or(cost);
        let cost = (cost.len() == 2).then_some(digits).and_then(parts::number)?;
        let (salt, key) = salt_and_key.split_at_checked(22)?;
        let salt = parts::base64_of_bcrypt(salt)?.try_into().ok()?;
        let key = parts::base64_of_bcrypt(key)?;
        (COSTS.contains(&cost) && key.len() == 23).then_some(Self { input, cost, salt, key })
    }
}

impl Scheme for Bcrypt {
    fn is_within_limits(&self) -> bool {
        self.cost <= MOST_COST
    }

    /// Does as the programs that made the hash: what follows the 72nd byte of a password was never part of it. The
    /// login that finds such a password right hashes the whole of it, and from then on all of it counts.
    fn matches(&self, _memory: &Memory, password: &Password) -> Result<bool, Unverifiable> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(4 * crate::password::MAX_LENGTH));
        match self.input {
            Input::Plain => bytes.extend(password.typed().bytes()),
            Input::Sha256 => bytes.extend(hexadecimal(&Sha256::digest(password.typed())).bytes()),
        }
        bytes.push(0);
        bytes.truncate(MOST_BYTES);
        let key = bcrypt::bcrypt(self.cost, self.salt, &bytes);
        Ok(key.split_last().is_some_and(|(_, key)| parts::same(key, &self.key)))
    }
}

fn hexadecimal(bytes: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(2 * bytes.len()));
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

impl fmt::Display for Bcrypt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cost={}", self.cost)
    }
}
