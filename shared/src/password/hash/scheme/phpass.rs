//! phpass (<https://www.openwall.com/phpass/>): MD5 thousands of times, as WordPress before 6.8 and phpBB have it.

use std::fmt;

use md5::{Digest, Md5};

use super::{Form, Scheme, boxed, form};
use crate::password::Password;
use crate::password::hash::memory::Memory;
use crate::password::hash::{Unverifiable, parts};

pub(super) const FORMS: &[Form] = &[
    form("$P$", "phpass MD5", |rest| boxed(Phpass::parse(rest))),
    form("$H$", "phpBB phpass MD5", |rest| boxed(Phpass::parse(rest))),
];

/// Logarithms of the rounds that phpass knows, up to the highest that a login can wait for, passlib's default: the longest
/// password takes a second.
const LOG_ROUNDS: std::ops::RangeInclusive<u8> = 7..=30;
const MOST_LOG_ROUNDS: u8 = 19;

struct Phpass {
    log_rounds: u8,
    salt: [u8; 8],
    key: [u8; 16],
}

impl Phpass {
    /// A character for the rounds, eight of salt, and the key.
    fn parse(rest: &str) -> Option<Self> {
        let (log_rounds, rest) = rest.as_bytes().split_first()?;
        let (salt, _) = rest.split_first_chunk()?;
        let log_rounds = parts::digit_of_crypt(*log_rounds).filter(|log| LOG_ROUNDS.contains(log))?;
        let key = parts::base64_of_crypt(str::from_utf8(rest.get(salt.len()..)?).ok()?)?;
        Some(Self { log_rounds, salt: *salt, key: key.try_into().ok()? })
    }
}

impl Scheme for Phpass {
    fn is_within_limits(&self) -> bool {
        self.log_rounds <= MOST_LOG_ROUNDS
    }

    fn matches(&self, _memory: &Memory, password: &Password) -> Result<bool, Unverifiable> {
        let round = |before: &[u8]| Md5::new().chain_update(before).chain_update(password.typed()).finalize();
        let first = round(&self.salt);
        let key = (0..1_u32 << self.log_rounds).fold(first, |key, _| round(&key));
        Ok(parts::same(&key, &self.key))
    }
}

impl fmt::Display for Phpass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rounds={}", 1_u32 << self.log_rounds)
    }
}

#[cfg(test)]
mod tests {
    use super::FORMS;
    use crate::password::hash::scheme::tests::{Row, judge_alike};

    #[test]
    fn hashes_are_judged_as_their_own_software_does() {
        judge_alike(FORMS);
    }

    #[test]
    fn rows_are_bounded() {
        Row {
            scheme: "phpass MD5",
            parameters: "rounds=8192",
            good: "$P$B55X1239GzEwBKlcGQgMcNyX8Qr87Q/",
            allowed: &[("$P$B", "$P$5"), ("$P$B", "$P$H")],
            costly: &[("$P$B", "$P$I"), ("$P$B", "$P$S")],
            malformed: &[
                ("$P$B", "$P$4"),
                ("$P$B", "$P$T"),
                ("$P$B", "$P$"),
                ("$P$B", "$P$é"),
                ("$P$B", "$Q$B"),
                ("87Q/", "87Q"),
                ("87Q/", "87Qz"),
                ("GzEw", "Gz$w"),
            ],
        }
        .hold();
    }
}
