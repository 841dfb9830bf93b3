//! The rate limit of a route.

use super::{ApiError, Request, RequestError};
use crate::limits::client_ip::RateLimit;
use crate::log::Reason;
use crate::store::RequestCounts;

/// Counts a request against the limit of its client IP.
///
/// # Errors
///
/// Too many requests, or a failure of the store.
pub async fn admit(
    limit: &RateLimit,
    store: &(impl RequestCounts + ?Sized),
    request: &Request,
) -> Result<(), RequestError> {
    let Some(window) = limit.window(request.client_ip, request.now) else { return Ok(()) };
    let count = store.count_request(&window).await?;
    limit.check(&window, count, request.now).map_err(|over| {
        ApiError::TooManyAttempts { retry_after: over.retry_after }.because(Reason::ClientIpLimit, None)
    })
}
