//! A call of a Lambda function.

use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::region::Region;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use secrecy::{SecretSlice, SecretString};

use super::{Aws, CallError, FunctionArn, JSON_HEADERS, Post, Service};
use crate::deadlines;

/// A function, and the service that runs it.
#[derive(Debug)]
pub(crate) struct Lambda {
    path: String,
    service: Service,
}

impl Lambda {
    /// The function with this ARN, in its own region. `endpoint` replaces the region's endpoint.
    pub(crate) fn new(aws: &Aws, endpoint: Option<&str>, arn: &FunctionArn) -> Self {
        let aws = Aws { region: Region::new(arn.region().to_owned()), ..aws.clone() };
        Self { path: path(arn.as_str()), service: Service::new(&aws, "lambda", endpoint) }
    }

    /// Calls the function with an event and returns what it returns: its result, or its error. Boxed, so that the future is
    /// compiled here and not once more in each caller.
    pub(crate) fn invoke(&self, event: SecretString) -> BoxFuture<'_, Result<SecretSlice<u8>, CallError>> {
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(deadlines::MIGRATION)
            .operation_timeout(deadlines::MIGRATION)
            .build();
        let post = Post { path: self.path.clone().into(), headers: &JSON_HEADERS, body: event, timeouts };
        async move { post.send(&self.service).await }.boxed()
    }
}

/// The request: <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>. An ARN has no other sign that a path may not
/// have.
fn path(arn: &str) -> String {
    format!("/2015-03-31/functions/{}/invocations", arn.replace(':', "%3A").replace('$', "%24"))
}
