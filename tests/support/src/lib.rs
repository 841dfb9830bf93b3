//! The tests' surroundings. Nothing here depends on the crates under test.
//!
//! - AWS on this machine: [`runtime_api`] hands events to a function, [`dynamodb`] holds its table, [`secrets_manager`] its
//!   secret, [`ses`] keeps its mails, [`former_users`] is another system, [`signature`] checks who calls, and [`lambda`] has the environment that leads to them. [`background`] keeps them
//!   in a thread of their own.
//! - [`tls`] stands in front of any of these.
//! - A laptop: [`emulator`] runs the functions under `cargo lambda watch`, on a [`store`]; [`client`] sends requests to it.
//! - [`cargo`] builds what is tested, [`node`] installs Node and Python, [`samples`] reads `events/`, [`keys`] has RSA keys,
//!   and [`statistics`] compares times.

pub mod background;
pub mod cargo;
pub mod client;
pub mod dynamodb;
pub mod emulator;
pub mod former_users;
pub mod keys;
pub mod lambda;
pub mod node;
pub mod runtime_api;
pub mod samples;
pub mod secrets_manager;
mod server;
pub mod ses;
pub mod signature;
pub mod statistics;
pub mod store;
pub mod tls;
