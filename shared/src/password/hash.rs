//! Password hashes: Argon2id (RFC 9106) as PHC strings, and what other services have stored, until its owner logs in.

mod argon2;
mod bcrypt;
mod firebase;
mod memory;
mod parts;
mod pbkdf2;
mod scheme;
mod scrypt;

use std::fmt;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};

use ::argon2::password_hash;
use ::argon2::password_hash::phc::{self, Output, Salt};
use ::argon2::{ARGON2ID_IDENT, Algorithm, Params, PasswordHash as Phc, Version};
use argon2_simd::Argon2;

use crate::password::Password;
use crate::random::{self, NoRandomness};
use argon2::Origin;
use memory::Memory;
use scheme::Scheme;

/// Length of a salt in bytes, as RFC 9106 section 3.1 recommends.
const SALT_BYTES: usize = 16;

/// Length of a tag in bytes.
const TAG_BYTES: usize = 32;

/// A password's hash as it is stored. `Debug` shows nothing.
///
/// It may hold any text, since rows outlive programs; [`Hasher::verify`] refuses a text that it cannot verify.
#[derive(Clone, Eq, PartialEq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Takes a hash from a store.
    #[must_use]
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The hash as it is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes a hash from a file of another system. Spaces around it are no part of it, and of Django's mark of an account
    /// without a password the `!` is kept.
    ///
    /// # Errors
    ///
    /// A login could not verify it. `!` before anything else is no mark: the rest may be a password.
    pub fn import(text: &str) -> Result<Self, Unverifiable> {
        let hash = Self(text.trim().to_owned());
        match hash.describe().verifiable {
            Ok(()) => Ok(hash),
            Err(Unverifiable::Unusable) if is_django_mark(&hash.0) => Ok(Self("!".to_owned())),
            Err(Unverifiable::Unusable) => Err(Unverifiable::Malformed),
            Err(error) => Err(error),
        }
    }

    /// A description that does not reveal the hash.
    #[must_use]
    pub fn describe(&self) -> Description {
        let (scheme, read) = scheme::read(&self.0);
        let parameters = read.as_ref().map(ToString::to_string).unwrap_or_default();
        Description { scheme, parameters, verifiable: read.and_then(within_limits).map(drop) }
    }

    fn scheme(&self) -> Result<Scheme, Unverifiable> {
        scheme::read(&self.0).1.and_then(within_limits)
    }
}

/// Django writes `!` and 40 random letters and digits; `!` alone means the same.
fn is_django_mark(text: &str) -> bool {
    let random = text.strip_prefix('!');
    random.is_some_and(|random| {
        random.is_empty() || (random.len() == 40 && random.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    })
}

/// Refuses hashes that would take more memory or time than a function has.
fn within_limits(scheme: Scheme) -> Result<Scheme, Unverifiable> {
    if scheme.is_within_limits() { Ok(scheme) } else { Err(Unverifiable::TooCostly) }
}

/// A stored hash without its secret parts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Description {
    /// The name of the scheme.
    pub scheme: &'static str,
    /// The parameters of its cost; empty if the hash cannot be parsed.
    pub parameters: String,
    /// `Ok` if a login can verify it.
    pub verifiable: Result<(), Unverifiable>,
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(***)")
    }
}

/// The cost of one hash. Parallelism is 1: a Lambda environment handles one event at a time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Cost {
    memory_kib: u32,
    iterations: u32,
}

impl Cost {
    /// 19 MiB and two passes: the second of the five equally strong settings of the OWASP Password Storage
    /// Cheat Sheet (2026-11), and the default of the `argon2` crate.
    pub const DEFAULT: Self = Self { memory_kib: 19 * 1024, iterations: 2 };

    /// The weakest memory in KiB for one, two, three, four, and five or more passes, by the same cheat sheet.
    const WEAKEST_MEMORY_KIB: [u32; 5] = [47_104, 19_456, 12_288, 9_216, 7_168];

    /// 256 MiB: more than a login may take from the memory of a Lambda function.
    const MOST_MEMORY_KIB: u32 = 256 * 1024;

    /// The most passes.
    const MOST_ITERATIONS: u32 = 16;

    /// Memory times passes, in KiB: about two seconds on one processor.
    const MOST_WORK: u64 = 4 * 256 * 1024;

