//! Argon2's compression function G (RFC 9106 sections 3.5 and 3.6), over vectors of any width.

/// Defines `compress` for a vector of some lanes of 64 bits, and `mix` and `permute`, of which it consists.
///
/// The module that calls it defines `multiply_add`, `xor`, `rotate_32`, `rotate_24`, `rotate_16`, `rotate_63`, `pair`, and
/// `permute_rows`, since a row is not as many vectors in each.
macro_rules! rounds {
    ($vector:ty, $columns:literal, [$($column:literal),+] $(, $feature:literal)?) => {
        /// GB, on each lane of two times four vectors. Halves take turns, so that one computes while the other waits.
        #[inline]
        $(#[target_feature(enable = $feature)])?
        fn mix(left: [$vector; 4], right: [$vector; 4]) -> [[$vector; 4]; 2] {
            let (left, right) = (first_half(left), first_half(right));
            [second_half(left), second_half(right)]
        }

        #[inline]
        $(#[target_feature(enable = $feature)])?
        fn first_half([a, b, c, d]: [$vector; 4]) -> [$vector; 4] {
            let a = multiply_add(a, b);
            let d = rotate_32(xor(d, a));
            let c = multiply_add(c, d);
            let b = rotate_24(xor(b, c));
            [a, b, c, d]
        }

        #[inline]
        $(#[target_feature(enable = $feature)])?
        fn second_half([a, b, c, d]: [$vector; 4]) -> [$vector; 4] {
            let a = multiply_add(a, b);
            let d = rotate_16(xor(d, a));
            let c = multiply_add(c, d);
            let b = rotate_63(xor(b, c));
            [a, b, c, d]
        }

        /// P, on each two lanes: they hold the words v0 and v1 of the RFC, v2 and v3, to v14 and v15. The second half mixes
        /// diagonals: words move to the lanes of those that they are mixed with, and back.
        #[inline]
        $(#[target_feature(enable = $feature)])?
        fn permute([a0, a1, b0, b1, c0, c1, d0, d1]: [$vector; 8]) -> [$vector; 8] {
            let [[a0, b0, c0, d0], [a1, b1, c1, d1]] = mix([a0, b0, c0, d0], [a1, b1, c1, d1]);
            let (b0, b1, d0, d1) = (pair(b0, b1), pair(b1, b0), pair(d0, d1), pair(d1, d0));
            let [[a0, b0, c1, d1], [a1, b1, c0, d0]] = mix([a0, b0, c1, d1], [a1, b1, c0, d0]);
            [a0, a1, pair(b1, b0), pair(b0, b1), c0, c1, pair(d1, d0), pair(d0, d1)]
        }

        /// G of two blocks, which replaces the third or is added to it. Each column is a literal: an AVX-512 computes all in
        /// registers where no loop is left.
        $(#[target_feature(enable = $feature)])?
        pub(super) fn compress(previous: &Block, reference: &Block, current: &mut Block, add: bool) {
            let mut state: Rows<$vector, $columns> = *previous.rows();
            let reference: &Rows<$vector, $columns> = reference.rows();
            let current: &mut Rows<$vector, $columns> = current.rows_mut();
            for (state, reference) in state.as_flattened_mut().iter_mut().zip(reference.as_flattened()) {
                *state = xor(*state, *reference);
            }
            // Nothing is stored before the end: `current` is seldom in the cache, and a store that waits for it stops others.
            let mut sum = state;
            if add {
                for (sum, current) in sum.as_flattened_mut().iter_mut().zip(current.as_flattened()) {
                    *sum = xor(*sum, *current);
                }
            }
            permute_rows(&mut state);
            $(
                let permuted = permute([
                    state[0][$column], state[1][$column], state[2][$column], state[3][$column],
                    state[4][$column], state[5][$column], state[6][$column], state[7][$column],
                ]);
                for ((current, sum), permuted) in current.iter_mut().zip(&sum).zip(permuted) {
                    current[$column] = xor(sum[$column], permuted);
                }
            )+
        }
    };
}

pub(super) use rounds;
