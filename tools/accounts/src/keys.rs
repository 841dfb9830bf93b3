//! The keys that sign tokens, and the steps of a rotation. Nothing here does I/O.
//!
//! | module | content |
//! |---|---|
//! | [`document`] | the secret: each key with its role, and since when it has it |
//! | [`rotation`] | the changes of the secret |
//! | [`generate`] | new keys |

pub mod document;
pub mod generate;
pub mod rotation;
#[cfg(test)]
mod tests;
