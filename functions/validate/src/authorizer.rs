//! `validate` as the authorizer of an API: it reads the token from each kind of event and renders the verdict for it.
//!
//! AWS describes the events and replies at
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html>,
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html> and
//! <https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html>.

use lambda_runtime::Diagnostic;
use serde_json::value::to_raw_value;
use serde_json::{Value, json};
use shared::config::AuthorizerResponse;
use shared::http::{Clock, Event, EventResult, Invocation, run_guarded, texts};
use shared::start::Function;
use shared::token::bearer::Presented;

use crate::Validate;
use crate::verdict::{Caller, caller_of_presented};

/// Answers an API that asks whether a caller may in.
///
/// # Errors
///
/// `Unauthorized`, where an API expects that for a token that is not valid, and `Internal error` where there is no verdict.
pub(crate) async fn handle(validate: &Validate, kind: Kind, clock: Clock, event: &Event) -> EventResult {
    let started = clock();
    let judged = run_guarded(caller_of_presented(validate, presented(kind, event), started)).await;
    let invocation =
        Invocation { function: Validate::NAME, kind: kind.name(), event, started, ended: clock() };
    invocation.log(None, judged.as_ref().map(|caller| caller.account.id.into()));

    let verdict = match &judged {
        Ok(caller) => Some(caller),
        Err(error) if error.is_client_error() => None,
        Err(_) => return Err(failure("Internal error")),
    };
    let reply = reply(kind, event, validate.authorizer_response, verdict)?;
    to_raw_value(&reply).map_err(|_| failure("Internal error"))
}

/// The kind of API that asks. It is told from the members that AWS writes, never by trial deserialization: several
/// authorizer events can be read as HTTP requests.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// AppSync GraphQL.
    AppSync,
    /// AppSync Events.
    AppSyncEvents,
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
    /// The kind of an authorizer event; `None` for other events.
    pub(crate) fn of(event: &Event) -> Option<Self> {
        let (route, method) = (event.text("routeArn"), event.text("methodArn"));
        match (event.text("type"), route, method, event.text("version")) {
            (Some("REQUEST"), Some(_), None, _) => Some(Self::HttpApi2),
            (Some("REQUEST"), None, Some(_), Some("1.0")) => Some(Self::HttpApi1),
            (Some("REQUEST"), None, Some(_), _) if event.context("connectionId").is_some() => {
                Some(Self::WebSocket)
            }
            (Some("REQUEST"), None, Some(_), _) => Some(Self::RestRequest),
            (Some("TOKEN"), None, Some(_), _) => Some(Self::RestToken),
            (None, None, None, None) if event.context("queryString").is_some() => {
                event.get("authorizationToken").map(|_| Self::AppSync)
            }
            (None, None, None, None) if event.context("operation").is_some() => {
                event.get("authorizationToken").map(|_| Self::AppSyncEvents)
            }
            _ => None,
        }
    }

    /// The word in the log.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AppSync => "appsync_authorizer",
            Self::AppSyncEvents => "appsync_events_authorizer",
            Self::HttpApi1 => "http_api_1_authorizer",
            Self::HttpApi2 => "http_api_2_authorizer",
            Self::RestRequest => "rest_request_authorizer",
            Self::RestToken => "rest_token_authorizer",
            Self::WebSocket => "websocket_authorizer",
        }
    }
}

/// The one token that an event presents. Several places may hold it if they agree.
fn presented(kind: Kind, event: &Event) -> Presented<'_> {
    let token = || texts(event.get("authorizationToken")).into_iter();
    match kind {
        Kind::AppSync | Kind::AppSyncEvents => Presented::agreed(token().map(Presented::bare)),
        Kind::RestToken => Presented::agreed(token().map(Presented::read)),
        Kind::HttpApi1 | Kind::HttpApi2 => {
            let named = !texts(event.get("identitySource")).is_empty();
            if named && identity_sources(event).next().is_none() {
                // The cache key of the verdict would not contain the token.
                return Presented::Unusable;
            }
            Presented::agreed(headers(event).chain(identity_sources(event)))
        }
        Kind::WebSocket => {
            Presented::agreed(headers(event).chain(protocols(event)).chain(query_tokens(event)))
        }
        Kind::RestRequest => Presented::agreed(headers(event)),
    }
}

/// The `Authorization` headers. Of several none is believed, even if they are alike: the field is a singleton.
fn headers(event: &Event) -> impl Iterator<Item = Presented<'_>> {
    let several = (event.header("authorization").count() > 1).then_some(Presented::Unusable);
    event.header("authorization").map(Presented::read).chain(several)
}

