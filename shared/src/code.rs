//! Codes that travel by mail: whoever types one in has the mailbox.
//!
//! A code has 50 random bits and is good for [`TRIES`] tries, so nobody guesses one. It is consumed by the request that it
//! permits, and by nothing else: a mail scanner that opens links uses up nothing.

use std::fmt;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::account::{Account, AccountId, Status};
use crate::hex;
use crate::names::email::{Email, EmailKey};
use crate::names::username::UsernameKey;
use crate::random::{self, NoRandomness};
use crate::time::Timestamp;

/// Number of tries at the codes of a [`CodeKey`], right ones included, until new ones are sent.
pub const TRIES: u32 = 5;

/// Upper bound of the accounts with a code under one key: those whose codes were sent last.
pub const MOST: usize = 50;

/// Least time between two mails with a code for the same purpose to the same address and account, and length of the window in
/// which an account asks for one to an address.
pub const PAUSE: Duration = Duration::from_mins(1);

/// Lifetime of a code that permits a new password.
pub const RESET_LIFETIME: Duration = Duration::from_mins(30);

/// Lifetime of a code that confirms an address: NIST SP 800-63B-4, section 4.2, allows no more for one that travels by mail.
pub const EMAIL_LIFETIME: Duration = Duration::from_hours(24);

/// The characters: Crockford's base 32 (<https://www.crockford.com/base32.html>), without letters that look like digits.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Characters of a code.
const LENGTH: usize = 10;

/// A code. `Debug` shows nothing.
#[derive(Clone)]
pub struct Code(SecretString);

impl Code {
    /// A new code.
    ///
    /// # Errors
    ///
    /// When the operating system has no randomness.
    pub fn random() -> Result<Self, NoRandomness> {
        let bits = u64::from_be_bytes(random::bytes()?);
        let character = |place: usize| {
            let index = (bits >> (5 * place)) & 31;
            ALPHABET.get(usize::try_from(index).unwrap_or_default()).copied().map_or('0', char::from)
        };
        Ok(Self((0..LENGTH).map(character).collect::<String>().into()))
    }

    /// Reads a code as it was typed: in any case, with or without dashes and spaces, and with the letters that are taken for
    /// digits. `None` for any other text.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let read = |character: char| match character.to_ascii_uppercase() {
            'O' => Some('0'),
            'I' | 'L' => Some('1'),
            upper => ALPHABET.iter().map(|known| char::from(*known)).find(|known| *known == upper),
        };
        let typed = typed.chars().filter(|character| *character != '-' && !character.is_whitespace());
        let code: String = typed.map(read).collect::<Option<_>>()?;
        (code.len() == LENGTH).then(|| Self(code.into()))
    }

    /// The code as a mail shows it: `01234-56789`.
    #[must_use]
    pub fn expose(&self) -> String {
        let (start, end) = self.0.expose_secret().split_at_checked(LENGTH / 2).unwrap_or_default();
        format!("{start}-{end}")
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(***)")
    }
}

/// The purpose of a code, and what it is for: where a store keeps it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CodeKey {
    text: String,
    lifetime: Duration,
}

impl CodeKey {
    /// Permits a new password for an account, for [`RESET_LIFETIME`].
    #[must_use]
    pub fn reset(id: AccountId) -> Self {
        Self { text: format!("reset#{id}"), lifetime: RESET_LIFETIME }
    }

