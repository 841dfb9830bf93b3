//! Limits on guessing: a lock-out for each name, a rate limit for each client IP.
//!
//! Both are pure functions of a record and the time. The store keeps the records.

pub mod client_ip;
pub mod lockout;