/// The values of an HTTP API's identity sources. Only those of the form of a bearer token are tokens; the others tell
/// cached verdicts apart.
fn identity_sources(event: &Event) -> impl Iterator<Item = Presented<'_>> {
    let sources =
        texts(event.get("identitySource")).into_iter().chain(texts(event.get("authorizationToken")));
    // Payload 1.0 joins them with commas, which no token holds.
    let version_1 = event.get("methodArn").is_some();
    let sources =
        sources.flat_map(move |source| if version_1 { source.split(',').collect() } else { vec![source] });
    sources.filter(|source| Presented::is_bearer(source)).map(Presented::read)
}

/// The token of a WebSocket's subprotocols `bearer, <token>`, for browsers: it is in no URL and so in no log.
fn protocols(event: &Event) -> impl Iterator<Item = Presented<'_>> {
    event.header("sec-websocket-protocol").filter_map(|value| {
        match value.split(',').map(str::trim).collect::<Vec<_>>()[..] {
            [scheme, token] if scheme.eq_ignore_ascii_case("bearer") => Some(Presented::bare(token)),
            _ => None,
        }
    })
}

/// The `?token=` of a WebSocket, for browsers, which cannot set a header there.
fn query_tokens(event: &Event) -> impl Iterator<Item = Presented<'_>> {
    let maps = ["queryStringParameters", "multiValueQueryStringParameters"];
    let tokens = maps.into_iter().filter_map(|map| event.get(map)?.get("token"));
    tokens.flat_map(|token| texts(Some(token))).map(Presented::bare)
}

/// The verdict in the form that the kind of API expects.
///
/// # Errors
///
/// The exact word that makes REST and WebSocket APIs respond with 401; `Internal error` when the event names no resource.
fn reply(
    kind: Kind,
    event: &Event,
    response: AuthorizerResponse,
    verdict: Option<&Caller>,
) -> Result<Value, Diagnostic> {
    match (kind, response, verdict) {
        (Kind::AppSync, _, Some(caller)) => {
            Ok(json!({ "isAuthorized": true, "resolverContext": context(caller) }))
        }
        (Kind::AppSyncEvents, _, Some(caller)) => {
            Ok(json!({ "isAuthorized": true, "handlerContext": context(caller) }))
        }
        (Kind::AppSync | Kind::AppSyncEvents, _, None) => Ok(json!({ "isAuthorized": false })),
        (Kind::HttpApi2, AuthorizerResponse::Simple, Some(caller)) => {
            Ok(json!({ "isAuthorized": true, "context": context(caller) }))
        }
        (Kind::HttpApi2, AuthorizerResponse::Simple, None) => {
            Ok(json!({ "isAuthorized": false, "context": {} }))
        }
        (Kind::HttpApi2, AuthorizerResponse::Iam, None) => policy(event, "Deny", "nobody", &json!({})),
        (_, _, Some(caller)) => policy(event, "Allow", &caller.account.id.to_string(), &context(caller)),
        (_, _, None) => Err(failure("Unauthorized")),
    }
}

/// The context that the API hands on to the function behind it: flat strings, which every kind of API takes.
fn context(caller: &Caller) -> Value {
    let Caller { account, expires_at } = caller;
    let mut context = json!({
        "user_id": account.id.to_string(),
        "username": account.username,
        "email_verified": account.email_verified.to_string(),
        "exp": expires_at.to_string(),
    });
    if let Some(external) = &account.external_id {
        insert(&mut context, "external_id", external);
    }
    if let Some(session) = &account.session {
        insert(&mut context, "sid", &session.id);
    }
    context
}

fn insert(context: &mut Value, name: &str, value: &dyn ToString) {
    if let Some(members) = context.as_object_mut() {
        members.insert(name.to_owned(), value.to_string().into());
    }
}

fn policy(event: &Event, effect: &str, principal: &str, context: &Value) -> Result<Value, Diagnostic> {
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

/// All routes of the API's stage. API Gateway applies a cached policy to the next route that is called with the same token,
/// so a policy for the one route of this event would deny the others.
fn resource(event: &Event) -> Option<String> {
    let arn = event.text("methodArn").or(event.text("routeArn"))?;
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

/// An error for an API, which looks at the message alone.
fn failure(message: &str) -> Diagnostic {
    let error_type = message.replace(' ', "");
    Diagnostic { error_type, error_message: message.to_owned() }
}
