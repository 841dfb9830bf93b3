//! What the three functions have in common, in reading order:
//!
//! - [`account`]: what is kept of a user. [`username`], [`email`], [`password`] and [`hash`] are its parts;
//!   holding one proves that it was checked. [`unicode`] says which spellings are the same name.
//! - [`attempts`] and [`address`]: how often a password may be guessed, and a function called.
//! - [`token`]: issues and verifies the JSON Web Tokens.
//! - [`store`]: where accounts live, as one small trait and its back ends. [`start`] opens it, and the keys, once.
//! - [`http`]: events to requests, errors to answers; the only place with status codes.
//! - [`config`]: every environment variable. [`log`]: one JSON line per request.
//! - [`random`]: the operating system's randomness, with errors instead of panics.

pub mod account;
pub mod email;
pub mod hash;
pub mod password;
pub mod unicode;
pub mod username;

pub mod address;
pub mod attempts;

pub mod token;

pub mod start;
pub mod store;

mod aws;
mod secrets_manager;

pub mod http;

pub mod config;
pub mod log;
pub mod random;
