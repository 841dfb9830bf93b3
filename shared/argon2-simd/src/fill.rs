//! The order in which blocks are computed, and of which others (RFC 9106 sections 3.2 to 3.4).

use argon2::{Algorithm, Error, Params, Version};

use crate::{Argon2, Backend, Block};

/// Slices of a pass. Lanes do not refer to blocks of each other in the same slice.
const SLICES: u32 = 4;

/// Addresses in a block.
const ADDRESSES: u32 = 128;

/// Blocks between the current one and the one whose reference is brought into the cache.
const AHEAD: u32 = 2;

/// The place of a segment: one lane of one slice.
#[derive(Clone, Copy)]
struct Segment {
    pass: u32,
    slice: u32,
    lane: u32,
}

/// A computation: its memory, parameters and instructions.
struct Fill<'a> {
    backend: Backend,
    argon2: &'a Argon2,
    memory: &'a mut [Block],
    lane_length: u32,
}

/// Computes all blocks but the first two of each lane, which the memory has.
pub(crate) fn fill(argon2: &Argon2, backend: Backend, memory: &mut [Block]) -> Result<(), Error> {
    let lanes = argon2.params.p_cost();
    let lane_length = lane_length(&argon2.params);
    let mut fill = Fill { backend, argon2, memory, lane_length };
    for pass in 0..argon2.params.t_cost() {
        for slice in 0..SLICES {
            for lane in 0..lanes {
                fill.segment(Segment { pass, slice, lane })?;
            }
        }
    }
    Ok(())
}

/// Blocks in a lane.
pub(crate) fn lane_length(params: &Params) -> u32 {
    let lanes = params.p_cost();
    (params.m_cost() / (lanes * SLICES)).max(2) * SLICES
}

impl Fill<'_> {
    fn segment(&mut self, segment: Segment) -> Result<(), Error> {
        let Segment { pass, slice, lane } = segment;
        let length = self.lane_length / SLICES;
        let first = if pass == 0 && slice == 0 { 2 } else { 0 };
        let mut addresses = self.is_independent(segment).then(|| self.addresses(segment));
        let add = pass > 0 && self.argon2.version != Version::V0x10;
        let start = lane * self.lane_length;
        for index in first..length {
            let column = slice * length + index;
            let previous = start + column.checked_sub(1).unwrap_or(self.lane_length - 1);
            let random = match &mut addresses {
                Some(addresses) => {
                    let random = addresses.at(index, self.backend);
                    self.prefetch(segment, index + AHEAD, addresses);
                    random
                }
                None => self.memory.get(previous as usize).ok_or(Error::MemoryTooLittle)?.0[0],
            };
            let reference = self.reference(segment, index, random);
            let places = [previous as usize, reference as usize, (start + column) as usize];
            let blocks = self.memory.get_disjoint_mut(places).map_err(|_| Error::MemoryTooLittle)?;
            let [previous, reference, current] = blocks;
            self.backend.compress(previous, reference, current, add);
        }
        Ok(())
    }

    /// `true` if the references of a segment depend on neither password nor salt.
    fn is_independent(&self, Segment { pass, slice, .. }: Segment) -> bool {
        match self.argon2.algorithm {
            Algorithm::Argon2d => false,
            Algorithm::Argon2i => true,
            Algorithm::Argon2id => pass == 0 && slice < SLICES / 2,
        }
    }

    /// The block that a random number stands for. It is never the current one, nor the one before.
    fn reference(&self, Segment { pass, slice, lane }: Segment, index: u32, random: u64) -> u32 {
        let [low, high] = halves(random);
        let length = self.lane_length / SLICES;
        let other = if pass == 0 && slice == 0 { lane } else { high % self.argon2.params.p_cost() };
        // Slices that are complete: in the first pass those before, later the three others.
        let complete = if pass == 0 { slice } else { SLICES - 1 } * length;
        let area = match (other == lane, index) {
            (true, _) => complete + index - 1,
            (false, 0) => complete - 1,
            (false, _) => complete,
        };
        let oldest = if pass == 0 { 0 } else { (slice + 1) % SLICES * length };
        let position = oldest + area - 1 - high_product(area, high_product(low, low));
        // One subtraction in place of a division, for which the next block would wait.
        other * self.lane_length + position.checked_sub(self.lane_length).unwrap_or(position)
    }

    /// Has the block that will be referred to brought into the cache, if its address is known.
    fn prefetch(&self, segment: Segment, index: u32, addresses: &Addresses) {
        if let Some(random) = addresses.known(index).filter(|_| index < self.lane_length / SLICES) {
            let place = self.reference(segment, index, random);
            self.memory.get(place as usize).inspect(|block| block.prefetch());
        }
    }

    fn addresses(&self, Segment { pass, slice, lane }: Segment) -> Addresses {
        let params = &self.argon2.params;
        let mut input = Block::ZERO;
        let numbers = [
            pass.into(),
            lane.into(),
            slice.into(),
            u64::from(self.lane_length * params.p_cost()),
            params.t_cost().into(),
            self.argon2.algorithm as u64,
        ];
        for (word, number) in input.0.iter_mut().zip(numbers) {
            *word = number;
        }
        Addresses { input, block: Block::ZERO, number: 0 }
    }
}

/// Random numbers of a segment whose references do not depend on its blocks (RFC 9106 section 3.4.1.2).
struct Addresses {
    input: Block,
    /// The block of numbers that was made last.
    block: Block,
    /// Its number, from 1.
    number: u32,
}

impl Addresses {
    fn at(&mut self, index: u32, backend: Backend) -> u64 {
        while self.number <= index / ADDRESSES {
            self.number += 1;
            self.input.0[6] += 1;
            let mut block = Block::ZERO;
            backend.compress(&Block::ZERO, &self.input, &mut block, false);
            backend.compress(&Block::ZERO, &block, &mut self.block, false);
        }
        self.known(index).unwrap_or_default()
    }

    /// The number, if the block that was made last has it.
    fn known(&self, index: u32) -> Option<u64> {
        let number = self.block.0.get((index % ADDRESSES) as usize).copied();
        number.filter(|_| index / ADDRESSES + 1 == self.number)
    }
}

/// The lower and the upper 32 bits.
fn halves(word: u64) -> [u32; 2] {
    [(word & 0xFFFF_FFFF) as u32, (word >> 32) as u32]
}

/// The upper 32 bits of a product.
fn high_product(x: u32, y: u32) -> u32 {
    let [_, high] = halves(u64::from(x) * u64::from(y));
    high
}
