//! Lambda events to HTTP requests and answers back, through `lambda_http`, which must not see everything.
//!
//! `lambda_http` builds a URL from the `Host` and `X-Forwarded-Proto` headers, the path and the query, and panics where
//! that fails; bad base64 makes it panic too, and one header value it cannot hold fails the whole event. None of our
//! functions looks at any of these, so they are taken out of the event first.

use std::convert::Infallible;
use std::future::{Future, ready};
use std::pin::Pin;
use std::time::SystemTime;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Body, IntoResponse, Request, Response, Service, service_fn};
use lambda_runtime::{Diagnostic, LambdaEvent};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use super::{ApiResponse, Invocation, RequestError, outcome, respond, unknown_event};

/// The headers that some function of ours reads.
const READ_HEADERS: [&str; 3] = ["authorization", "content-encoding", "content-type"];

/// The members of an event that `lambda_http` would make a URL of, or fail on.
const UNREAD: [&str; 8] = [
    "cookies",
    "multiValueQueryStringParameters",
    "path",
    "pathParameters",
    "queryStringParameters",
    "rawPath",
    "rawQueryString",
    "stageVariables",
];

/// Answers an HTTP event by `handler`: whatever that does, a panic included, the caller gets an HTTP answer.
///
/// `clock` tells the time; the handler is given the time at which the request came.
///
/// # Errors
///
/// When the event is not one that an API Gateway, a function URL or a load balancer sends: there is no HTTP
/// client to answer then.
pub async fn answer<H, F>(
    function: &'static str,
    clock: fn() -> SystemTime,
    event: LambdaEvent<Box<RawValue>>,
    handler: H,
) -> Result<Box<RawValue>, Diagnostic>
where
    H: Fn(SystemTime, Request) -> F + Sync,
    F: Future<Output = Result<ApiResponse, RequestError>> + Send,
{
    let started = clock();
    let LambdaEvent { payload, context, .. } = event;
    let request_id = context.request_id.clone();
    let request = disarm(payload.get()).ok_or_else(|| unknown_event(function, started, &request_id))?;

    let (handler, request_id) = (&handler, &request_id);
    let mut adapter = Adapter::from(service_fn(|request: Request| async move {
        let result = outcome(async { handler(started, request).await }).await;
        let invocation = Invocation { function, event: "http", request_id, started, answered: clock() };
        Ok::<_, Infallible>(Answer(respond(&invocation, &result)))
    }));
    let Ok(response) = adapter.call(LambdaEvent::new(request, context)).await;
    to_raw_value(&response).map_err(|error| Diagnostic {
        error_type: "UnwritableAnswer".to_owned(),
        error_message: error.to_string(),
    })
}

/// An answer whose body is UTF-8 as it stands. A bare [`Response`] would be transcoded to the charset of its content
/// type, and every charset of the Web be linked for that.
struct Answer(Response<Body>);

impl IntoResponse for Answer {
    fn into_response(self) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>> {
        Box::pin(ready(self.0))
    }
}

/// Reads an HTTP event without the parts that are not read and could do harm.
fn disarm(event: &str) -> Option<LambdaRequest> {
    let mut event: Map<String, Value> = serde_json::from_str(event).ok()?;
    for member in UNREAD {
        event.remove(member);
    }
    if let Some(Value::Object(context)) = event.get_mut("requestContext") {
        context.remove("domainName");
        context.remove("stage");
    }
    disarm_headers(&mut event);
    disarm_body(&mut event);
    serde_json::from_str(&serde_json::to_string(&event).ok()?).ok()
}

/// Keeps the headers that are read, with all their values: where both maps name a header, `lambda_http` would keep the
/// single value and hide a second one.
fn disarm_headers(event: &mut Map<String, Value>) {
    let mut all = Map::new();
    for map in ["headers", "multiValueHeaders"] {
        let Some(Value::Object(headers)) = event.remove(map) else { continue };
        let mut read = Map::new();
        for (name, value) in headers {
            let name = name.to_ascii_lowercase();
            if READ_HEADERS.contains(&name.as_str()) {
                let values = read.entry(name).or_insert_with(|| Value::Array(Vec::new()));
                if let Value::Array(values) = values {
                    values.extend(texts(value).iter().map(|text| printable(text)));
                }
            }
        }
        // The second map, where it has a header, has all its values.
        all.extend(read);
    }
    event.insert("headers".to_owned(), all.into());
}

fn texts(value: Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(values) => values.into_iter().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// No header can hold a control character. What stands for one is no part of any value that we accept.
fn printable(text: &str) -> Value {
    Value::String(text.replace(|c: char| c.is_control() && c != '\t', "\u{FFFD}"))
}

/// Makes bad base64 an ordinary body that is not JSON.
fn disarm_body(event: &mut Map<String, Value>) {
    let encoded = event.get("isBase64Encoded") == Some(&Value::Bool(true));
    if let Some(Value::String(body)) = event.get("body")
        && encoded
        && BASE64_STANDARD.decode(body).is_err()
    {
        event.insert("isBase64Encoded".to_owned(), false.into());
        event.insert("body".to_owned(), "not base64".into());
    }
}
