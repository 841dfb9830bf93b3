//! scrypt (RFC 7914) as Django, PHC strings, passlib and Better Auth have it.

use std::fmt;

use super::{Form, Scheme, boxed, form};
use crate::names::unicode;
use crate::password::Password;
use crate::password::hash::memory::Memory;
use crate::password::hash::{Unverifiable, parts};

pub(super) const FORMS: &[Form] = &[
    form("scrypt$", "Django scrypt", |rest| boxed(Scrypt::django(rest))),
    form("$scrypt$", "scrypt", |rest| boxed(Scrypt::phc(rest))),
    form("", "Better Auth scrypt", |text| boxed(Scrypt::better_auth(text))),
];

/// The cost of one scrypt.
#[derive(Clone, Copy)]
pub(super) struct Work {
    pub(super) log_n: u32,
    pub(super) r: u32,
    pub(super) p: u32,
}

impl Work {
    /// 256 MiB, as for Argon2.
    const MOST_MEMORY: u64 = 256 * 1024 * 1024;

    /// Blocks mixed (N × r × p): four times what OWASP recommends, about two seconds on one processor.
    const MOST_BLOCKS: u64 = 1 << 22;

    /// N is two to the power of `log_n`, and so small that nothing overflows below.
    fn new(log_n: u32, r: u32, p: u32) -> Option<Self> {
        (1..64).contains(&log_n).then_some(Self { log_n, r, p })
    }

    /// From `ln=14,r=8,p=1`.
    pub(super) fn named(text: &str) -> Option<Self> {
        let [log_n, r, p] = parts::parameters(text, ["ln", "r", "p"])?;
        Self::new(log_n, r, p)
    }

    pub(super) fn is_within_limits(self) -> bool {
        let (n, r, p) = (1_u128 << self.log_n, u128::from(self.r), u128::from(self.p));
        128 * r * (n + p) <= Self::MOST_MEMORY.into() && n * r * p <= Self::MOST_BLOCKS.into()
    }

    pub(super) fn derive(self, password: &str, salt: &[u8], key: &mut [u8]) -> Result<(), Unverifiable> {
        let log_n = self.log_n.try_into().map_err(|_| Unverifiable::Library)?;
        let params = scrypt::Params::new(log_n, self.r, self.p).map_err(|_| Unverifiable::Library)?;
        scrypt::scrypt(password.as_bytes(), salt, &params, key).map_err(|_| Unverifiable::Library)
    }
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ln={},r={},p={}", self.log_n, self.r, self.p)
    }
}

/// The form of a password that is hashed.
#[derive(Clone, Copy)]
enum Spelling {
    AsTyped,
    Nfkc,
}

struct Scrypt {
    work: Work,
    spelling: Spelling,
    salt: Vec<u8>,
    key: Vec<u8>,
}

impl Scrypt {
    /// Django: N, the salt as text, r, p, the key in base64.
    fn django(rest: &str) -> Option<Self> {
        let [n, salt, r, p, key] = parts::fields(rest)?;
        let n = parts::number(n).filter(|n| n.is_power_of_two())?;
        let work = Work::new(n.ilog2(), parts::number(r)?, parts::number(p)?)?;
        let key = parts::base64(key).filter(|key| key.len() == 64)?;
        Some(Self { work, spelling: Spelling::AsTyped, salt: parts::salt(salt.as_bytes().to_vec())?, key })
    }

    /// PHC, and passlib, which writes the same.
    fn phc(rest: &str) -> Option<Self> {
        let [parameters, salt, key] = parts::fields(rest)?;
        let work = Work::named(parameters)?;
        let (salt, key) = (parts::salt(parts::base64(salt)?)?, parts::key(parts::base64(key)?)?);
        Some(Self { work, spelling: Spelling::AsTyped, salt, key })
    }

    /// Better Auth: `salt:key`, both in hexadecimal digits; the digits of the salt are the salt. The cost is constant.
    fn better_auth(text: &str) -> Option<Self> {
        let (salt, key) = text.split_once(':')?;
        let (salt_bytes, key) = (parts::hex(salt)?, parts::hex(key)?);
        let work = Work { log_n: 14, r: 16, p: 1 };
        let salt = salt.as_bytes().to_vec();
        (salt_bytes.len() == 16 && key.len() == 64).then_some(Self {
            work,
            spelling: Spelling::Nfkc,
            salt,
            key,
        })
    }
}

impl Scheme for Scrypt {
    fn is_within_limits(&self) -> bool {
        self.work.is_within_limits()
    }

    fn matches(&self, _memory: &Memory, password: &Password) -> Result<bool, Unverifiable> {
        let mut key = vec![0; self.key.len()];
        match self.spelling {
            Spelling::AsTyped => self.work.derive(password.typed(), &self.salt, &mut key)?,
            Spelling::Nfkc => {
                let password = secrecy::zeroize::Zeroizing::new(unicode::nfkc(password.typed()));
                self.work.derive(&password, &self.salt, &mut key)?;
            }
        }
        Ok(parts::same(&key, &self.key))
    }
}

impl fmt::Display for Scrypt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.work.fmt(f)
    }
}
