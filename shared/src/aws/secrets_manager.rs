//! The secret that holds the keys of tokens, in AWS Secrets Manager.

use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::SdkError;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::token::secret::{Secret, SecretError};
use crate::token::{KeySource, Keys};
use crate::{deadlines, log};

/// A secret and the client that reads it.
#[derive(Debug)]
pub(crate) struct SecretsManager {
    client: Client,
    arn: String,
}

/// The secret could not be read. The error never shows it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// The call failed.
    #[error("the secret named by JWT_SECRET_ARN cannot be read")]
    Read(#[source] Box<SdkError<GetSecretValueError>>),
    /// It has another form, or a key in it is not fit to sign with.
    #[error(transparent)]
    Unfit(#[from] SecretError),
}

impl SecretsManager {
    /// The secret with this ARN. `endpoint` replaces the region's endpoint.
    pub(crate) fn new(config: &SdkConfig, endpoint: Option<&str>, arn: &str) -> Self {
        let mut config = aws_sdk_secretsmanager::config::Builder::from(config);
        config.set_endpoint_url(endpoint.map(str::to_owned));
        Self { client: Client::from_conf(config.build()), arn: arn.to_owned() }
    }

    /// Reads the keys at the start, which may wait longer than a request. Boxed, so that the future is compiled here and not
    /// once more in each caller.
    pub(crate) fn read_first(&self) -> BoxFuture<'_, Result<Keys, ReadError>> {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(deadlines::SECRET_FIRST_ATTEMPT)
            .operation_attempt_timeout(deadlines::SECRET_FIRST_ATTEMPT)
            .operation_timeout(deadlines::SECRET_FIRST_READ)
            .build();
        self.read(timeouts)
    }

    fn read(&self, timeouts: TimeoutConfig) -> BoxFuture<'_, Result<Keys, ReadError>> {
        let reading = async move {
            let request = self.client.get_secret_value().secret_id(&self.arn).customize();
            let patience = aws_sdk_secretsmanager::Config::builder().timeout_config(timeouts);
            let response = request.config_override(patience).send().await;
            let response = response.map_err(|error| ReadError::Read(error.into()))?;
            Ok(Secret::parse(response.secret_string().ok_or(SecretError::Form)?)?.into())
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
