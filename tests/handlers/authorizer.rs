//! `validate` as the authorizer of every kind of API.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::{Value, json};
use support::keys::RSA_2048;

use crate::event::Sender;
use crate::handlers::{Handlers, NOW, PASSWORD};
use crate::tokens::Forge;

const SECRET: &str = "k9Xv2mQ8rT5wZ1bN4cL7dF0gH3jP6sAuE";

/// The kinds of APIs that have authorizers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Api {
    RestToken,
    RestRequest,
    Http1,
    Http2,
    WebSocket,
    AppSync,
    AppSyncEvents,
}

impl Api {
    pub const ALL: [Self; 7] = [
        Self::RestToken,
        Self::RestRequest,
        Self::Http1,
        Self::Http2,
        Self::WebSocket,
        Self::AppSync,
        Self::AppSyncEvents,
    ];

    /// The sample event of this kind.
    pub fn sample(self) -> Value {
        support::samples::sample(match self {
            Self::RestToken => "validate-rest-token-authorizer",
            Self::RestRequest => "validate-rest-request-authorizer",
            Self::Http1 => "validate-http-api-1-authorizer",
            Self::Http2 => "validate-http-api-2-authorizer",
            Self::WebSocket => "validate-websocket-authorizer",
            Self::AppSync => "validate-appsync-authorizer",
            Self::AppSyncEvents => "validate-appsync-events-authorizer",
        })
    }

    /// The event for a token, presented as this kind of API presents one.
    pub fn event(self, token: &str) -> Value {
        match self {
            Self::AppSync | Self::AppSyncEvents => {
                let mut event = self.sample();
                event["authorizationToken"] = token.into();
                event
            }
            Self::WebSocket => {
                let mut event = self.sample();
                event["queryStringParameters"]["token"] = token.into();
                event["multiValueQueryStringParameters"]["token"] = json!([token]);
                event
            }
            _ => self.with_header(&format!("Bearer {token}")),
        }
    }

    /// The event for a value of the `Authorization` header.
    fn with_header(self, value: &str) -> Value {
        let mut event = self.sample();
        let members = match self {
            Self::RestToken | Self::AppSync | Self::AppSyncEvents => &["/authorizationToken"][..],
            Self::RestRequest => &["/headers/Authorization", "/multiValueHeaders/Authorization/0"],
            Self::Http1 => &["/headers/Authorization", "/identitySource", "/authorizationToken"],
            Self::Http2 => &["/headers/authorization", "/identitySource/0"],
            Self::WebSocket => {
                event["headers"]["Authorization"] = value.into();
                event["multiValueHeaders"]["Authorization"] = json!([value]);
                event["queryStringParameters"] = Value::Null;
                event["multiValueQueryStringParameters"] = Value::Null;
                &[]
            }
        };
        for member in members {
            *event.pointer_mut(member).unwrap() = value.into();
        }
        event
    }

    /// The response to this kind of API without a good token.
    fn refusal(self) -> Result<Value, String> {
        match self {
            Self::Http2 => Ok(json!({ "isAuthorized": false, "context": {} })),
            Self::AppSync | Self::AppSyncEvents => Ok(json!({ "isAuthorized": false })),
            _ => Err("Unauthorized".to_owned()),
        }
    }

    /// The response to this kind of API for a good token of this account.
    pub fn consent(self, id: &str, username: &str, token: &str) -> Value {
        let context = json!({ "user_id": id, "username": username, "email_verified": "false", "exp": exp_of(token).to_string() });
        let resource = match self {
            Self::Http2 => return json!({ "isAuthorized": true, "context": context }),
            Self::AppSync => return json!({ "isAuthorized": true, "resolverContext": context }),
            Self::AppSyncEvents => return json!({ "isAuthorized": true, "handlerContext": context }),
            Self::WebSocket => "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3d4e5/prod/*",
            _ => "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3d4e5/prod/*/*",
        };
        policy("Allow", id, resource, &context)
    }
}

fn policy(effect: &str, principal: &str, resource: &str, context: &Value) -> Value {
    json!({
        "principalId": principal,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{ "Action": "execute-api:Invoke", "Effect": effect, "Resource": resource }],
        },
        "context": context,
    })
}

