//! Requests that a page of another site made a browser send. Where cookies are read or set they are refused, whatever
//! `SameSite` does:
//! <https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html>.

use super::{ApiError, Request};
use crate::origins::{Origins, is_local};

/// The values of `Sec-Fetch-Site` (<https://www.w3.org/TR/fetch-metadata/>) that are not of another site.
const OWN: [&str; 3] = ["none", "same-origin", "same-site"];

/// Refuses a request that a page of another site has sent.
///
/// Browsers that do not say where a request is from send its `Origin`: one that is allowed, or that of the host that is
/// asked. A request with neither is of no browser that could be believed.
///
/// # Errors
///
/// [`ApiError::CrossSite`].
pub fn check(origins: &Origins, request: &Request) -> Result<(), ApiError> {
    let is_own = match request.headers().get("sec-fetch-site") {
        Some(_) => request.header("sec-fetch-site").is_some_and(|site| OWN.contains(&site)),
        None => request
            .header("origin")
            .is_some_and(|origin| is_allowed(origins, origin, request.host.as_deref())),
    };
    if is_own { Ok(()) } else { Err(ApiError::CrossSite) }
}

fn is_allowed(origins: &Origins, origin: &str, host: Option<&str>) -> bool {
    let over_http = || origin.strip_prefix("http://").filter(|host| is_local(host));
    let of_host = origin.strip_prefix("https://").filter(|host| !host.is_empty()).or_else(over_http);
    origins.has(origin) || (of_host.is_some() && of_host == host)
}
