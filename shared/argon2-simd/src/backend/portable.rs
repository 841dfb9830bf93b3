//! Integers, for every other processor: two lanes, as the narrowest vectors have.

use super::rounds::rounds;
use crate::block::{Block, Rows};

type Lanes = [u64; 2];

rounds!(Lanes, 8, [0, 1, 2, 3, 4, 5, 6, 7]);

#[inline]
fn multiply_add([x0, x1]: Lanes, [y0, y1]: Lanes) -> Lanes {
    let one = |x: u64, y: u64| {
        let product = (x & LOW).wrapping_mul(y & LOW);
        x.wrapping_add(y).wrapping_add(product).wrapping_add(product)
    };
    [one(x0, y0), one(x1, y1)]
}

/// The lower half of a word.
const LOW: u64 = 0xFFFF_FFFF;

#[inline]
fn xor([x0, x1]: Lanes, [y0, y1]: Lanes) -> Lanes {
    [x0 ^ y0, x1 ^ y1]
}

#[inline]
fn rotate_32(x: Lanes) -> Lanes {
    x.map(|lane| lane.rotate_right(32))
}

#[inline]
fn rotate_24(x: Lanes) -> Lanes {
    x.map(|lane| lane.rotate_right(24))
}

#[inline]
fn rotate_16(x: Lanes) -> Lanes {
    x.map(|lane| lane.rotate_right(16))
}

#[inline]
fn rotate_63(x: Lanes) -> Lanes {
    x.map(|lane| lane.rotate_right(63))
}

/// The second lane of `x` and the first of `y`.
#[inline]
fn pair([_, x]: Lanes, [y, _]: Lanes) -> Lanes {
    [x, y]
}

#[inline]
fn permute_rows(state: &mut Rows<Lanes, 8>) {
    for row in state {
        *row = permute(*row);
    }
}
