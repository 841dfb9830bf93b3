//! The refresh token of a request: in its body, or as a cookie.

use std::convert::Infallible;

use shared::http::sign_in::Transport;
use shared::http::{ApiError, BodyFields, REFRESH_COOKIE, Request, cross_site};

use crate::Login;

/// A text that claims to be a refresh token, and the way in which it came.
pub(crate) struct Presented {
    pub(crate) text: String,
    pub(crate) transport: Transport,
}

/// The refresh token of a request: the one in the body, or else the cookie, if the page that sends it may.
///
/// # Errors
///
/// A field that is no text, or a page of another site.
pub(crate) fn presented(
    login: &Login,
    request: &Request,
    fields: &mut BodyFields,
) -> Result<Option<Presented>, ApiError> {
    let Ok(token) = fields.optional("refresh_token", |text| Ok::<_, Infallible>(text.to_owned())) else {
        return Err(std::mem::take(fields).into());
    };
    if let Some(text) = token {
        return Ok(Some(Presented { text, transport: Transport::Token }));
    }
    if !request.has_cookie(REFRESH_COOKIE) {
        return Ok(None);
    }
    cross_site::check(&login.origins, request)?;
    let text = request.cookie(REFRESH_COOKIE).unwrap_or_default().to_owned();
    Ok(Some(Presented { text, transport: Transport::Cookie }))
}
