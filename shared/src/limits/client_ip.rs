//! The rate limit for each client IP.
//!
//! The client IP is the peer of the connection as API Gateway or a function URL reports it (`requestContext`), never a
//! header, which a client can write as it likes. Requests are counted in fixed windows: the count starts again with each
//! window.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use crate::time::Timestamp;

/// Length of a window.
const WINDOW: Duration = Duration::from_mins(5);

/// A client IP: a whole IPv4 address, or the /64 of an IPv6 address, which one customer has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ClientIp(IpAddr);

impl ClientIp {
    /// Reads an IP in any of its spellings; `None` for anything else.
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

/// The number of requests to one function that a client IP may make in a window of five minutes.
#[derive(Clone, Copy, Debug)]
pub struct RateLimit {
    function: &'static str,
    requests: u32,
}

/// One window of one client IP.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Window {
    /// Function, client IP and end.
    pub key: String,
    /// Whole seconds.
    pub ends_at: Timestamp,
}

/// The client IP has used up its window.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("too many requests")]
pub struct OverLimit {
    /// Time until the window ends.
    pub retry_after: Duration,
}

impl RateLimit {
    /// A limit for one function; 0 requests means no limit.
    #[must_use]
    pub fn new(function: &'static str, requests: u32) -> Self {
        Self { function, requests }
    }

    /// The window in which a request counts. Without a client IP (behind a load balancer, or invoked directly) there is no
    /// limit.
    #[must_use]
    pub fn window(&self, client_ip: Option<ClientIp>, now: Timestamp) -> Option<Window> {
        let client_ip = client_ip.filter(|_| self.requests > 0)?;
        let ends_at = (now.seconds() / WINDOW.as_secs() + 1) * WINDOW.as_secs();
        let key = format!("{}#{client_ip}#{ends_at}", self.function);
        Some(Window { key, ends_at: Timestamp::from_seconds(ends_at) })
    }

    /// Checks the count of a window, this request included.
    ///
    /// # Errors
    ///
    /// [`OverLimit`] with the time that is left.
    pub fn check(&self, window: &Window, count: u64, now: Timestamp) -> Result<(), OverLimit> {
        if count <= u64::from(self.requests) {
            return Ok(());
        }
        Err(OverLimit { retry_after: window.ends_at.since(now) })
    }
}

impl Window {
    /// A store may delete windows that ended before this one began.
    #[must_use]
    pub fn began_at(&self) -> Timestamp {
        self.ends_at.minus(WINDOW)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(function: &'static str, address: &str, seconds: u64) -> String {
        let address = ClientIp::parse(address).unwrap();
        RateLimit::new(function, 1).window(Some(address), Timestamp::from_seconds(seconds)).unwrap().key
    }

    #[test]
    fn a_client_ip_has_one_form_and_a_customer_has_one_network() {
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
    fn the_request_after_the_limit_is_over_it_until_the_window_ends() {
        let (limit, now) = (RateLimit::new("login", 2), Timestamp::from_seconds(601));
        let window = limit.window(ClientIp::parse("203.0.113.7"), now).unwrap();
        assert_eq!(limit.check(&window, 2, now), Ok(()));
        assert_eq!(limit.check(&window, 3, now), Err(OverLimit { retry_after: Duration::from_secs(299) }));
        assert_eq!(limit.window(None, now), None);
        assert_eq!(RateLimit::new("login", 0).window(ClientIp::parse("203.0.113.7"), now), None);
    }

    #[test]
    fn functions_client_ips_and_windows_are_counted_apart() {
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
