//! The schemes of stored hashes, and the forms by which a text finds its own.
//!
//! A scheme is one file of this folder with its forms, its limits, its computation and its tests, and a row in [`SCHEMES`].

pub(super) mod argon2;
mod aspnet;
mod bcrypt;
mod firebase;
mod pbkdf2;
mod phpass;
mod scrypt;
mod sha_crypt;
pub(super) mod trimmed;
pub(super) mod weak;
mod wrapped;

use std::fmt;

use super::Unverifiable;
use super::memory::Memory;
use crate::password::Password;
use trimmed::Trimmed;
use weak::Weak;

const SCHEMES: [&[Form]; 9] = [
    argon2::FORMS,
    aspnet::FORMS,
    bcrypt::FORMS,
    firebase::FORMS,
    pbkdf2::FORMS,
    phpass::FORMS,
    scrypt::FORMS,
    sha_crypt::FORMS,
    wrapped::FORMS,
];

/// Names of schemes that Spring Security and Dovecot write before a hash, which tells its scheme without them.
const LABELS: [&str; 3] = ["{bcrypt}", "{BCRYPT}", "{CRYPT}"];

/// What Spring Security and Dovecot write before a password that is not hashed.
const PLAIN_TEXT: [&str; 3] = ["{noop}", "{PLAIN}", "{CLEARTEXT}"];

/// Longest string that is parsed, twice the length of the longest known hash.
const MAX_LENGTH: usize = 1024;

/// A parsed hash. `Display` writes the parameters of its cost, which are no secret.
pub(super) trait Scheme: fmt::Display + Send + Sync {
    /// `true` if its memory and time are within the limits of a function. Checked before anything is computed.
    fn is_within_limits(&self) -> bool;

    /// Computes the hash of a password and compares.
    fn matches(&self, memory: &Memory, password: &Password) -> Result<bool, Unverifiable>;

    /// `true` if it is of the form and the cost of `new`, and so need not be replaced.
    fn is_like(&self, _new: &argon2::Stored) -> bool {
        false
    }
}

impl fmt::Debug for dyn Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scheme(***)")
    }
}

/// A form of stored hashes.
struct Form {
    /// The text that it begins with. Empty for a form that is told by its content.
    prefix: &'static str,
    name: &'static str,
    /// Parses the part after the prefix.
    parse: fn(&str) -> Option<Box<dyn Scheme>>,
}

const fn form(prefix: &'static str, name: &'static str, parse: fn(&str) -> Option<Box<dyn Scheme>>) -> Form {
    Form { prefix, name, parse }
}

fn boxed(scheme: Option<impl Scheme + 'static>) -> Option<Box<dyn Scheme>> {
    Some(Box::new(scheme?))
}

/// Names the scheme of a stored hash, and parses it.
pub(super) fn read(text: &str) -> (&'static str, Result<Box<dyn Scheme>, Unverifiable>) {
    match text.strip_prefix(trimmed::MARK) {
        Some(text) => {
            let (name, scheme) = read_unmarked(text);
            (name, scheme.map(|scheme| Box::new(Trimmed(scheme)) as _))
        }
        None => read_unmarked(text),
    }
}

fn read_unmarked(text: &str) -> (&'static str, Result<Box<dyn Scheme>, Unverifiable>) {
    if text.starts_with('!') {
        return ("no password", Err(Unverifiable::Unusable));
    }
    if PLAIN_TEXT.iter().any(|label| text.starts_with(label)) {
        return ("plain text", Err(Unverifiable::PlainText));
    }
    let text = unlabelled(text);
    if text.is_empty() || text.len() > MAX_LENGTH {
        return ("unknown", Err(Unverifiable::Malformed));
    }
    for form in SCHEMES.into_iter().flatten() {
        let Some(rest) = text.strip_prefix(form.prefix) else { continue };
        match (form.parse)(rest) {
            Some(scheme) => return (form.name, Ok(scheme)),
            None if form.prefix.is_empty() => {}
            None => return (form.name, Err(Unverifiable::Malformed)),
        }
    }
    match Weak::read(text) {
        Some((name, Some(_))) => (name, Err(Unverifiable::Weak)),
        Some((name, None)) => (name, Err(Unverifiable::Malformed)),
        None => ("unknown", Err(Unverifiable::Scheme)),
    }
}

/// A hash without its label.
pub(super) fn unlabelled(text: &str) -> &str {
    LABELS.iter().find_map(|label| text.strip_prefix(label)).unwrap_or(text)
}

#[cfg(test)]
mod tests;