    /// Confirms an address, for [`EMAIL_LIFETIME`]. Several accounts may wait for the confirmation of one address, each by a code
    /// of its own.
    #[must_use]
    pub fn email(key: &EmailKey) -> Self {
        let digest = hex::encode(&Sha256::digest(key.as_str()));
        Self { text: format!("email#{digest}"), lifetime: EMAIL_LIFETIME }
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The lifetime of a code.
    #[must_use]
    pub fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// The form in which a store keeps a code.
    #[must_use]
    pub fn digest(&self, code: &Code) -> CodeDigest {
        let digest = Sha256::new().chain_update(&self.text).chain_update("\0");
        CodeDigest(hex::encode(&digest.chain_update(code.0.expose_secret()).finalize()))
    }
}

/// SHA-256 of a code and its key, in hexadecimal digits. `Debug` shows nothing: fifty bits can be searched.
#[derive(Clone)]
pub struct CodeDigest(String);

impl CodeDigest {
    /// Takes a digest from a store.
    #[must_use]
    pub fn from_stored(digits: String) -> Self {
        Self(digits)
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Compares in constant time.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl fmt::Debug for CodeDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeDigest(***)")
    }
}

/// A code as a store keeps it: one for each key and account.
#[derive(Clone, Debug)]
pub struct SentCode {
    /// The account that it is for.
    pub account_id: AccountId,
    /// The name that leads to the account.
    pub username: UsernameKey,
    /// The address that it was sent to.
    pub email: Email,
    /// The code.
    pub digest: CodeDigest,
    /// The mail that carries it.
    pub mail: String,
    /// Whole seconds.
    pub sent_at: Timestamp,
    /// The token version of the account when the code was asked for. What ends its tokens ends the code.
    pub token_version: u32,
    /// The address that the account had then. Another one ends the code.
    pub former: Option<Email>,
}

impl SentCode {
    /// The moment from which on it is good for nothing, where it is kept under this key.
    #[must_use]
    pub fn ends_at(&self, key: &CodeKey) -> Timestamp {
        self.sent_at + key.lifetime
    }

    /// `true` if the account is the one that it is for, and has not ended its tokens or got another address since.
    #[must_use]
    pub fn is_of(&self, account: &Account) -> bool {
        let as_then = (self.account_id, self.token_version, self.former.as_ref().map(Email::key));
        let is_as_then =
            as_then == (account.id, account.token_version, account.email.as_ref().map(Email::key));
        is_as_then && account.status == Status::Active
    }

    /// `true` if `next` may take the place of this one: it has waited long enough, or repeats the same mail.
    #[must_use]
    pub fn gives_way_to(&self, next: &Self) -> bool {
        self.mail == next.mail || self.sent_at + PAUSE <= next.sent_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code = Code::random().unwrap();
        let shown = code.expose();
        assert_eq!(shown.len(), 11);
        let forms = [
            shown.clone(),
            shown.to_lowercase(),
            shown.replace('-', ""),
            format!(" {} ", shown.replace('-', " - ")),
            shown.replace('0', "o").replace('1', "l"),
        ];
        for form in forms {
            assert_eq!(Code::parse(&form).unwrap().expose(), shown, "{form}");
        }
        for other in ["", "0123456789A", "012345678", "0123U-56789", "０１２３４-56789"] {
            assert!(Code::parse(other).is_none(), "{other}");
        }
    }

    #[test]
    fn codes_use_all_characters_in_all_places() {
        let codes: Vec<_> = (0..2000).map(|_| Code::random().unwrap().expose().replace('-', "")).collect();
        for place in 0..LENGTH {
            let there: std::collections::HashSet<_> =
                codes.iter().map(|code| code.as_bytes()[place]).collect();
            assert_eq!(there.len(), ALPHABET.len(), "{place}");
        }
    }

    #[test]
    fn a_digest_is_of_one_code_and_one_key() {
        let (code, other) = (Code::parse("01234-56789").unwrap(), Code::parse("01234-5678A").unwrap());
        let key = CodeKey::reset(AccountId::random().unwrap());
        let email = CodeKey::email(Email::parse("a@b.example").unwrap().key());
        assert!(key.digest(&code).is(&key.digest(&code.clone())));
        assert!(!key.digest(&code).is(&key.digest(&other)));
        assert!(!key.digest(&code).is(&email.digest(&code)));
    }

    #[test]
    fn nothing_shows_a_code() {
        let code = Code::parse("01234-56789").unwrap();
        let digest = CodeKey::reset(AccountId::random().unwrap()).digest(&code);
        assert_eq!(format!("{code:?} {digest:?}"), "Code(***) CodeDigest(***)");
    }
}
