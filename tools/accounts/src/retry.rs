//! Retries of a store that is throttled, busy or down.

use std::time::Duration;

use shared::random;
use shared::store::StoreError;

/// Maximum of the first wait. The maximum doubles with each retry, up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_millis(100);

const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Attempts in all. They take about three minutes: a table has time to grow, and a deployment to end.
const ATTEMPTS: u32 = 40;

/// Repeats the work until it succeeds, fails with an error that a retry does not repair, or has failed [`ATTEMPTS`] times.
pub(crate) async fn retry<T>(work: impl AsyncFnMut() -> Result<T, StoreError>) -> Result<T, StoreError> {
    retry_with(tokio::time::sleep, work).await
}

async fn retry_with<T, S: Future<Output = ()>>(
    sleep: impl Fn(Duration) -> S,
    mut work: impl AsyncFnMut() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let mut attempt = 1;
    loop {
        match work().await {
            Err(StoreError::Unavailable(_)) if attempt < ATTEMPTS => {}
            result => return result,
        }
        sleep(wait(attempt)).await;
        attempt += 1;
    }
}

/// A random time up to the maximum, so that requests that failed together are not repeated together.
fn wait(attempt: u32) -> Duration {
    let longest = FIRST_WAIT.saturating_mul(2u32.saturating_pow(attempt - 1)).min(LONGEST_WAIT);
    let share = random::bytes::<1>().map_or(1.0, |[byte]| f64::from(byte) / 255.0);
    longest.mul_f64(share)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs work that fails some times, and returns its result and the number of attempts.
    fn run(failures: u32, error: impl Fn() -> StoreError) -> (Result<u32, StoreError>, u32) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut attempts = 0;
        let work = async || {
            attempts += 1;
            if attempts <= failures { Err(error()) } else { Ok(attempts) }
        };
        let result = runtime.block_on(retry_with(|_| std::future::ready(()), work));
        (result, attempts)
    }

    #[test]
    fn an_unavailable_store_is_retried_and_a_broken_one_is_not() {
        let unavailable = || StoreError::Unavailable("busy".into());
        assert_eq!(run(0, unavailable).0.unwrap(), 1);
        assert_eq!(run(39, unavailable).0.unwrap(), 40);
        let (result, attempts) = run(40, unavailable);
        assert!(matches!(result, Err(StoreError::Unavailable(_))), "{result:?}");
        assert_eq!(attempts, 40);
        let (result, attempts) = run(1, || StoreError::Broken("no table".into()));
        assert!(matches!(result, Err(StoreError::Broken(_))), "{result:?}");
        assert_eq!(attempts, 1);
    }

    #[test]
    fn waits_grow_and_are_bounded() {
        let longest = |attempt| (0..200).map(|_| wait(attempt)).max().unwrap();
        assert!(longest(1) <= FIRST_WAIT && longest(2) > FIRST_WAIT && longest(8) > FIRST_WAIT * 32);
        assert!(longest(39) > LONGEST_WAIT / 2 && longest(39) <= LONGEST_WAIT);
    }
}
