//! Names that people type: their grammar, and the key under which all spellings of one name meet.

pub mod email;
pub mod unicode;
pub mod username;
