//! The memory of Argon2, mapped once per cold start. Mapped for every hash, its page faults would add a tenth to each.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::{fmt, slice};

use argon2::{Error, Params, Result};
use argon2_simd::{Argon2, Backend, Block};
#[cfg(target_os = "linux")]
use rustix::mm::{Advice, madvise};

/// Bytes of a large page, on x86-64 and on arm64 with usual pages of 4 KiB.
const PAGE_SIZE: usize = 2 << 20;

/// Blocks in a large page.
const PAGE_BLOCKS: usize = PAGE_SIZE / size_of::<Block>();

/// Memory for one computation at a time, and the instructions that compute in it. `Debug` shows nothing.
pub(super) struct Memory {
    mapped: Mutex<Mapped>,
    backend: Backend,
}

pub(super) struct Mapped {
    /// The thread that maps the memory while connections are opened.
    coming: Option<JoinHandle<Pages>>,
    pages: Pages,
}

/// Memory that begins with a large page, so that all of it can be in large pages.
#[derive(Default)]
struct Pages(Vec<Page>);

/// Nothing but blocks.
#[repr(C, align(0x20_0000))]
struct Page([Block; PAGE_BLOCKS]);

const _: () = assert!(size_of::<Page>() == PAGE_SIZE && align_of::<Page>() == PAGE_SIZE);

impl Memory {
    /// Begins to map as much as computations with these parameters need.
    pub(super) fn map(params: &Params) -> Self {
        let count = params.block_count();
        // Without a thread or the memory, each computation maps its own.
        let coming = thread::Builder::new().spawn(move || Pages::allocate(count).unwrap_or_default());
        let mapped = Mutex::new(Mapped { coming: coming.ok(), pages: Pages::default() });
        Self { mapped, backend: Backend::detect() }
    }

    /// Waits until the memory is mapped.
    pub(super) fn mapped(&self) -> MutexGuard<'_, Mapped> {
        let mut mapped = self.mapped.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(coming) = mapped.coming.take() {
            mapped.pages = coming.join().unwrap_or_default();
        }
        mapped
    }

    /// Computes a tag, and wipes the memory afterwards as the reference implementation does: from its content passwords can
    /// be tried at the price of one block.
    pub(super) fn compute(
        &self,
        argon2: &Argon2,
        password: &[u8],
        salt: &[u8],
        tag: &mut [u8],
    ) -> Result<()> {
        let mut mapped = self.mapped();
        let count = argon2.params.block_count();
        let mut larger;
        let pages = if mapped.pages.blocks().len() >= count {
            &mut mapped.pages
        } else {
            // A stored hash of a greater cost than new ones: rare, and replaced at its first login.
            larger = Pages::allocate(count)?;
            &mut larger
        };
        let blocks = pages.blocks().get_mut(..count).ok_or(Error::OutOfMemory)?;
        let outcome = argon2.hash(self.backend, password, salt, blocks, tag);
        Block::wipe(blocks);
        outcome
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memory(***)")
    }
}

impl Pages {
    /// Allocates at least as many blocks and touches them, so that all of them are mapped.
    #[expect(unsafe_code, reason = "pages that are written by their address need no copy on the stack")]
    fn allocate(blocks: usize) -> Result<Self> {
        let count = blocks.div_ceil(PAGE_BLOCKS);
        let mut pages = Vec::<Page>::new();
        pages.try_reserve_exact(count).map_err(|_| Error::OutOfMemory)?;
        #[cfg(target_os = "linux")]
        prefer_large_pages(&mut pages, count);
        // SAFETY: as many pages are reserved, and zeroed bytes are a page: blocks of integers.
        unsafe {
            pages.as_mut_ptr().write_bytes(0, count);
            pages.set_len(count);
        }
        Ok(Self(pages))
    }

    #[expect(unsafe_code, reason = "the blocks of several pages are one slice")]
    fn blocks(&mut self) -> &mut [Block] {
        let count = self.0.len() * PAGE_BLOCKS;
        // SAFETY: pages consist of blocks and nothing else, and stay borrowed as long as the slice.
        unsafe { slice::from_raw_parts_mut(self.0.as_mut_ptr().cast(), count) }
    }
}

/// Asks the kernel for pages of 2 MiB. There are 512 times as many of the usual size, and mapping them takes longer than
/// opening all connections.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "advice on memory is given by its address")]
fn prefer_large_pages(pages: &mut Vec<Page>, count: usize) {
    // SAFETY: as many pages are reserved, and how they are backed changes nothing of what they hold.
    let _advised = unsafe { madvise(pages.as_mut_ptr().cast(), count * PAGE_SIZE, Advice::LinuxHugepage) };
}

#[cfg(test)]
mod tests {
    use argon2::{Algorithm, Version};

    use super::*;

    fn argon2(memory_kib: u32) -> Argon2 {
        let params = Params::new(memory_kib, 2, 1, Some(32)).unwrap();
        Argon2 { algorithm: Algorithm::Argon2id, version: Version::V0x13, params }
    }

    fn tag(memory: &Memory, argon2: &Argon2) -> [u8; 32] {
        let mut tag = [0; 32];
        memory.compute(argon2, b"secret phrase", b"saltsaltsaltsalt", &mut tag).unwrap();
        tag
    }

    #[test]
    fn a_computation_in_used_memory_is_like_one_in_new_memory() {
        let memory = Memory::map(&argon2(64).params);
        // The last but one is more than one large page.
        for memory_kib in [64, 8, 64, 256, 8192, 64] {
            let mut expected = [0; 32];
            let argon2 = argon2(memory_kib);
            ::argon2::Argon2::new(argon2.algorithm, argon2.version, argon2.params.clone())
                .hash_password_into(b"secret phrase", b"saltsaltsaltsalt", &mut expected)
                .unwrap();
            assert_eq!(tag(&memory, &argon2), expected, "{memory_kib}");
        }
    }

    #[test]
    fn once_it_is_mapped_nothing_is_left_to_wait_for() {
        let memory = Memory::map(&argon2(64).params);
        drop(memory.mapped());
        let mut mapped = memory.mapped.lock().unwrap();
        assert!(mapped.coming.is_none());
        assert_eq!(mapped.pages.blocks().len(), PAGE_BLOCKS);
    }

    #[test]
    fn nothing_of_a_password_stays_in_memory() {
        let memory = Memory::map(&argon2(64).params);
        tag(&memory, &argon2(64));
        let mut mapped = memory.mapped();
        assert!(mapped.pages.blocks().iter().all(|block| *block.words() == [0; 128]));
    }

    #[test]
    fn memory_cannot_be_printed() {
        let memory = Memory::map(&argon2(8).params);
        tag(&memory, &argon2(8));
        assert_eq!(format!("{memory:?}"), "Memory(***)");
    }
}
