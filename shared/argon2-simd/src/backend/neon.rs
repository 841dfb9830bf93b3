//! NEON, which every 64-bit Arm processor has: two lanes.

use std::arch::aarch64::{
    uint64x2_t, vaddq_u64, veorq_u64, vextq_u64, vmovn_u64, vmull_u32, vreinterpretq_u32_u64,
    vreinterpretq_u64_u32, vrev64q_u32, vshlq_n_u64, vsriq_n_u64,
};

use super::rounds::rounds;
use crate::block::{Block, Rows};

rounds!(uint64x2_t, 8, [0, 1, 2, 3, 4, 5, 6, 7], "neon");

#[inline]
#[target_feature(enable = "neon")]
fn multiply_add(x: uint64x2_t, y: uint64x2_t) -> uint64x2_t {
    let product = vmull_u32(vmovn_u64(x), vmovn_u64(y));
    vaddq_u64(vaddq_u64(x, y), vaddq_u64(product, product))
}

#[inline]
#[target_feature(enable = "neon")]
fn xor(x: uint64x2_t, y: uint64x2_t) -> uint64x2_t {
    veorq_u64(x, y)
}

#[inline]
#[target_feature(enable = "neon")]
fn rotate_32(x: uint64x2_t) -> uint64x2_t {
    vreinterpretq_u64_u32(vrev64q_u32(vreinterpretq_u32_u64(x)))
}

#[inline]
#[target_feature(enable = "neon")]
fn rotate_24(x: uint64x2_t) -> uint64x2_t {
    vsriq_n_u64::<24>(vshlq_n_u64::<40>(x), x)
}

#[inline]
#[target_feature(enable = "neon")]
fn rotate_16(x: uint64x2_t) -> uint64x2_t {
    vsriq_n_u64::<16>(vshlq_n_u64::<48>(x), x)
}

#[inline]
#[target_feature(enable = "neon")]
fn rotate_63(x: uint64x2_t) -> uint64x2_t {
    vsriq_n_u64::<63>(vaddq_u64(x, x), x)
}

/// The second lane of `x` and the first of `y`.
#[inline]
#[target_feature(enable = "neon")]
fn pair(x: uint64x2_t, y: uint64x2_t) -> uint64x2_t {
    vextq_u64::<1>(x, y)
}

#[inline]
#[target_feature(enable = "neon")]
fn permute_rows(state: &mut Rows<uint64x2_t, 8>) {
    for row in state {
        *row = permute(*row);
    }
}
