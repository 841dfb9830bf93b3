//! Hashes of any length by `BLAKE2b`: H' of RFC 9106 section 3.3.

use argon2::Error;
use blake2::digest::array::Array;
use blake2::digest::block_api::{UpdateCore, VariableOutputCore};
use blake2::digest::block_buffer::LazyBuffer;
use blake2::{Blake2b512, Blake2bVarCore, Digest};
use zeroize::Zeroize;

/// Bytes of the longest output of `BLAKE2b`.
pub(crate) const LONGEST: usize = 64;

/// Fills the output from the inputs.
///
/// # Errors
///
/// For an output that is empty or longer than 4 GiB.
pub(crate) fn fill(inputs: &[&[u8]], output: &mut [u8]) -> Result<(), Error> {
    let length = u32::try_from(output.len()).map_err(|_| Error::OutputTooLong)?.to_le_bytes();
    if output.len() <= LONGEST {
        return short(&length, inputs, output);
    }
    let mut hash = Blake2b512::new_with_prefix(length);
    for input in inputs {
        hash.update(input);
    }
    let mut last = hash.finalize();
    // Half of each hash is output; the hash of that hash is the next one.
    let (half, mut rest) = output.split_at_mut(LONGEST / 2);
    copy(&last, half);
    while rest.len() > LONGEST {
        let (half, others) = rest.split_at_mut(LONGEST / 2);
        last = Blake2b512::digest(last);
        copy(&last, half);
        rest = others;
    }
    let finished = short(&last, &[], rest);
    last.zeroize();
    finished
}

/// `BLAKE2b` of `first`, which has at most 128 bytes, and the inputs after it. The output has at most 64 bytes.
fn short(first: &[u8], inputs: &[&[u8]], output: &mut [u8]) -> Result<(), Error> {
    let mut core = Blake2bVarCore::new(output.len()).map_err(|_| Error::OutputTooShort)?;
    let mut buffer = LazyBuffer::new(first);
    for input in inputs {
        buffer.digest_blocks(input, |blocks| core.update_blocks(blocks));
    }
    let mut hash = Array::default();
    core.finalize_variable_core(&mut buffer, &mut hash);
    copy(&hash, output);
    hash.zeroize();
    Ok(())
}

/// Copies as much as both have.
fn copy(from: &[u8], to: &mut [u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}
