//! Wrong guesses at the password of a name, and when the next one may be made.
//!
//! A pure function of the record and the time decides. A store only swaps one record for the next, and whether there is
//! an account by that name makes no difference to any of this.
//!
//! | failures in a row | wait after the last one |
//! |---|---|
//! | 1 to 4 | none |
//! | 5, 6, 7, … | 1 s, 2 s, 4 s, … up to 15 min |
//! | 100 and more (NIST SP 800-63B section 3.2.2) | 24 h |

use std::fmt::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

use crate::names::username::UsernameKey;
use crate::random::{self, NoRandomness};

/// From this failure in a row on, each is followed by a wait.
const FIRST_WAIT: u32 = 5;

/// The longest of the waits that double.
const LONGEST_WAIT: Duration = Duration::from_mins(15);

/// From this failure in a row on, guessing is hopeless.
const LIMIT: u32 = 100;

/// The wait from then on.
const LIMIT_WAIT: Duration = Duration::from_hours(24);

/// How long the last failure is remembered. Records of names that do not exist must go at some time, and nothing may
/// tell them from others; whoever guesses that slowly has three guesses a day.
const MEMORY: Duration = Duration::from_hours(30 * 24);

/// The failures in a row at one name. No record is no failures.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failures {
    /// How many there were since the last success.
    pub failures: u32,
    /// Until when nobody may try, in milliseconds since 1970.
    pub locked_until: u64,
    /// From when on all this is forgotten, in seconds since 1970.
    pub expires_at: u64,
    /// Random, and new with every change: what a swap compares.
    pub version: String,
}

/// Too many failures: nobody may try now.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("too many failures")]
pub struct LockedOut {
    /// How long not.
    pub retry_after: Duration,
}

impl Failures {
    /// Whether somebody may try at this time.
    ///
    /// # Errors
    ///
    /// [`LockedOut`], and for how long.
    pub fn admit(seen: Option<&Self>, now: SystemTime) -> Result<(), LockedOut> {
        let locked_until = live(seen, now).map_or(0, |seen| seen.locked_until);
        match locked_until.saturating_sub(since_1970(now, Duration::as_millis)) {
            0 => Ok(()),
            left => Err(LockedOut { retry_after: Duration::from_millis(left) }),
        }
    }

    /// The record after one more failure.
    ///
    /// # Errors
    ///
    /// When the operating system has no randomness.
    pub fn after_failure(seen: Option<&Self>, now: SystemTime) -> Result<Self, NoRandomness> {
        let failures = live(seen, now).map_or(0, |seen| seen.failures).saturating_add(1);
        Ok(Self {
            failures,
            locked_until: since_1970(now + wait(failures), Duration::as_millis),
            expires_at: since_1970(now + MEMORY, |time| time.as_secs().into()),
            version: format!("{:016x}", u64::from_be_bytes(random::bytes()?)),
        })
    }

    /// When the last failure was counted, in seconds since 1970: what expired before then is of no use to anybody.
    #[must_use]
    pub fn counted_at(&self) -> u64 {
        self.expires_at.saturating_sub(MEMORY.as_secs())
    }
}

