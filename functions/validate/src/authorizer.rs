//! `validate` as the authorizer of an API: kinds of events in, kinds of replies out, one verdict between them.
//!
//! AWS describes the events and replies at
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html>,
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html> and
//! <https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html>.

use lambda_runtime::Diagnostic;
use serde_json::{Map, Value, json};
use shared::account::Account;
use shared::config::AuthorizerResponse;

use shared::token::bearer::Presented;

/// The members of a Lambda event, or of a part of it.
type Members = Map<String, Value>;

/// What called the function. Told from the members that AWS writes, never by trying what an event can be read as: several
/// authorizer events can be read as requests.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// AppSync.
    AppSync,
    /// A request to be answered over HTTP: from an API, a function URL or a load balancer.
    Http,
    /// An HTTP API, authorizer payload 1.0.
    HttpApi1,
    /// An HTTP API, authorizer payload 2.0.
    HttpApi2,
    /// A REST API, the whole request.
    RestRequest,
    /// A REST API, one header.
    RestToken,
    /// The `$connect` of a WebSocket API.
    WebSocket,
}

impl Kind {
    /// The kind of an event, if it is one that we know.
    pub(crate) fn of(event: &Members) -> Option<Self> {
        let text = |member: &str| event.get(member).and_then(Value::as_str);
        let context = |member: &str| event.get("requestContext").and_then(|context| context.get(member));
        let (route, method) = (text("routeArn"), text("methodArn"));
        match (text("type"), route, method, text("version")) {
            (Some("REQUEST"), Some(_), None, _) => Some(Self::HttpApi2),
            (Some("REQUEST"), None, Some(_), Some("1.0")) => Some(Self::HttpApi1),
            (Some("REQUEST"), None, Some(_), _) if context("connectionId").is_some() => Some(Self::WebSocket),
            (Some("REQUEST"), None, Some(_), _) => Some(Self::RestRequest),
            (Some("TOKEN"), None, Some(_), _) => Some(Self::RestToken),
            (None, None, None, _) if context("elb").or(context("http")).is_some() => Some(Self::Http),
            (None, None, None, _) if event.contains_key("httpMethod") => Some(Self::Http),
            (None, None, None, None) if context("queryString").is_some() => {
                event.contains_key("authorizationToken").then_some(Self::AppSync)
            }
            _ => None,
        }
    }

    /// What the log calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AppSync => "appsync_authorizer",
            Self::Http => "http",
            Self::HttpApi1 => "http_api_1_authorizer",
            Self::HttpApi2 => "http_api_2_authorizer",
            Self::RestRequest => "rest_request_authorizer",
            Self::RestToken => "rest_token_authorizer",
            Self::WebSocket => "websocket_authorizer",
        }
    }
}

/// What an authorizer event presents: one token, from however many places that agree on it.
pub(crate) fn presented(kind: Kind, event: &Members) -> Presented<'_> {
    let token = || texts(event.get("authorizationToken")).into_iter();
    match kind {
        Kind::AppSync => Presented::agreed(token().map(Presented::bare)),
        Kind::RestToken => Presented::agreed(token().map(Presented::read)),
        Kind::HttpApi1 | Kind::HttpApi2 => Presented::agreed(headers(event).chain(identity_sources(event))),
        Kind::WebSocket => Presented::agreed(headers(event).chain(query_tokens(event))),
        Kind::RestRequest | Kind::Http => Presented::agreed(headers(event)),
    }
}

/// The `Authorization` headers. A REST API sends each header in two maps, several values in the second alone.
fn headers(event: &Members) -> impl Iterator<Item = Presented<'_>> {
    let values = |map: &str| -> Vec<&str> {
        let headers = event.get(map).and_then(Value::as_object).into_iter().flatten();
        let named = headers.filter(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        named.flat_map(|(_, value)| texts(Some(value))).collect()
    };
    let (single, multi) = (values("headers"), values("multiValueHeaders"));
    let values = if multi.is_empty() { single } else { multi };
    // Of several headers none is believed, even if they are alike: the field is a singleton.
    let several = (values.len() > 1).then_some(Presented::Unusable);
    values.into_iter().map(Presented::read).chain(several)
}

