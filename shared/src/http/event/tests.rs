//! The facts that an event tells beside its request: pings, health checks, the client IP and the gateway's facts.

use serde_json::json;

use super::*;

fn parse(event: &Value) -> Event {
    Event::parse(&event.to_string(), "1")
}

#[test]
fn a_ping_is_no_event_of_an_api() {
    for source in PINGS {
        let mut ping = json!({ "source": source });
        assert!(parse(&ping).is_ping(), "{ping}");
        for member in ["methodArn", "requestContext", "routeArn", "type"] {
            ping[member] = Value::Null;
        }
        assert!(parse(&ping).is_ping(), "{ping}");
        for (member, value) in [
            ("methodArn", json!("arn:aws:execute-api:eu-west-1:1:a1/prod/GET/")),
            ("requestContext", json!({})),
            ("routeArn", json!("arn:aws:execute-api:eu-west-1:1:a1/prod/GET/")),
            ("type", json!("REQUEST")),
        ] {
            let mut event = ping.clone();
            event[member] = value;
            assert!(!parse(&event).is_ping(), "{event}");
        }
    }
    assert!(parse(&json!({})).is_ping());
    for event in
        [json!({ "x": 1 }), json!([]), json!(null), json!({ "source": "aws.s3" }), json!({ "source": 1 })]
    {
        assert!(!parse(&event).is_ping(), "{event}");
    }
}

#[test]
fn a_health_check_is_named_at_the_start_of_its_user_agent() {
    let event = |agent| json!({ "requestContext": { "elb": {} }, "headers": { "User-Agent": agent } });
    assert!(parse(&event("ELB-HealthChecker/2.0")).is_health_check());
    for agent in ["curl/8.5 ELB-HealthChecker/2.0", "ELB-HealthChecker", ""] {
        assert!(!parse(&event(agent)).is_health_check(), "{agent}");
    }
}

#[test]
fn an_event_of_an_authorizer_is_no_request() {
    let event = json!({ "httpMethod": "POST", "requestContext": { "http": { "method": "POST" } } });
    assert!(parse(&event).to_lambda_request().is_some());
    for (member, value) in [
        ("type", json!("REQUEST")),
        ("methodArn", json!("arn")),
        ("routeArn", json!("arn")),
        ("requestContext", json!("http")),
        ("requestContext", json!(["http"])),
    ] {
        let mut event = event.clone();
        event[member] = value;
        assert!(parse(&event).to_lambda_request().is_none(), "{event}");
    }
}

#[test]
fn the_context_of_an_authorizer_is_that_of_a_function() {
    let context = |authorizer: Value| {
        let event = parse(&json!({ "requestContext": { "http": {}, "authorizer": authorizer } }));
        Value::from(event.authorizer_context())
    };
    assert_eq!(context(json!({ "lambda": { "user_id": "7" }, "jwt": {} })), json!({ "user_id": "7" }));
    for authorizer in
        [json!({ "jwt": { "claims": {} } }), json!({ "lambda": null }), json!("lambda"), json!(null)]
    {
        assert_eq!(context(authorizer), json!({}));
    }
}

#[test]
fn the_client_ip_is_that_of_the_sender() {
    let ip = |context: Value| parse(&json!({ "httpMethod": "POST", "requestContext": context })).client_ip();
    let (one, other) = (json!({ "sourceIp": "203.0.113.1" }), json!({ "sourceIp": "203.0.113.2" }));
    assert_eq!(ip(json!({ "http": one, "identity": other })), ClientIp::parse("203.0.113.1"));
    assert_eq!(ip(json!({ "identity": other })), ClientIp::parse("203.0.113.2"));
    assert_eq!(ip(json!({ "elb": {}, "http": one, "identity": other })), None);
    assert_eq!(ip(json!({ "identity": { "sourceIp": "test-invoke-source-ip" } })), None);
}

/// The facts by which a line of the log joins the access log: of an HTTP API, of a REST API, and of their authorizers, whose
/// events name the API by an ARN or by its id.
#[test]
fn the_origin_is_what_the_gateway_tells() {
    let arn = "arn:aws:execute-api:eu-west-1:123456789012:a1/prod/GET/me";
    let context =
        |part: &str| json!({ "requestId": "r1", "apiId": "a1", part: { "sourceIp": "203.0.113.1" } });
    for (event, route) in [
        (json!({ "routeKey": "POST /login", "requestContext": context("http") }), Some("POST /login")),
        (
            json!({ "httpMethod": "GET", "resource": "/{proxy+}", "path": "/x", "requestContext": context("identity") }),
            Some("GET /{proxy+}"),
        ),
        (json!({ "httpMethod": "GET", "path": "/x", "requestContext": context("identity") }), None),
    ] {
        let origin = parse(&event).origin();
        let facts =
            [&origin.request_id, &origin.api_id, &origin.client_ip, &origin.route].map(Option::as_deref);
        assert_eq!(facts, [Some("r1"), Some("a1"), Some("203.0.113.1"), route], "{event}");
    }
    for member in ["methodArn", "routeArn"] {
        assert_eq!(parse(&json!({ member: arn })).origin().api_id.as_deref(), Some("a1"), "{member}");
    }
}

#[test]
fn an_event_is_not_printed() {
    let event = parse(&json!({ "body": "canary", "headers": { "authorization": "canary" } }));
    assert_eq!(format!("{event:?}"), "Event(***)");
}
