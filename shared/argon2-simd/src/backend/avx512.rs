//! AVX-512: eight lanes, so that two rows are permuted at once.

use std::arch::x86_64::{
    __m512i, _mm512_add_epi64, _mm512_castpd_si512, _mm512_castsi512_pd, _mm512_mul_epu32,
    _mm512_permutex_epi64, _mm512_permutex2var_epi64, _mm512_ror_epi64, _mm512_setr_epi64,
    _mm512_shuffle_i64x2, _mm512_shuffle_pd, _mm512_xor_si512,
};

use super::rounds::rounds;
use crate::block::{Block, Rows};

rounds!(__m512i, 2, [0, 1], "avx512f");

#[inline]
#[target_feature(enable = "avx512f")]
fn multiply_add(x: __m512i, y: __m512i) -> __m512i {
    let product = _mm512_mul_epu32(x, y);
    _mm512_add_epi64(_mm512_add_epi64(x, y), _mm512_add_epi64(product, product))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn xor(x: __m512i, y: __m512i) -> __m512i {
    _mm512_xor_si512(x, y)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn rotate_32(x: __m512i) -> __m512i {
    _mm512_ror_epi64::<32>(x)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn rotate_24(x: __m512i) -> __m512i {
    _mm512_ror_epi64::<24>(x)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn rotate_16(x: __m512i) -> __m512i {
    _mm512_ror_epi64::<16>(x)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn rotate_63(x: __m512i) -> __m512i {
    _mm512_ror_epi64::<63>(x)
}

/// Of each two lanes, the second of `x` and the first of `y`.
#[inline]
#[target_feature(enable = "avx512f")]
fn pair(x: __m512i, y: __m512i) -> __m512i {
    _mm512_castpd_si512(_mm512_shuffle_pd::<0b01_01_01_01>(_mm512_castsi512_pd(x), _mm512_castsi512_pd(y)))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn permute_rows(state: &mut Rows<__m512i, 2>) {
    let [r0, r1, r2, r3, r4, r5, r6, r7] = *state;
    let [r0, r1, r2, r3] = permute_four_rows([r0, r1, r2, r3]);
    let [r4, r5, r6, r7] = permute_four_rows([r4, r5, r6, r7]);
    *state = [r0, r1, r2, r3, r4, r5, r6, r7];
}

/// P of two pairs of rows. The second half mixes diagonals, for which lanes are rotated.
#[inline]
#[target_feature(enable = "avx512f")]
fn permute_four_rows([r0, r1, r2, r3]: [[__m512i; 2]; 4]) -> [[__m512i; 2]; 4] {
    let [left, right] = mix(joined(r0, r1), joined(r2, r3));
    let [left, right] = mix(rotated(left), rotated(right));
    let ([r0, r1], [r2, r3]) = (parted(left), parted(right));
    [r0, r1, r2, r3]
}

/// Two rows, one in the lower lanes and one in the upper.
#[inline]
#[target_feature(enable = "avx512f")]
fn joined([ab0, cd0]: [__m512i; 2], [ab1, cd1]: [__m512i; 2]) -> [__m512i; 4] {
    [
        _mm512_shuffle_i64x2::<0b01_00_01_00>(ab0, ab1),
        _mm512_shuffle_i64x2::<0b11_10_11_10>(ab0, ab1),
        _mm512_shuffle_i64x2::<0b01_00_01_00>(cd0, cd1),
        _mm512_shuffle_i64x2::<0b11_10_11_10>(cd0, cd1),
    ]
}

#[inline]
#[target_feature(enable = "avx512f")]
fn rotated([a, b, c, d]: [__m512i; 4]) -> [__m512i; 4] {
    [
        a,
        _mm512_permutex_epi64::<0b00_11_10_01>(b),
        _mm512_permutex_epi64::<0b01_00_11_10>(c),
        _mm512_permutex_epi64::<0b10_01_00_11>(d),
    ]
}

/// The two rows again, with lanes rotated back. Lanes of the second vector are numbered from 8.
#[inline]
#[target_feature(enable = "avx512f")]
fn parted([a, b, c, d]: [__m512i; 4]) -> [[__m512i; 2]; 2] {
    let ab0 = _mm512_permutex2var_epi64(a, _mm512_setr_epi64(0, 1, 2, 3, 11, 8, 9, 10), b);
    let cd0 = _mm512_permutex2var_epi64(c, _mm512_setr_epi64(2, 3, 0, 1, 9, 10, 11, 8), d);
    let ab1 = _mm512_permutex2var_epi64(a, _mm512_setr_epi64(4, 5, 6, 7, 15, 12, 13, 14), b);
    let cd1 = _mm512_permutex2var_epi64(c, _mm512_setr_epi64(6, 7, 4, 5, 13, 14, 15, 12), d);
    [[ab0, cd0], [ab1, cd1]]
}
