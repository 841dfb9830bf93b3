//! scrypt (RFC 7914) as Django, PHC strings, passlib, Kratos, Werkzeug, Better Auth and Lucia have it.

use std::fmt;

use super::{Form, Scheme, boxed, form};
use crate::names::unicode;
use crate::password::Password;
use crate::password::hash::memory::Memory;
use crate::password::hash::{Unverifiable, parts};

pub(super) const FORMS: &[Form] = &[
    form("scrypt$", "Django scrypt", |rest| boxed(Scrypt::django(rest))),
    form("$scrypt$", "scrypt", |rest| boxed(Scrypt::phc(rest))),
    form("scrypt:", "Werkzeug scrypt", |rest| boxed(Scrypt::werkzeug(rest))),
    form("s2:", "Lucia scrypt", |rest| boxed(Scrypt::lucia(rest))),
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
    pub(super) fn new(log_n: u32, r: u32, p: u32) -> Option<Self> {
        (1..64).contains(&log_n).then_some(Self { log_n, r, p })
    }

    /// From N itself.
    fn of_n(n: u32, r: u32, p: u32) -> Option<Self> {
        Self::new(n.is_power_of_two().then(|| n.ilog2())?, r, p)
    }

    /// From `ln=14,r=8,p=1`. Kratos writes N in the place of its logarithm, which is never as large.
    pub(super) fn named(text: &str) -> Option<Self> {
        let [n, r, p] = parts::parameters(text, ["ln", "r", "p"])?;
        Self::new(n, r, p).or_else(|| Self::of_n(n, r, p))
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
        let work = Work::of_n(parts::number(n)?, parts::number(r)?, parts::number(p)?)?;
        let key = parts::base64(key).filter(|key| key.len() == 64)?;
        Some(Self { work, spelling: Spelling::AsTyped, salt: parts::salt(salt.as_bytes().to_vec())?, key })
    }

    /// Werkzeug: `N:r:p`, the salt as text, the key in hexadecimal digits.
    fn werkzeug(rest: &str) -> Option<Self> {
        let [parameters, salt, key] = parts::fields(rest)?;
        let [n, r, p] = parameters.split(':').collect::<Vec<_>>().try_into().ok()?;
        let work = Work::of_n(parts::number(n)?, parts::number(r)?, parts::number(p)?)?;
        let key = parts::hex(key).filter(|key| key.len() == 64)?;
        Some(Self { work, spelling: Spelling::AsTyped, salt: parts::salt(salt.as_bytes().to_vec())?, key })
    }

    /// PHC, and passlib, which writes the same.
    fn phc(rest: &str) -> Option<Self> {
        let [parameters, salt, key] = parts::fields(rest)?;
        let work = Work::named(parameters)?;
        let (salt, key) = (parts::salt(parts::base64(salt)?)?, parts::key(parts::base64(key)?)?);
        Some(Self { work, spelling: Spelling::AsTyped, salt, key })
    }

    /// Better Auth: the salt is 32 hexadecimal digits, as text.
    fn better_auth(text: &str) -> Option<Self> {
        let (salt, _) = text.split_once(':')?;
        if parts::hex(salt)?.len() == 16 { Self::lucia(text) } else { None }
    }

    /// Lucia: `salt:key`, the salt as text, the key in hexadecimal digits. The cost is constant.
    fn lucia(text: &str) -> Option<Self> {
        let (salt, key) = text.split_once(':')?;
        let work = Work { log_n: 14, r: 16, p: 1 };
        let key = parts::hex(key).filter(|key| key.len() == 64)?;
        Some(Self { work, spelling: Spelling::Nfkc, salt: parts::salt(salt.as_bytes().to_vec())?, key })
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
            scheme: "Django scrypt",
            parameters: "ln=4,r=8,p=1",
            good: "scrypt$16$salt$8$1$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
            allowed: &[("$16$salt$8$1$", "$16384$salt$8$5$")],
            costly: &[("$16$", "$2147483648$"), ("$8$", "$4294967295$"), ("$8$1$", "$8$4294967295$")],
            malformed: &[("$16$", "$15$"), ("$16$", "$1$"), ("$16$", "$0$"), ("$8$1$", "$0$1$"), ("$8$1$", "$8$0$"), ("$8$1$", "$8$"), ("$salt$", "$$"), ("AAAA", "")],
        }
        .hold();
        Row {
            scheme: "scrypt",
            parameters: "ln=4,r=8,p=1",
            good: "$scrypt$ln=4,r=8,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            allowed: &[
                ("ln=4", "ln=17"),
                ("ln=4", "ln=16384"),
                ("ln=4,r=8,p=1", "ln=15,r=8,p=3"),
                ("ln=4,r=8,p=1", "ln=17,r=8,p=4"),
            ],
            costly: &[
                ("ln=4", "ln=18"),
                ("ln=4", "ln=63"),
                ("ln=4", "ln=2147483648"),
                ("ln=4,r=8,p=1", "ln=17,r=8,p=5"),
                ("ln=4,r=8,p=1", "ln=1,r=8,p=262144"),
            ],
            malformed: &[
                ("ln=4", "ln=0"),
                ("ln=4", "ln=65"),
                ("ln=4", "ln=16385"),
                ("ln=4", "ln=4294967295"),
                ("r=8", "r=0"),
                ("p=1", "p=0"),
                (",p=1", ""),
                ("$c2FsdHNhbHQ$", "$"),
            ],
        }
        .hold();
        Row {
            scheme: "Werkzeug scrypt",
            parameters: "ln=4,r=8,p=1",
            good: "scrypt:16:8:1$salt$00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
            allowed: &[("16:8:1", "32768:8:1")],
            costly: &[(":16:", ":262144:"), (":8:", ":4294967295:")],
            malformed: &[(":16:", ":15:"), (":16:8:1", ""), (":8:1", ":8"), (":8:1", ":8:1:1"), ("$salt$", "$$"), ("$0", "$")],
        }
        .hold();
        Row {
            scheme: "Better Auth scrypt",
            parameters: "ln=14,r=16,p=1",
            good: "000102030405060708090a0b0c0d0e0f:00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
            allowed: &[],
            costly: &[],
            malformed: &[("000102", "0001"), ("000102", "00010g"), (":00", ":"), (":00", ":+0"), (":", "")],
        }
        .hold();
        Row {
            scheme: "Lucia scrypt",
            parameters: "ln=14,r=16,p=1",
            good: "s2:x9r97tv2ossrn1i9:00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
            allowed: &[],
            costly: &[],
            malformed: &[("s2:", "s1:"), ("x9r97tv2ossrn1i9", ""), (":0", ":"), (":0", ":g")],
        }
        .hold();
    }
}
