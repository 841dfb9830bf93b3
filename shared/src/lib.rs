//! Everything that the three functions have in common.
//!
//! | question | module |
//! |---|---|
//! | What is kept of a user? | [`account`] |
//! | Which text is a username, an email, and which spellings are the same? | [`names`] |
//! | Which text is a password, how is it hashed and verified, which new ones are too weak? | [`password`] |
//! | How are tokens issued and verified, and with which keys? | [`token`] |
//! | Was this registration made before? | [`idempotency`] |
//! | How does a client stay logged in? | [`session`] |
//! | Which codes travel by mail? | [`code`] |
//! | Which mails wait, what do they say, and how are they sent? | [`mail`] |
//! | Which accounts does another system have? | [`migration`] |
//! | How often may a password be guessed, and a function be called? | [`limits`] |
//! | Where do accounts live? | [`store`] |
//! | How does an event become a request, and an error a response? | [`http`] |
//! | Which pages may use cookies? | [`origins`] |
//! | How does a function start? | [`start`] |
//! | Which environment variables are there? | [`config`] |
//! | What is logged and counted? | [`log`], `metrics` |
//! | How long may anything take? | [`deadlines`] |
//! | How is a moment written? | [`time`] |
//! | How does a process call AWS, and read its secret? | `aws` |
//!
//! `account`, `names`, `password`, `token` and `limits` do no I/O; `store`, `mail`, `aws` and `http` do.

pub mod account;
pub mod code;
pub mod config;
pub mod deadlines;
pub mod http;
pub mod idempotency;
pub mod limits;
pub mod log;
pub mod mail;
pub mod migration;
pub mod names;
pub mod origins;
pub mod password;
pub mod random;
pub mod session;
pub mod start;
pub mod store;
pub mod time;
pub mod token;

mod aws;
mod hex;
mod metrics;
