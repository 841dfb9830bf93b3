//! The secret that signs tokens, in AWS Secrets Manager: `{"current": "…"}`, and `"previous": "…"` during a rotation.

use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::SdkError;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::token::{Key, KeySource, Keys, WeakKey};
use crate::{deadlines, log};

/// A secret and the client that reads it.
#[derive(Debug)]
pub(crate) struct SecretsManager {
    client: Client,
    arn: String,
}

/// The secret's JSON. Unknown members are ignored.
#[derive(Deserialize)]
struct Value {
    current: SecretString,
    previous: Option<SecretString>,
}

/// The secret could not be read. The error never shows it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretError {
    /// Not JSON with a text `current`.
    #[error("the secret is not JSON of the form {{\"current\": \"…\", \"previous\": \"…\"}}")]
    Form,
    /// The call failed.
    #[error("the secret named by JWT_SECRET_ARN cannot be read")]
    Read(#[source] Box<SdkError<GetSecretValueError>>),
    /// It is too weak to sign with.
    #[error("the secret's value \"{0}\" {1}")]
    Weak(&'static str, WeakKey),
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
    pub(crate) fn read_first(&self) -> BoxFuture<'_, Result<Keys, SecretError>> {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(deadlines::SECRET_FIRST_ATTEMPT)
            .operation_attempt_timeout(deadlines::SECRET_FIRST_ATTEMPT)
            .operation_timeout(deadlines::SECRET_FIRST_READ)
            .build();
        self.read(timeouts)
    }

    fn read(&self, timeouts: TimeoutConfig) -> BoxFuture<'_, Result<Keys, SecretError>> {
        let reading = async move {
            let request = self.client.get_secret_value().secret_id(&self.arn).customize();
            let patience = aws_sdk_secretsmanager::Config::builder().timeout_config(timeouts);
            let response = request.config_override(patience).send().await;
            let response = response.map_err(|error| SecretError::Read(error.into()))?;
            parse(response.secret_string().ok_or(SecretError::Form)?)
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

fn parse(json: &str) -> Result<Keys, SecretError> {
    let Value { current, previous } = serde_json::from_str(json).map_err(|_| SecretError::Form)?;
    let key = |name, secret: &SecretString| {
        Key::parse(secret.expose_secret()).map_err(|weak| SecretError::Weak(name, weak))
    };
    Ok(Keys {
        current: key("current", &current)?,
        previous: previous.map(|previous| key("previous", &previous)).transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "k9Xv2mQ8rT5wZ1bN4cL7dF0gH3jP6sAuE";

    #[test]
    fn the_secret_has_a_current_and_maybe_a_previous_value() {
        let keys = parse(&format!(r#"{{"current":"{GOOD}"}}"#)).unwrap();
        assert_eq!(keys.current.id(), Key::parse(GOOD).unwrap().id());
        assert!(keys.previous.is_none());
        let keys =
            parse(&format!(r#"{{"previous":"{GOOD}","current":"{GOOD}x","kept":"by others"}}"#)).unwrap();
        assert_eq!(keys.previous.unwrap().id(), Key::parse(GOOD).unwrap().id());
    }

    #[test]
    fn anything_else_is_refused_and_not_shown() {
        for (json, problem) in [
            ("canary canary canary canary canary canary", "not JSON"),
            (r#"["canary"]"#, "not JSON"),
            (r#"{"previous":"canary"}"#, "not JSON"),
            (r#"{"current":{"canary":1}}"#, "not JSON"),
            (r#"{"current":"canary"}"#, "\"current\" must have at least 32 bytes"),
            (&format!(r#"{{"current":"{GOOD}","previous":"canary"}}"#), "\"previous\" must have"),
        ] {
            let error = parse(json).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(shown.contains(problem) && !shown.contains("canary"), "{shown}");
        }
    }
}