/// What an HTTP API was told to take the identity from. Only what looks like a bearer token is one; the rest is there to
/// tell cached verdicts apart.
fn identity_sources(event: &Members) -> impl Iterator<Item = Presented<'_>> {
    let sources =
        texts(event.get("identitySource")).into_iter().chain(texts(event.get("authorizationToken")));
    // Payload 1.0 joins them with commas, which no token holds.
    let version_1 = event.contains_key("methodArn");
    let sources =
        sources.flat_map(move |source| if version_1 { source.split(',').collect() } else { vec![source] });
    sources.filter(|source| Presented::is_bearer(source)).map(Presented::read)
}

/// The `?token=` of a WebSocket, for browsers, which cannot set a header there.
fn query_tokens(event: &Members) -> impl Iterator<Item = Presented<'_>> {
    let maps = ["queryStringParameters", "multiValueQueryStringParameters"];
    let tokens = maps.into_iter().filter_map(|map| event.get(map)?.get("token"));
    tokens.flat_map(|token| texts(Some(token))).map(Presented::bare)
}

fn texts(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The verdict on a token as an API wants to hear it: the account, or that there is no good token.
///
/// # Errors
///
/// The exact word by which REST and WebSocket APIs are told to answer 401; or that the event names no resource.
pub(crate) fn reply(
    kind: Kind,
    event: &Members,
    response: AuthorizerResponse,
    verdict: Option<&Account>,
) -> Result<Value, Diagnostic> {
    match (kind, response, verdict) {
        (Kind::AppSync, _, Some(account)) => {
            Ok(json!({ "isAuthorized": true, "resolverContext": context(account) }))
        }
        (Kind::AppSync, _, None) => Ok(json!({ "isAuthorized": false })),
        (Kind::HttpApi2, AuthorizerResponse::Simple, Some(account)) => {
            Ok(json!({ "isAuthorized": true, "context": context(account) }))
        }
        (Kind::HttpApi2, AuthorizerResponse::Simple, None) => {
            Ok(json!({ "isAuthorized": false, "context": {} }))
        }
        (Kind::HttpApi2, AuthorizerResponse::Iam, None) => policy(event, "Deny", "nobody", &json!({})),
        (_, _, Some(account)) => policy(event, "Allow", &account.id.to_string(), &context(account)),
        (_, _, None) => Err(failure("Unauthorized")),
    }
}

/// What the API hands on to the function behind it: flat, and strings alone, which every kind of API takes.
fn context(account: &Account) -> Value {
    json!({ "user_id": account.id.to_string(), "username": account.username.as_str() })
}

fn policy(event: &Members, effect: &str, principal: &str, context: &Value) -> Result<Value, Diagnostic> {
    let resource = resource(event).ok_or_else(|| failure("Internal error"))?;
    Ok(json!({
        "principalId": principal,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{ "Action": "execute-api:Invoke", "Effect": effect, "Resource": resource }],
        },
        "context": context,
    }))
}

/// Every route of the API's stage. API Gateway applies a cached policy to whatever route is called next with the same
/// token, so a policy for the one route of this event would deny the others.
fn resource(event: &Members) -> Option<String> {
    let arn = event.get("methodArn").or(event.get("routeArn"))?.as_str()?;
    let (gateway, path) = arn.split_once('/')?;
    let (stage, route) = path.split_once('/')?;
    let parts: Vec<_> = gateway.split(':').collect();
    let ["arn", partition, "execute-api", region, account, api] = parts.as_slice() else { return None };
    let named = [*partition, region, account, api, stage]
        .iter()
        .all(|part| !part.is_empty() && !part.contains(['*', '?']));
    let routes = if route.starts_with('$') { "*" } else { "*/*" };
    named.then(|| format!("{gateway}/{stage}/{routes}"))
}

/// An error reply. Its message is all that an API looks at.
pub(crate) fn failure(message: &str) -> Diagnostic {
    let error_type = message.replace(' ', "");
    Diagnostic { error_type, error_message: message.to_owned() }
}
