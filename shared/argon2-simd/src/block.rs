//! Blocks of Argon2's memory, and the same bytes as vectors.

/// Words of 64 bits in a block.
pub(crate) const WORDS: usize = 128;

/// 1 KiB of Argon2's memory (RFC 9106 section 3.2), in the byte order of the machine.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct Block(pub(crate) [u64; WORDS]);

impl Block {
    /// Length in bytes.
    pub const SIZE: usize = size_of::<Self>();

    /// A block of zeros.
    pub const ZERO: Self = Self([0; WORDS]);

    /// The words.
    #[must_use]
    pub fn words(&self) -> &[u64; WORDS] {
        &self.0
    }

    /// Overwrites blocks with zeros, also if their memory is freed right after.
    pub fn wipe(blocks: &mut [Self]) {
        // A loop over literals is one `memset`, unlike `fill`.
        for block in &mut *blocks {
            block.0 = [0; WORDS];
        }
        // Without a reader the compiler may leave it out.
        std::hint::black_box(blocks);
    }

    /// Asks the processor to load the block into its cache, where there is an instruction for that.
    #[inline]
    #[cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "an address is handed to the processor"))]
    pub(crate) fn prefetch(&self) {
        #[cfg(target_arch = "x86_64")]
        for line in self.0.as_chunks::<8>().0 {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            // SAFETY: SSE is part of x86-64, and nothing is read.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
        }
    }

    pub(crate) fn read(bytes: &[u8; Self::SIZE]) -> Self {
        let mut block = Self::ZERO;
        for (word, bytes) in block.0.iter_mut().zip(bytes.as_chunks().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        block
    }

    pub(crate) fn write(&self, bytes: &mut [u8; Self::SIZE]) {
        for (word, bytes) in self.0.iter().zip(bytes.as_chunks_mut().0) {
            *bytes = word.to_le_bytes();
        }
    }
}

/// A vector of integers.
///
/// # Safety
///
/// Any bits are a value, and none are padding.
#[expect(unsafe_code, reason = "the compiler does not know that any bits are a value")]
pub(crate) unsafe trait Vector: Copy {}

#[expect(unsafe_code, reason = "implementations of an unsafe trait")]
mod vectors {
    // SAFETY: integers.
    unsafe impl super::Vector for [u64; 2] {}
    #[cfg(target_arch = "x86_64")]
    // SAFETY: integers.
    unsafe impl super::Vector for std::arch::x86_64::__m256i {}
    #[cfg(target_arch = "x86_64")]
    // SAFETY: integers.
    unsafe impl super::Vector for std::arch::x86_64::__m512i {}
    #[cfg(target_arch = "aarch64")]
    // SAFETY: integers.
    unsafe impl super::Vector for std::arch::aarch64::uint64x2_t {}
}

/// A block as eight rows of vectors: Argon2 permutes the rows of this matrix and then its columns.
pub(crate) type Rows<V, const N: usize> = [[V; N]; 8];

#[expect(unsafe_code, reason = "loads and stores by address need a copy of the block beside each")]
impl Block {
    /// The same block as vectors.
    #[inline]
    pub(crate) fn rows<V: Vector, const N: usize>(&self) -> &Rows<V, N> {
        const { assert!(size_of::<Rows<V, N>>() == Self::SIZE && align_of::<V>() <= align_of::<Self>()) };
        // SAFETY: size and alignment fit, and any bits are a vector.
        unsafe { &*std::ptr::from_ref(self).cast() }
    }

    /// The same block as vectors that can be changed.
    #[inline]
    pub(crate) fn rows_mut<V: Vector, const N: usize>(&mut self) -> &mut Rows<V, N> {
        const { assert!(size_of::<Rows<V, N>>() == Self::SIZE && align_of::<V>() <= align_of::<Self>()) };
        // SAFETY: size and alignment fit, any bits are a vector, and any vectors are words.
        unsafe { &mut *std::ptr::from_mut(self).cast() }
    }
}
