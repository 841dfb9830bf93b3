//! How many requests one source address may make.
//!
//! An address is what API Gateway or a function URL says of the connection (`requestContext`), never a header, which
//! a client can write as it likes. It is counted in fixed windows; a window that begins forgives all.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::store::{AccountStore, StoreError};

/// How long requests are counted together.
const WINDOW: Duration = Duration::from_mins(5);

/// A source address: all of IPv4, and of IPv6 the /64 that one customer has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ClientIp(IpAddr);

impl ClientIp {
    /// Reads an address.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(Self(match text.parse::<IpAddr>().ok()?.to_canonical() {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
        }))
    }
}

impl fmt::Display for ClientIp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// How many requests one address may make to a function within five minutes.
#[derive(Clone, Copy, Debug)]
pub struct RateLimit {
    function: &'static str,
    requests: u32,
}

/// A counter of the requests of one address.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Window {
    /// Names function, address and time.
    pub key: String,
    /// When it ends, in seconds since 1970.
    pub ends_at: u64,
}

/// Why a request may not be made now.
#[derive(Debug, thiserror::Error)]
pub enum RateLimitError {
    /// The address has made too many.
    #[error("too many requests")]
    Exceeded {
        /// Until the window ends.
        retry_after: Duration,
    },
    /// Nobody knows: they could not be counted.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RateLimit {
    /// A limit for one function; 0 requests is no limit.
    #[must_use]
    pub fn new(function: &'static str, requests: u32) -> Self {
        Self { function, requests }
    }

    /// Counts a request. One whose address nobody knows, from a load balancer or a direct invocation, has no limit.
    ///
    /// # Errors
    ///
    /// When there were too many, or the store fails.
    pub async fn admit(
        &self,
        store: &impl AccountStore,
        address: Option<ClientIp>,
        now: SystemTime,
    ) -> Result<(), RateLimitError> {
        let Some(address) = address.filter(|_| self.requests > 0) else { return Ok(()) };
        let window = self.window(address, now);
        if store.count_request(&window).await? <= u64::from(self.requests) {
            return Ok(());
        }
        let ends_at = UNIX_EPOCH + Duration::from_secs(window.ends_at);
        Err(RateLimitError::Exceeded { retry_after: ends_at.duration_since(now).unwrap_or_default() })
    }

    fn window(&self, address: ClientIp, now: SystemTime) -> Window {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let ends_at = (now / WINDOW.as_secs() + 1) * WINDOW.as_secs();
        Window { key: format!("{}#{address}#{ends_at}", self.function), ends_at }
    }
}

impl Window {
    /// When it began, in seconds since 1970: what ended before then is of no use to anybody.
    #[must_use]
    pub fn began_at(&self) -> u64 {
        self.ends_at.saturating_sub(WINDOW.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(function: &'static str, address: &str, seconds: u64) -> String {
        let address = ClientIp::parse(address).unwrap();
        RateLimit::new(function, 1).window(address, UNIX_EPOCH + Duration::from_secs(seconds)).key
    }

    #[test]
    fn an_address_is_one_however_it_is_written_and_a_customer_is_one_network() {
        for (one, other) in [
            ("203.0.113.7", "::ffff:203.0.113.7"),
            ("2001:db8::1", "2001:0DB8:0:0:ffff::9"),
            ("2001:db8:0:0::", "2001:db8::ffff:ffff:ffff:ffff"),
        ] {
            assert_eq!(ClientIp::parse(one), ClientIp::parse(other), "{one}");
        }
        for (one, other) in [("203.0.113.7", "203.0.113.8"), ("2001:db8::1", "2001:db8:0:1::1")] {
            assert_ne!(ClientIp::parse(one), ClientIp::parse(other), "{one}");
        }
        for text in ["", "test-invoke-source-ip", "203.0.113.7, 198.51.100.1", "203.0.113.7:80", "[::1]"] {
            assert_eq!(ClientIp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn functions_addresses_and_windows_are_counted_apart() {
        let window = key("login", "203.0.113.7", 600);
        assert_eq!(window, "login#203.0.113.7#900");
        assert_eq!(window, key("login", "203.0.113.7", 899));
        for other in [
            key("login", "203.0.113.7", 599),
            key("login", "203.0.113.7", 900),
            key("login", "203.0.113.8", 600),
            key("register", "203.0.113.7", 600),
        ] {
            assert_ne!(window, other);
        }
    }
}
