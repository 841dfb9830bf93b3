//! The memory of Argon2, mapped once per cold start. Mapped for every hash, its page faults would add a tenth to each.

use std::fmt;
#[cfg(target_os = "linux")]
use std::mem::MaybeUninit;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use argon2::{Argon2, Block, Error, Result};
#[cfg(target_os = "linux")]
use rustix::mm::{Advice, madvise};

/// Memory for one computation at a time. `Debug` shows nothing.
pub(super) struct Memory(Mutex<Mapped>);

pub(super) struct Mapped {
    /// The thread that maps the memory while connections are opened.
    coming: Option<JoinHandle<Vec<Block>>>,
    blocks: Vec<Block>,
}

impl Memory {
    /// Begins to map as much as computations with these parameters need.
    pub(super) fn map(argon2: &Argon2<'_>) -> Self {
        let count = argon2.params().block_count();
        // Without a thread or the memory, each computation maps its own.
        let coming = thread::Builder::new().spawn(move || allocate(count).unwrap_or_default());
        Self(Mutex::new(Mapped { coming: coming.ok(), blocks: Vec::new() }))
    }

    /// Waits until the memory is mapped.
    pub(super) fn mapped(&self) -> MutexGuard<'_, Mapped> {
        let mut mapped = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(coming) = mapped.coming.take() {
            mapped.blocks = coming.join().unwrap_or_default();
        }
        mapped
    }

    /// Computes a tag, and wipes the memory afterwards as the reference implementation does: from its content passwords can
    /// be tried at the price of one block.
    pub(super) fn compute(
        &self,
        argon2: &Argon2<'_>,
        password: &[u8],
        salt: &[u8],
        tag: &mut [u8],
    ) -> Result<()> {
        let mut mapped = self.mapped();
        let count = argon2.params().block_count();
        let mut larger;
        let blocks = if let Some(blocks) = mapped.blocks.get_mut(..count) {
            blocks
        } else {
            // A stored hash of a greater cost than new ones: rare, and replaced at its first login.
            larger = allocate(count)?;
            &mut larger
        };
        let outcome = argon2.hash_password_into_with_memory(password, salt, tag, &mut *blocks);
        for block in blocks {
            block.as_mut().fill(0);
        }
        outcome
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memory(***)")
    }
}

/// Allocates and touches the memory, so that all of it is mapped.
fn allocate(count: usize) -> Result<Vec<Block>> {
    let mut blocks = Vec::new();
    blocks.try_reserve_exact(count).map_err(|_| Error::OutOfMemory)?;
    #[cfg(target_os = "linux")]
    prefer_large_pages(blocks.spare_capacity_mut());
    blocks.resize(count, Block::new());
    Ok(blocks)
}

/// Asks the kernel for pages of 2 MiB. There are 512 times as many of the usual size, and mapping them takes longer than
/// opening all connections.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "advice on memory is given by its address")]
fn prefer_large_pages<T>(memory: &mut [MaybeUninit<T>]) {
    let start = memory.as_mut_ptr().cast::<u8>();
    let (before, length) = large_pages(start.addr(), size_of_val(memory));
    if length > 0 {
        // SAFETY: the range lies within `memory`, and how a range is backed changes nothing of what it holds.
        let _advised = unsafe { madvise(start.wrapping_add(before).cast(), length, Advice::LinuxHugepage) };
    }
}

/// The part of a range that consists of whole pages of 2 MiB: the bytes before it, and its length.
#[cfg(target_os = "linux")]
fn large_pages(address: usize, length: usize) -> (usize, usize) {
    const SIZE: usize = 2 << 20;
    let before = address.wrapping_neg() % SIZE;
    (before, length.saturating_sub(before) / SIZE * SIZE)
}

#[cfg(test)]
mod tests {
    use argon2::{Algorithm, Params, Version};

    use super::*;

    fn argon2(memory_kib: u32) -> Argon2<'static> {
        Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(memory_kib, 2, 1, Some(32)).unwrap())
    }

    fn tag(memory: &Memory, argon2: &Argon2<'_>) -> [u8; 32] {
        let mut tag = [0; 32];
        memory.compute(argon2, b"secret phrase", b"saltsaltsaltsalt", &mut tag).unwrap();
        tag
    }

    #[test]
    fn a_computation_in_used_memory_is_like_one_in_new_memory() {
        let memory = Memory::map(&argon2(64));
        // The last but one is more than one large page.
        for memory_kib in [64, 8, 64, 256, 8192, 64] {
            let mut expected = [0; 32];
            let argon2 = argon2(memory_kib);
            argon2.hash_password_into(b"secret phrase", b"saltsaltsaltsalt", &mut expected).unwrap();
            assert_eq!(tag(&memory, &argon2), expected, "{memory_kib}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn large_pages_are_whole_and_within_the_range() {
        const MIB: usize = 1 << 20;
        for (address, length, expected) in [
            (4 * MIB, 4 * MIB, (0, 4 * MIB)),
            (4 * MIB, 4 * MIB - 1, (0, 2 * MIB)),
            (4 * MIB + 1, 4 * MIB, (2 * MIB - 1, 2 * MIB)),
            (4 * MIB - 16, 2 * MIB + 16, (16, 2 * MIB)),
            (4 * MIB - 16, 2 * MIB + 15, (16, 0)),
            (5 * MIB, 64, (MIB, 0)),
            (4 * MIB, 0, (0, 0)),
        ] {
            assert_eq!(large_pages(address, length), expected, "{address}, {length}");
        }
    }

    #[test]
    fn once_it_is_mapped_nothing_is_left_to_wait_for() {
        let memory = Memory::map(&argon2(64));
        drop(memory.mapped());
        let mapped = memory.0.lock().unwrap();
        assert!(mapped.coming.is_none());
        assert_eq!(mapped.blocks.len(), 64);
    }

    #[test]
    fn nothing_of_a_password_stays_in_memory() {
        let memory = Memory::map(&argon2(64));
        tag(&memory, &argon2(64));
        let mapped = memory.mapped();
        assert_eq!(mapped.blocks.len(), 64);
        assert!(mapped.blocks.iter().all(|block| block.as_ref().iter().all(|word| *word == 0)));
    }

    #[test]
    fn memory_cannot_be_printed() {
        let memory = Memory::map(&argon2(8));
        tag(&memory, &argon2(8));
        assert_eq!(format!("{memory:?}"), "Memory(***)");
    }
}
