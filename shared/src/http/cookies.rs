//! Cookies (RFC 6265bis). The prefix `__Host-` makes a browser refuse them from any other host and over plain HTTP.

use std::time::Duration;

use lambda_http::http::header::HeaderValue;

use super::Request;

/// The cookie with the refresh token.
pub const REFRESH_COOKIE: &str = "__Host-refresh";

/// The cookie with the device token.
pub const DEVICE_COOKIE: &str = "__Host-device";

impl Request {
    /// The value of a cookie that is there once. Of several none is believed.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let named = |cookie: &'_ String| cookie.split_once('=').is_some_and(|(found, _)| found == name);
        let mut cookies = self.cookies.iter().filter(|cookie| named(cookie));
        let (_, value) = cookies.next()?.split_once('=')?;
        (cookies.next().is_none() && !value.is_empty()).then_some(value)
    }

    /// `true` if a cookie of this name is there, whatever its value.
    #[must_use]
    pub fn has_cookie(&self, name: &str) -> bool {
        self.cookies.iter().any(|cookie| cookie.split('=').next() == Some(name))
    }
}

/// The `set-cookie` of a token: for this host alone, unseen by scripts, and never sent by pages of other sites.
pub(super) fn set(name: &str, value: &str, lifetime: Duration) -> HeaderValue {
    let seconds = lifetime.as_secs();
    let cookie = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={seconds}");
    // Names are words of ours, and tokens are in base64url.
    let mut value = HeaderValue::from_str(&cookie).unwrap_or(HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

/// The `set-cookie` that deletes a cookie.
#[must_use]
pub fn cleared(name: &str) -> HeaderValue {
    set(name, "", Duration::ZERO)
}
