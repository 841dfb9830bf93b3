//! A call to a service of AWS: what the SDK's own clients are made of, without their tables of all regions.
//!
//! The SDK's orchestrator signs, sends, times out, retries and corrects the clock, for an operation of an SDK crate as for a
//! [`Post`](super::Post).

use std::error::Error;
use std::fmt::Debug;
use std::time::Duration;

use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::service_clock_skew::ServiceClockSkewInterceptor;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::SystemTimeSource;
use aws_smithy_runtime::client::defaults::default_retry_config_plugin;
use aws_smithy_runtime::client::http::connection_poisoning::ConnectionPoisoningInterceptor;
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime::client::orchestrator::endpoints::StaticUriEndpointResolver;
use aws_smithy_runtime::client::orchestrator::invoke;
use aws_smithy_runtime::client::retries::classifiers::HttpStatusCodeClassifier;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::client::interceptors::context::{Error as ErasedError, Input, Output};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::{RuntimePlugin, RuntimePlugins, StaticRuntimePlugin};
use aws_smithy_types::config_bag::{FrozenLayer, Layer};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SigningName;
use aws_types::region::SigningRegion;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::Aws;
use crate::deadlines;

/// Attempts of one call, the first included.
const ATTEMPTS: u32 = 3;

/// Domains of the regions whose names begin so; of all others it is `amazonaws.com`. From the SDK's table of partitions.
const DOMAINS: [(&str, &str); 6] = [
    ("cn-", "amazonaws.com.cn"),
    ("eusc-", "amazonaws.eu"),
    ("us-iso-", "c2s.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
    ("us-isof-", "csp.hci.ic.gov"),
];

/// A service in the region of the environment.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    plugins: RuntimePlugins,
}

impl Service {
    /// The service with this name in its endpoints and signatures. `endpoint` replaces the region's endpoint.
    pub(crate) fn new(aws: &Aws, name: &'static str, endpoint: Option<&str>) -> Self {
        Self::signed_as(aws, name, name, endpoint)
    }

    /// The service with this name in its endpoints and another one in its signatures.
    pub(crate) fn signed_as(
        aws: &Aws,
        name: &'static str,
        signing_name: &'static str,
        endpoint: Option<&str>,
    ) -> Self {
        let region = aws.region.as_ref();
        let endpoint = endpoint.map_or_else(|| regional_endpoint(name, region), str::to_owned);
        let plugin = StaticRuntimePlugin::new()
            .with_config(config(aws, signing_name))
            .with_runtime_components(components(aws, endpoint));
        let retries = default_retry_config_plugin(format!("{name}-{region}"));
        Self { plugins: RuntimePlugins::new().with_client_plugins(retries).with_client_plugin(plugin) }
    }

    /// Calls an operation, which makes the request of the input, and the output or the error of the response.
    pub(crate) async fn call<I, O, E>(
        &self,
        operation: impl RuntimePlugin + 'static,
        input: I,
    ) -> Result<O, SdkError<E, HttpResponse>>
    where
        I: Debug + Send + Sync + 'static,
        O: Debug + Send + Sync + 'static,
        E: Error + Send + Sync + 'static,
    {
        let plugins = self.plugins.clone().with_operation_plugin(operation);
        let output = send(plugins, Input::erase(input)).await.map_err(|error| {
            #[expect(clippy::expect_used, reason = "the operation tells the type, as in the SDK's clients")]
            error.map_service_error(|error| error.downcast::<E>().expect("its error"))
        })?;
        output.downcast().map_err(|_| SdkError::construction_failure("another output"))
    }
}

/// Boxed, so that the orchestrator is compiled here and not once more in each caller.
fn send(
    plugins: RuntimePlugins,
    input: Input,
) -> BoxFuture<'static, Result<Output, SdkError<ErasedError, HttpResponse>>> {
    async move { invoke("", "", input, &plugins).await }.boxed()
}

fn config(aws: &Aws, signing_name: &'static str) -> FrozenLayer {
    let timeouts = TimeoutConfig::builder()
        .operation_attempt_timeout(deadlines::AWS_ATTEMPT)
        .operation_timeout(deadlines::AWS_OPERATION)
        .build();
    let retries = RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(Duration::from_millis(50))
        .with_max_backoff(Duration::from_millis(300));
    let mut config = Layer::new("service");
    config.store_put(timeouts);
    config.store_put(retries);
    config.store_put(SigningName::from_static(signing_name));
    config.store_put(SigningRegion::from(aws.region.clone()));
    config.freeze()
}

fn components(aws: &Aws, endpoint: String) -> RuntimeComponentsBuilder {
    RuntimeComponentsBuilder::new("service")
        .with_http_client(Some(aws.http.clone()))
        .with_endpoint_resolver(Some(StaticUriEndpointResolver::uri(endpoint)))
        .with_auth_scheme(SigV4AuthScheme::new())
        .with_auth_scheme_option_resolver(Some(StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID])))
        .with_identity_cache(Some(IdentityCache::no_cache()))
        .with_identity_resolver(SCHEME_ID, Identity::from(aws.credentials.clone()))
        .with_interceptor(ConnectionPoisoningInterceptor::new())
        .with_interceptor(ServiceClockSkewInterceptor::new())
        .with_retry_classifier(HttpStatusCodeClassifier::default())
        .with_sleep_impl(Some(TokioSleep::new()))
        .with_time_source(Some(SystemTimeSource::new()))
}

fn regional_endpoint(name: &str, region: &str) -> String {
    let domain = DOMAINS.iter().find(|(prefix, _)| region.starts_with(prefix));
    format!("https://{name}.{region}.{}", domain.map_or("amazonaws.com", |(_, domain)| domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_partition_has_its_domain() {
        for (region, endpoint) in [
            ("eu-west-1", "https://dynamodb.eu-west-1.amazonaws.com"),
            ("us-gov-west-1", "https://dynamodb.us-gov-west-1.amazonaws.com"),
            ("cn-north-1", "https://dynamodb.cn-north-1.amazonaws.com.cn"),
            ("eusc-de-east-1", "https://dynamodb.eusc-de-east-1.amazonaws.eu"),
            ("us-iso-east-1", "https://dynamodb.us-iso-east-1.c2s.ic.gov"),
            ("us-isob-east-1", "https://dynamodb.us-isob-east-1.sc2s.sgov.gov"),
            ("eu-isoe-west-1", "https://dynamodb.eu-isoe-west-1.cloud.adc-e.uk"),
            ("us-isof-south-1", "https://dynamodb.us-isof-south-1.csp.hci.ic.gov"),
        ] {
            assert_eq!(regional_endpoint("dynamodb", region), endpoint);
        }
    }
}
