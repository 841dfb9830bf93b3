//! What the tests of all schemes have in common: hashes that other software made and judged, and rows that somebody spoilt.

use proptest::prelude::*;
use serde::Deserialize;

use super::Form;
use crate::password::Password;
use crate::password::hash::{Cost, Description, Hasher, PasswordHash, Unverifiable, Verification};

/// Made and judged by the software that they are named after, and never by ours.
const VECTORS: [&str; 11] = [
    include_str!("../vectors/django-4.2.json"),
    include_str!("../vectors/django-5.2.json"),
    include_str!("../vectors/django-6.1.json"),
    include_str!("../vectors/lucia.json"),
    include_str!("../vectors/node.json"),
    include_str!("../vectors/passlib.json"),
    include_str!("../vectors/published.json"),
    include_str!("../vectors/python.json"),
    include_str!("../vectors/python-3.11.json"),
    include_str!("../vectors/werkzeug.json"),
    include_str!("../vectors/wordpress.json"),
];

#[derive(Deserialize)]
pub(super) struct File {
    pub(super) vectors: Vec<Vector>,
    /// Made at the default cost of the software; none where it has no say in the matter.
    #[serde(default)]
    defaults: Vec<Vector>,
}

#[derive(Deserialize)]
pub(super) struct Vector {
    pub(super) name: String,
    pub(super) hash: String,
    accepted: Vec<String>,
    refused: Vec<String>,
}

impl Vector {
    fn scheme(&self) -> &'static str {
        stored(&self.hash).describe().scheme
    }

    /// Judges a hash as its own software judges it, and finds that it is to be replaced.
    pub(super) fn judge_alike(&self, hasher: &Hasher, hash: &PasswordHash) {
        assert!(hasher.is_outdated(hash), "{}", self.name);
        for (passwords, verdict) in [(&self.accepted, true), (&self.refused, false)] {
            assert!(!passwords.is_empty(), "{}", self.name);
            for typed in passwords {
                assert_eq!(verify(hasher, hash, typed), Ok(verdict), "{}: {typed}", self.name);
            }
        }
    }
}

/// Every hash of these forms is judged as its own software judges it, and each form has one.
pub(super) fn judge_alike(forms: &[Form]) {
    let hasher = hasher();
    let mut judged = Vec::new();
    for File { vectors, defaults } in VECTORS.map(|json| serde_json::from_str(json).unwrap()) {
        // A million iterations take a minute where nothing is optimised. The benchmark goes through them.
        let (slow, quick): (Vec<_>, Vec<_>) =
            defaults.into_iter().partition(|vector| vector.scheme().contains("PBKDF2"));
        for Vector { name, hash, .. } in slow {
            assert_eq!(stored(&hash).describe().verifiable, Ok(()), "{name}");
        }
        let is_of_these = |vector: &Vector| forms.iter().any(|form| form.name == vector.scheme());
        for vector in vectors.into_iter().chain(quick).filter(is_of_these) {
            judged.push(vector.scheme());
            vector.judge_alike(&hasher, &stored(&vector.hash));
        }
    }
    for form in forms {
        assert!(judged.contains(&form.name), "no vector of {}", form.name);
    }
}

/// A good hash, and what becomes of it when a part is replaced.
pub(super) struct Row {
    pub(super) scheme: &'static str,
    pub(super) parameters: &'static str,
    pub(super) good: &'static str,
    /// Within the limits.
    pub(super) allowed: &'static [(&'static str, &'static str)],
    /// Beyond them.
    pub(super) costly: &'static [(&'static str, &'static str)],
    /// No hash.
    pub(super) malformed: &'static [(&'static str, &'static str)],
}

impl Row {
    /// Its description tells scheme and cost and nothing else; what is beyond the limits or no hash is refused by the work of
    /// the decoy.
    pub(super) fn hold(&self) {
        let Self { scheme, parameters, good, .. } = *self;
        let expected = Description { scheme, parameters: parameters.to_owned(), verifiable: Ok(()) };
        assert_eq!(stored(good).describe(), expected);
        for replacement in self.allowed {
            let hash = self.spoilt(replacement);
            assert_eq!(stored(&hash).describe().verifiable, Ok(()), "{hash}");
        }
        for replacement in self.costly {
            refuse_without_its_work(&self.spoilt(replacement), &[Unverifiable::TooCostly]);
        }
        for replacement in self.malformed {
            let errors = [Unverifiable::Malformed, Unverifiable::Scheme, Unverifiable::Weak];
            refuse_without_its_work(&self.spoilt(replacement), &errors);
        }
        // Cut off anywhere, so that less of the key is compared, or nothing. Some lengths of key are good of themselves, but only
        // from sixteen bytes on, and never shorter than that.
        for length in 0..good.len() - 22 {
            assert!(stored(&good[..length]).describe().verifiable.is_err(), "{} of {good}", &good[..length]);
        }
    }

    fn spoilt(&self, (part, by): &(&str, &str)) -> String {
        assert!(self.good.contains(part), "{part} in {}", self.good);
        self.good.replacen(part, by, 1)
    }
}

