//! The lock-out of a name, or of a device at a name, after wrong passwords: when the next attempt is allowed.
//!
//! A pure function of the record and the time decides. A store swaps one record for the next. An account by that name
//! need not exist: unknown names are locked in the same way.
//!
//! | failures in a row | wait after the last one |
//! |---|---|
//! | 1 to 4 | none |
//! | 5, 6, 7, … | 1 s, 2 s, 4 s, … up to 15 min |
//! | 100 and more (NIST SP 800-63B section 3.2.2) | 24 h |

use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::hex;
use crate::names::username::UsernameKey;
use crate::random::{self, NoRandomness};
use crate::time::Timestamp;

/// The first failure in a row that is followed by a wait.
const FIRST_WAIT: u32 = 5;

/// Upper bound of the waits that double.
const LONGEST_WAIT: Duration = Duration::from_mins(15);

/// The failure in a row from which on the wait is [`LIMIT_WAIT`].
const LIMIT: u32 = 100;

/// One attempt a day, which makes guessing hopeless.
const LIMIT_WAIT: Duration = Duration::from_hours(24);

/// Lifetime of a record after its last failure. Records of unknown names must expire, and those of known names must not
/// differ from them. Guessing slowly enough to profit allows three guesses a day.
const MEMORY: Duration = Duration::from_hours(30 * 24);

/// The failures in a row at one name. No record is no failures.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failures {
    /// Failures since the last success.
    pub failures: u32,
    /// The name is locked before this moment; whole milliseconds.
    pub locked_until: Timestamp,
    /// The record is void from this moment on; whole seconds.
    pub expires_at: Timestamp,
    /// Random and new with every change; a swap compares it.
    pub version: String,
}

/// The name is locked.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("too many failures")]
pub struct LockedOut {
    /// Time until the next attempt is allowed.
    pub retry_after: Duration,
}

impl Failures {
    /// Allows an attempt, unless the name is locked at this time.
    ///
    /// # Errors
    ///
    /// [`LockedOut`] with the time that is left.
    pub fn admit(seen: Option<&Self>, now: Timestamp) -> Result<(), LockedOut> {
        let locked_until = live(seen, now).map_or(Timestamp::EPOCH, |seen| seen.locked_until);
        match locked_until.since(now) {
            Duration::ZERO => Ok(()),
            retry_after => Err(LockedOut { retry_after }),
        }
    }

    /// The record after one more failure.
    ///
    /// # Errors
    ///
    /// When the operating system has no randomness.
    pub fn after_failure(seen: Option<&Self>, now: Timestamp) -> Result<Self, NoRandomness> {
        let failures = live(seen, now).map_or(0, |seen| seen.failures).saturating_add(1);
        Ok(Self {
            failures,
            locked_until: Timestamp::from_millis((now + wait(failures)).millis()),
            expires_at: (now + MEMORY).whole_seconds(),
            version: hex::encode(&random::bytes::<8>()?),
        })
    }

    /// The moment of the last failure. A store may delete records that expired before it.
    #[must_use]
    pub fn counted_at(&self) -> Timestamp {
        self.expires_at.minus(MEMORY)
    }
}

/// The key of a record in a store: SHA-256 in hexadecimal digits. People type passwords into the field for the name, and
/// records are kept for a month, so the text itself is not stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FailuresKey(String);

impl FailuresKey {
    /// The record of a name, for everybody.
    #[must_use]
    pub fn of_name(name: &UsernameKey) -> Self {
        Self(hex::encode(&Sha256::digest(name.as_str())))
    }

    /// The record of a name for one device, on which somebody has logged in before. Strangers who lock the name do not lock
    /// it, and a thief of its token has no more guesses than they have.
    #[must_use]
    pub fn of_device(name: &UsernameKey, device: &[u8; 16]) -> Self {
        // Names are typed text of any kind; none can be made to fit a device, which is random.
        let digest = Sha256::new().chain_update("device\0").chain_update(device).chain_update(name.as_str());
        Self(hex::encode(&digest.finalize()))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Ignores expired records, which DynamoDB deletes days later.
fn live(seen: Option<&Failures>, now: Timestamp) -> Option<&Failures> {
    seen.filter(|seen| seen.expires_at > now.whole_seconds())
}

/// The wait after this many failures in a row.
fn wait(failures: u32) -> Duration {
    match failures.checked_sub(FIRST_WAIT) {
        None => Duration::ZERO,
        Some(_) if failures >= LIMIT => LIMIT_WAIT,
        Some(doublings) => Duration::from_secs(2u64.saturating_pow(doublings)).min(LONGEST_WAIT),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(1_790_000_000 + seconds)
    }

    /// The record after so many failures, each made as soon as it may be, and when the last one was made.
    fn failures(count: u32) -> (Failures, Timestamp) {
        let mut now = at(0);
        let mut seen = None;
        for _ in 0..count {
            if let Err(locked) = Failures::admit(seen.as_ref(), now) {
                now = now + locked.retry_after;
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

        let late = now + Duration::from_millis(900);
        let seen = Failures::after_failure(Some(&failures(4).0), late).unwrap();
        assert!(Failures::admit(Some(&seen), late + Duration::from_millis(999)).is_err());
        assert_eq!(Failures::admit(Some(&seen), late + Duration::from_secs(1)), Ok(()));
    }

    /// A store has the moment in seconds: the unit of a table's TTL attribute.
    #[test]
    fn a_record_expires_thirty_days_after_the_second_of_its_last_failure() {
        let seen = Failures::after_failure(None, at(0) + Duration::from_millis(900)).unwrap();
        assert_eq!((seen.counted_at(), seen.expires_at), (at(0), at(30 * 86_400)));
    }

    #[test]
    fn a_name_without_failures_is_never_locked() {
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
    fn an_expired_record_locks_no_name() {
        let seen = Failures { locked_until: Timestamp::from_millis(u64::MAX), ..failures(5).0 };
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
        let key = FailuresKey::of_name(&UsernameKey::of("ALICE"));
        assert_eq!(key.as_str(), "2bd806c97f0e00af1a1fc3328fa763a9269723c8db8fac4f93af71db186d6e90");
    }

    #[test]
    fn each_device_has_a_record_of_its_own_at_each_name() {
        let (alice, bob) = (UsernameKey::of("alice"), UsernameKey::of("bob"));
        let keys = [
            FailuresKey::of_name(&alice),
            FailuresKey::of_device(&alice, &[1; 16]),
            FailuresKey::of_device(&alice, &[2; 16]),
            FailuresKey::of_device(&bob, &[1; 16]),
        ];
        let distinct: std::collections::HashSet<_> = keys.iter().map(FailuresKey::as_str).collect();
        assert_eq!(distinct.len(), keys.len());
        assert_eq!(FailuresKey::of_device(&UsernameKey::of("ALICE"), &[1; 16]), keys[1]);
    }

    /// By the schedule, the hundredth guess is made after most of a day.
    #[test]
    fn a_hundred_guesses_take_a_day() {
        let took = failures(100).1.since(at(0));
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
            let (locked_until, expires_at) = (Timestamp::from_millis(locked_until), Timestamp::from_seconds(expires_at));
            let seen = Failures { failures, locked_until, expires_at, version: String::new() };
            let now = Timestamp::from_seconds(now);
            let _ = Failures::admit(Some(&seen), now);
            let next = Failures::after_failure(Some(&seen), now).unwrap();
            prop_assert!(next.failures == failures.saturating_add(1) || next.failures == 1);
            prop_assert!(next.expires_at > seen.expires_at || next.counted_at() > Timestamp::EPOCH);
        }
    }
}
