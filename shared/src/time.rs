//! One type for moments, so that no bare number needs its unit in a comment.

use std::ops::Add;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A moment: the time since 1970-01-01T00:00:00Z, without leap seconds.
///
/// Nothing earlier can be written. A clock that stands before 1970 reads as [`Timestamp::EPOCH`].
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Timestamp(Duration);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(Duration::ZERO);

    /// A moment in seconds since 1970, the unit of JWT claims and of a table's TTL attribute.
    #[must_use]
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// A moment in milliseconds since 1970.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// Whole seconds since 1970, rounded down.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.0.as_secs()
    }

    /// Whole milliseconds since 1970, rounded down; [`u64::MAX`] for moments beyond it.
    #[must_use]
    pub fn millis(self) -> u64 {
        u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX)
    }

    /// The moment without its fraction of a second.
    #[must_use]
    pub const fn whole_seconds(self) -> Self {
        Self::from_seconds(self.seconds())
    }

    /// The time from an earlier moment to this one; zero when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// The moment this long before this one, 1970 at the earliest.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(duration))
    }

    /// The same moment for a library that asks for one; the end of time for moments that it cannot hold.
    #[must_use]
    pub fn to_system_time(self) -> Option<SystemTime> {
        UNIX_EPOCH.checked_add(self.0)
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    /// Saturates at the end of time.
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        Self(time.duration_since(UNIX_EPOCH).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_converted_by_rounding_down() {
        let moment = Timestamp::from_millis(1_790_000_000_999);
        assert_eq!((moment.seconds(), moment.millis()), (1_790_000_000, 1_790_000_000_999));
        assert_eq!(moment.whole_seconds(), Timestamp::from_seconds(1_790_000_000));
    }

    #[test]
    fn arithmetic_stops_at_both_ends_of_time() {
        let (early, late) = (Timestamp::from_seconds(5), Timestamp::from_seconds(u64::MAX));
        assert_eq!(
            (early.since(late), late.since(early)),
            (Duration::ZERO, Duration::from_secs(u64::MAX - 5))
        );
        assert_eq!(early.minus(Duration::from_secs(6)), Timestamp::EPOCH);
        assert_eq!((late + Duration::from_secs(2)).millis(), u64::MAX);
        assert_eq!(late.to_system_time(), None);
    }

    #[test]
    fn a_clock_before_1970_reads_as_1970() {
        assert_eq!(Timestamp::from(UNIX_EPOCH - Duration::from_secs(1)), Timestamp::EPOCH);
        let moment = Timestamp::from_seconds(1_790_000_000);
        assert_eq!(moment.to_system_time().map(Timestamp::from), Some(moment));
    }
}
