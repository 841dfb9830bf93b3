//! Argon2 (RFC 9106) in memory of the caller, by the widest vectors that the processor has.
//!
//! Parameters and errors are those of the crate `argon2`, which has no vectors but AVX2 and lays its words out so that few of
//! its instructions use them. The tests hold every back end to its results.

mod backend;
mod blake2b;
mod block;
mod fill;

use argon2::{Algorithm, Error, MIN_SALT_LEN, Params, Version};
use blake2::{Blake2b512, Digest};
use zeroize::Zeroize;

pub use backend::Backend;
pub use block::Block;

/// A variant, a version and a cost.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Argon2 {
    /// Argon2d, Argon2i or Argon2id.
    pub algorithm: Algorithm,
    /// 0x10 or 0x13.
    pub version: Version,
    /// The cost. The length of the output is that of the tag, whatever it says.
    pub params: Params,
}

impl Argon2 {
    /// Fills a tag. As many blocks of memory as [`Params::block_count`] says are used, whatever they hold, and hold afterwards
    /// what passwords can be tried with at the price of one block: the caller wipes them.
    ///
    /// Lanes are computed one after the other.
    ///
    /// # Errors
    ///
    /// For less memory, for a salt or a tag shorter than the RFC's least, and for anything longer than 4 GiB.
    pub fn hash(
        &self,
        backend: Backend,
        password: &[u8],
        salt: &[u8],
        memory: &mut [Block],
        tag: &mut [u8],
    ) -> Result<(), Error> {
        if tag.len() < Params::MIN_OUTPUT_LEN {
            return Err(Error::OutputTooShort);
        }
        if salt.len() < MIN_SALT_LEN {
            return Err(Error::SaltTooShort);
        }
        let memory = memory.get_mut(..self.params.block_count()).ok_or(Error::MemoryTooLittle)?;
        let mut seed = self.seed(password, salt, tag.len())?;
        let started = self.first_blocks(&seed, memory);
        seed.zeroize();
        started?;
        fill::fill(self, backend, memory)?;
        self.finish(memory, tag)
    }

    /// H0 of RFC 9106 section 3.2.
    fn seed(&self, password: &[u8], salt: &[u8], tag_length: usize) -> Result<[u8; blake2b::LONGEST], Error> {
        let length = |bytes: &[u8], error| u32::try_from(bytes.len()).map_err(|_| error);
        let numbers = [
            self.params.p_cost(),
            u32::try_from(tag_length).map_err(|_| Error::OutputTooLong)?,
            self.params.m_cost(),
            self.params.t_cost(),
            self.version.into(),
            self.algorithm as u32,
        ];
        let no_secret = [].as_slice();
        let inputs = [
            (password, length(password, Error::PwdTooLong)?),
            (salt, length(salt, Error::SaltTooLong)?),
            (no_secret, 0),
            (self.params.data(), length(self.params.data(), Error::AdTooLong)?),
        ];
        let mut hash = Blake2b512::new();
        for number in numbers {
            hash.update(number.to_le_bytes());
        }
        for (input, length) in inputs {
            hash.update(length.to_le_bytes());
            hash.update(input);
        }
        Ok(hash.finalize().into())
    }

    /// The first two blocks of each lane.
    fn first_blocks(&self, seed: &[u8], memory: &mut [Block]) -> Result<(), Error> {
        let mut bytes = [0; Block::SIZE];
        for (lane, blocks) in (0_u32..).zip(memory.chunks_mut(fill::lane_length(&self.params) as usize)) {
            for (column, block) in (0_u32..2).zip(blocks) {
                blake2b::fill(&[seed, &column.to_le_bytes(), &lane.to_le_bytes()], &mut bytes)?;
                *block = Block::read(&bytes);
            }
        }
        bytes.zeroize();
        Ok(())
    }

    /// The tag: a hash of the last blocks of all lanes, added up.
    fn finish(&self, memory: &[Block], tag: &mut [u8]) -> Result<(), Error> {
        let mut sum = Block::ZERO;
        for lane in memory.chunks(fill::lane_length(&self.params) as usize) {
            for (sum, word) in sum.0.iter_mut().zip(lane.last().unwrap_or(&Block::ZERO).words()) {
                *sum ^= word;
            }
        }
        let mut bytes = [0; Block::SIZE];
        sum.write(&mut bytes);
        let finished = blake2b::fill(&[&bytes], tag);
        sum.0.zeroize();
        bytes.zeroize();
        finished
    }
}

#[cfg(test)]
mod tests;
