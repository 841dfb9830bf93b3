//! The rate limit for each client IP.
//!
//! The client IP is the peer of the connection as API Gateway or a function URL reports it (`requestContext`), never a
//! header, which a client can write as it likes. Requests are counted in fixed windows: the count starts again with each
//! window.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use super::window::Window;
use crate::time::Timestamp;

/// Length of a window.
const WINDOW: Duration = Duration::from_mins(5);

/// A client IP: a whole IPv4 address, or an IPv6 network.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ClientIp(IpAddr);

/// Networks of IPv6: the /64 that one customer has, and the /48 of a site, which may make ten times as many requests.
const NETWORKS: [(u32, u32); 2] = [(64, 1), (48, 10)];

impl ClientIp {
    /// Reads an IP in any of its spellings; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(Self(text.parse::<IpAddr>().ok()?.to_canonical()))
    }

    /// The networks that requests are counted for, and how many times the limit each may make.
    fn networks(self) -> Vec<(String, u32)> {
        match self.0 {
            IpAddr::V4(ip) => vec![(ip.to_string(), 1)],
            IpAddr::V6(ip) => NETWORKS
                .iter()
                .map(|(length, times)| {
                    let network = Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << (128 - length)));
                    // The /64 has been counted under its bare form since before there was a second network.
                    let name =
                        if *length == 64 { network.to_string() } else { format!("{network}/{length}") };
                    (name, *times)
                })
                .collect(),
        }
    }
}

/// The number of requests to one function that a client IP may make in a window of five minutes.
#[derive(Clone, Copy, Debug)]
pub struct RateLimit {
    function: &'static str,
    requests: u32,
}

impl RateLimit {
    /// A limit for one function; 0 requests means no limit.
    #[must_use]
    pub fn new(function: &'static str, requests: u32) -> Self {
        Self { function, requests }
    }

    /// The windows in which a request counts. Without a client IP (behind a load balancer, or invoked directly) there are
    /// none.
    #[must_use]
    pub fn windows(&self, client_ip: Option<ClientIp>, now: Timestamp) -> Vec<Window> {
        let Some(client_ip) = client_ip.filter(|_| self.requests > 0) else { return Vec::new() };
        let window = |(network, times): (String, u32)| {
            let limit = u64::from(self.requests) * u64::from(times);
            Window::at(now, WINDOW, &format!("{}#{network}", self.function), limit)
        };
        client_ip.networks().into_iter().map(window).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(function: &'static str, client_ip: &str, seconds: u64) -> Vec<String> {
        let windows =
            RateLimit::new(function, 1).windows(ClientIp::parse(client_ip), Timestamp::from_seconds(seconds));
        windows.into_iter().map(|window| window.key).collect()
    }

    #[test]
    fn a_client_ip_has_one_form_and_a_customer_has_one_network() {
        for (one, other) in [
            ("203.0.113.7", "::ffff:203.0.113.7"),
            ("2001:db8::1", "2001:0DB8:0:0:ffff::9"),
            ("2001:db8:0:0::", "2001:db8::ffff:ffff:ffff:ffff"),
        ] {
            assert_eq!(keys("login", one, 0), keys("login", other, 0), "{one}");
        }
        for (one, other) in [("203.0.113.7", "203.0.113.8"), ("2001:db8::1", "2001:db8:0:1::1")] {
            assert_ne!(keys("login", one, 0)[0], keys("login", other, 0)[0], "{one}");
        }
        for text in ["", "test-invoke-source-ip", "203.0.113.7, 198.51.100.1", "203.0.113.7:80", "[::1]"] {
            assert_eq!(ClientIp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_site_of_many_networks_has_ten_times_the_limit() {
        let (limit, now) = (RateLimit::new("login", 5), Timestamp::EPOCH);
        let windows = |text| limit.windows(ClientIp::parse(text), now);
        let (one, other) = (windows("2001:db8:1:1::1"), windows("2001:db8:1:2::1"));
        assert_eq!(one.iter().map(|window| window.limit).collect::<Vec<_>>(), [5, 50]);
        assert_eq!(one[1], other[1]);
        assert_ne!(one[1], windows("2001:db8:2:1::1")[1]);
        assert_eq!(windows("203.0.113.7").len(), 1);
    }

    #[test]
    fn a_network_and_its_site_are_counted_apart() {
        let windows = keys("login", "2001:db8:1::1", 0);
        assert_eq!(windows, ["login#2001:db8:1::#300", "login#2001:db8:1::/48#300"]);
    }

    #[test]
    fn a_window_begins_five_minutes_before_it_ends() {
        let now = Timestamp::from_seconds(601);
        let windows = RateLimit::new("login", 2).windows(ClientIp::parse("203.0.113.7"), now);
        let (begins, ends) = (Timestamp::from_seconds(600), Timestamp::from_seconds(900));
        assert_eq!((windows[0].began_at, windows[0].ends_at), (begins, ends));
    }

    #[test]
    fn functions_client_ips_and_windows_are_counted_apart() {
        let window = keys("login", "203.0.113.7", 600);
        assert_eq!(window, ["login#203.0.113.7#900"]);
        assert_eq!(window, keys("login", "203.0.113.7", 899));
        for other in [
            keys("login", "203.0.113.7", 599),
            keys("login", "203.0.113.7", 900),
            keys("login", "203.0.113.8", 600),
            keys("register", "203.0.113.7", 600),
        ] {
            assert_ne!(window, other);
        }
    }

    #[test]
    fn without_a_client_ip_or_a_limit_nothing_is_counted() {
        let now = Timestamp::from_seconds(601);
        assert_eq!(RateLimit::new("login", 2).windows(None, now), []);
        assert_eq!(RateLimit::new("login", 0).windows(ClientIp::parse("203.0.113.7"), now), []);
    }
}
