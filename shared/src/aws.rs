//! Region, credentials and connections of all calls to AWS, from Lambda's environment alone: nothing is probed for.

mod connections;
mod function_arn;
pub(crate) mod lambda;
mod post;
pub(crate) mod secrets_manager;
mod service;
pub(crate) mod ses;

pub use connections::Roots;
pub use function_arn::FunctionArn;
pub(crate) use post::{CallError, JSON_HEADERS, Post};
pub(crate) use service::Service;

use aws_config::environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider};
use aws_config::meta::region::ProvideRegion;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::region::Region;

/// The environment lacks variables that Lambda always sets.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EnvironmentError {
    /// Credentials are missing.
    #[error("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be set")]
    Credentials,
    /// The region is missing.
    #[error("AWS_REGION must be set")]
    Region,
    /// No usable root certificates.
    #[error("the root certificates cannot be used")]
    Roots,
}

/// Region and credentials of the environment, and the connections of all services.
///
/// `aws-config` can also look in profiles, containers and instance metadata. Lambda sets region and credentials in the
/// environment, and the credentials last as long as the environment, so the other providers would cost a cold start
/// time and the binary their code.
#[derive(Clone, Debug)]
pub(crate) struct Aws {
    region: Region,
    credentials: Credentials,
    http: SharedHttpClient,
}

impl Aws {
    /// Reads the environment.
    pub(crate) async fn from_env(roots: Roots) -> Result<Self, EnvironmentError> {
        let region = EnvironmentVariableRegionProvider::new().region().await;
        let region = region.filter(|region| !region.as_ref().is_empty());
        let credentials = EnvironmentVariableCredentialsProvider::new().provide_credentials().await;
        let credentials = credentials.map_err(|_| EnvironmentError::Credentials)?;
        Self::new(region.ok_or(EnvironmentError::Region)?, credentials, roots)
    }

    fn new(region: Region, credentials: Credentials, roots: Roots) -> Result<Self, EnvironmentError> {
        Ok(Self { region, credentials, http: connections::client(roots)? })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use support::lambda;

    use super::*;

    /// Access to servers that check nothing.
    pub(crate) fn aws() -> Aws {
        with_credentials("secret", "session")
    }

    /// Access to the stand-ins, which check signatures.
    pub(crate) fn aws_of_stand_ins() -> Aws {
        with_credentials(lambda::SECRET_ACCESS_KEY, lambda::SESSION_TOKEN)
    }

    fn with_credentials(secret_key: &str, session_token: &str) -> Aws {
        let credentials = Credentials::new("key", secret_key, Some(session_token.to_owned()), None, "tests");
        Aws::new(Region::from_static(lambda::REGION), credentials, Roots::Amazon).unwrap()
    }
}
