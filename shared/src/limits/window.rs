//! Fixed windows of time in which requests are counted: the count starts again with each window.

use std::time::Duration;

use crate::time::Timestamp;

/// One window of whatever requests are counted for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Window {
    /// What is counted, for whom, and the end.
    pub key: String,
    /// Whole seconds. A store may delete windows that ended before.
    pub began_at: Timestamp,
    /// Whole seconds.
    pub ends_at: Timestamp,
    /// Requests that may be made in it.
    pub limit: u64,
}

/// A window is used up.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("too many requests")]
pub struct OverLimit {
    /// Time until the window ends.
    pub retry_after: Duration,
}

impl Window {
    /// The window that `now` is in, of windows of this length in whole seconds.
    #[must_use]
    pub fn at(now: Timestamp, length: Duration, counted: &str, limit: u64) -> Self {
        let seconds = length.as_secs().max(1);
        let began_at = now.seconds() / seconds * seconds;
        let ends_at = began_at.saturating_add(seconds);
        Self {
            key: format!("{counted}#{ends_at}"),
            began_at: Timestamp::from_seconds(began_at),
            ends_at: Timestamp::from_seconds(ends_at),
            limit,
        }
    }

    /// Checks the count without this request.
    ///
    /// # Errors
    ///
    /// [`OverLimit`] with the time that is left.
    pub fn check(&self, count: u64, now: Timestamp) -> Result<(), OverLimit> {
        if count < self.limit {
            return Ok(());
        }
        Err(OverLimit { retry_after: self.ends_at.since(now) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_the_limit_a_request_is_over_it_until_the_window_ends() {
        let now = Timestamp::from_seconds(601);
        let window = Window::at(now, Duration::from_mins(5), "login#203.0.113.7", 2);
        assert_eq!(window.check(1, now), Ok(()));
        assert_eq!(window.check(2, now), Err(OverLimit { retry_after: Duration::from_secs(299) }));
    }
}