/// The handlers, a token of `Alice` and her id.
async fn alice() -> (Handlers, String, String) {
    let service = Handlers::with(&[("JWT_SECRET", SECRET)]).await;
    let token = service.enrol("Alice").await;
    let id = service.account("alice").await.unwrap().id.to_string();
    (service, token, id)
}

#[tokio::test]
async fn a_good_token_is_let_in_by_every_kind_of_api() {
    let (service, token, id) = alice().await;
    for api in Api::ALL {
        assert_eq!(service.ask(api.event(&token)).await, Ok(api.consent(&id, "Alice", &token)), "{api:?}");
    }
    for api in [Api::RestToken, Api::RestRequest, Api::Http1, Api::Http2, Api::WebSocket] {
        for header in [format!("bearer {token}"), format!("BEARER   {token} ")] {
            let event = api.with_header(&header);
            assert_eq!(service.ask(event).await, Ok(api.consent(&id, "Alice", &token)), "{api:?}");
        }
    }
}

#[tokio::test]
async fn the_token_in_the_samples_is_refused() {
    let (service, ..) = alice().await;
    for api in Api::ALL {
        assert_eq!(service.ask(api.sample()).await, api.refusal(), "{api:?}");
    }
}

/// HTTP and every kind of API have the same verdict on every token.
#[tokio::test]
async fn http_and_every_kind_of_api_agree_on_every_token() {
    let (service, token, id) = alice().await;
    assert_agreed(&service, &Forge::after(&token, SECRET), &id).await;
}

#[tokio::test]
async fn http_and_every_kind_of_api_agree_on_every_token_of_rs256() {
    let service = Handlers::with(&[("JWT_SECRET", RSA_2048), ("JWT_SECRET_PREVIOUS", SECRET)]).await;
    let token = service.enrol("Alice").await;
    let id = service.account("alice").await.unwrap().id.to_string();
    let forge = Forge::after(&token, RSA_2048);
    assert_agreed(&service, &forge, &id).await;
    // A text beside it changes nothing: neither key is good for the algorithm of the other.
    let old = Handlers::with(&[("JWT_SECRET", SECRET)]).await.enrol("Alice").await;
    let kid = |token: &str| Forge::after(token, if token == old { SECRET } else { RSA_2048 }).kid();
    for (name, token) in [
        ("the text's kid", forge.under(&kid(&old), "RS256")),
        ("the text's kid, HS256", forge.under(&kid(&old), "HS256")),
        ("the RSA kid", Forge::after(&old, SECRET).under(&kid(&token), "HS256")),
        ("the RSA kid, RS256", Forge::after(&old, SECRET).under(&kid(&token), "RS256")),
    ] {
        assert_refused(&service, name, &token).await;
    }
}

/// `exp` of a token.
fn exp_of(token: &str) -> u64 {
    let claims = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice::<Value>(&claims).unwrap()["exp"].as_u64().unwrap()
}

