//! Origins of pages (RFC 6454).

/// Hosts of this machine, the only ones that are believed without TLS.
const LOCAL: [&str; 3] = ["127.0.0.1", "[::1]", "localhost"];

/// Origins whose pages may call the service.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Origins {
    /// All of them, without cookies.
    Every,
    /// Those of this machine, at any port.
    Local,
    /// These.
    Named(Vec<String>),
}

impl Origins {
    /// Reads origins (RFC 6454 section 6.2) that are separated by commas, or `*`. `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.trim() == "*" {
            return Some(Self::Every);
        }
        let origins = text.split(',').map(str::trim).filter(|origin| !origin.is_empty());
        let origins: Vec<_> = origins.map(str::to_ascii_lowercase).collect();
        let is_origin = |origin: &String| {
            let is_no_host = |c| matches!(c, '/' | ' ' | '?' | '#' | '@' | '*');
            host(origin).is_some_and(|host| !host.is_empty() && !host.contains(is_no_host))
        };
        origins.iter().all(is_origin).then_some(Self::Named(origins))
    }

    /// `true` if pages of this origin may use cookies: a cookie is for named origins.
    #[must_use]
    pub fn has(&self, origin: &str) -> bool {
        match self {
            Self::Every => false,
            Self::Local => host(origin).is_some_and(is_local),
            Self::Named(origins) => origins.iter().any(|known| known == origin),
        }
    }
}

/// `true` for a host of this machine, with or without a port.
pub(crate) fn is_local(host: &str) -> bool {
    let is_port = |rest: &str| rest.is_empty() || rest.starts_with(':');
    LOCAL.iter().any(|local| host.strip_prefix(local).is_some_and(is_port))
}

/// Host and port of an origin.
fn host(origin: &str) -> Option<&str> {
    origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"))
}