/// What a store keeps the failures at a name under: SHA-256 of its key. People type passwords where the name belongs, and
/// what fails is kept for a month; besides, it is short however long the name is.
pub(crate) fn digest(name: &UsernameKey) -> String {
    Sha256::digest(name.as_str()).iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// A store may keep what has expired for days.
fn live(seen: Option<&Failures>, now: SystemTime) -> Option<&Failures> {
    seen.filter(|seen| seen.expires_at > since_1970(now, |time| time.as_secs().into()))
}

/// How long nobody may try after so many failures in a row.
fn wait(failures: u32) -> Duration {
    match failures.checked_sub(FIRST_WAIT) {
        None => Duration::ZERO,
        Some(_) if failures >= LIMIT => LIMIT_WAIT,
        Some(doublings) => Duration::from_secs(2u64.saturating_pow(doublings)).min(LONGEST_WAIT),
    }
}

fn since_1970(time: SystemTime, unit: impl FnOnce(&Duration) -> u128) -> u64 {
    let time = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(unit(&time)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_790_000_000 + seconds)
    }

    /// The record after so many failures, each made as soon as it may be, and when the last one was made.
    fn failures(count: u32) -> (Failures, SystemTime) {
        let mut now = at(0);
        let mut seen = None;
        for _ in 0..count {
            if let Err(locked) = Failures::admit(seen.as_ref(), now) {
                now += locked.retry_after;
            }
            seen = Some(Failures::after_failure(seen.as_ref(), now).unwrap());
        }
        (seen.unwrap(), now)
    }

    #[test]
    fn every_failure_is_followed_by_its_wait() {
        for (count, seconds) in [
            (1, 0),
            (4, 0),
            (5, 1),
            (6, 2),
            (7, 4),
            (10, 32),
            (14, 512),
            (15, 900),
            (16, 900),
            (99, 900),
            (100, 86_400),
            (101, 86_400),
        ] {
            let (seen, now) = failures(count);
            assert_eq!(seen.failures, count);
            let wait = Duration::from_secs(seconds);
            let locked = (seconds > 0).then_some(LockedOut { retry_after: wait });
            assert_eq!(Failures::admit(Some(&seen), now).err(), locked, "{count}");
            assert_eq!(Failures::admit(Some(&seen), now + wait), Ok(()), "{count}");
        }
    }

    #[test]
    fn a_wait_is_over_to_the_millisecond() {
        let (seen, now) = failures(5);
        let left = |passed| Failures::admit(Some(&seen), now + Duration::from_millis(passed));
        assert_eq!(left(999), Err(LockedOut { retry_after: Duration::from_millis(1) }));
        assert_eq!(left(1000), Ok(()));
    }

    #[test]
    fn nobody_who_never_failed_waits() {
        assert_eq!(Failures::admit(None, at(0)), Ok(()));
    }

    #[test]
    fn silence_shortens_nothing_until_all_is_forgotten() {
        let (seen, now) = failures(20);
        let day = Duration::from_hours(24);
        assert_eq!(Failures::after_failure(Some(&seen), now + 29 * day).unwrap().failures, 21);
        assert_eq!(Failures::after_failure(Some(&seen), now + 30 * day).unwrap().failures, 1);
    }

    #[test]
    fn an_expired_record_that_is_still_there_locks_nobody() {
        let seen = Failures { locked_until: u64::MAX, ..failures(5).0 };
        assert!(Failures::admit(Some(&seen), at(0)).is_err());
        assert_eq!(Failures::admit(Some(&seen), at(31 * 86_400)), Ok(()));
    }

    #[test]
    fn equal_failures_make_different_records() {
        let (seen, now) = failures(1);
        let (one, two) = (
            Failures::after_failure(Some(&seen), now).unwrap(),
            Failures::after_failure(Some(&seen), now).unwrap(),
        );
        assert_ne!(one.version, two.version);
        assert_eq!(one, Failures { version: one.version.clone(), ..two });
    }

    /// As `printf alice | sha256sum` has it.
    #[test]
    fn a_name_is_kept_as_its_digest() {
        let digest = digest(&UsernameKey::of("ALICE"));
        assert_eq!(digest, "2bd806c97f0e00af1a1fc3328fa763a9269723c8db8fac4f93af71db186d6e90");
    }

    /// By the schedule, the hundredth guess is made after most of a day.
    #[test]
    fn a_hundred_guesses_take_a_day() {
        let took = failures(100).1.duration_since(at(0)).unwrap();
        assert!(took > Duration::from_hours(21) && took < Duration::from_hours(22), "{took:?}");
    }

    proptest! {
        #[test]
        fn any_record_and_time_have_an_answer(
            failures in any::<u32>(),
            locked_until in any::<u64>(),
            expires_at in any::<u64>(),
            now in 0..u64::from(u32::MAX),
        ) {
            let seen = Failures { failures, locked_until, expires_at, version: String::new() };
            let now = UNIX_EPOCH + Duration::from_secs(now);
            let _ = Failures::admit(Some(&seen), now);
            let next = Failures::after_failure(Some(&seen), now).unwrap();
            prop_assert!(next.failures == failures.saturating_add(1) || next.failures == 1);
            prop_assert!(next.expires_at > seen.expires_at || next.counted_at() > 0);
        }
    }
}
