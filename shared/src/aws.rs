//! Region, credentials and connections of all calls to AWS, from Lambda's environment alone: nothing is probed for.

mod post;
pub(crate) mod secrets_manager;
mod service;

pub(crate) use post::{CallError, Post};
pub(crate) use service::Service;

use aws_config::environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider};
use aws_config::meta::region::ProvideRegion;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::region::Region;

use crate::config::Roots;

/// The root certificates of Amazon Trust Services, the only ones trusted. The system's store has a hundred and forty others,
/// and reading it took most of a cold start.
static AMAZON_ROOTS: &[u8] = include_bytes!("aws/roots.pem");

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
#[derive(Debug)]
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
        let tls = tls(roots)?;
        let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(tls);
        Ok(Self { region, credentials, http: http.build_https() })
    }
}

fn tls(roots: Roots) -> Result<TlsContext, EnvironmentError> {
    let trusted = match roots {
        Roots::Amazon => TrustStore::empty().with_pem_certificate(AMAZON_ROOTS),
        Roots::Given => TrustStore::empty().with_native_roots(true),
    };
    TlsContext::builder().with_trust_store(trusted).build().map_err(|_| EnvironmentError::Roots)
}

#[cfg(test)]
pub(crate) mod tests {
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;
    use sha2::{Digest, Sha256};

    use super::*;

    /// Access to stand-ins.
    pub(crate) fn aws() -> Aws {
        let credentials = Credentials::new("key", "secret", Some("session".to_owned()), None, "tests");
        Aws::new(Region::from_static("eu-west-1"), credentials, Roots::Amazon).unwrap()
    }

    /// The fingerprints are those on <https://www.amazontrust.com/repository/>.
    #[test]
    fn all_of_amazons_roots_are_trusted_and_no_others() {
        let roots = str::from_utf8(AMAZON_ROOTS).unwrap();
        let certificates = roots.split("-----BEGIN CERTIFICATE-----").skip(1);
        let certificates = certificates.map(|rest| rest.split("-----END").next().unwrap().replace('\n', ""));
        let fingerprints: Vec<_> = certificates
            .map(|text| Sha256::digest(BASE64_STANDARD.decode(text).unwrap()))
            .map(|digest| crate::hex::encode(&digest))
            .collect();
        assert_eq!(
            fingerprints,
            [
                "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
                "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
                "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
                "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
                "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
            ]
        );
    }
}