async fn assert_agreed(service: &Handlers, forge: &Forge, id: &str) {
    let valid = format!(r#"{{"valid":true,"user_id":"{id}"}}"#);
    let mut good = forge.unusual();
    good.push(("the control".to_owned(), forge.control()));
    for (name, token) in good {
        println!("{name}");
        for sender in Sender::ALL {
            service.validate(bearing(sender, &token)).await.must_be(200, &valid, None);
        }
        for api in Api::ALL {
            assert_eq!(service.ask(api.event(&token)).await, Ok(api.consent(id, "Alice", &token)), "{api:?}");
        }
    }
    let cases = forge.all();
    assert!(cases.len() > 500, "{}", cases.len());
    for (name, token) in cases {
        assert_refused(service, &name, &token).await;
    }
}

async fn assert_refused(service: &Handlers, name: &str, token: &str) {
    println!("{name}");
    for sender in Sender::ALL {
        let response = service.validate(bearing(sender, token)).await;
        response.must_be(401, r#"{"code":"invalid_token","valid":false}"#, INVALID);
    }
    for api in Api::ALL {
        assert_eq!(service.ask(api.event(token)).await, api.refusal(), "{api:?}");
    }
}

/// The challenge for a bad token (RFC 6750 section 3).
const INVALID: Option<(&str, &str)> = Some(("www-authenticate", r#"Bearer error="invalid_token""#));

fn bearing(sender: Sender, token: &str) -> Value {
    sender.request("POST", &[("authorization", &format!("Bearer {token}"))], "")
}

#[tokio::test]
async fn http_and_every_kind_of_api_agree_on_every_header() {
    let (service, token, id) = alice().await;
    let valid = format!(r#"{{"valid":true,"user_id":"{id}"}}"#);
    let missing =
        (400, r#"{"code":"token_missing","error":"Token missing"}"#, Some(("www-authenticate", "Bearer")));
    let invalid = (401, r#"{"code":"invalid_token","valid":false}"#, INVALID);
    for (value, (status, body, header)) in [
        (format!("Bearer {token}"), (200, &*valid, None)),
        (format!("bearer {token}"), (200, &valid, None)),
        (format!("BEARER  {token}"), (200, &valid, None)),
        (format!("bEARER   {token}"), (200, &valid, None)),
        (format!("Bearer {token} "), (200, &valid, None)),
        (format!("  Bearer  {token}  "), (200, &valid, None)),
        (String::new(), missing),
        (" ".to_owned(), missing),
        ("Bearer".to_owned(), missing),
        ("Bearer ".to_owned(), missing),
        ("bearer   ".to_owned(), missing),
        (token.clone(), invalid),
        (format!("Basic {token}"), invalid),
        (format!("Token {token}"), invalid),
        (format!("JWT {token}"), invalid),
        (format!("Bearer:{token}"), invalid),
        (format!("Bearer: {token}"), invalid),
        (format!("Bearer{token}"), invalid),
        (format!("Bearer\t{token}"), invalid),
        (format!("Bearer \t{token}"), invalid),
        (format!("Bearer\u{a0}{token}"), invalid),
        (format!("Bearer \"{token}\""), invalid),
        (format!("Bearer '{token}'"), invalid),
        (format!("Bearer <{token}>"), invalid),
        (format!("Bearer {token} x"), invalid),
        (format!("Bearer {token} {token}"), invalid),
        (format!("Bearer Bearer {token}"), invalid),
        (format!("Bearer {token},"), invalid),
        (format!("Bearer {token},Bearer {token}"), invalid),
        (format!("Bearer {token}, Bearer {token}"), invalid),
        (format!("Basic x, Bearer {token}"), invalid),
        (format!("Bearer {token}\n"), invalid),
        (format!("Bearer {token}\u{0}"), invalid),
        (format!("Bearer {token}é"), invalid),
        (format!("Bearer {}", "x".repeat(10_000)), invalid),
        ("Bearer null".to_owned(), invalid),
        ("Bearer undefined".to_owned(), invalid),
    ] {
        println!("{value:?}");
        for sender in Sender::ALL {
            for name in ["Authorization", "authorization", "AUTHORIZATION"] {
                let response = service.validate(sender.request("POST", &[(name, &value)], "")).await;
                response.must_be(status, body, header);
            }
        }
        for api in [Api::RestToken, Api::RestRequest, Api::Http1, Api::Http2, Api::WebSocket] {
            let expected = if status == 200 { Ok(api.consent(&id, "Alice", &token)) } else { api.refusal() };
            assert_eq!(service.ask(api.with_header(&value)).await, expected, "{api:?}");
        }
    }
}

#[tokio::test]
async fn no_header_is_no_token_to_any_kind_of_api() {
    let (service, token, _) = alice().await;
    for api in Api::ALL {
        for nothing in [Value::Null, json!(""), json!({}), json!([])] {
            let mut event = api.event(&token);
            for member in [
                "authorizationToken",
                "headers",
                "identitySource",
                "multiValueHeaders",
                "multiValueQueryStringParameters",
                "queryStringParameters",
            ] {
                if event.get(member).is_some() {
                    event[member] = nothing.clone();
                }
            }
            assert_eq!(service.ask(event.clone()).await, api.refusal(), "{api:?} {event}");
        }
    }
}

#[tokio::test]
async fn an_http_api_may_be_set_up_for_policies() {
    let service = Handlers::with(&[("JWT_SECRET", SECRET), ("AUTHORIZER_RESPONSE", "iam")]).await;
    let token = service.enrol("alice").await;
    let id = service.account("alice").await.unwrap().id.to_string();
    let stage = "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3d4e5/$default/*/*";
    let context = json!({ "user_id": id, "username": "alice", "email_verified": "false", "exp": exp_of(&token).to_string() });
    assert_eq!(service.ask(Api::Http2.event(&token)).await, Ok(policy("Allow", &id, stage, &context)));
    assert_eq!(service.ask(Api::Http2.sample()).await, Ok(policy("Deny", "nobody", stage, &json!({}))));
    for api in [Api::RestToken, Api::RestRequest, Api::Http1, Api::WebSocket, Api::AppSync] {
        assert_eq!(service.ask(api.event(&token)).await, Ok(api.consent(&id, "alice", &token)), "{api:?}");
        assert_eq!(service.ask(api.sample()).await, api.refusal(), "{api:?}");
    }
}

#[tokio::test]
async fn a_token_is_found_wherever_this_kind_of_api_puts_it() {
    let (service, token, id) = alice().await;
    let bearer = format!("Bearer {token}");
    let edited = |api: Api, edit: &dyn Fn(&mut Value)| {
        let mut event = api.event(&token);
        edit(&mut event);
        event
    };
    for (api, event) in [
        (Api::RestRequest, edited(Api::RestRequest, &|e| e["headers"] = Value::Null)),
        (Api::RestRequest, edited(Api::RestRequest, &|e| e["multiValueHeaders"] = Value::Null)),
        (Api::RestRequest, edited(Api::RestRequest, &|e| e["headers"] = json!({ "AUTHORIZATION": bearer }))),
        (
            Api::RestRequest,
            edited(Api::RestRequest, &|e| {
                for map in [
                    "queryStringParameters",
                    "multiValueQueryStringParameters",
                    "pathParameters",
                    "stageVariables",
                ] {
                    e[map] = Value::Null;
                }
            }),
        ),
        (Api::Http1, edited(Api::Http1, &|e| e["headers"] = Value::Null)),
        (Api::Http1, edited(Api::Http1, &|e| e["identitySource"] = format!("{bearer},203.0.113.7").into())),
        (
            Api::Http1,
            edited(Api::Http1, &|e| {
                e["identitySource"] = Value::Null;
                e["authorizationToken"] = Value::Null;
            }),
        ),
        (Api::Http2, edited(Api::Http2, &|e| e["identitySource"] = Value::Null)),
        (Api::Http2, edited(Api::Http2, &|e| e["identitySource"] = json!([bearer, "GET /orders/{id}"]))),
        (Api::Http2, edited(Api::Http2, &|e| e["identitySource"] = json!(["GET /orders/{id}", bearer]))),
        (Api::Http2, edited(Api::Http2, &|e| e["headers"] = Value::Null)),
        (
            Api::Http2,
            edited(Api::Http2, &|e| {
                e["cookies"] = Value::Null;
                e["queryStringParameters"] = Value::Null;
                e["pathParameters"] = Value::Null;
                e["stageVariables"] = Value::Null;
                e["requestContext"]["authentication"] = Value::Null;
            }),
        ),
        (Api::WebSocket, Api::WebSocket.with_header(&bearer)),
        (Api::WebSocket, edited(Api::WebSocket, &|e| e["multiValueQueryStringParameters"] = Value::Null)),
        (Api::WebSocket, edited(Api::WebSocket, &|e| e["headers"] = json!({ "authorization": bearer }))),
    ] {
        assert_eq!(service.ask(event.clone()).await, Ok(api.consent(&id, "Alice", &token)), "{event}");
    }
}

#[tokio::test]
async fn of_two_tokens_that_differ_none_is_believed() {
    let (service, token, _) = alice().await;
    let (good, other) = (format!("Bearer {token}"), format!("Bearer {}", service.enrol("bob").await));
    let edited = |api: Api, edit: &dyn Fn(&mut Value)| {
        let mut event = api.event(&token);
        edit(&mut event);
        event
    };
    for (api, event) in [
        (
            Api::RestRequest,
            edited(Api::RestRequest, &|e| e["multiValueHeaders"]["Authorization"] = json!([good, other])),
        ),
        (
            Api::RestRequest,
            edited(Api::RestRequest, &|e| e["multiValueHeaders"]["Authorization"] = json!([good, good])),
        ),
        (
            Api::RestRequest,
            edited(Api::RestRequest, &|e| e["multiValueHeaders"]["authorization"] = json!([other])),
        ),
        (Api::Http1, edited(Api::Http1, &|e| e["identitySource"] = other.clone().into())),
        (Api::Http1, edited(Api::Http1, &|e| e["authorizationToken"] = other.clone().into())),
        (Api::Http1, edited(Api::Http1, &|e| e["headers"]["Authorization"] = other.clone().into())),
        (Api::Http1, edited(Api::Http1, &|e| e["identitySource"] = format!("{good},{other}").into())),
        (Api::Http2, edited(Api::Http2, &|e| e["identitySource"] = json!([other]))),
        (Api::Http2, edited(Api::Http2, &|e| e["identitySource"] = json!([good, other]))),
        (Api::Http2, edited(Api::Http2, &|e| e["headers"]["authorization"] = other.clone().into())),
        (Api::Http2, edited(Api::Http2, &|e| e["headers"]["authorization"] = "Basic x".into())),
        (Api::WebSocket, edited(Api::WebSocket, &|e| e["headers"]["Authorization"] = other.clone().into())),
        (
            Api::WebSocket,
            edited(Api::WebSocket, &|e| e["multiValueQueryStringParameters"]["token"] = json!([token, "x"])),
        ),
    ] {
        assert_eq!(service.ask(event.clone()).await, api.refusal(), "{event}");
    }
}

#[tokio::test]
async fn a_token_elsewhere_is_no_token() {
    let (service, token, _) = alice().await;
    for api in [Api::RestToken, Api::RestRequest, Api::Http1, Api::Http2] {
        let mut event = api.with_header("");
        event["queryStringParameters"] = json!({ "token": token, "access_token": token });
        event["cookies"] = json!([format!("token={token}")]);
        event["stageVariables"] = json!({ "token": token });
        event["body"] = token.clone().into();
        assert_eq!(service.ask(event).await, api.refusal(), "{api:?}");
    }
}

#[tokio::test]
async fn a_revoked_token_is_refused_by_every_kind_of_api_at_once() {
    for sql in
        ["UPDATE accounts SET disabled = 1", "UPDATE accounts SET token_version = 1", "DELETE FROM accounts"]
    {
        let (service, token, _) = alice().await;
        service.sql(sql);
        for api in Api::ALL {
            assert_eq!(service.ask(api.event(&token)).await, api.refusal(), "{sql} {api:?}");
        }
    }
}

/// A failing store is no verdict but an error. No API takes it for a permission, and it is not the word for a bad token, which
/// would log everybody out.
#[tokio::test]
async fn a_fault_of_ours_is_an_error_and_never_a_verdict() {
    let (service, token, _) = alice().await;
    service.sql("UPDATE accounts SET id = 'not a uuid'");
    for api in Api::ALL {
        assert_eq!(service.ask(api.event(&token)).await, Err("Internal error".to_owned()), "{api:?}");
    }
}

#[tokio::test]
async fn events_of_no_known_kind_are_errors() {
    let (service, token, _) = alice().await;
    let changed = |api: Api, changes: &[(&str, Value)]| {
        let mut event = api.event(&token);
        for (member, value) in changes {
            event[*member] = value.clone();
        }
        event
    };
    for event in [
        json!([]),
        json!("x"),
        Value::Null,
        json!({ "type": "TOKEN", "authorizationToken": format!("Bearer {token}") }),
        json!({ "authorizationToken": token }),
        json!({ "headers": { "authorization": format!("Bearer {token}") } }),
        changed(Api::RestToken, &[("type", "token".into())]),
        changed(Api::RestToken, &[("type", Value::Null)]),
        changed(Api::RestRequest, &[("type", "EVENT".into())]),
        changed(Api::Http2, &[("type", Value::Null)]),
        changed(Api::Http2, &[("methodArn", "arn:aws:execute-api:eu-west-1:123456789012:a/b/GET/".into())]),
        changed(Api::AppSync, &[("requestContext", json!({}))]),
        json!({ "source": "aws.events", "requestContext": {}, "authorizationToken": token }),
        json!({ "source": "somewhere else" }),
        json!({ "Records": [{ "eventSource": "aws:sqs", "body": token }] }),
    ] {
        assert_eq!(service.ask(event.clone()).await, Err("Internal error".to_owned()), "{event}");
    }
}

#[tokio::test]
async fn a_policy_covers_one_stage_of_one_api_or_nothing() {
    let (service, token, _) = alice().await;
    for arn in [
        "",
        "*",
        "arn:aws:execute-api:eu-west-1:123456789012:*/*/GET/",
        "arn:aws:execute-api:eu-west-1:123456789012:api/*/GET/",
        "arn:aws:execute-api:eu-west-1:123456789012:api",
        "arn:aws:execute-api:eu-west-1:123456789012:/prod/GET/",
        "arn:aws:execute-api:eu-west-1:123456789012:api//GET/",
        "arn:aws:lambda:eu-west-1:123456789012:api/prod/GET/",
        "arn:aws:execute-api:*:123456789012:api/prod/GET/",
        "arn:aws*:execute-api:eu-west-1:123456789012:api/prod/GET/",
        "arn::execute-api:eu-west-1:123456789012:api/prod/GET/",
        "arm:aws:execute-api:eu-west-1:123456789012:api/prod/GET/",
    ] {
        for api in [Api::RestToken, Api::RestRequest, Api::Http1, Api::WebSocket] {
            let mut event = api.event(&token);
            event["methodArn"] = arn.into();
            assert_eq!(service.ask(event).await, Err("Internal error".to_owned()), "{arn}");
        }
    }
    let mut event = Api::RestToken.event(&token);
    event["methodArn"] =
        "arn:aws-cn:execute-api:cn-north-1:123456789012:api/test-invoke-stage/POST/a/b/c".into();
    let resource = &service.ask(event).await.unwrap()["policyDocument"]["Statement"][0]["Resource"];
    assert_eq!(resource, "arn:aws-cn:execute-api:cn-north-1:123456789012:api/test-invoke-stage/*/*");
}

#[tokio::test]
async fn a_get_behind_the_authorizer_repeats_whom_it_let_in() {
    let (service, token, id) = alice().await;
    let context = service.ask(Api::Http2.event(&token)).await.unwrap()["context"].clone();
    let mut event = support::samples::sample("validate-http-api-me");
    event["requestContext"]["authorizer"]["lambda"] = context;
    let response = service.validate(event.clone()).await;
    assert_eq!(
        (response.status, response.json()),
        (200, json!({ "user_id": id, "username": "Alice", "email_verified": false, "exp": exp_of(&token) }))
    );
    for context in [
        Value::Null,
        json!({}),
        json!({ "lambda": {} }),
        json!({ "lambda": { "user_id": id } }),
        json!({ "jwt": { "claims": {} } }),
    ] {
        event["requestContext"]["authorizer"] = context.clone();
        for (headers, status) in [
            (json!({}), 400),
            (json!({ "authorization": "Bearer x" }), 401),
            (json!({ "authorization": format!("Bearer {token}") }), 200),
        ] {
            event["headers"] = headers;
            assert_eq!(service.validate(event.clone()).await.status, status, "{context}");
        }
    }
}

/// API Gateway caches a verdict by the identity sources: without the token among them there must be no verdict.
#[tokio::test]
async fn a_token_outside_the_identity_sources_is_refused() {
    let (service, token, _) = alice().await;
    for sources in [json!(["tenant-1"]), json!(["tenant-1", "203.0.113.7"]), json!(["Basic eA=="])] {
        let mut event = Api::Http2.event(&token);
        event["identitySource"] = sources;
        assert_eq!(service.ask(event.clone()).await, Api::Http2.refusal(), "{event}");
        let mut event = Api::Http1.event(&token);
        event["identitySource"] = "tenant-1".into();
        event["authorizationToken"] = "tenant-1".into();
        assert_eq!(service.ask(event.clone()).await, Api::Http1.refusal(), "{event}");
    }
    for sources in [json!(["tenant-1", format!("Bearer {token}")]), Value::Null, json!([])] {
        let mut event = Api::Http2.event(&token);
        event["identitySource"] = sources;
        assert_eq!(service.ask(event.clone()).await.unwrap()["isAuthorized"], true, "{event}");
    }
}

#[tokio::test]
async fn a_websocket_may_carry_its_token_as_a_subprotocol() {
    let (service, token, id) = alice().await;
    let event = |protocols: &str| {
        let mut event = Api::WebSocket.with_header("");
        for map in ["headers", "multiValueHeaders"] {
            event[map].as_object_mut().unwrap().remove("Authorization");
        }
        event["headers"]["Sec-WebSocket-Protocol"] = protocols.into();
        event["multiValueHeaders"]["Sec-WebSocket-Protocol"] = json!([protocols]);
        event
    };
    for protocols in [format!("bearer, {token}"), format!("Bearer,{token}")] {
        assert_eq!(service.ask(event(&protocols)).await, Ok(Api::WebSocket.consent(&id, "Alice", &token)));
    }
    for protocols in
        [token.clone(), format!("{token}, bearer"), format!("bearer, {token}, chat"), "bearer".to_owned()]
    {
        assert_eq!(service.ask(event(&protocols)).await, Api::WebSocket.refusal(), "{protocols}");
    }
    let mut two = event("bearer, x.y.z");
    two["queryStringParameters"] = json!({ "token": token });
    assert_eq!(service.ask(two).await, Api::WebSocket.refusal());
}

/// Schedules and plugins that keep a function warm must not set off an alarm.
#[tokio::test]
async fn warm_up_pings_get_a_response_of_every_function_without_a_look_at_the_store() {
    let service = Handlers::new().await;
    for ping in [
        json!({}),
        json!({ "source": "serverless-plugin-warmup" }),
        json!({
            "version": "0", "id": "7bf73129", "detail-type": "Scheduled Event", "source": "aws.events",
            "account": "123456789012", "time": "2026-11-27T00:00:00Z", "region": "eu-west-1",
            "resources": ["arn:aws:events:eu-west-1:123456789012:rule/warm"], "detail": {},
        }),
        json!({ "source": "aws.scheduler" }),
    ] {
        for function in ["register", "login", "validate"] {
            assert_eq!(service.invoke(function, ping.clone()).await, Ok(json!({ "ping": "ok" })), "{ping}");
        }
    }
    assert_eq!(service.store_calls(), 0);
}

#[tokio::test]
async fn a_load_balancers_health_check_gets_a_response_without_a_look_at_the_store() {
    let service = Handlers::new().await;
    for function in ["register", "login", "validate"] {
        let agent = ("user-agent", "ELB-HealthChecker/2.0");
        let response = service.call(function, Sender::LoadBalancer.request("GET", &[agent], "")).await;
        response.must_be(200, r#"{"healthy":true}"#, None);
        for (sender, agent) in [(Sender::HttpApi, agent), (Sender::LoadBalancer, ("user-agent", "curl/8.5"))]
        {
            assert_eq!(service.call(function, sender.request("GET", &[agent], "")).await.status, 405);
        }
    }
    assert_eq!(service.store_calls(), 0);
}

/// Any event, and any sample with any part replaced, gets a response or a clean error, and no permission.
mod anything {
    use super::*;

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,20}".prop_map(Value::from),
            Just("REQUEST".into()),
            Just("TOKEN".into()),
            Just("2.0".into()),
            Just("arn:aws:execute-api:eu-west-1:123456789012:a1b2c3d4e5/prod/GET/".into()),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            let member = prop_oneof![
                ".{0,8}",
                prop::sample::select(vec![
                    "type",
                    "version",
                    "methodArn",
                    "routeArn",
                    "authorizationToken",
                    "identitySource",
                    "headers",
                    "multiValueHeaders",
                    "Authorization",
                    "requestContext",
                    "http",
                    "method",
                    "elb",
                    "httpMethod",
                    "queryString",
                    "connectionId",
                    "body",
                    "isBase64Encoded",
                    "token",
                    "queryStringParameters",
                ])
                .prop_map(str::to_owned),
            ];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::hash_map(member, inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    /// Replaces, removes or doubles parts of a sample.
    fn mutated() -> impl Strategy<Value = Value> {
        let part = (any::<prop::sample::Index>(), prop::option::of(json()));
        (0..Api::ALL.len() + Sender::ALL.len(), prop::collection::vec(part, 1..4)).prop_map(
            |(which, parts)| {
                let mut event = match Api::ALL.get(which) {
                    Some(api) => api.sample(),
                    None => Sender::ALL[which - Api::ALL.len()].sample("validate"),
                };
                for (index, value) in parts {
                    let mut pointers = Vec::new();
                    collect(&event, String::new(), &mut pointers);
                    let pointer = index.get(&pointers).clone();
                    let Some((parent, name)) = pointer.rsplit_once('/') else { continue };
                    match (event.pointer_mut(parent), value) {
                        (Some(Value::Object(members)), None) => {
                            drop(members.remove(&name.replace("~1", "/")))
                        }
                        (Some(_), value) => *event.pointer_mut(&pointer).unwrap() = value.unwrap_or_default(),
                        (None, _) => {}
                    }
                }
                event
            },
        )
    }

    fn collect(value: &Value, pointer: String, all: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    collect(value, format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1")), all);
                }
            }
            Value::Array(values) => {
                for (n, value) in values.iter().enumerate() {
                    collect(value, format!("{pointer}/{n}"), all);
                }
            }
            _ => {}
        }
        all.push(pointer);
    }

    /// Runs `FUZZ_CASES` cases, or a few thousand, over the same handlers.
    #[expect(clippy::disallowed_methods, reason = "a longer run is asked for from outside")]
    fn run(strategy: impl Strategy<Value = Value>) {
        let cases = std::env::var("FUZZ_CASES").map_or(3000, |cases| cases.parse().unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let service = runtime.block_on(async {
            let service = Handlers::new().await;
            service.enrol("alice").await;
            service
        });
        let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(cases));
        let slowest = std::cell::Cell::new(std::time::Duration::ZERO);
        let outcome = runner.run(&strategy, |event| {
            let started = std::time::Instant::now();
            let response = runtime.block_on(service.ask(event));
            slowest.set(slowest.get().max(started.elapsed()));
            let consents = response.as_ref().is_ok_and(|response| {
                response["isAuthorized"] == true
                    || response["statusCode"] == 200
                    || response
                        .pointer("/policyDocument/Statement/0/Effect")
                        .is_some_and(|effect| effect == "Allow")
            });
            prop_assert!(!consents, "{response:?}");
            let known = response.as_ref().map_or_else(
                |error| ["Unauthorized", "Internal error"].contains(&error.as_str()),
                |response| response["statusCode"].as_u64().is_none_or(|status| status < 500),
            );
            prop_assert!(known, "{response:?}");
            Ok(())
        });
        outcome.unwrap();
        eprintln!("{cases} events, the slowest took {:?}", slowest.get());
    }

    #[test]
    fn any_json_gets_no_permission() {
        run(json());
    }

    #[test]
    fn any_change_of_a_sample_gets_no_permission() {
        run(mutated());
    }
}

/// The time at which these tests run is that of the tokens, so that none is refused for its age.
#[tokio::test]
async fn a_token_that_expires_this_second_is_refused_by_every_kind_of_api() {
    let (service, token, _) = alice().await;
    let body = json!({ "username": "alice", "password": PASSWORD }).to_string();
    assert_eq!(service.login(Sender::HttpApi.post(&body)).await.status, 200);
    let claims = Forge::after(&token, SECRET).all();
    let (_, expired) = claims.iter().find(|(name, _)| *name == format!("exp {}", NOW.as_secs())).unwrap();
    for api in Api::ALL {
        assert_eq!(service.ask(api.event(expired)).await, api.refusal(), "{api:?}");
    }
}
