//! The rate limit of a route for each client IP, or of what an account asks for.

use super::{ApiError, Request, RequestError};
use crate::account::AccountId;
use crate::limits::client_ip::RateLimit;
use crate::limits::window::{OverLimit, Window};
use crate::log::Reason;
use crate::store::{RequestCounts, StoreError};
use crate::time::Timestamp;

/// Counts a request, and refuses it over the limit: at the start where every request counts, and before the response to a
/// failure where only those do, so that no more of them are told than the limit, however many are made at once.
///
/// # Errors
///
/// Too many requests, or a failure of the store.
pub async fn admit(
    limit: &RateLimit,
    store: &(impl RequestCounts + ?Sized),
    request: &Request,
) -> Result<(), RequestError> {
    for window in limit.windows(request.client_ip, request.now) {
        count(&window, store, request.now).await?.map_err(over)?;
    }
    Ok(())
}

/// Refuses a request over the limit without counting it: at the start where only failures count. An office behind one
/// client IP then does not lock itself out.
///
/// # Errors
///
/// Too many failures, or a failure of the store.
pub async fn check(
    limit: &RateLimit,
    store: &(impl RequestCounts + ?Sized),
    request: &Request,
) -> Result<(), RequestError> {
    for window in limit.windows(request.client_ip, request.now) {
        let count = store.requests(&window).await?;
        window.check(count, request.now).map_err(over)?;
    }
    Ok(())
}

/// Counts a request of an account, and refuses it over the limit.
///
/// # Errors
///
/// Too many requests, or a failure of the store.
pub async fn admit_account(
    window: &Window,
    id: AccountId,
    store: &(impl RequestCounts + ?Sized),
    now: Timestamp,
) -> Result<(), RequestError> {
    let over = |over: OverLimit| {
        ApiError::TooManyAttempts { retry_after: over.retry_after }.because(Reason::TooSoon, Some(id))
    };
    count(window, store, now).await?.map_err(over)
}

async fn count(
    window: &Window,
    store: &(impl RequestCounts + ?Sized),
    now: Timestamp,
) -> Result<Result<(), OverLimit>, StoreError> {
    let count = store.count_request(window).await?;
    Ok(window.check(count.saturating_sub(1), now))
}

fn over(over: OverLimit) -> RequestError {
    ApiError::TooManyAttempts { retry_after: over.retry_after }.because(Reason::ClientIpLimit, None)
}
