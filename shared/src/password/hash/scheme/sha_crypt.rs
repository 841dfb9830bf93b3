//! SHA-crypt (<https://www.akkadia.org/drepper/SHA-crypt.txt>), the hashes of Linux.

use std::fmt;

use sha_crypt::Params;

use super::{Form, Scheme, boxed, form};
use crate::password::Password;
use crate::password::hash::memory::Memory;
use crate::password::hash::{Unverifiable, parts};

pub(super) const FORMS: &[Form] = &[
    form("$5$", "SHA-256-crypt", |rest| boxed(ShaCrypt::parse(rest, Digest::Sha256))),
    form("$6$", "SHA-512-crypt", |rest| boxed(ShaCrypt::parse(rest, Digest::Sha512))),
];

/// Rounds that hold for a hash that names none.
const DEFAULT_ROUNDS: u32 = 5000;

/// Upper bound of the rounds: half as many again as passlib's default.
const MOST_ROUNDS: u32 = 1_000_000;

/// Longest salt, in characters.
const MOST_SALT: usize = 16;

/// Upper bound of the rounds times the bytes of the password, which a round hashes once or twice. At the rounds that systems
/// have by default no password reaches it.
const MOST_WORK: u64 = 256 * 1_000_000;

/// The bytes of the key, in the order in which they are written.
const ORDER_SHA256: [u8; 32] = [
    20, 10, 0, 11, 1, 21, 2, 22, 12, 23, 13, 3, 14, 4, 24, 5, 25, 15, 26, 16, 6, 17, 7, 27, 8, 28, 18, 29,
    19, 9, 30, 31,
];
const ORDER_SHA512: [u8; 64] = [
    42, 21, 0, 1, 43, 22, 23, 2, 44, 45, 24, 3, 4, 46, 25, 26, 5, 47, 48, 27, 6, 7, 49, 28, 29, 8, 50, 51,
    30, 9, 10, 52, 31, 32, 11, 53, 54, 33, 12, 13, 55, 34, 35, 14, 56, 57, 36, 15, 16, 58, 37, 38, 17, 59,
    60, 39, 18, 19, 61, 40, 41, 20, 62, 63,
];

#[derive(Clone, Copy)]
enum Digest {
    Sha256,
    Sha512,
}

struct ShaCrypt {
    digest: Digest,
    rounds: u32,
    salt: Vec<u8>,
    key: Vec<u8>,
}

impl ShaCrypt {
    /// `rounds=N$salt$key`, or without the rounds.
    fn parse(rest: &str, digest: Digest) -> Option<Self> {
        let (rounds, rest) = match rest.strip_prefix("rounds=") {
            Some(rest) => {
                rest.split_once('$').and_then(|(rounds, rest)| Some((parts::number(rounds)?, rest)))?
            }
            None => (DEFAULT_ROUNDS, rest),
        };
        let [salt, key] = parts::fields(rest)?;
        let salt = parts::salt(salt.as_bytes().to_vec()).filter(|salt| salt.len() <= MOST_SALT)?;
        let key = parts::base64_of_crypt(key)?;
        let size = match digest {
            Digest::Sha256 => ORDER_SHA256.len(),
            Digest::Sha512 => ORDER_SHA512.len(),
        };
        (key.len() == size && (Params::ROUNDS_MIN..=Params::ROUNDS_MAX).contains(&rounds)).then_some(Self {
            digest,
            rounds,
            salt,
            key,
        })
    }

    fn is_within_work(&self, password: &[u8]) -> bool {
        u64::from(self.rounds) * password.len() as u64 <= MOST_WORK
    }
}

impl Scheme for ShaCrypt {
    fn is_within_limits(&self) -> bool {
        self.rounds <= MOST_ROUNDS
    }

    fn matches(&self, _memory: &Memory, password: &Password) -> Result<bool, Unverifiable> {
        let password = password.typed().as_bytes();
        if !self.is_within_work(password) {
            return Ok(false);
        }
        let params = Params::new(self.rounds).map_err(|_| Unverifiable::Library)?;
        let key = match self.digest {
            Digest::Sha256 => {
                parts::reordered(&sha_crypt::sha256_crypt(password, &self.salt, params), &ORDER_SHA256)
            }
            Digest::Sha512 => {
                parts::reordered(&sha_crypt::sha512_crypt(password, &self.salt, params), &ORDER_SHA512)
            }
        };
        Ok(parts::same(&key, &self.key))
    }
}

impl fmt::Display for ShaCrypt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rounds={}", self.rounds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password::hash::scheme::tests::{Row, hasher, judge_alike, stored, verify};

    #[test]
    fn hashes_are_judged_as_their_own_software_does() {
        judge_alike(FORMS);
    }

    #[test]
    fn rows_are_bounded() {
        Row {
            scheme: "SHA-256-crypt",
            parameters: "rounds=5000",
            good: "$5$saltsalt$..........................................D",
            allowed: &[("$5$", "$5$rounds=1000$"), ("$5$", "$5$rounds=1000000$")],
            costly: &[("$5$", "$5$rounds=1000001$"), ("$5$", "$5$rounds=999999999$")],
            malformed: &[
                ("$5$", "$5$rounds=999$"),
                ("$5$", "$5$rounds=1000000000$"),
                ("$5$", "$5$rounds=$"),
                ("$5$", "$5$rounds=+5000$"),
                ("$5$", "$5$$"),
                ("saltsalt", ""),
                ("saltsalt", "saltsaltsaltsalts"),
                ("....", ""),
                ("D", "E"),
                ("$5$", "$7$"),
            ],
        }
        .hold();
        Row {
            scheme: "SHA-512-crypt",
            parameters: "rounds=656000",
            good: "$6$rounds=656000$saltsalt$......................................................................................",
            allowed: &[("$6$", "{CRYPT}$6$")],
            costly: &[("656000", "1000001")],
            malformed: &[("656000", "0"), ("....", "")],
        }
        .hold();
    }

    #[test]
    fn a_password_that_would_take_too_long_is_wrong() {
        let key = ".".repeat(86);
        let costly = ShaCrypt::parse(&format!("rounds=1000000$saltsalt${key}"), Digest::Sha512).unwrap();
        assert!(costly.is_within_work(&[b'x'; 256]) && !costly.is_within_work(&[b'x'; 257]));
        let usual = ShaCrypt::parse(&format!("saltsalt${key}"), Digest::Sha512).unwrap();
        assert!(usual.is_within_work(&[b'x'; 1024]));
        let hash = stored(&format!("$6$rounds=1000000$saltsalt${key}"));
        assert_eq!(verify(&hasher(), &hash, &"😀".repeat(256)), Ok(false));
    }
}
