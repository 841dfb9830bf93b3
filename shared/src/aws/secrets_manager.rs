//! The secret that holds the keys of tokens, in AWS Secrets Manager.

use async_trait::async_trait;
use aws_smithy_types::timeout::TimeoutConfig;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Aws, CallError, Post, Service};
use crate::token::secret::{BoxError, Kept, Secret, SecretError, SecretPlace};
use crate::token::{KeySource, Keys};
use crate::{deadlines, hex, log, random};

/// The requests: <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html>,
/// <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html> and
/// <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html>.
const GET: [(&str, &str); 3] = headers("secretsmanager.GetSecretValue");
const PUT: [(&str, &str); 3] = headers("secretsmanager.PutSecretValue");
const MOVE: [(&str, &str); 3] = headers("secretsmanager.UpdateSecretVersionStage");

/// The label of a version that is written and not current yet.
const LABEL: &str = "serverless-auth-next";

/// `CloudTrail` shows the user agent.
const fn headers(operation: &'static str) -> [(&'static str, &'static str); 3] {
    [
        ("content-type", "application/x-amz-json-1.1"),
        ("user-agent", concat!("serverless-auth/", env!("CARGO_PKG_VERSION"))),
        ("x-amz-target", operation),
    ]
}

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
    #[serde(default)]
    version_id: String,
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
            let secret = self.get(timeouts).await?.secret_string.ok_or(SecretError::Form)?;
            Ok(Secret::parse(secret.expose_secret())?.into())
        };
        reading.boxed()
    }

    async fn get(&self, timeouts: TimeoutConfig) -> Result<Response, ReadError> {
        let response = self.call(&GET, &json!({ "SecretId": self.arn }), timeouts).await?;
        serde_json::from_slice(response.expose_secret()).map_err(|_| ReadError::Response)
    }

    async fn call(
        &self,
        headers: &'static [(&'static str, &'static str)],
        body: &Value,
        timeouts: TimeoutConfig,
    ) -> Result<SecretSlice<u8>, CallError> {
        let body = SecretString::from(body.to_string());
        Post { path: "/".into(), headers, body, timeouts }.send(&self.service).await
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

#[async_trait]
impl SecretPlace for SecretsManager {
    async fn read(&self) -> Result<Option<Kept>, BoxError> {
        let Response { secret_string, version_id } = self.get(TimeoutConfig::builder().build()).await?;
        let json = secret_string.ok_or(SecretError::Form)?;
        Ok(Some(Kept { json, revision: version_id.into() }))
    }

    /// A write has no condition, but moving the label of the current version has one: the version that it is moved from.
    async fn replace(&self, seen: Option<&Kept>, next: &SecretString) -> Result<bool, BoxError> {
        let Some(seen) = seen else { return Ok(false) };
        // The token is the new version's id, by which Secrets Manager also recognises a repetition.
        let version = hex::encode(&random::bytes::<32>()?);
        let version = version.as_str();
        let put = json!({
            "SecretId": self.arn,
            "SecretString": next.expose_secret(),
            "ClientRequestToken": version,
            "VersionStages": [LABEL],
        });
        self.call(&PUT, &put, TimeoutConfig::builder().build()).await?;
        let moved = json!({
            "SecretId": self.arn,
            "VersionStage": "AWSCURRENT",
            "MoveToVersionId": version,
            "RemoveFromVersionId": seen.revision.expose_secret(),
        });
        match self.call(&MOVE, &moved, TimeoutConfig::builder().build()).await {
            Ok(_) => Ok(true),
            // Another version is current; this one, if it is the repetition of a move whose response was lost.
            Err(CallError::Refused { code, .. }) if code == "InvalidParameterException" => {
                Ok(self.get(TimeoutConfig::builder().build()).await?.version_id == version)
            }
            Err(error) => Err(error.into()),
        }
    }
}