    /// A cost, when OWASP calls it strong enough and a function can bear it.
    #[must_use]
    pub fn new(memory_kib: u32, iterations: u32) -> Option<Self> {
        let row = usize::try_from(iterations.clamp(1, 5) - 1).ok()?;
        let weakest = *Self::WEAKEST_MEMORY_KIB.get(row)?;
        let sound = (1..=Self::MOST_ITERATIONS).contains(&iterations)
            && weakest <= memory_kib
            && Self::is_within_limits(memory_kib, iterations);
        sound.then_some(Self { memory_kib, iterations })
    }

    /// The upper bound of new hashes and of stored ones.
    fn is_within_limits(memory_kib: u32, iterations: u32) -> bool {
        memory_kib <= Self::MOST_MEMORY_KIB
            && iterations <= Self::MOST_ITERATIONS
            && u64::from(memory_kib) * u64::from(iterations) <= Self::MOST_WORK
    }

    fn params(self) -> Result<Params, HashError> {
        Ok(Params::new(self.memory_kib, self.iterations, 1, Some(TAG_BYTES))?)
    }
}

/// The result of verifying a password.
#[derive(Clone, Copy, Debug)]
pub enum Verification<'p> {
    /// The password is the one that was hashed.
    Match {
        /// The password, if the stored hash is outdated: of another scheme or cost than new ones.
        renew: Option<&'p Password>,
    },
    /// The password is another one, or there is nothing to compare it with.
    Mismatch,
}

impl Verification<'_> {
    /// `true` for a match.
    #[must_use]
    pub fn is_match(self) -> bool {
        matches!(self, Self::Match { .. })
    }
}

/// Makes and verifies hashes, and does for an unknown name the work that a known one would cost.
#[derive(Debug)]
pub struct Hasher {
    argon2: Argon2,
    memory: Memory,
    decoy: Scheme,
    second_decoy: Option<Scheme>,
    computations: AtomicU64,
    elsewhere: AtomicU64,
}

impl Hasher {
    /// A hasher whose new hashes and decoy have this cost. A thread begins to map their memory.
    ///
    /// # Errors
    ///
    /// When the library does not support the cost, which [`Cost`] excludes.
    pub fn new(cost: Cost) -> Result<Self, HashError> {
        let argon2 =
            Argon2 { algorithm: Algorithm::Argon2id, version: Version::V0x13, params: cost.params()? };
        // No known password has this tag. Making it needs no hashing, so that it does not slow the start.
        let decoy = phc(&argon2, &[0; SALT_BYTES], &[0; TAG_BYTES])?;
        let decoy =
            argon2::Stored::new(&decoy, Origin::Ours).map(Scheme::Argon2).ok_or(HashError::RequestError)?;
        let memory = Memory::map(&argon2.params);
        let (computations, elsewhere) = (AtomicU64::new(0), AtomicU64::new(0));
        Ok(Self { argon2, memory, decoy, second_decoy: None, computations, elsewhere })
    }

    /// Waits until the memory of hashes is mapped, so that the first request does not wait.
    pub fn wait_for_memory(&self) {
        drop(self.memory.mapped());
    }

    /// Makes every verification compute twice: once at the current cost, and once at the cost of `decoy`, a hash as imported
    /// accounts have it. Times then do not tell imported accounts from others.
    ///
    /// # Errors
    ///
    /// When the decoy cannot be verified.
    pub fn with_decoy(self, decoy: Option<&PasswordHash>) -> Result<Self, HashError> {
        let second_decoy = decoy.map(PasswordHash::scheme).transpose().map_err(HashError::Decoy)?;
        Ok(Self { second_decoy, ..self })
    }

    /// Hashes a new password under a new salt.
    ///
    /// # Errors
    ///
    /// Without randomness or memory.
    pub fn hash(&self, password: &Password) -> Result<PasswordHash, HashError> {
        let salt: [u8; SALT_BYTES] = random::bytes()?;
        let mut tag = [0; TAG_BYTES];
        self.computations.fetch_add(1, Ordering::Relaxed);
        self.memory.compute(&self.argon2, password.expose().as_bytes(), &salt, &mut tag)?;
        Ok(PasswordHash(phc(&self.argon2, &salt, &tag)?.to_string()))
    }

