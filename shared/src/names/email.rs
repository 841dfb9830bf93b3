//! Emails: optional, unique when given.

use crate::names::unicode;

/// The longest address, in code points, in each of its forms: the path limit of RFC 5321, less its angle brackets.
/// No domain exceeds the 253 of RFC 1035 then.
pub const MAX_LENGTH: usize = 254;

/// The longest local part, in octets (RFC 5321, section 4.5.3.1.1).
const MAX_LOCAL_PART_BYTES: usize = 64;

/// The longest label of a domain in its ASCII form, in octets (RFC 1035, section 2.3.4).
const MAX_LABEL_BYTES: usize = 63;

/// U+200C and U+200D shape letters of some scripts. Domains may have them where they do so (RFC 5892, appendix A).
const JOINERS: [char; 2] = ['\u{200C}', '\u{200D}'];

/// An email address with a lower-cased domain, and the [key](EmailKey) that makes it unique.
///
/// The local part is a dot-atom of RFC 5322, with letters, numbers and marks of any script (RFC 6531), judged in its composed
/// form. The domain has a valid ASCII form (UTS 46), which is judged in its place: a dot-atom with a dot, whose labels begin and
/// end with a letter or a digit. All spellings of a mailbox are therefore emails, or none is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Email {
    address: String,
    key: EmailKey,
}

impl Email {
    /// Checks an address. It is not trimmed.
    ///
    /// # Errors
    ///
    /// When it is too long or not an address.
    pub fn parse(typed: &str) -> Result<Self, EmailError> {
        if typed.contains('\0') {
            return Err(EmailError::Null);
        }
        let address = with_lower_domain(typed);
        let composed = unicode::nfc(&address);
        if is_too_long(&composed) {
            return Err(EmailError::TooLong);
        }
        let (local, domain) = composed.rsplit_once('@').ok_or(EmailError::Grammar)?;
        // UTS 46 ignores what cannot be seen, but the address is stored with it.
        if domain.chars().any(|c| unicode::is_ignorable(c) && !JOINERS.contains(&c)) {
            return Err(EmailError::Grammar);
        }
        let ascii = idna::domain_to_ascii(domain).map_err(|_| EmailError::Grammar)?;
        if !is_local_part(local) || !is_domain(&ascii) {
            return Err(EmailError::Grammar);
        }
        let key = EmailKey::of(&composed).ok_or(EmailError::Grammar)?;
        // The ASCII form and the key can be longer. A key stays within what a store can hold.
        if is_too_long(&format!("{local}@{ascii}")) || is_too_long(key.as_str()) {
            return Err(EmailError::TooLong);
        }
        Ok(Self { address, key })
    }

    /// Takes an email from a store, whatever the grammar of new ones is today.
    #[must_use]
    pub fn from_stored(address: String) -> Self {
        let key = EmailKey::of(&unicode::nfc(&address));
        let key = key.unwrap_or_else(|| EmailKey(unicode::caseless_key(&address)));
        Self { address, key }
    }

    /// The email with its domain in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.address
    }

    /// The form that is unique.
    #[must_use]
    pub fn key(&self) -> &EmailKey {
        &self.key
    }

    /// The address in ASCII, its domain in A-labels. `None` if its local part has other letters, which servers that lack
    /// SMTPUTF8 (RFC 6531) do not take, or if it is not an address by the grammar of today.
    #[must_use]
    pub fn to_ascii(&self) -> Option<String> {
        let composed = unicode::nfc(&self.address);
        let (local, domain) = composed.rsplit_once('@')?;
        let domain = idna::domain_to_ascii(domain).ok()?;
        let is_address = local.is_ascii() && is_local_part(local) && is_domain(&domain);
        is_address.then(|| format!("{local}@{domain}"))
    }

    /// The part before the `@`.
    #[must_use]
    pub fn local_part(&self) -> &str {
        self.address.rsplit_once('@').map_or(&self.address, |(local, _)| local)
    }
}

/// The form of an email that is unique: its compatibility form, case folded.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct EmailKey(String);

impl EmailKey {
    /// The local part folded, and the domain as UTS 46 decodes it, so that `münchen.de` and `xn--mnchen-3ya.de` are one.
    ///
    /// UTS 46 composes after it has mapped U+0345 to a letter, which no accent passes: the address is composed before.
    fn of(composed: &str) -> Option<Self> {
        let (local, domain) = composed.rsplit_once('@')?;
        let ascii = idna::domain_to_ascii(domain).ok()?;
        let (domain, decoded) = idna::domain_to_unicode(&ascii);
        decoded.ok()?;
        Some(Self(format!("{}@{domain}", unicode::caseless_key(local))))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Lower-cases the domain letter by letter, as UTS 46 does: in the lower case of a word a last sigma is another letter.
fn with_lower_domain(typed: &str) -> String {
    let (local, domain) = typed.split_at(typed.rfind('@').unwrap_or(typed.len()));
    local.chars().chain(domain.chars().flat_map(char::to_lowercase)).collect()
}

fn is_too_long(address: &str) -> bool {
    address.chars().count() > MAX_LENGTH
}

fn is_local_part(composed: &str) -> bool {
    composed.len() <= MAX_LOCAL_PART_BYTES
        && is_dot_atom(composed)
        && !composed.chars().any(unicode::is_ignorable)
}

fn is_domain(ascii: &str) -> bool {
    let is_label = |label: &str| {
        label.len() <= MAX_LABEL_BYTES
            && label.starts_with(char::is_alphanumeric)
            && label.ends_with(char::is_alphanumeric)
    };
    ascii.contains('.') && is_dot_atom(ascii) && ascii.split('.').all(is_label)
}

fn is_dot_atom(text: &str) -> bool {
    let is_atext = |c| char::is_alphanumeric(c) || unicode::is_mark(c) || "!#$%&'*+-/=?^_`{|}~".contains(c);
    text.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
}

/// A text is not an email. `Display` is the message for the client, in Django's words.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum EmailError {
    /// Not an address.
    #[error("Enter a valid email address.")]
    Grammar,
    /// U+0000.
    #[error("Null characters are not allowed.")]
    Null,
    /// More than [`MAX_LENGTH`] code points.
    #[error("Ensure this field has no more than {MAX_LENGTH} characters.")]
    TooLong,
}

#[cfg(test)]
mod tests;
