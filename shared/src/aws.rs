//! How the AWS clients are set up: what Lambda's environment says, and nothing that has to be probed for.

use std::time::Duration;

use aws_config::environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider};
use aws_config::meta::region::ProvideRegion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

/// How long a connection may take to come about, TLS aside.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(900);

/// How long one attempt of a call may take. A call to DynamoDB takes milliseconds; the rest is for a TLS handshake on
/// the small share of a processor that a small function has.
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(1100);

/// How long a call may take with all its attempts: less than the three seconds in which a client has its answer.
const OPERATION_TIMEOUT: Duration = Duration::from_millis(2500);

/// How often a call is tried.
const ATTEMPTS: u32 = 3;

/// The environment lacks what on Lambda is always there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EnvironmentError {
    /// Nobody to sign requests as.
    #[error("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be set")]
    Credentials,
    /// No region to call.
    #[error("AWS_REGION must be set")]
    Region,
}

/// What all clients share: region and credentials of the environment, TLS, time-outs and retries.
///
/// `aws-config` could look further, in profiles, containers and instance metadata. Lambda puts all there is into the
/// environment, and credentials stay good for the environment's life, so asking elsewhere would cost a cold start time
/// and the binary the code to do it.
pub(crate) async fn config() -> Result<SdkConfig, EnvironmentError> {
    let region = EnvironmentVariableRegionProvider::new().region().await;
    let region = region.filter(|region| !region.as_ref().is_empty());
    let credentials = EnvironmentVariableCredentialsProvider::new().provide_credentials().await;
    let credentials = credentials.map_err(|_| EnvironmentError::Credentials)?;
    Ok(config_of(region.ok_or(EnvironmentError::Region)?, credentials))
}

fn config_of(region: Region, credentials: Credentials) -> SdkConfig {
    let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build();
    let retries = RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(Duration::from_millis(50))
        .with_max_backoff(Duration::from_millis(300));
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(region)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http)
        .timeout_config(timeouts)
        .retry_config(retries)
        .build()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// What a client of the engine in the tests is made of: nobody checks who it is.
    pub(crate) fn config() -> SdkConfig {
        let credentials = Credentials::new("key", "secret", None, None, "tests");
        config_of(Region::from_static("eu-west-1"), credentials)
    }
}