    /// Verifies a password by exactly one computation, and exactly two with a second decoy.
    ///
    /// Without a stored hash (an unknown name) the decoy is verified, at the current cost; without a password (a text that
    /// cannot be one) the empty one is. Neither ever matches.
    ///
    /// # Errors
    ///
    /// When the stored hash cannot be verified, a fault of the row. The decoy has been verified then.
    pub fn verify<'p>(
        &self,
        stored: Option<&PasswordHash>,
        password: Option<&'p Password>,
    ) -> Result<Verification<'p>, Unverifiable> {
        let parsed = stored.map(PasswordHash::scheme).transpose();
        let hash = parsed.as_ref().ok().and_then(Option::as_ref);
        let nothing = Password::empty();
        let typed = password.unwrap_or(&nothing);
        let (target, padding) = match (hash, &self.second_decoy) {
            (None, second) => (&self.decoy, second.as_ref()),
            (Some(hash), None) => (hash, None),
            (Some(hash), Some(second)) if self.is_current(hash) => (hash, Some(second)),
            (Some(hash), Some(_)) => (hash, Some(&self.decoy)),
        };
        let matches = self.compute(target, typed);
        let padding = padding.map(|padding| black_box(self.compute(padding, typed)));
        let is_current = hash.map(|hash| self.is_current(hash));
        parsed?;
        padding.transpose()?;
        Ok(match (matches?, is_current, password) {
            (true, Some(is_current), Some(password)) => {
                Verification::Match { renew: (!is_current).then_some(password) }
            }
            _ => Verification::Mismatch,
        })
    }

    fn compute(&self, hash: &Scheme, password: &Password) -> Result<bool, Unverifiable> {
        self.computations.fetch_add(1, Ordering::Relaxed);
        self.elsewhere.fetch_add(u64::from(!self.is_current(hash)), Ordering::Relaxed);
        hash.matches(&self.memory, password)
    }

    /// `true` if a hash has another scheme or cost than new ones. The next login replaces it.
    #[must_use]
    pub fn is_outdated(&self, stored: &PasswordHash) -> bool {
        stored.scheme().map_or(true, |hash| !self.is_current(&hash))
    }

    fn is_current(&self, hash: &Scheme) -> bool {
        match (hash, &self.decoy) {
            (Scheme::Argon2(hash), Scheme::Argon2(decoy)) => hash.is_like(decoy),
            _ => false,
        }
    }

    /// Number of computations so far. Tests hold all paths of a login to the same number.
    #[must_use]
    pub fn computations(&self) -> u64 {
        self.computations.load(Ordering::Relaxed)
    }

    /// Number of those at another cost or by another scheme than new hashes have.
    #[must_use]
    pub fn computations_elsewhere(&self) -> u64 {
        self.elsewhere.load(Ordering::Relaxed)
    }
}

/// A hash as it is stored, by Argon2id of this cost.
fn phc(argon2: &Argon2, salt: &[u8], tag: &[u8]) -> Result<Phc, HashError> {
    Ok(Phc {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: (&argon2.params).try_into()?,
        salt: Some(Salt::new(salt)?),
        hash: Some(Output::new(tag)?),
    })
}

