//! Argon2's compression function for each kind of processor, and the choice among them.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
mod neon;
mod portable;
mod rounds;

use crate::Block;

/// The instructions that compute. A value proves that this processor has them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Backend(Kind);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
    Neon,
    Portable,
}

/// The fastest first.
const KINDS: &[Kind] = &[
    #[cfg(target_arch = "x86_64")]
    Kind::Avx512,
    #[cfg(target_arch = "x86_64")]
    Kind::Avx2,
    #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
    Kind::Neon,
    Kind::Portable,
];

impl Backend {
    /// The fastest that this processor has.
    #[must_use]
    pub fn detect() -> Self {
        Self(fastest(Kind::is_available))
    }

    /// All that this processor has, the fastest first.
    pub fn available() -> impl Iterator<Item = Self> {
        KINDS.iter().copied().filter(|kind| kind.is_available()).map(Self)
    }

    /// G of two blocks (RFC 9106 section 3.5). It replaces the third, or is added to it.
    #[inline]
    #[expect(unsafe_code, reason = "calls instructions that not every processor has")]
    pub(crate) fn compress(self, previous: &Block, reference: &Block, current: &mut Block, add: bool) {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `available` has found these instructions.
            Kind::Avx512 => unsafe { avx512::compress(previous, reference, current, add) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `available` has found these instructions.
            Kind::Avx2 => unsafe { avx2::compress(previous, reference, current, add) },
            #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
            // SAFETY: `available` has found these instructions.
            Kind::Neon => unsafe { neon::compress(previous, reference, current, add) },
            Kind::Portable => portable::compress(previous, reference, current, add),
        }
    }
}

fn fastest(is_available: impl Fn(Kind) -> bool) -> Kind {
    KINDS.iter().copied().find(|kind| is_available(*kind)).unwrap_or(Kind::Portable)
}

impl Kind {
    fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => is_x86_feature_detected!("avx512f"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2"),
            #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
            Self::Neon => std::arch::is_aarch64_feature_detected!("neon"),
            Self::Portable => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processor_without_the_fastest_gets_the_next() {
        for (count, kind) in KINDS.iter().enumerate() {
            assert_eq!(fastest(|kind| !KINDS[..count].contains(&kind)), *kind);
        }
        assert_eq!(fastest(|_| false), Kind::Portable);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "who emulates a processor says what is the fastest there")]
    fn the_fastest_is_chosen() {
        let chosen = Backend::detect();
        assert_eq!(Some(chosen), Backend::available().next());
        if let Ok(expected) = std::env::var("ARGON2_BACKEND") {
            assert_eq!(format!("{:?}", chosen.0), expected);
        }
    }
}
