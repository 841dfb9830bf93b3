//! Every back end that this processor has, against the crate `argon2`.

use argon2::{AssociatedData, ParamsBuilder};
use fastrand::Rng;

use super::*;

/// Computations with random parameters for each back end. `ARGON2_CASES` makes it more.
const CASES: usize = 1_000;

fn bytes(random: &mut Rng, length: usize) -> Vec<u8> {
    std::iter::repeat_with(|| random.u8(..)).take(length).collect()
}

/// Mostly small, but now and then with more blocks in a segment than there are addresses in a block.
fn params(random: &mut Rng) -> Params {
    let lanes = random.u32(1..=4);
    let memory = if random.u8(..10) == 0 { random.u32(512..3000) } else { random.u32(8 * lanes..=256) };
    let mut builder = ParamsBuilder::new();
    builder.m_cost(memory).p_cost(lanes).t_cost(random.u32(1..=4));
    if random.bool() {
        builder.data(AssociatedData::new(&bytes(random, 12)).unwrap());
    }
    builder.build().unwrap()
}

fn argon2(random: &mut Rng) -> Argon2 {
    let algorithm = random.choice([Algorithm::Argon2d, Algorithm::Argon2i, Algorithm::Argon2id]).unwrap();
    let version = random.choice([Version::V0x10, Version::V0x13]).unwrap();
    Argon2 { algorithm, version, params: params(random) }
}

/// The tag that the crate `argon2` computes.
fn expected(argon2: &Argon2, password: &[u8], salt: &[u8], length: usize) -> Vec<u8> {
    let Argon2 { algorithm, version, params } = argon2.clone();
    let mut tag = vec![0; length];
    argon2::Argon2::new(algorithm, version, params).hash_password_into(password, salt, &mut tag).unwrap();
    tag
}

fn default() -> Argon2 {
    Argon2 {
        algorithm: Algorithm::Argon2id,
        version: Version::V0x13,
        params: Params::new(64, 2, 1, None).unwrap(),
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the number of cases is given by who runs the test")]
fn all_back_ends_compute_what_argon2_computes() {
    let cases = std::env::var("ARGON2_CASES").map_or(CASES, |cases| cases.parse().unwrap());
    let mut random = Rng::with_seed(19);
    // Never wiped: whatever it holds, the result is the same.
    let mut memory = vec![Block::ZERO; 3000];
    for _ in 0..cases {
        let argon2 = argon2(&mut random);
        let (password, salt) = (random.usize(0..=150), random.usize(8..=50));
        let (password, salt) = (bytes(&mut random, password), bytes(&mut random, salt));
        let mut tag = vec![0; random.usize(4..=150)];
        let expected = expected(&argon2, &password, &salt, tag.len());
        for backend in Backend::available() {
            argon2.hash(backend, &password, &salt, &mut memory, &mut tag).unwrap();
            assert_eq!(tag, expected, "{backend:?} {argon2:?}");
        }
    }
}

/// Made by argon2-cffi 25.1: the examples of RFC 9106 have a secret, which stored hashes have not.
const FOREIGN: [u8; 32] = [
    33, 35, 187, 146, 75, 197, 206, 29, 125, 24, 207, 42, 7, 186, 90, 180, 221, 194, 221, 143, 71, 30, 200,
    229, 85, 55, 196, 103, 212, 250, 211, 70,
];

#[test]
fn a_tag_that_was_made_elsewhere_is_computed() {
    let params = Params::new(19 * 1024, 2, 1, None).unwrap();
    let mut memory = vec![Block::ZERO; params.block_count()];
    let argon2 = Argon2 { params, ..default() };
    for backend in Backend::available() {
        let mut tag = [0; 32];
        argon2
            .hash(backend, b"correct horse battery staple", b"somesaltsomesalt", &mut memory, &mut tag)
            .unwrap();
        assert_eq!(tag, FOREIGN, "{backend:?}");
    }
}

#[test]
fn blocks_are_compressed_alike() {
    let mut random = Rng::with_seed(1);
    let mut block = || Block(std::array::from_fn(|_| random.u64(..)));
    for add in [false, true] {
        let (previous, reference, current) = (block(), block(), block());
        let results = Backend::available().map(|backend| {
            let mut current = current;
            backend.compress(&previous, &reference, &mut current, add);
            current.0
        });
        let results: Vec<_> = results.collect();
        assert!(results.iter().all(|result| *result == results[0] && *result != current.0));
    }
}

#[test]
fn what_is_too_small_is_an_error() {
    let hash = |salt: &[u8], blocks: usize, tag: usize| {
        default().hash(Backend::detect(), b"", salt, &mut vec![Block::ZERO; blocks], &mut vec![0; tag])
    };
    assert_eq!(hash(b"saltsalt", 64, 4), Ok(()));
    assert_eq!(hash(b"saltsal", 64, 4), Err(Error::SaltTooShort));
    assert_eq!(hash(b"saltsalt", 63, 4), Err(Error::MemoryTooLittle));
    assert_eq!(hash(b"saltsalt", 64, 3), Err(Error::OutputTooShort));
    // The order of the crate `argon2`.
    assert_eq!(hash(b"saltsal", 64, 3), Err(Error::OutputTooShort));
}

#[test]
fn no_more_memory_is_touched_than_the_cost_says() {
    let mut memory = vec![Block([7; block::WORDS]); 65];
    default().hash(Backend::detect(), b"", b"saltsalt", &mut memory, &mut [0; 32]).unwrap();
    assert_eq!(memory[64].0, [7; block::WORDS]);
    assert!(memory[..64].iter().all(|block| block.0 != [7; block::WORDS]));
}
