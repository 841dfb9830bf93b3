//! Limits on guessing and on mail: a lock-out for each name, a rate limit for each client IP and for each account.
//!
//! Both are pure functions of a record and the time. The store keeps the records.

pub mod address_mails;
pub mod client_ip;
pub mod lockout;
pub mod window;