fn refuse_without_its_work(hash: &str, errors: &[Unverifiable]) {
    let hasher = hasher();
    let verdict = verify(&hasher, &stored(hash), "x");
    assert!(verdict.is_err_and(|error| errors.contains(&error)), "{hash}: {verdict:?}");
    assert_eq!((hasher.computations(), hasher.computations_elsewhere()), (1, 0), "{hash}");
}

pub(super) fn hasher() -> Hasher {
    Hasher::new(Cost::DEFAULT).unwrap()
}

pub(super) fn password(text: &str) -> Password {
    Password::parse(text).unwrap()
}

pub(super) fn stored(text: &str) -> PasswordHash {
    PasswordHash::from_stored(text.to_owned())
}

pub(super) fn verify(hasher: &Hasher, hash: &PasswordHash, typed: &str) -> Result<bool, Unverifiable> {
    hasher.verify(Some(hash), Some(&password(typed))).map(Verification::is_match)
}

#[test]
fn a_description_names_what_cannot_be_verified() {
    for (hash, scheme, parameters, reason) in [
        (
            "pbkdf2_sha256$4294967295$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            "Django PBKDF2-SHA256",
            "iterations=4294967295",
            Unverifiable::TooCostly,
        ),
        ("pbkdf2_sha256$1000$salt", "Django PBKDF2-SHA256", "", Unverifiable::Malformed),
        ("!uQ7Zr", "no password", "", Unverifiable::Unusable),
        ("{noop}secret", "plain text", "", Unverifiable::PlainText),
        ("{PLAIN}$2b$04$", "plain text", "", Unverifiable::PlainText),
        ("md5$salt$hash", "MD5", "", Unverifiable::Malformed),
        ("whirlpool$salt$hash", "unknown", "", Unverifiable::Scheme),
        ("", "unknown", "", Unverifiable::Malformed),
        ("{CRYPT}", "unknown", "", Unverifiable::Malformed),
    ] {
        let expected = Description { scheme, parameters: parameters.to_owned(), verifiable: Err(reason) };
        assert_eq!(stored(hash).describe(), expected);
    }
}

#[test]
fn a_row_of_any_length_is_refused() {
    let long =
        format!("pbkdf2_sha256$1000${}$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "s".repeat(1024));
    for hash in
        [&long, " $2b$04$", "$2b$", "argon2", ":", "$P$", "$wp", "{trimmed}", "{wrapped}", "A", "AQAA"]
    {
        refuse_without_its_work(hash, &[Unverifiable::Malformed, Unverifiable::Scheme]);
    }
}

#[test]
fn no_password_matches_an_unusable_hash() {
    for hash in
        ["!", "!uQ7ZrXq2mK9", "{trimmed}!", "!$2b$04$GfvyuPTGZY4pIqKm0Ncyu.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]
    {
        for typed in ["", "!", hash] {
            assert_eq!(verify(&hasher(), &stored(hash), typed), Err(Unverifiable::Unusable));
        }
    }
}

#[test]
fn a_password_that_is_not_hashed_matches_nothing() {
    for hash in ["{noop}secret", "{PLAIN}secret", "{CLEARTEXT}secret"] {
        assert_eq!(verify(&hasher(), &stored(hash), "secret"), Err(Unverifiable::PlainText));
    }
}

#[test]
fn other_schemes_are_not_taken_for_ours() {
    for hash in [
        "$2x$04$GfvyuPTGZY4pIqKm0Ncyu.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$2$04$GfvyuPTGZY4pIqKm0Ncyu.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "pbkdf2_md5$1000$salt$AAAAAAAAAAAAAAAAAAAAAA==",
        "$S$DxVn7kpdmpNcAZAVLpmWHgbx3vGxpzKFEtWYjSnAaPVFa3O1",
        "$argon2$v=19$m=64,t=1,p=1$R2Z2eXVQVEdaWTRwSXFLbQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "{SSHA512}xPUl/px+1cG55rUH4rzcwxdOIPSB2TingLpiJJumN2xyDWN4Ix1WQG3ihnvHaWUE8MYNkvMi5rf0C9NYixHsE6Yh59M=",
    ] {
        assert_eq!(verify(&hasher(), &stored(hash), "x"), Err(Unverifiable::Scheme), "{hash}");
    }
}

proptest! {
    #[test]
    fn no_text_panics_or_can_be_verified(text in any::<String>()) {
        prop_assert!(stored(&text).describe().verifiable.is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Texts made of what hashes are made of. Nothing is computed for most; what can be computed is refused.
    #[test]
    fn nothing_like_a_hash_panics_or_matches(pick in any::<prop::sample::Index>(), at in 0_usize..200, by in "[${},:=.0-9a-zA-Z+/é]{0,3}") {
        let files = VECTORS.map(|json| serde_json::from_str::<File>(json).unwrap());
        let hashes: Vec<_> = files.iter().flat_map(|file| &file.vectors).map(|vector| &vector.hash).collect();
        let good = hashes[pick.index(hashes.len())];
        let (head, tail) = good.split_at(at.min(good.len()));
        let text = format!("{head}{by}{}", tail.get(by.chars().count()..).unwrap_or_default());
        prop_assert_ne!(verify(&hasher(), &stored(&text), "x"), Ok(true));
    }
}
