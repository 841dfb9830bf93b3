//! The loop over Lambda's events, as a layer of the Lambda runtime.
//!
//! The runtime's own loop writes the X-Ray trace id of each event into the environment (`_X_AMZN_TRACE_ID`), and the C library
//! keeps every value that a variable ever had: 170 bytes a request. Nothing here reads that variable, so the runtime sees
//! the first event alone, and this layer asks for the others.

use std::sync::Arc;

use http_body_util::BodyExt;
use lambda_http::http::StatusCode;
use lambda_runtime::tower::layer::{Layer, layer_fn};
use lambda_runtime::tower::{Service, ServiceExt};
use lambda_runtime::{Config, Context, Error, LambdaInvocation, service_fn};
use lambda_runtime_api_client::body::Body;
use lambda_runtime_api_client::{PooledClient, build_request};

const NEXT: &str = "/2018-06-01/runtime/invocation/next";

/// Makes the service that handles one event handle it and all that follow.
pub(super) fn one_after_another<S>()
-> impl Layer<S, Service: Service<LambdaInvocation, Response = (), Error = Error>>
where
    S: Service<LambdaInvocation, Response = (), Error = Error> + Clone,
{
    layer_fn(|service: S| service_fn(move |first| handle_all(service.clone(), first)))
}

/// Ends with an error alone: when the Runtime API cannot be asked for the next event, or takes no response.
async fn handle_all<S>(mut service: S, first: LambdaInvocation) -> Result<(), Error>
where
    S: Service<LambdaInvocation, Response = (), Error = Error>,
{
    let client = PooledClient::builder().build();
    let config = first.context.env_config.clone();
    let mut event = first;
    loop {
        service.ready().await?.call(event).await?;
        event = next(&client, &config).await?;
    }
}

async fn next(client: &PooledClient, config: &Arc<Config>) -> Result<LambdaInvocation, Error> {
    loop {
        let request = build_request().uri(NEXT).body(Body::empty())?;
        let (parts, body) = client.call(request).await?.into_parts();
        // The emulator's way to keep a function that has no event.
        if parts.status == StatusCode::NO_CONTENT {
            continue;
        }
        let id = parts.headers.get("lambda-runtime-aws-request-id").ok_or("an event without a request id")?;
        let context = Context::new(id.to_str()?, config.clone(), &parts.headers)?;
        let body = body.collect().await?.to_bytes();
        return Ok(LambdaInvocation { parts, body, context });
    }
}
