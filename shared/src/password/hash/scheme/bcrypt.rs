//! bcrypt (Provos and Mazières, 1999), bare and over the digests by which Django, passlib and WordPress read more than its 72
//! bytes.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::zeroize::Zeroizing;
use sha2::{Digest, Sha256, Sha384};

use super::{Form, Scheme, boxed, form};
use crate::password::Password;
use crate::password::hash::memory::Memory;
use crate::password::hash::{Unverifiable, parts};

pub(super) const FORMS: &[Form] = &[
    form("$2a$", "bcrypt", |rest| boxed(Bcrypt::parse(rest, Input::Plain))),
    form("$2b$", "bcrypt", |rest| boxed(Bcrypt::parse(rest, Input::Plain))),
    form("$2y$", "bcrypt", |rest| boxed(Bcrypt::parse(rest, Input::Plain))),
    form("bcrypt$", "Django bcrypt", |rest| boxed(Bcrypt::whole(rest, Input::Plain))),
    form("bcrypt_sha256$", "Django bcrypt over SHA-256", |rest| {
        boxed(Bcrypt::whole(rest, Input::Sha256InHex))
    }),
    form("$bcrypt-sha256$", "passlib bcrypt over SHA-256", |rest| boxed(Bcrypt::passlib(rest))),
    form("$wp", "WordPress bcrypt over SHA-384", |rest| boxed(Bcrypt::whole(rest, Input::WordPress))),
];

/// The idents of bcrypt. `2a`, `2b` and `2y` are one algorithm: their differences were bugs in single programs. `2x` is such a
/// bug, and `2` older than the rule that the password ends with a zero.
const IDENTS: [&str; 3] = ["2a", "2b", "2y"];

/// Costs that bcrypt knows, up to the highest that a login can wait for; each doubles the one before.
const COSTS: std::ops::RangeInclusive<u32> = 4..=31;
const MOST_COST: u32 = 14;

/// bcrypt reads no more of a password than this.
const MOST_BYTES: usize = 72;

/// The characters that PHP's `trim` removes.
const PHP_SPACES: [char; 6] = [' ', '\t', '\n', '\r', '\0', '\x0b'];

/// The input of bcrypt.
enum Input {
    /// The password.
    Plain,
    /// Django's: SHA-256 in hexadecimal digits.
    Sha256InHex,
    /// passlib's first version: SHA-256 in base64.
    Sha256InBase64,
    /// passlib's second version: HMAC-SHA-256 in base64, whose key is the text of the salt.
    HmacSha256 { key: String },
    /// HMAC-SHA-384 in base64 of the password that PHP has trimmed.
    WordPress,
}

struct Bcrypt {
    input: Input,
    cost: u32,
    salt: [u8; 16],
    key: Vec<u8>,
}

impl Bcrypt {
    /// The part after the prefix: the cost in two digits, then salt and key.
    fn parse(rest: &str, input: Input) -> Option<Self> {
        let [cost, salt_and_key] = parts::fields(rest)?;
        let digits = cost.strip_prefix('0').unwrap_or(cost);
        let cost = (cost.len() == 2).then_some(digits).and_then(parts::number)?;
        let (salt, key) = salt_and_key.split_at_checked(22)?;
        Self::new(input, cost, salt, key)
    }

    /// With its prefix.
    fn whole(text: &str, input: Input) -> Option<Self> {
        let (ident, rest) = text.strip_prefix('$')?.split_once('$')?;
        if IDENTS.contains(&ident) { Self::parse(rest, input) } else { None }
    }

    /// `2b,12$salt$key`, or `v=2,t=2b,r=12$salt$key`.
    fn passlib(rest: &str) -> Option<Self> {
        let [parameters, salt, key] = parts::fields(rest)?;
        let (input, (ident, cost)) = match parameters.strip_prefix("v=2,t=") {
            Some(rest) => (Input::HmacSha256 { key: salt.to_owned() }, rest.split_once(",r=")?),
            None => (Input::Sha256InBase64, parameters.split_once(',')?),
        };
        if IDENTS.contains(&ident) { Self::new(input, parts::number(cost)?, salt, key) } else { None }
    }

