//! The rate limit of a route for each client IP.

use super::{ApiError, Request, RequestError};
use crate::limits::client_ip::{OverLimit, RateLimit};
use crate::log::Reason;
use crate::store::RequestCounts;

/// Counts a request, and refuses it over the limit: for routes whose every request counts.
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
        let count = store.count_request(&window).await?;
        limit.check(&window, count.saturating_sub(1), request.now).map_err(over)?;
    }
    Ok(())
}

/// Refuses a request over the limit without counting it: for routes where only failures count. An office behind one client
/// IP then does not lock itself out.
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
        limit.check(&window, count, request.now).map_err(over)?;
    }
    Ok(())
}

/// Counts a failure.
///
/// # Errors
///
/// A failure of the store.
pub async fn count(
    limit: &RateLimit,
    store: &(impl RequestCounts + ?Sized),
    request: &Request,
) -> Result<(), RequestError> {
    for window in limit.windows(request.client_ip, request.now) {
        store.count_request(&window).await?;
    }
    Ok(())
}

fn over(over: OverLimit) -> RequestError {
    ApiError::TooManyAttempts { retry_after: over.retry_after }.because(Reason::ClientIpLimit, None)
}
