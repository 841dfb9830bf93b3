//! Firebase's scrypt (<https://github.com/firebase/scrypt>): the key that scrypt derives encrypts the signer key of the
//! project, and the ciphertext is the hash.
//!
//! Firebase exports hash and salt of each user, and beside them the parameters of the project. One string holds them
//! all, in the form in which Ory Kratos imports them:
//! `$firescrypt$ln=<mem_cost>,r=<rounds>,p=1$<salt>$<hash>$<salt_separator>$<signer_key>`.

use std::fmt;

use aes::Aes256;
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit, StreamCipher};
use secrecy::zeroize::Zeroizing;

use super::scrypt::Work;
use super::{Form, Scheme, boxed, form};
use crate::password::Password;
use crate::password::hash::memory::Memory;
use crate::password::hash::{Unverifiable, parts};

pub(super) const FORMS: &[Form] =
    &[form("$firescrypt$", "Firebase scrypt", |rest| boxed(Firebase::parse(rest)))];

struct Firebase {
    work: Work,
    /// The user's salt and the project's separator.
    salt: Vec<u8>,
    hash: Vec<u8>,
    signer_key: Zeroizing<Vec<u8>>,
}

impl Firebase {
    fn parse(rest: &str) -> Option<Self> {
        let [parameters, salt, hash, separator, signer_key] = parts::fields(rest)?;
        let [salt, hash, separator, signer_key] =
            [salt, hash, separator, signer_key].map(parts::base64_of_either_alphabet);
        let (mut salt, hash, signer_key) =
            (parts::salt(salt?)?, parts::key(hash?)?, Zeroizing::new(signer_key?));
        salt.extend(separator?);
        let work = Work::named(parameters)?;
        (hash.len() == signer_key.len()).then_some(Self { work, salt, hash, signer_key })
    }
}

impl Scheme for Firebase {
    fn is_within_limits(&self) -> bool {
        self.work.is_within_limits()
    }

    fn matches(&self, _memory: &Memory, password: &Password) -> Result<bool, Unverifiable> {
        let mut key = Zeroizing::new([0; 32]);
        self.work.derive(password.typed(), &self.salt, key.as_mut())?;
        let mut encrypted = self.signer_key.clone();
        Ctr128BE::<Aes256>::new((&*key).into(), &[0; 16].into()).apply_keystream(&mut encrypted);
        Ok(parts::same(&encrypted, &self.hash))
    }
}

impl fmt::Display for Firebase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.work.fmt(f)
    }
}
