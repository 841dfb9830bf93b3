//! AVX2: four lanes, a quarter of a row.

use std::arch::x86_64::{
    __m256i, _mm256_add_epi64, _mm256_alignr_epi8, _mm256_mul_epu32, _mm256_or_si256,
    _mm256_permute4x64_epi64, _mm256_setr_epi8, _mm256_shuffle_epi8, _mm256_shuffle_epi32, _mm256_srli_epi64,
    _mm256_xor_si256,
};

use super::rounds::rounds;
use crate::block::{Block, Rows};

rounds!(__m256i, 4, [0, 1, 2, 3], "avx2");

#[inline]
#[target_feature(enable = "avx2")]
fn multiply_add(x: __m256i, y: __m256i) -> __m256i {
    let product = _mm256_mul_epu32(x, y);
    _mm256_add_epi64(_mm256_add_epi64(x, y), _mm256_add_epi64(product, product))
}

#[inline]
#[target_feature(enable = "avx2")]
fn xor(x: __m256i, y: __m256i) -> __m256i {
    _mm256_xor_si256(x, y)
}

#[inline]
#[target_feature(enable = "avx2")]
fn rotate_32(x: __m256i) -> __m256i {
    _mm256_shuffle_epi32::<0b10_11_00_01>(x)
}

#[inline]
#[target_feature(enable = "avx2")]
fn rotate_24(x: __m256i) -> __m256i {
    let bytes = _mm256_setr_epi8(
        3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9, 10, 3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8,
        9, 10,
    );
    _mm256_shuffle_epi8(x, bytes)
}

#[inline]
#[target_feature(enable = "avx2")]
fn rotate_16(x: __m256i) -> __m256i {
    let bytes = _mm256_setr_epi8(
        2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15, 8, 9, 2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15,
        8, 9,
    );
    _mm256_shuffle_epi8(x, bytes)
}

#[inline]
#[target_feature(enable = "avx2")]
fn rotate_63(x: __m256i) -> __m256i {
    _mm256_or_si256(_mm256_srli_epi64::<63>(x), _mm256_add_epi64(x, x))
}

/// Of each two lanes, the second of `x` and the first of `y`.
#[inline]
#[target_feature(enable = "avx2")]
fn pair(x: __m256i, y: __m256i) -> __m256i {
    _mm256_alignr_epi8::<8>(y, x)
}

#[inline]
#[target_feature(enable = "avx2")]
fn permute_rows(state: &mut Rows<__m256i, 4>) {
    for [left, right] in state.as_chunks_mut().0 {
        [*left, *right] = permute_two_rows(*left, *right);
    }
}

/// P of two rows. The second half mixes diagonals, for which lanes are rotated, and back.
#[inline]
#[target_feature(enable = "avx2")]
fn permute_two_rows(left: [__m256i; 4], right: [__m256i; 4]) -> [[__m256i; 4]; 2] {
    let [left, right] = mix(left, right);
    let [left, right] = mix(rotated(left), rotated(right));
    [rotated_back(left), rotated_back(right)]
}

#[inline]
#[target_feature(enable = "avx2")]
fn rotated([a, b, c, d]: [__m256i; 4]) -> [__m256i; 4] {
    [
        a,
        _mm256_permute4x64_epi64::<0b00_11_10_01>(b),
        _mm256_permute4x64_epi64::<0b01_00_11_10>(c),
        _mm256_permute4x64_epi64::<0b10_01_00_11>(d),
    ]
}

#[inline]
#[target_feature(enable = "avx2")]
fn rotated_back([a, b, c, d]: [__m256i; 4]) -> [__m256i; 4] {
    [
        a,
        _mm256_permute4x64_epi64::<0b10_01_00_11>(b),
        _mm256_permute4x64_epi64::<0b01_00_11_10>(c),
        _mm256_permute4x64_epi64::<0b00_11_10_01>(d),
    ]
}
