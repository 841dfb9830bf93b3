//! The tokens of a client that has signed in: an access token and, if it asks for a session, a refresh token and a device token,
//! in the body or as cookies.

use std::fmt;

use lambda_http::http::header::HeaderValue;
use serde::Serialize;

use super::{
    ApiError, ApiResponse, BodyFields, DEVICE_COOKIE, FieldCode, Invalid, REFRESH_COOKIE, Request,
    RequestError, cookies,
};
use crate::account::{AccountId, Standing};
use crate::session::{Label, Session, SessionId};
use crate::time::Timestamp;
use crate::token::{DEVICE_TTL, DeviceToken, Keyring, RefreshToken};

/// The way in which a client keeps its refresh token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Transport {
    /// The client gets it in the body, and keeps it itself.
    Token,
    /// The browser keeps it as a cookie, which no script can read.
    Cookie,
}

/// A text is neither `token` nor `cookie`. `Display` is the message for a client.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("Must be \"token\" or \"cookie\".")]
pub struct UnknownTransport;

impl FieldCode for UnknownTransport {
    fn code(&self) -> &'static str {
        "invalid_choice"
    }
}

impl Transport {
    fn parse(text: &str) -> Result<Self, UnknownTransport> {
        match text {
            "token" => Ok(Self::Token),
            "cookie" => Ok(Self::Cookie),
            _ => Err(UnknownTransport),
        }
    }
}

/// The session that a request asks for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The way in which the client keeps it.
    pub transport: Transport,
    label: Label,
}

impl Asked {
    /// Reads the fields `session` and `session_label`. Without a label the user agent takes its place.
    ///
    /// # Errors
    ///
    /// When a field is not valid. The error is kept for the response.
    pub fn read(fields: &mut BodyFields, request: &Request) -> Result<Option<Self>, Invalid> {
        let transport = fields.optional("session", Transport::parse);
        let label = fields.optional("session_label", Label::parse);
        let (transport, label) = (transport?, label?);
        let agent = || Label::of_user_agent(request.header("user-agent").unwrap_or_default());
        Ok(transport.map(|transport| Self { transport, label: label.unwrap_or_else(agent) }))
    }

    /// The session, under an id.
    #[must_use]
    pub fn session(&self, id: SessionId, token_version: u32, now: Timestamp) -> Session {
        Session::new(id, token_version, self.label.clone(), now)
    }
}

/// The tokens of a client that has signed in. They cannot be printed.
pub struct SignedIn {
    body: Body,
    cookies: Vec<HeaderValue>,
    account_id: AccountId,
}

#[derive(Serialize)]
struct Body {
    user_id: String,
    token: String,
    token_type: &'static str,
    expires_in: u64,
    #[serde(flatten)]
    session: Option<SessionBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_token: Option<String>,
}

#[derive(Serialize)]
struct SessionBody {
    session_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    refresh_expires_in: u64,
}

impl fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignedIn(***)")
    }
}

impl SignedIn {
    /// Issues the tokens of an account, in the session of its standing if there is one.
    ///
    /// # Errors
    ///
    /// Those of [`Keyring::issue`].
    pub async fn issue(
        keyring: &Keyring,
        standing: &Standing,
        transport: Transport,
        now: Timestamp,
    ) -> Result<Self, RequestError> {
        let expires_in = keyring.rules().expiry(standing, now).since(now.whole_seconds()).as_secs();
        let token = keyring.issue(standing, now).await?;
        let mut signed_in = Self {
            body: Body {
                user_id: standing.id.to_string(),
                token,
                token_type: "Bearer",
                expires_in,
                session: None,
                device_token: None,
            },
            cookies: Vec::new(),
            account_id: standing.id,
        };
        if let Some(session) = &standing.session {
            let token = RefreshToken::current(session, &standing.username);
            let token = keyring.seal(&token, now).await?;
            let lifetime = session.ends_at(&keyring.rules().sessions).since(now.whole_seconds());
            signed_in.body.session = Some(SessionBody {
                session_id: session.id.to_string(),
                refresh_token: signed_in
                    .deliver(transport, token, |token| cookies::set(REFRESH_COOKIE, token, lifetime)),
                refresh_expires_in: lifetime.as_secs(),
            });
        }
        Ok(signed_in)
    }

    /// Adds a device token.
    ///
    /// # Errors
    ///
    /// Those of [`Keyring::seal`].
    pub async fn on_device(
        mut self,
        keyring: &Keyring,
        device: &DeviceToken,
        transport: Transport,
        now: Timestamp,
    ) -> Result<Self, RequestError> {
        let token = keyring.seal(device, now).await?;
        self.body.device_token =
            self.deliver(transport, token, |token| cookies::set(DEVICE_COOKIE, token, DEVICE_TTL));
        Ok(self)
    }

    /// The token for the body, or none if it goes into a cookie.
    fn deliver(
        &mut self,
        transport: Transport,
        token: String,
        cookie: impl FnOnce(&str) -> HeaderValue,
    ) -> Option<String> {
        match transport {
            Transport::Token => Some(token),
            Transport::Cookie => {
                self.cookies.push(cookie(&token));
                None
            }
        }
    }

    /// `200 OK`.
    ///
    /// # Errors
    ///
    /// When the body cannot be written as JSON.
    pub fn ok(self) -> Result<ApiResponse, ApiError> {
        Ok(ApiResponse::ok(&self.body, self.account_id)?.with_cookies(self.cookies))
    }

    /// `201 Created`.
    ///
    /// # Errors
    ///
    /// When the body cannot be written as JSON.
    pub fn created(self) -> Result<ApiResponse, ApiError> {
        Ok(ApiResponse::created(&self.body, self.account_id)?.with_cookies(self.cookies))
    }
}
