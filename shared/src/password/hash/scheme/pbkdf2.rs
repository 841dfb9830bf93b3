//! PBKDF2 (RFC 8018) as Django, passlib and PHC strings have it.

use std::fmt;

use sha1::Sha1;
use sha2::Sha256;

use super::{Form, Scheme, boxed, form};
use crate::password::Password;
use crate::password::hash::memory::Memory;
use crate::password::hash::{Unverifiable, parts};

pub(super) const FORMS: &[Form] = &[
    form("pbkdf2_sha256$", "Django PBKDF2-SHA256", |rest| boxed(Pbkdf2::django(rest, Digest::Sha256))),
    form("pbkdf2_sha1$", "Django PBKDF2-SHA1", |rest| boxed(Pbkdf2::django(rest, Digest::Sha1))),
    form("$pbkdf2-sha256$", "PBKDF2-SHA256", |rest| boxed(Pbkdf2::phc_or_passlib(rest))),
];

/// Upper bound of the iterations, counted per block of output: twice Django 6.1's default.
const MOST_ITERATIONS: u64 = 3_000_000;

/// The digest of HMAC.
#[derive(Clone, Copy)]
enum Digest {
    Sha1,
    Sha256,
}

impl Digest {
    /// Its output in bytes.
    const fn size(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }
}

struct Pbkdf2 {
    digest: Digest,
    iterations: u32,
    salt: Vec<u8>,
    key: Vec<u8>,
}

impl Pbkdf2 {
    /// Django: iterations, the salt as text, the key in base64.
    fn django(rest: &str, digest: Digest) -> Option<Self> {
        let [iterations, salt, key] = parts::fields(rest)?;
        let key = parts::key(parts::base64(key)?)?;
        if key.len() != digest.size() {
            return None;
        }
        let salt = parts::salt(salt.as_bytes().to_vec())?;
        Some(Self { digest, iterations: parts::number(iterations)?, salt, key })
    }

    /// `$pbkdf2-sha256$`: of PHC with named parameters, of passlib with the rounds alone and its own base64.
    fn phc_or_passlib(rest: &str) -> Option<Self> {
        let [parameters, salt, key] = parts::fields(rest)?;
        let (iterations, salt, key) =
            if let Some([iterations, length]) = parts::parameters(parameters, ["i", "l"]) {
                let key = parts::base64(key)?;
                if usize::try_from(length).ok() != Some(key.len()) {
                    return None;
                }
                (iterations, parts::base64(salt)?, key)
            } else if let Some([iterations]) = parts::parameters(parameters, ["i"]) {
                (iterations, parts::base64(salt)?, parts::base64(key)?)
            } else {
                let iterations = parts::number(parameters)?;
                (iterations, parts::base64_of_passlib(salt)?, parts::base64_of_passlib(key)?)
            };
        Some(Self { digest: Digest::Sha256, iterations, salt: parts::salt(salt)?, key: parts::key(key)? })
    }
}

impl Scheme for Pbkdf2 {
    fn is_within_limits(&self) -> bool {
        let blocks = self.key.len().div_ceil(self.digest.size()) as u64;
        u64::from(self.iterations) * blocks <= MOST_ITERATIONS
    }

    fn matches(&self, _memory: &Memory, password: &Password) -> Result<bool, Unverifiable> {
        let mut key = vec![0; self.key.len()];
        let derive = match self.digest {
            Digest::Sha1 => pbkdf2::pbkdf2_hmac::<Sha1>,
            Digest::Sha256 => pbkdf2::pbkdf2_hmac::<Sha256>,
        };
        derive(password.typed().as_bytes(), &self.salt, self.iterations, &mut key);
        Ok(parts::same(&key, &self.key))
    }
}

impl fmt::Display for Pbkdf2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "iterations={}", self.iterations)
    }
}
