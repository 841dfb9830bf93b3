//! One signed POST of JSON, for services of which we call too little to link their SDK crates.

use std::borrow::Cow;
use std::fmt::Debug;

use aws_runtime::auth::SigV4OperationSigningConfig;
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_runtime::service_clock_skew::ServiceClockSkewClassifier;
use aws_smithy_runtime::client::retries::classifiers::TransientErrorClassifier;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::AuthSchemeOptionResolverParams;
use aws_smithy_runtime_api::client::endpoint::EndpointResolverParams;
use aws_smithy_runtime_api::client::interceptors::context::{Error, Input, Output};
use aws_smithy_runtime_api::client::orchestrator::{
    HttpRequest, HttpResponse, OrchestratorError, SensitiveOutput,
};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::RuntimePlugin;
use aws_smithy_runtime_api::client::ser_de::{
    DeserializeResponse, SerializeRequest, SharedRequestSerializer, SharedResponseDeserializer,
};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::{ConfigBag, FrozenLayer, Layer};
use aws_smithy_types::error::metadata::ErrorMetadata;
use aws_smithy_types::timeout::TimeoutConfig;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http_body_util::Limited;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::Deserialize;

use super::Service;

/// Upper bound of a response, in bytes. A secret of the largest size, 64 KiB, has a quarter of it
/// (<https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html>).
const MAX_RESPONSE: usize = 256 << 10;

/// Upper bound of an error code in bytes. The longest known are of half the length.
const MAX_CODE: usize = 100;

/// The headers of a request that its path alone tells from others. `CloudTrail` shows the user agent.
pub(crate) const JSON_HEADERS: [(&str, &str); 2] = [
    ("content-type", "application/json"),
    ("user-agent", concat!("serverless-auth/", env!("CARGO_PKG_VERSION"))),
];

/// A request.
#[derive(Debug)]
pub(crate) struct Post {
    /// The path, with a slash at its start.
    pub path: Cow<'static, str>,
    /// The headers that tell the operation and the form of the body.
    pub headers: &'static [(&'static str, &'static str)],
    /// JSON.
    pub body: SecretString,
    /// The deadlines that differ from those of the service.
    pub timeouts: TimeoutConfig,
}

/// There is no good response. Neither variant shows anything of its body but the code.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// The service responded with an error, in the last attempt.
    #[error("status {status}, {code}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// AWS's code of the error, as `AccessDeniedException`.
        code: String,
    },
    /// No response within the deadline.
    #[error("no response in time")]
    TimedOut,
    /// No connection, or one that broke.
    #[error("no whole response")]
    Transport(#[source] BoxError),
}

impl Post {
    /// Sends the request, again where that may help, and returns the body of the response. Boxed, so that the future is compiled
    /// here and not once more in each caller.
    pub(crate) fn send(self, service: &Service) -> BoxFuture<'_, Result<SecretSlice<u8>, CallError>> {
        let operation = Operation { timeouts: self.timeouts.clone() };
        async move { service.call(operation, self).await.map_err(call_error) }.boxed()
    }
}

fn call_error(error: SdkError<ErrorMetadata, HttpResponse>) -> CallError {
    match error {
        SdkError::ServiceError(error) => CallError::Refused {
            status: error.raw().status().as_u16(),
            code: error.err().code().unwrap_or("without a code").to_owned(),
        },
        SdkError::TimeoutError(_) => CallError::TimedOut,
        SdkError::DispatchFailure(failure) if failure.is_timeout() => CallError::TimedOut,
        error => CallError::Transport(error.into_source().unwrap_or_else(Into::into)),
    }
}

/// The configuration of one call: its deadlines, the form of its messages, and the errors that are retried.
#[derive(Debug)]
struct Operation {
    timeouts: TimeoutConfig,
}

impl RuntimePlugin for Operation {
    fn config(&self) -> Option<FrozenLayer> {
        let mut config = Layer::new("post");
        config.store_put(self.timeouts.clone());
        config.store_put(AuthSchemeOptionResolverParams::new(()));
        config.store_put(EndpointResolverParams::new(()));
        config.store_put(SensitiveOutput);
        config.store_put(SharedRequestSerializer::new(Format));
        config.store_put(SharedResponseDeserializer::new(Format));
        config.store_put(SigV4OperationSigningConfig::default());
        Some(config.freeze())
    }

    fn runtime_components(&self, _: &RuntimeComponentsBuilder) -> Cow<'_, RuntimeComponentsBuilder> {
        let components = RuntimeComponentsBuilder::new("post")
            .with_retry_classifier(TransientErrorClassifier::<ErrorMetadata>::new())
            .with_retry_classifier(AwsErrorCodeClassifier::<ErrorMetadata>::new())
            .with_retry_classifier(ServiceClockSkewClassifier::<ErrorMetadata>::new());
        Cow::Owned(components)
    }
}

/// The form of requests and responses.
#[derive(Debug)]
struct Format;

impl SerializeRequest for Format {
    fn serialize_input(&self, input: Input, _: &mut ConfigBag) -> Result<HttpRequest, BoxError> {
        let post: Post = input.downcast().map_err(|_| "another input")?;
        let mut request = HttpRequest::new(SdkBody::from(post.body.expose_secret()));
        request.set_method("POST")?;
        request.set_uri(post.path.as_ref())?;
        for (name, value) in post.headers {
            request.headers_mut().insert(*name, *value);
        }
        Ok(request)
    }
}

impl DeserializeResponse for Format {
    /// Bounds the body before it is read.
    fn deserialize_streaming_with_config(
        &self,
        response: &mut HttpResponse,
        _: &ConfigBag,
    ) -> Option<Result<Output, OrchestratorError<Error>>> {
        let body = response.take_body();
        *response.body_mut() = SdkBody::from_body_1_x(Limited::new(body, MAX_RESPONSE));
        None
    }

    fn deserialize_nonstreaming_with_config(
        &self,
        response: &HttpResponse,
        _: &ConfigBag,
    ) -> Result<Output, OrchestratorError<Error>> {
        let body = response.body().bytes().unwrap_or_default();
        if response.status().is_success() {
            return Ok(Output::erase(SecretSlice::from(body.to_vec())));
        }
        let mut error = ErrorMetadata::builder();
        if let Some(code) = error_code(response.headers().get("x-amzn-errortype"), body) {
            error = error.code(code);
        }
        Err(OrchestratorError::operation(Error::erase(error.build())))
    }
}

/// The body of an error, in the JSON protocols of AWS.
#[derive(Default, Deserialize)]
struct ErrorBody {
    code: Option<String>,
    #[serde(rename = "__type")]
    kind: Option<String>,
}

/// The code of an error: <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html#operation-error-serialization>. A
/// namespace before `#` and a URL after `:` are not part of it.
fn error_code(header: Option<&str>, body: &[u8]) -> Option<String> {
    let body: ErrorBody = serde_json::from_slice(body).unwrap_or_default();
    let code = header.map(str::to_owned).or(body.code).or(body.kind)?;
    let code = code.split(':').next()?;
    let code = code.rsplit('#').next()?;
    let is_code =
        (1..=MAX_CODE).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_code.then(|| code.to_owned())
}

#[cfg(test)]
mod tests;