/// A hash could not be made.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// No salt.
    #[error("no salt for a password hash")]
    Random(#[from] NoRandomness),
    /// The library failed, for want of memory for instance.
    #[error("the password hash could not be computed")]
    RequestError,
    /// The second decoy cannot be verified.
    #[error("DECOY_HASH must be a password hash that a login can verify")]
    Decoy(#[source] Unverifiable),
}

impl From<::argon2::Error> for HashError {
    fn from(_: ::argon2::Error) -> Self {
        Self::RequestError
    }
}

impl From<phc::Error> for HashError {
    fn from(_: phc::Error) -> Self {
        Self::RequestError
    }
}

impl From<password_hash::Error> for HashError {
    fn from(_: password_hash::Error) -> Self {
        Self::RequestError
    }
}

/// A stored hash cannot be verified. The error does not reveal the hash.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unverifiable {
    /// The library failed, for want of memory for instance.
    #[error("the password hash could not be computed")]
    Library,
    /// Not a hash at all.
    #[error("the stored password hash is malformed")]
    Malformed,
    /// An unknown scheme.
    #[error("the stored password hash is of an unknown scheme")]
    Scheme,
    /// More memory or time than a function has.
    #[error("the stored password hash is too costly to verify")]
    TooCostly,
    /// Django's mark of an account without a password.
    #[error("the account has no password")]
    Unusable,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hasher() -> Hasher {
        Hasher::new(Cost::DEFAULT).unwrap()
    }

    fn password(text: &str) -> Password {
        Password::parse(text).unwrap()
    }

    fn stored(text: &str) -> PasswordHash {
        PasswordHash::from_stored(text.to_owned())
    }

    /// Made by argon2-cffi 25.1 from `correct horse battery staple`. Never regenerate it with our own code: it
    /// shows that hashes made elsewhere, or by us years ago, stay good.
    const FOREIGN: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$ISO7kkvFzh19GM8qB7patN3C3Y9HHsjlVTfEZ9T600Y";

    /// Made by Django 5.2.19 from `correct horse`.
    const DJANGO: &str =
        "pbkdf2_sha256$1000$GfvyuPTGZY4pIqKm0Ncyuf$ChVhyA0JewxDegQl7rE2Tptwq7FEUoj6mC0K8R3wXxc=";

    #[test]
    fn a_hash_made_elsewhere_verifies() {
        let hasher = hasher();
        let right = password("correct horse battery staple");
        assert_eq!(hasher.verify(Some(&stored(FOREIGN)), Some(&right)).map(Verification::is_match), Ok(true));
        let wrong = password("correct horse battery stapler");
        assert_eq!(
            hasher.verify(Some(&stored(FOREIGN)), Some(&wrong)).map(Verification::is_match),
            Ok(false)
        );
        assert!(!hasher.is_outdated(&stored(FOREIGN)));
    }

    #[test]
    fn a_hash_is_a_phc_string_with_its_own_salt() {
        let hasher = hasher();
        let (one, two) = (
            hasher.hash(&password("secret phrase")).unwrap(),
            hasher.hash(&password("secret phrase")).unwrap(),
        );
        assert_ne!(one, two);
        assert!(one.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", one.as_str());
        assert_eq!(
            hasher.verify(Some(&one), Some(&password("secret phrase"))).map(Verification::is_match),
            Ok(true)
        );
    }

    #[test]
    fn the_whole_password_counts() {
        let hasher = hasher();
        let long = "x".repeat(200);
        let hash = hasher.hash(&password(&long)).unwrap();
        for length in [72, 128, 199] {
            assert_eq!(
                hasher.verify(Some(&hash), Some(&password(&long[..length]))).map(Verification::is_match),
                Ok(false)
            );
        }
    }

    #[test]
    fn every_path_of_a_verification_computes_once_at_the_current_cost() {
        let hasher = hasher();
        let hash = hasher.hash(&password("secret phrase")).unwrap();
        let corrupt = stored("not a hash");
        let right = password("secret phrase");
        let elsewhere = stored(DJANGO);
        for (stored, typed) in [
            (Some(&elsewhere), Some(&right)),
            (Some(&elsewhere), None),
            (Some(&hash), Some(&right)),
            (Some(&hash), None),
            (None, Some(&right)),
            (None, None),
            (Some(&corrupt), Some(&right)),
        ] {
            let before = hasher.computations();
            let _ = hasher.verify(stored, typed).map(Verification::is_match);
            assert_eq!(hasher.computations(), before + 1);
        }
        assert!(hasher.is_current(&hash.scheme().unwrap()));
        assert!(hasher.is_current(&hasher.decoy));
    }

    /// Everybody is answered after the same two computations, so that the time tells nothing of where a hash is from.
    #[test]
    fn with_a_second_decoy_every_path_computes_both() {
        let elsewhere = stored(DJANGO);
        let hasher = hasher().with_decoy(Some(&elsewhere)).unwrap();
        let ours = hasher.hash(&password("correct horse")).unwrap();
        let corrupt = stored("not a hash");
        for (stored, typed, expected) in [
            (Some(&ours), "correct horse", Ok(true)),
            (Some(&ours), "wrong", Ok(false)),
            (Some(&elsewhere), "correct horse", Ok(true)),
            (Some(&elsewhere), "wrong", Ok(false)),
            (None, "correct horse", Ok(false)),
            (Some(&corrupt), "correct horse", Err(Unverifiable::Scheme)),
        ] {
            let made = (hasher.computations(), hasher.computations_elsewhere());
            assert_eq!(hasher.verify(stored, Some(&password(typed))).map(Verification::is_match), expected);
            assert_eq!((hasher.computations(), hasher.computations_elsewhere()), (made.0 + 2, made.1 + 1));
            let made = (hasher.computations(), hasher.computations_elsewhere());
            assert_ne!(hasher.verify(stored, None).map(Verification::is_match), Ok(true));
            assert_eq!((hasher.computations(), hasher.computations_elsewhere()), (made.0 + 2, made.1 + 1));
        }
    }

    #[test]
    fn a_hash_from_elsewhere_is_kept_without_the_spaces_and_the_random_part_of_a_mark() {
        let bcrypt = "$2b$04$GfvyuPTGZY4pIqKm0Ncyu.mE4zWlzJZVIYXyfKFfXQYw1FUcHy8Qa";
        for (text, kept) in [
            (format!(" {bcrypt}\t  "), bcrypt),
            ("!".to_owned(), "!"),
            (format!("!{}", "kQ7Z0".repeat(8)), "!"),
        ] {
            assert_eq!(PasswordHash::import(&text).unwrap().as_str(), kept);
        }
        for text in ["!MyPlainPassw0rd", &format!("!{bcrypt}"), &format!("!{}-", "x".repeat(39)), "! ! "] {
            assert_eq!(PasswordHash::import(text).unwrap_err(), Unverifiable::Malformed, "{text}");
        }
    }

    #[test]
    fn a_second_decoy_is_a_hash_that_can_be_verified() {
        for text in [
            "",
            "!",
            "canary",
            "$argon2id$v=19$m=4294967295,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        ] {
            let error = hasher().with_decoy(Some(&stored(text))).unwrap_err();
            assert!(error.to_string().starts_with("DECOY_HASH must be"), "{error}");
        }
    }

    #[test]
    fn the_decoy_follows_the_configured_cost() {
        let hasher = Hasher::new(Cost::new(12_288, 3).unwrap()).unwrap();
        assert_eq!(hasher.decoy.to_string(), "v=19,m=12288,t=3,p=1");
    }

    #[test]
    fn an_unknown_name_and_an_impossible_password_never_match() {
        let hasher = hasher();
        let empty = hasher.hash(&password("")).unwrap();
        assert_eq!(hasher.verify(Some(&empty), None).map(Verification::is_match), Ok(false));
        assert_eq!(hasher.verify(None, Some(&password("anything"))).map(Verification::is_match), Ok(false));
    }

    #[test]
    fn a_hash_of_another_cost_is_outdated() {
        let old =
            Hasher::new(Cost::new(7_168, 5).unwrap()).unwrap().hash(&password("secret phrase")).unwrap();
        assert!(hasher().is_outdated(&old));
        assert!(!hasher().is_outdated(&hasher().hash(&password("secret phrase")).unwrap()));
    }

    #[test]
    fn hostile_and_corrupt_rows_are_refused_without_their_work() {
        let hasher = hasher();
        let tag = "c29tZXNhbHRzb21lc2FsdA$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        for (text, reason) in [
            (String::new(), Unverifiable::Malformed),
            ("$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA".to_owned(), Unverifiable::Malformed),
            (format!("$argon2id$v=19$m=4294967295,t=2,p=1${tag}"), Unverifiable::TooCostly),
            (format!("$argon2id$v=19$m=19456,t=1000000,p=1${tag}"), Unverifiable::TooCostly),
            (format!("$argon2id$v=19$m=262144,t=16,p=1${tag}"), Unverifiable::TooCostly),
            (format!("$argon2id$v=19$m=19456,t=2,p=17${tag}"), Unverifiable::TooCostly),
            (format!("$argon2id$v=19$m=1,t=2,p=1${tag}"), Unverifiable::Malformed),
            (format!("$argon2id$v=19$x=1${tag}"), Unverifiable::Malformed),
            (format!("$argon2id$v=18$m=19456,t=2,p=1${tag}"), Unverifiable::Malformed),
        ] {
            assert_eq!(
                hasher.verify(Some(&stored(&text)), Some(&password("x"))).map(Verification::is_match),
                Err(reason),
                "{text}"
            );
        }
    }

    #[test]
    fn costs_are_bounded_on_both_sides() {
        for (memory, iterations) in
            [(47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5), (7_168, 16)]
        {
            assert!(Cost::new(memory, iterations).is_some());
            assert!(Cost::new(memory - 1, iterations).is_none());
        }
        for (memory, iterations) in [(19_456, 0), (19_456, 17), (262_145, 2), (131_072, 9), (262_144, 5)] {
            assert!(Cost::new(memory, iterations).is_none());
        }
        assert!(Cost::new(262_144, 4).is_some());
    }

    #[test]
    fn a_hash_cannot_be_printed() {
        let hash = hasher().hash(&password("secret phrase")).unwrap();
        assert_eq!(format!("{hash:?}"), "PasswordHash(***)");
        assert!(!format!("{:?}", hasher()).contains("argon2id$"));
    }
}
