//! The schemes of stored hashes, in one table.

pub(super) mod argon2;
mod bcrypt;
mod firebase;
mod pbkdf2;
mod scrypt;

use std::fmt;

use super::Unverifiable;
use super::memory::Memory;
use crate::password::Password;
use bcrypt::{Bcrypt, Input};
use firebase::Firebase;
use pbkdf2::{Digest, Pbkdf2};
use scrypt::Scrypt;

/// Longest string that is parsed, twice the length of the longest known hash.
const MAX_LENGTH: usize = 1024;

/// A parsed hash.
pub(super) enum Scheme {
    Argon2(argon2::Stored),
    Bcrypt(Bcrypt),
    Firebase(Firebase),
    Pbkdf2(Pbkdf2),
    Scrypt(Scrypt),
}

/// A form of stored hashes.
struct Format {
    prefix: &'static str,
    name: &'static str,
    /// Parses the whole text; the second argument is the part after the prefix.
    read: fn(&str, &str) -> Option<Scheme>,
}

const FORMS: &[Format] = &[
    form("$argon2id$", "Argon2id", |text, _| argon2::Stored::id(text).map(Scheme::Argon2)),
    form("$argon2i$", "Argon2i", |text, _| argon2::Stored::elsewhere(text).map(Scheme::Argon2)),
    form("$argon2d$", "Argon2d", |text, _| argon2::Stored::elsewhere(text).map(Scheme::Argon2)),
    form("argon2", "Django Argon2", |_, rest| argon2::Stored::elsewhere(rest).map(Scheme::Argon2)),
    form("pbkdf2_sha256$", "Django PBKDF2-SHA256", |_, rest| {
        Pbkdf2::django(rest, Digest::Sha256).map(Scheme::Pbkdf2)
    }),
    form("pbkdf2_sha1$", "Django PBKDF2-SHA1", |_, rest| {
        Pbkdf2::django(rest, Digest::Sha1).map(Scheme::Pbkdf2)
    }),
    form("$pbkdf2-sha256$", "PBKDF2-SHA256", |_, rest| Pbkdf2::phc_or_passlib(rest).map(Scheme::Pbkdf2)),
    form("bcrypt_sha256$", "Django bcrypt over SHA-256", |_, rest| {
        Bcrypt::crypt(rest, Input::Sha256).map(Scheme::Bcrypt)
    }),
    form("bcrypt$", "Django bcrypt", |_, rest| crypt(rest)),
    form("$2a$", "bcrypt", |text, _| crypt(text)),
    form("$2b$", "bcrypt", |text, _| crypt(text)),
    form("$2y$", "bcrypt", |text, _| crypt(text)),
    form("scrypt$", "Django scrypt", |_, rest| Scrypt::django(rest).map(Scheme::Scrypt)),
    form("$scrypt$", "scrypt", |_, rest| Scrypt::phc(rest).map(Scheme::Scrypt)),
    form("$firescrypt$", "Firebase scrypt", |_, rest| Firebase::parse(rest).map(Scheme::Firebase)),
];

const fn form(prefix: &'static str, name: &'static str, read: fn(&str, &str) -> Option<Scheme>) -> Format {
    Format { prefix, name, read }
}

fn crypt(text: &str) -> Option<Scheme> {
    Bcrypt::crypt(text, Input::Plain).map(Scheme::Bcrypt)
}

/// Names the scheme of a stored hash, and parses it.
pub(super) fn read(text: &str) -> (&'static str, Result<Scheme, Unverifiable>) {
    if text.starts_with('!') {
        return ("no password", Err(Unverifiable::Unusable));
    }
    if text.is_empty() || text.len() > MAX_LENGTH {
        return ("unknown", Err(Unverifiable::Malformed));
    }
    let form = FORMS.iter().find_map(|form| Some((form, text.strip_prefix(form.prefix)?)));
    if let Some((form, rest)) = form {
        return (form.name, (form.read)(text, rest).ok_or(Unverifiable::Malformed));
    }
    // Hashes of Better Auth have no prefix.
    match Scrypt::better_auth(text) {
        Some(scrypt) => ("Better Auth scrypt", Ok(Scheme::Scrypt(scrypt))),
        None => ("unknown", Err(Unverifiable::Scheme)),
    }
}

impl Scheme {
    /// `true` if its memory and time are within the limits of a function. Checked before anything is computed.
    pub(super) fn is_within_limits(&self) -> bool {
        match self {
            Self::Argon2(hash) => hash.is_within_limits(),
            Self::Bcrypt(hash) => hash.is_within_limits(),
            Self::Firebase(hash) => hash.is_within_limits(),
            Self::Pbkdf2(hash) => hash.is_within_limits(),
            Self::Scrypt(hash) => hash.is_within_limits(),
        }
    }

    /// Computes the hash of a password and compares.
    pub(super) fn matches(&self, memory: &Memory, password: &Password) -> Result<bool, Unverifiable> {
        match self {
            Self::Argon2(hash) => hash.matches(memory, password),
            Self::Bcrypt(hash) => Ok(hash.matches(password)),
            Self::Firebase(hash) => hash.matches(password),
            Self::Pbkdf2(hash) => Ok(hash.matches(password)),
            Self::Scrypt(hash) => hash.matches(password),
        }
    }
}

/// The parameters, which are no secret.
impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argon2(hash) => hash.fmt(f),
            Self::Bcrypt(hash) => hash.fmt(f),
            Self::Firebase(hash) => hash.fmt(f),
            Self::Pbkdf2(hash) => hash.fmt(f),
            Self::Scrypt(hash) => hash.fmt(f),
        }
    }
}

impl fmt::Debug for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scheme(***)")
    }
}

#[cfg(test)]
mod tests;
