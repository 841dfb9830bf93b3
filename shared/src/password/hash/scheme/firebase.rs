//! Firebase's scrypt (<https://github.com/firebase/scrypt>): the key that scrypt derives encrypts the signer key of the
//! project, and the ciphertext is the hash.
//!
//! Firebase exports hash and salt of each user, and beside them the parameters of the project. One string holds them
//! all, in the form in which Ory Kratos imports them or in Supabase's:
//! `$firescrypt$ln=<mem_cost>,r=<rounds>,p=1$<salt>$<hash>$<salt_separator>$<signer_key>`
//! `$fbscrypt$v=1,n=<mem_cost>,r=<rounds>,p=1,ss=<salt_separator>,sk=<signer_key>$<salt>$<hash>`

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

pub(super) const FORMS: &[Form] = &[
    form("$firescrypt$", "Firebase scrypt", |rest| boxed(Firebase::kratos(rest))),
    form("$fbscrypt$", "Supabase Firebase scrypt", |rest| boxed(Firebase::supabase(rest))),
];

struct Firebase {
    work: Work,
    /// The user's salt and the project's separator.
    salt: Vec<u8>,
    hash: Vec<u8>,
    signer_key: Zeroizing<Vec<u8>>,
}

impl Firebase {
    /// `ln=,r=,p=$salt$hash$separator$signer_key`
    fn kratos(rest: &str) -> Option<Self> {
        let [parameters, salt, hash, separator, signer_key] = parts::fields(rest)?;
        Self::new(Work::named(parameters)?, [salt, hash, separator, signer_key])
    }

    /// `v=1,n=,r=,p=,ss=separator,sk=signer_key$salt$hash`, where `n` is a logarithm.
    fn supabase(rest: &str) -> Option<Self> {
        let [parameters, salt, hash] = parts::fields(rest)?;
        let (work, project) = parameters.strip_prefix("v=1,")?.split_once(",ss=")?;
        let [log_n, r, p] = parts::parameters(work, ["n", "r", "p"])?;
        let (separator, signer_key) = project.split_once(",sk=")?;
        Self::new(Work::new(log_n, r, p)?, [salt, hash, separator, signer_key])
    }

    fn new(work: Work, texts: [&str; 4]) -> Option<Self> {
        let [salt, hash, separator, signer_key] = texts.map(parts::base64_of_either_alphabet);
        let (mut salt, hash, signer_key) =
            (parts::salt(salt?)?, parts::key(hash?)?, Zeroizing::new(signer_key?));
        salt.extend(separator?);
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
            scheme: "Firebase scrypt",
            parameters: "ln=4,r=8,p=1",
            good: "$firescrypt$ln=4,r=8,p=1$c2FsdA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=$Bw==$BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA=",
            allowed: &[("ln=4", "ln=14")],
            costly: &[("ln=4", "ln=18"), ("r=8,p=1", "r=4294967295,p=4294967295")],
            malformed: &[("$Bw==", ""), ("$c2FsdA==", "$"), ("$Bw==", "$B"), ("BBBB", ""), ("AAAA", ""), ("BBA=", "BBA=$")],
        }
        .hold();
        Row {
            scheme: "Supabase Firebase scrypt",
            parameters: "ln=4,r=8,p=1",
            good: "$fbscrypt$v=1,n=4,r=8,p=1,ss=Bw==,sk=BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA=$c2FsdA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            allowed: &[("n=4", "n=14")],
            costly: &[("n=4", "n=18")],
            malformed: &[("v=1", "v=2"), ("n=4", "n=0"), ("n=4", "n=16384"), (",ss=Bw==", ""), ("BBBB", ""), ("AAAA", ""), ("$c2FsdA==", "$"), (",sk=", ",sl=")],
        }
        .hold();
    }
}
