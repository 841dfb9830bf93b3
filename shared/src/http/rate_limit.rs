//! The rate limit of a route for each client IP.

use super::{ApiError, Request, RequestError};
use crate::limits::client_ip::{OverLimit, RateLimit};
use crate::log::Reason;
use crate::store::RequestCounts;

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
        let count = store.count_request(&window).await?;
        limit.check(&window, count.saturating_sub(1), request.now).map_err(over)?;
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
        limit.check(&window, count, request.now).map_err(over)?;
    }
    Ok(())
}

fn over(over: OverLimit) -> RequestError {
    ApiError::TooManyAttempts { retry_after: over.retry_after }.because(Reason::ClientIpLimit, None)
}
