//! Stored password hashes, which may be old or made by other programs.

use std::sync::LazyLock;

use shared::password::Password;
use shared::password::hash::{Cost, Description, Hasher, PasswordHash, Verification};

/// No hash matches a wrong password. Each takes one computation, within limits: an input that takes half a minute is a failure
/// to libFuzzer.
pub fn verify(bytes: &[u8]) {
    let password = Password::parse("of no hash in the corpus").unwrap();
    let stored = stored(bytes);
    let before = HASHER.computations();
    assert_eq!(
        HASHER.verify(Some(&stored), Some(&password)).map(Verification::is_match),
        stored.describe().verifiable.map(|()| false)
    );
    assert_eq!(HASHER.computations(), before + 1);
}

/// The same without the computation, a thousand times as fast, and the description for an operator, which has neither salt
/// nor key.
pub fn outdated(bytes: &[u8]) {
    let stored = stored(bytes);
    let description = stored.describe();
    if !HASHER.is_outdated(&stored) {
        assert_eq!(description, *CURRENT);
    }
    let fields = stored.as_str().split(['$', ':']).map(|field| field.trim_end_matches('='));
    for field in fields.filter(|field| field.len() >= 16 && !field.contains(',')) {
        assert!(!description.parameters.contains(field), "{}", stored.as_str());
    }
    assert_eq!(format!("{stored:?}"), "PasswordHash(***)");
}

static HASHER: LazyLock<Hasher> = LazyLock::new(|| Hasher::new(Cost::new(7168, 5).unwrap()).unwrap());

/// The form of a hash that need not be replaced.
static CURRENT: LazyLock<Description> =
    LazyLock::new(|| HASHER.hash(&Password::parse("of a new hash").unwrap()).unwrap().describe());

fn stored(bytes: &[u8]) -> PasswordHash {
    PasswordHash::from_stored(String::from_utf8_lossy(bytes).into_owned())
}
