//! `GET /.well-known/openid-configuration`: leads verifiers from the issuer to its public keys
//! (<https://openid.net/specs/openid-connect-discovery-1_0.html>). No store and no key is read.

use serde::Serialize;
use shared::http::{ApiError, ApiResponse, RequestError};

use crate::Validate;

/// The metadata that verifiers ask for. There is no authorization endpoint, so none is named, as in the documents of
/// Kubernetes and GitHub Actions, which issue tokens in their own ways too.
#[derive(Debug, Serialize)]
pub(crate) struct Document {
    issuer: String,
    jwks_uri: String,
    response_types_supported: [&'static str; 1],
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: [&'static str; 1],
}

impl Document {
    /// The document of an issuer; `None` if it is no URL that verifiers accept: `https`, or `http` on the same machine, without
    /// query and fragment.
    pub(crate) fn of(issuer: &str) -> Option<Self> {
        let local = || issuer.strip_prefix("http://").filter(|place| is_local(place));
        let place = issuer.strip_prefix("https://").or_else(local)?;
        let is_url = !place.starts_with('/') && !place.contains(['?', '#']);
        (is_url && !place.is_empty()).then(|| Self {
            issuer: issuer.to_owned(),
            jwks_uri: format!("{}/.well-known/jwks.json", issuer.trim_end_matches('/')),
            response_types_supported: ["id_token"],
            subject_types_supported: ["public"],
            id_token_signing_alg_values_supported: ["RS256"],
        })
    }
}

fn is_local(place: &str) -> bool {
    place.split(['/', ':']).next().is_some_and(|host| ["127.0.0.1", "localhost"].contains(&host))
}

/// Handles a request.
///
/// # Errors
///
/// The issuer is no such URL.
pub(crate) fn handle(validate: &Validate) -> Result<ApiResponse, RequestError> {
    let document = validate.discovery.as_ref().ok_or(ApiError::NoDiscovery)?;
    Ok(ApiResponse::public(document)?)
}
