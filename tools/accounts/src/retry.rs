//! Waiting for a store that is asked too much, or is busy, and asking again.

use std::time::Duration;

use shared::random;
use shared::store::StoreError;

/// How long the first wait is at most; each further one is at most twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// How often something is tried: for about three minutes, long enough for a table to grow or a deployment to end.
const ATTEMPTS: u32 = 40;

/// Tries until it succeeds, or fails for a reason that does not pass by itself.
pub(crate) async fn patiently<T>(work: impl AsyncFnMut() -> Result<T, StoreError>) -> Result<T, StoreError> {
    persist(work, tokio::time::sleep).await
}

async fn persist<T, P: Future<Output = ()>>(
    mut work: impl AsyncFnMut() -> Result<T, StoreError>,
    pause: impl Fn(Duration) -> P,
) -> Result<T, StoreError> {
    let mut attempt = 1;
    loop {
        match work().await {
            Err(StoreError::Unavailable(_)) if attempt < ATTEMPTS => {}
            outcome => return outcome,
        }
        pause(wait(attempt)).await;
        attempt += 1;
    }
}

/// A random wait, so that those who were refused together do not come back together.
fn wait(attempt: u32) -> Duration {
    let most = FIRST_WAIT.saturating_mul(2u32.saturating_pow(attempt - 1)).min(LONGEST_WAIT);
    let share = random::bytes::<1>().map_or(1.0, |[byte]| f64::from(byte) / 255.0);
    most.mul_f64(share)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failing(times: u32, error: impl Fn() -> StoreError) -> (Result<u32, StoreError>, u32) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut tried = 0;
        let work = async || {
            tried += 1;
            if tried <= times { Err(error()) } else { Ok(tried) }
        };
        let outcome = runtime.block_on(persist(work, |_| std::future::ready(())));
        (outcome, tried)
    }

    #[test]
    fn what_passes_is_waited_for_and_what_does_not_is_told_at_once() {
        let unavailable = || StoreError::Unavailable("busy".into());
        assert_eq!(failing(0, unavailable).0.unwrap(), 1);
        assert_eq!(failing(39, unavailable).0.unwrap(), 40);
        let (outcome, tried) = failing(40, unavailable);
        assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
        assert_eq!(tried, 40);
        let (outcome, tried) = failing(1, || StoreError::Broken("no table".into()));
        assert!(matches!(outcome, Err(StoreError::Broken(_))), "{outcome:?}");
        assert_eq!(tried, 1);
    }

    #[test]
    fn waits_grow_and_are_bounded() {
        let longest = |attempt| (0..200).map(|_| wait(attempt)).max().unwrap();
        assert!(longest(1) <= FIRST_WAIT && longest(2) > FIRST_WAIT && longest(8) > FIRST_WAIT * 32);
        assert!(longest(39) > LONGEST_WAIT / 2 && longest(39) <= LONGEST_WAIT);
    }
}
