//! The secret that holds the keys of tokens, in AWS Secrets Manager.

use aws_smithy_types::timeout::TimeoutConfig;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use super::{Aws, CallError, Post, Service};
use crate::token::secret::{Secret, SecretError};
use crate::token::{KeySource, Keys};
use crate::{deadlines, log};

/// The request: <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html>. `CloudTrail` shows the
/// user agent.
const HEADERS: [(&str, &str); 3] = [
    ("content-type", "application/x-amz-json-1.1"),
    ("user-agent", concat!("serverless-auth/", env!("CARGO_PKG_VERSION"))),
    ("x-amz-target", "secretsmanager.GetSecretValue"),
];

/// A secret and the service that has it.
#[derive(Debug)]
pub(crate) struct SecretsManager {
    service: Service,
    arn: String,
}

/// The response. Binary secrets have no text.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Response {
    secret_string: Option<SecretString>,
}

/// The secret could not be read. The error never shows it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// The call failed.
    #[error("the secret named by JWT_SECRET_ARN cannot be read")]
    Read(#[from] CallError),
    /// Secrets Manager responded with something else than a secret.
    #[error("the response of Secrets Manager is not a secret")]
    Response,
    /// It has another form, or a key in it is not fit to sign with.
    #[error(transparent)]
    Unfit(#[from] SecretError),
}

impl SecretsManager {
    /// The secret with this ARN. `endpoint` replaces the region's endpoint.
    pub(crate) fn new(aws: &Aws, endpoint: Option<&str>, arn: &str) -> Self {
        Self { service: Service::new(aws, "secretsmanager", endpoint), arn: arn.to_owned() }
    }

    /// Reads the keys at the start, which may wait longer than a request.
    pub(crate) fn read_first(&self) -> BoxFuture<'_, Result<Keys, ReadError>> {
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(deadlines::SECRET_FIRST_ATTEMPT)
            .operation_timeout(deadlines::SECRET_FIRST_READ)
            .build();
        self.read(timeouts)
    }

    /// Boxed, so that the future is compiled here and not once more in each caller.
    fn read(&self, timeouts: TimeoutConfig) -> BoxFuture<'_, Result<Keys, ReadError>> {
        let reading = async move {
            let body = SecretString::from(json!({ "SecretId": self.arn }).to_string());
            let post = Post { path: "/", headers: &HEADERS, body, timeouts };
            let response = post.send(&self.service).await?;
            let response: Response =
                serde_json::from_slice(response.expose_secret()).map_err(|_| ReadError::Response)?;
            let secret = response.secret_string.ok_or(SecretError::Form)?;
            Ok(Secret::parse(secret.expose_secret())?.into())
        };
        reading.boxed()
    }
}

impl KeySource for SecretsManager {
    fn read_again(&self) -> BoxFuture<'_, Option<Keys>> {
        let reading = async move {
            let timeouts = TimeoutConfig::builder().operation_timeout(deadlines::SECRET_READ_AGAIN).build();
            let failure = match self.read(timeouts).await {
                Ok(keys) => return Some(keys),
                Err(error) => log::chain(&error),
            };
            log::fault(&failure, "the secret could not be read again");
            None
        };
        reading.boxed()
    }
}
