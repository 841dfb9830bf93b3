//! The limit of the mails that an account sends to addresses that are not its own yet: its owner types them, and may mean somebody
//! else's mailbox.

use super::window::Window;
use crate::account::AccountId;
use crate::code::PAUSE;
use crate::time::Timestamp;

/// The window in which an account may ask for one mail.
#[must_use]
pub fn window(id: AccountId, now: Timestamp) -> Window {
    Window::at(now, PAUSE, &format!("mail#{id}"), 1)
}