    fn new(input: Input, cost: u32, salt: &str, key: &str) -> Option<Self> {
        let salt = parts::base64_of_bcrypt(salt)?.try_into().ok()?;
        let key = parts::base64_of_bcrypt(key)?;
        (COSTS.contains(&cost) && key.len() == 23).then_some(Self { input, cost, salt, key })
    }
}

impl Input {
    fn of(&self, password: &str) -> Option<Zeroizing<String>> {
        Some(match self {
            Self::Plain => password.to_owned().into(),
            Self::Sha256InHex => parts::to_hex(&Sha256::digest(password)),
            Self::Sha256InBase64 => parts::to_base64(&Sha256::digest(password)),
            Self::HmacSha256 { key } => {
                let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).ok()?.chain_update(password);
                parts::to_base64(&mac.finalize().into_bytes())
            }
            Self::WordPress => {
                let mac = Hmac::<Sha384>::new_from_slice(b"wp-sha384").ok()?;
                let mac = mac.chain_update(password.trim_matches(PHP_SPACES));
                parts::to_base64(&mac.finalize().into_bytes())
            }
        })
    }
}

impl Scheme for Bcrypt {
    fn is_within_limits(&self) -> bool {
        self.cost <= MOST_COST
    }

    /// Does as the programs that made the hash: what follows the 72nd byte of a password was never part of it. The
    /// login that finds such a password right hashes the whole of it, and from then on all of it counts.
    fn matches(&self, _memory: &Memory, password: &Password) -> Result<bool, Unverifiable> {
        let input = self.input.of(password.typed()).ok_or(Unverifiable::Library)?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(input.len() + 1));
        bytes.extend(input.bytes());
        bytes.push(0);
        bytes.truncate(MOST_BYTES);
        let key = bcrypt::bcrypt(self.cost, self.salt, &bytes);
        Ok(key.split_last().is_some_and(|(_, key)| parts::same(key, &self.key)))
    }
}

impl fmt::Display for Bcrypt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cost={}", self.cost)
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
            scheme: "bcrypt",
            parameters: "cost=4",
            good: "$2b$04$GfvyuPTGZY4pIqKm0Ncyu.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            allowed: &[
                ("$04$", "$14$"),
                ("$2b", "{CRYPT}$2b"),
                ("$2b", "{bcrypt}$2y"),
                ("$2b", "{BCRYPT}$2a"),
            ],
            costly: &[("$04$", "$15$"), ("$04$", "$31$")],
            malformed: &[
                ("$04$", "$03$"),
                ("$04$", "$00$"),
                ("$04$", "$32$"),
                ("$04$", "$4$"),
                ("$04$", "$004$"),
                ("$04$", "$+4$"),
                ("$2b$04$G", "$2b$04$"),
                (".A", ".AA"),
                (".A", "é"),
                ("$2b$04$Gfvyu", "$2b$04$Gfv+u"),
            ],
        }
        .hold();
        Row {
            scheme: "passlib bcrypt over SHA-256",
            parameters: "cost=4",
            good: "$bcrypt-sha256$v=2,t=2b,r=4$GfvyuPTGZY4pIqKm0Ncyu.$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            allowed: &[("v=2,t=2b,r=4", "2a,14")],
            costly: &[("r=4", "r=15")],
            malformed: &[
                ("v=2", "v=3"),
                ("t=2b", "t=2x"),
                ("r=4", "r=04"),
                ("r=4", "r=3"),
                (",r=4", ""),
                ("v=2,t=2b,r=4", "2b"),
                ("$A", "A"),
            ],
        }
        .hold();
        Row {
            scheme: "WordPress bcrypt over SHA-384",
            parameters: "cost=4",
            good: "$wp$2y$04$GfvyuPTGZY4pIqKm0Ncyu.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            allowed: &[],
            costly: &[("$04$", "$15$")],
            malformed: &[("$wp$2y", "$wp$2x"), ("$wp$2y$", "$wp$2y"), ("$wp$", "$wp$$")],
        }
        .hold();
    }
}
