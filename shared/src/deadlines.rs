//! All deadlines, side by side, because one promise binds them: a client has its response within three seconds, also
//! when the store or Secrets Manager is down.
//!
//! ```text
//! handler 2.7 s ─┬─ keys read again 0.7 s (for an unknown key, or when they are an hour old)
//!                └─ the call to the store that follows: DynamoDB 2.5 s, or SQLite's lock 2.0 s
//! ```
//!
//! The handler's deadline ends a request whose calls add up to more. The last assertions of this file hold the sums.

use std::time::Duration;

/// From the request's arrival to its response, as promised in `docs/api.md`.
pub const RESPONSE: Duration = Duration::from_secs(3);

/// A handler with everything that it waits for.
pub const HANDLER: Duration = Duration::from_millis(2700);

/// The delivery of the mails of one event, all at once. Nobody waits for it, but Lambda ends an environment after ten seconds.
pub const DELIVERY: Duration = Duration::from_secs(8);

/// Time for which a mail that is being sent is nobody else's. No environment works longer on one event.
pub const TAKEN_FOR: Duration = Duration::from_secs(10);

/// One call to AWS with all its attempts.
pub const AWS_OPERATION: Duration = Duration::from_millis(2500);

/// One attempt of a call to AWS, with its connection. DynamoDB takes milliseconds; the rest is for a TLS handshake on the small
/// share of a processor that a small function has.
pub const AWS_ATTEMPT: Duration = Duration::from_millis(1100);

/// The read of the secret that a request waits for.
pub const SECRET_READ_AGAIN: Duration = Duration::from_millis(700);

/// The first read of the secret, which a start waits for. Lambda allows a start ten seconds.
pub const SECRET_FIRST_READ: Duration = Duration::from_secs(8);

/// One attempt of that read.
pub const SECRET_FIRST_ATTEMPT: Duration = Duration::from_millis(2600);

/// One mail with all attempts to send it. No client waits for it, but the event that it belongs to ends after ten seconds.
pub const MAIL: Duration = Duration::from_secs(6);

/// One attempt to send a mail. SES takes a fraction of a second.
pub const MAIL_ATTEMPT: Duration = Duration::from_millis(1900);

/// The call of the function that knows the accounts of another system. Its own reads and hash take most of it.
pub const MIGRATION: Duration = Duration::from_secs(2);

/// The first connection to DynamoDB, which a start waits for.
pub const STORE_PRIMING: Duration = Duration::from_secs(1);

/// SQLite's wait for a writer in another process.
pub const SQLITE_LOCK: Duration = Duration::from_secs(2);

const _: () = assert!(HANDLER.as_millis() < RESPONSE.as_millis());
const _: () = assert!(AWS_OPERATION.as_millis() < HANDLER.as_millis());
const _: () = assert!(DELIVERY.as_secs() < TAKEN_FOR.as_secs());
const _: () = assert!(AWS_ATTEMPT.as_millis() * 2 < AWS_OPERATION.as_millis());
const _: () = assert!(SECRET_FIRST_ATTEMPT.as_millis() * 3 < SECRET_FIRST_READ.as_millis());
const _: () = assert!(SECRET_FIRST_READ.as_secs() < 10);
const _: () = assert!(MAIL_ATTEMPT.as_millis() * 3 < MAIL.as_millis());
const _: () = assert!(MAIL.as_millis() + AWS_OPERATION.as_millis() < TAKEN_FOR.as_millis());
const _: () = assert!(MIGRATION.as_millis() < HANDLER.as_millis());
const _: () = assert!(SECRET_READ_AGAIN.as_millis() + SQLITE_LOCK.as_millis() <= HANDLER.as_millis());
