//! Stored password hashes, which may be old or made by other programs.

use std::sync::LazyLock;

use argon2::{Algorithm, Params, Version};
use argon2_simd::{Argon2, Backend, Block};
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
    for field in fields.filter(|field| field.len() >= 16 && !field.contains([',', '='])) {
        assert!(!description.parameters.contains(field), "{}", stored.as_str());
    }
    assert_eq!(format!("{stored:?}"), "PasswordHash(***)");
}

/// Argon2 of a password and a salt with small parameters: of every back end what the crate `argon2` computes.
pub fn argon2(bytes: &[u8]) {
    let Some(([variant, version, lanes, passes, memory, more, tag], rest)) = bytes.split_first_chunk() else {
        return;
    };
    let algorithm = [Algorithm::Argon2d, Algorithm::Argon2i, Algorithm::Argon2id][usize::from(variant % 3)];
    let version = [Version::V0x10, Version::V0x13][usize::from(version % 2)];
    let lanes = u32::from(lanes % 4) + 1;
    let memory = 8 * lanes + u32::from(*memory) + 8 * u32::from(*more);
    let params = Params::new(memory, u32::from(passes % 3) + 1, lanes, None).unwrap();
    let (salt, password) = rest.split_at(rest.len() / 2);
    let mut tag = vec![0; usize::from(*tag)];
    let mut expected = tag.clone();
    let result = argon2::Argon2::new(algorithm, version, params.clone()).hash_password_into(
        password,
        salt,
        &mut expected,
    );
    let mut blocks = vec![Block::ZERO; params.block_count()];
    let argon2 = Argon2 { algorithm, version, params };
    for backend in Backend::available() {
        tag.fill(0);
        assert_eq!(argon2.hash(backend, password, salt, &mut blocks, &mut tag), result);
        assert_eq!(tag, expected);
    }
}

static HASHER: LazyLock<Hasher> = LazyLock::new(|| Hasher::new(Cost::new(7168, 5).unwrap()).unwrap());

/// The form of a hash that need not be replaced.
static CURRENT: LazyLock<Description> =
    LazyLock::new(|| HASHER.hash(&Password::parse("of a new hash").unwrap()).unwrap().describe());

fn stored(bytes: &[u8]) -> PasswordHash {
    PasswordHash::from_stored(String::from_utf8_lossy(bytes).into_owned())
}
