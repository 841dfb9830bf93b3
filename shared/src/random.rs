//! Randomness from the operating system.

/// The operating system gave no randomness; nothing may be stored or issued without it.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no randomness")]
pub struct NoRandomness(#[from] getrandom::Error);

/// `N` unpredictable bytes.
///
/// # Errors
///
/// When the operating system's generator fails.
pub fn bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}
