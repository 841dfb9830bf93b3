//! The cost of Argon2id, of new hashes and of stored ones.

use argon2::{Error, Params};

/// Length of a tag in bytes.
pub(super) const TAG_BYTES: usize = 32;

/// The cost of one hash. Parallelism is 1: a Lambda environment handles one event at a time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Cost {
    memory_kib: u32,
    iterations: u32,
}

impl Cost {
    /// 19 MiB and two passes: the second of the five equally strong settings of the OWASP Password Storage
    /// Cheat Sheet (2026-11), and the default of the `argon2` crate.
    pub const DEFAULT: Self = Self { memory_kib: 19 * 1024, iterations: 2 };

    /// The weakest memory in KiB for one, two, three, four, and five or more passes, by the same cheat sheet.
    const WEAKEST_MEMORY_KIB: [u32; 5] = [47_104, 19_456, 12_288, 9_216, 7_168];

    /// 256 MiB: more than a login may take from the memory of a Lambda function.
    const MOST_MEMORY_KIB: u32 = 256 * 1024;

    /// The most passes.
    const MOST_ITERATIONS: u32 = 16;

    /// Memory times passes, in KiB: about two seconds on one processor.
    const MOST_WORK: u64 = 4 * 256 * 1024;

    /// A cost, when OWASP calls it strong enough and a function can bear it.
    #[must_use]
    pub fn new(memory_kib: u32, iterations: u32) -> Option<Self> {
        let row = usize::try_from(iterations.clamp(1, 5) - 1).ok()?;
        let weakest = *Self::WEAKEST_MEMORY_KIB.get(row)?;
        let sound = (1..=Self::MOST_ITERATIONS).contains(&iterations)
            && weakest <= memory_kib
            && Self::is_within_limits(memory_kib, iterations);
        sound.then_some(Self { memory_kib, iterations })
    }

    /// The upper bound of new hashes and of stored ones.
    pub(super) fn is_within_limits(memory_kib: u32, iterations: u32) -> bool {
        memory_kib <= Self::MOST_MEMORY_KIB
            && iterations <= Self::MOST_ITERATIONS
            && u64::from(memory_kib) * u64::from(iterations) <= Self::MOST_WORK
    }

    pub(super) fn params(self) -> Result<Params, Error> {
        Params::new(self.memory_kib, self.iterations, 1, Some(TAG_BYTES))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_bounded_on_both_sides() {
        for (memory, iterations) in
            [(47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5), (7_168, 16)]
        {
            assert!(Cost::new(memory, iterations).is_some());
            assert!(Cost::new(memory - 1, iterations).is_none());
        }
        for (memory, iterations) in [(19_456, 0), (19_456, 17), (262_145, 2), (131_072, 9), (262_144, 5)] {
            assert!(Cost::new(memory, iterations).is_none());
        }
        assert!(Cost::new(262_144, 4).is_some());
    }
}
