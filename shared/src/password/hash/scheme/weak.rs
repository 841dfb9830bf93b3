//! Digests that are computed once or a thousand times, and so too weak to be stored. An import
//! [wraps](super::wrapped) them in Argon2id.

use md5::{Digest, Md5};
use secrecy::zeroize::Zeroizing;
use sha1::Sha1;

use crate::password::Password;
use crate::password::hash::parts;

/// Parses the part after the prefix.
type Parse = fn(&str) -> Option<Weak>;

/// Prefix and name of each form, and its parse.
const FORMS: [(&str, &str, Parse); 4] = [
    ("md5$", "MD5", |rest| Weak::salt_and_hex(rest, WeakDigest::Md5)),
    ("sha1$", "SHA-1", |rest| Weak::salt_and_hex(rest, WeakDigest::Sha1)),
    ("{SSHA}", "SSHA", Weak::ssha),
    ("$1$", "MD5-crypt", Weak::md5_crypt),
];

/// Longest salt of MD5-crypt, in characters.
const MOST_SALT: usize = 8;

/// The bytes of the key of MD5-crypt, in the order in which they are written.
const ORDER_MD5: [u8; 16] = [12, 6, 0, 13, 7, 1, 14, 8, 2, 15, 9, 3, 5, 10, 4, 11];

/// A way to make a weak hash.
#[derive(Clone, Copy)]
pub(super) enum WeakDigest {
    /// MD5 of salt and password.
    Md5,
    /// FreeBSD's and Linux's `$1$`.
    Md5Crypt,
    /// SHA-1 of salt and password.
    Sha1,
    /// LDAP's: SHA-1 of password and salt.
    Ssha,
}

impl WeakDigest {
    /// Computes the digest of a password as typed.
    pub(super) fn of(self, salt: &[u8], password: &Password) -> Zeroizing<Vec<u8>> {
        let password = password.typed().as_bytes();
        Zeroizing::new(match self {
            Self::Md5 => Md5::new().chain_update(salt).chain_update(password).finalize().to_vec(),
            Self::Md5Crypt => md5_crypt(salt, password),
            Self::Sha1 => Sha1::new().chain_update(salt).chain_update(password).finalize().to_vec(),
            Self::Ssha => Sha1::new().chain_update(password).chain_update(salt).finalize().to_vec(),
        })
    }

    /// Its output in bytes.
    const fn size(self) -> usize {
        match self {
            Self::Md5 | Self::Md5Crypt => 16,
            Self::Sha1 | Self::Ssha => 20,
        }
    }
}

/// A weak hash as the other service has it.
pub(in crate::password::hash) struct Weak {
    pub(super) digest: WeakDigest,
    pub(super) salt: Vec<u8>,
    pub(super) key: Zeroizing<Vec<u8>>,
}

impl Weak {
    /// Names the scheme of a weak hash, and parses it.
    pub(in crate::password::hash) fn read(text: &str) -> Option<(&'static str, Option<Self>)> {
        let found =
            FORMS.iter().find_map(|(prefix, name, parse)| Some((*name, parse(text.strip_prefix(prefix)?))));
        // MD5 in hexadecimal digits has no prefix.
        found.or_else(|| Some(("MD5", Some(Self::new(WeakDigest::Md5, b"", parts::hex(text)?)?))))
    }

    fn new(digest: WeakDigest, salt: &[u8], key: Vec<u8>) -> Option<Self> {
        let key = Zeroizing::new(key);
        (key.len() == digest.size()).then_some(Self { digest, salt: salt.to_vec(), key })
    }

    /// Django's: the salt as text, which may be empty, and the key in hexadecimal digits.
    fn salt_and_hex(rest: &str, digest: WeakDigest) -> Option<Self> {
        let [salt, key] = parts::fields(rest)?;
        Self::new(digest, salt.as_bytes(), parts::hex(key)?)
    }

    /// LDAP's: key and salt in base64.
    fn ssha(rest: &str) -> Option<Self> {
        let bytes = parts::base64(rest)?;
        let (key, salt) = bytes.split_at_checked(WeakDigest::Ssha.size())?;
        Self::new(WeakDigest::Ssha, salt, key.to_vec())
    }

    fn md5_crypt(rest: &str) -> Option<Self> {
        let [salt, key] = parts::fields(rest)?;
        let key = parts::base64_of_crypt(key)?;
        if salt.len() <= MOST_SALT { Self::new(WeakDigest::Md5Crypt, salt.as_bytes(), key) } else { None }
    }
}

/// MD5-crypt (Kamp, 1994), in the order in which it is written.
fn md5_crypt(salt: &[u8], password: &[u8]) -> Vec<u8> {
    let start = Md5::new().chain_update(password).chain_update(salt).chain_update(password).finalize();
    let mut digest = Md5::new().chain_update(password).chain_update(b"$1$").chain_update(salt);
    let repeated: Vec<_> = start.iter().copied().cycle().take(password.len()).collect();
    digest.update(&*Zeroizing::new(repeated));
    let mut length = password.len();
    while length > 0 {
        digest.update(if length % 2 == 1 { &[0] } else { password.get(..1).unwrap_or_default() });
        length /= 2;
    }
    let mut key = digest.finalize();
    for round in 0..1000 {
        let (first, last): (&[u8], &[u8]) = if round % 2 == 1 { (password, &key) } else { (&key, password) };
        let salt = if round % 3 == 0 { &[] } else { salt };
        let again = if round % 7 == 0 { &[] } else { password };
        let digest = Md5::new().chain_update(first).chain_update(salt).chain_update(again).chain_update(last);
        key = digest.finalize();
    }
    parts::reordered(&key, &ORDER_MD5)
}
