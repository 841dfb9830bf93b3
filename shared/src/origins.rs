//! Origins of pages (RFC 6454).

/// Origins whose pages may use cookies.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Origins(Vec<String>);

impl Origins {
    /// Reads origins (RFC 6454 section 6.2) that are separated by commas. `*` stands for no origin here: a cookie is for
    /// named ones. `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let origins = text.split(',').map(str::trim).filter(|origin| !origin.is_empty() && *origin != "*");
        let origins: Vec<_> = origins.map(str::to_ascii_lowercase).collect();
        let is_origin = |origin: &String| {
            let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
            host.is_some_and(|host| !host.is_empty() && !host.contains(['/', ' ', '?', '#', '@']))
        };
        origins.iter().all(is_origin).then_some(Self(origins))
    }

    /// `true` if it is one of them.
    #[must_use]
    pub fn has(&self, origin: &str) -> bool {
        self.0.iter().any(|known| known == origin)
    }
}
