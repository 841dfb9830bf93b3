//! Mail: what waits in the outbox, what a mail says, and how it is sent.
//!
//! A request that wants a mail sent writes a [`Mail`] to the outbox, in the same way for known and unknown recipients, and
//! responds. What comes next is no part of the request: the recipient is found, the code is made, and the mail is sent by
//! `register`, which the table's stream calls, or which does it by itself where accounts live in a file.

#[cfg(feature = "sqlite")]
mod folder;
mod letter;
mod mailer;
mod outbox;
mod sender;

pub(crate) use letter::LONGEST_KIND;
pub use letter::Letter;
pub use mailer::{Mailer, SendError};
pub use outbox::{Addressed, LIFETIME, Mail, MailId, MailRequest, Notice, Sought};
pub use sender::Sender;
