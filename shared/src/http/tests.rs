use std::time::Duration;

use lambda_http::http::Method;
use lambda_http::http::header::HeaderValue;
use lambda_runtime::Diagnostic;
use serde_json::{Value, json};

use super::*;

/// Every error with its status, its body and its own header.
#[test]
fn every_error_has_its_response() {
    let error = |code: &str, text: &str| json!({ "code": code, "error": text });
    let later =
        |code: &str, text: &str, seconds: u64| json!({ "code": code, "error": text, "retry_after": seconds });
    let cause = || "canary".into();
    let wait = |milliseconds| ApiError::TooManyAttempts { retry_after: Duration::from_millis(milliseconds) };
    let fields =
        [("username", "invalid", "One."), ("email", "unique", "Two."), ("username", "max_length", "Three.")]
            .map(|(field, code, message)| FieldError { field, code, message: message.to_owned() });
    let table = [
        (ApiError::BodyTooLarge, 413, error("body_too_large", "Request body too large"), None),
        (
            ApiError::Fields(fields.to_vec()),
            400,
            json!({ "email": ["Two."], "username": ["One.", "Three."] }),
            Some(("x-error-codes", "username=invalid, email=unique, username=max_length")),
        ),
        (ApiError::Internal(cause()), 500, error("internal_error", "Internal error"), None),
        (
            ApiError::InvalidCredentials,
            401,
            error("invalid_credentials", "Invalid credentials"),
            Some(("www-authenticate", "Bearer")),
        ),
        (
            ApiError::InvalidToken,
            401,
            json!({ "code": "invalid_token", "valid": false }),
            Some(("www-authenticate", r#"Bearer error="invalid_token""#)),
        ),
        (ApiError::MalformedJson, 400, error("malformed_json", "Malformed JSON"), None),
        (
            ApiError::MethodNotAllowed { allow: vec![Method::GET, Method::DELETE] },
            405,
            error("method_not_allowed", "Method not allowed"),
            Some(("allow", "GET, DELETE")),
        ),
        (
            ApiError::CannotStart("no secret".to_owned()),
            500,
            error("internal_error", "Cannot start: no secret"),
            None,
        ),
        (ApiError::NoDiscovery, 404, error("no_discovery", "The issuer is not an https URL"), None),
        (
            ApiError::TokenMissing,
            400,
            error("token_missing", "Token missing"),
            Some(("www-authenticate", "Bearer")),
        ),
        (wait(1), 429, later("too_many_attempts", "Too many attempts", 1), Some(("retry-after", "1"))),
        (wait(1001), 429, later("too_many_attempts", "Too many attempts", 2), Some(("retry-after", "2"))),
        (
            wait(900_000),
            429,
            later("too_many_attempts", "Too many attempts", 900),
            Some(("retry-after", "900")),
        ),
        (
            ApiError::InvalidIdempotencyKey,
            400,
            error("invalid_idempotency_key", "Invalid Idempotency-Key"),
            None,
        ),
        (
            ApiError::Unavailable(cause()),
            503,
            later("unavailable", "Service unavailable", 2),
            Some(("retry-after", "2")),
        ),
        (
            ApiError::UnsupportedMediaType,
            415,
            error("unsupported_media_type", "Content-Type must be application/json"),
            None,
        ),
    ];
    for (error, status, body, header) in table {
        let name = format!("{error:?}");
        let (response, rendered) = response::render(&Err(error.into()));
        assert_eq!(rendered, status, "{name}");
        assert_eq!(response.status(), status, "{name}");
        let text: Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(text, body, "{name}");
        let mut headers: Vec<_> =
            response.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        headers.retain(|header| !COMMON_HEADERS.contains(header));
        assert_eq!(headers, header.into_iter().collect::<Vec<_>>(), "{name}");
        assert_eq!(response.headers().len(), 4 + headers.len(), "{name}");
    }
}

const COMMON_HEADERS: [(&str, &str); 4] = [
    ("content-type", "application/json"),
    ("cache-control", "no-store"),
    ("strict-transport-security", "max-age=31536000"),
    ("x-content-type-options", "nosniff"),
];

fn clock() -> Timestamp {
    Timestamp::from_seconds(1_790_000_000)
}

/// Tells what a handler sees of a request: its method, its body and the values of its `Authorization` headers.
struct Mirror;

static MIRROR: [Route<Mirror>; 1] = [Route {
    method: Method::POST,
    path: "/mirror",
    handler: |_, request| ready(mirrored(&request)).boxed(),
}];

fn mirrored(request: &Request) -> Result<ApiResponse, RequestError> {
    let authorization = request.headers().get_all("authorization").iter();
    let authorization: Vec<_> =
        authorization.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect();
    let body = String::from_utf8_lossy(request.body()).into_owned();
    let seen = json!([request.method().as_str(), body, authorization]);
    Ok(ApiResponse::ok(&seen, AccountId::random()?)?)
}

async fn response_of(event: &Value) -> Result<Value, Diagnostic> {
    let event = Event::parse(&event.to_string(), "1");
    let response = handle("test", &Mirror, &MIRROR, &Origins::Local, clock, &event).await?;
    Ok(serde_json::from_str(response.get()).unwrap())
}

async fn seen(event: &Value) -> Result<Value, Diagnostic> {
    let response = response_of(event).await?;
    assert_eq!(response["statusCode"], 200, "{response}");
    Ok(serde_json::from_str(response["body"].as_str().unwrap()).unwrap())
}

fn rest_api() -> Value {
    json!({
        "resource": "/validate", "path": "/validate", "httpMethod": "POST",
        "headers": { "Authorization": "Bearer x" }, "multiValueHeaders": { "Authorization": ["Bearer x"] },
        "queryStringParameters": null, "multiValueQueryStringParameters": null, "pathParameters": null,
        "stageVariables": null, "requestContext": { "stage": "prod", "httpMethod": "POST", "identity": {} },
        "body": "{}", "isBase64Encoded": false
    })
}

fn http_api() -> Value {
    json!({
        "version": "2.0", "routeKey": "POST /validate", "rawPath": "/validate", "rawQueryString": "",
        "headers": { "authorization": "Bearer x" },
        "requestContext": { "stage": "$default", "http": { "method": "POST", "path": "/validate" } },
        "body": "{}", "isBase64Encoded": false
    })
}

fn load_balancer() -> Value {
    json!({
        "requestContext": { "elb": { "targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/a/b" } },
        "httpMethod": "POST", "path": "/validate", "queryStringParameters": {},
        "headers": { "authorization": "Bearer x", "host": "example.com" }, "body": "{}", "isBase64Encoded": false
    })
}

#[tokio::test]
async fn events_of_every_kind_are_requests() {
    for event in [rest_api(), http_api(), load_balancer()] {
        assert_eq!(seen(&event).await.unwrap(), json!(["POST", "{}", ["Bearer x"]]), "{event}");
    }
}

/// Each of these makes `lambda_http` panic or refuse the event, so that the client would get no answer of ours.
#[tokio::test]
async fn nothing_a_client_sends_keeps_an_event_from_being_answered() {
    for name in ["host", "Host", "X-Forwarded-Proto", "x-forwarded-proto"] {
        for value in ["exa mple.com", "a:b:c", "ok.com:99999", "[::", "ok<com", "ht tp", "", "\u{0}", "é"] {
            for mut event in [rest_api(), http_api(), load_balancer()] {
                event["headers"][name] = value.into();
                assert_eq!(seen(&event).await.unwrap()[0], "POST", "{event}");
            }
        }
    }
    for (member, value) in [
        ("path", ":99999/"),
        ("path", "\\\\"),
        ("rawPath", "@:99999"),
        ("rawQueryString", "a=\u{0} \"<>"),
        ("queryStringParameters", "{"),
        ("cookies", "x"),
    ] {
        for mut event in [rest_api(), http_api(), load_balancer()] {
            event[member] = value.into();
            assert_eq!(seen(&event).await.unwrap()[0], "POST", "{event}");
        }
    }
    for mut event in [rest_api(), http_api(), load_balancer()] {
        event["headers"]["x-bad"] = "a\u{1}b".into();
        event["headers"]["bad name"] = "x".into();
        event["headers"]["x-null"] = Value::Null;
        assert_eq!(seen(&event).await.unwrap()[0], "POST", "{event}");
    }
}

/// As `cargo lambda watch` sends it: members of other kinds of events are there, and `null`.
#[tokio::test]
async fn null_is_as_good_as_missing() {
    for mut event in [rest_api(), http_api(), load_balancer()] {
        for member in
            ["type", "methodArn", "routeArn", "authorizationToken", "identitySource", "path", "rawPath"]
        {
            event[member] = Value::Null;
        }
        for member in ["elb", "http", "authorizer", "connectionId"] {
            if event["requestContext"].get(member).is_none() {
                event["requestContext"][member] = Value::Null;
            }
        }
        assert_eq!(seen(&event).await.unwrap(), json!(["POST", "{}", ["Bearer x"]]), "{event}");
    }
}

#[tokio::test]
async fn null_and_missing_headers_are_no_headers() {
    for mut event in [rest_api(), http_api(), load_balancer()] {
        event["headers"] = Value::Null;
        event["multiValueHeaders"] = Value::Null;
        assert_eq!(seen(&event).await.unwrap()[2], json!([]), "{event}");
    }
}

#[tokio::test]
async fn all_values_of_a_header_are_seen_once() {
    for mut event in [rest_api(), load_balancer()] {
        event["headers"] = json!({ "Authorization": "Bearer b" });
        event["multiValueHeaders"] = json!({ "authorization": ["Bearer a", "Bearer b"] });
        assert_eq!(seen(&event).await.unwrap()[2], json!(["Bearer a", "Bearer b"]), "{event}");
        event["multiValueHeaders"] = json!({ "AUTHORIZATION": ["Bearer a"], "authorization": ["Bearer c"] });
        assert_eq!(seen(&event).await.unwrap()[2].as_array().unwrap().len(), 2, "{event}");
        event["headers"] = Value::Null;
        event["multiValueHeaders"] = json!({ "Authorization": ["Bearer a"] });
        assert_eq!(seen(&event).await.unwrap()[2], json!(["Bearer a"]), "{event}");
    }
}

#[tokio::test]
async fn a_control_character_in_a_header_is_seen_as_something_else() {
    let mut event = http_api();
    event["headers"]["authorization"] = "Bearer a\nb".into();
    assert_eq!(seen(&event).await.unwrap()[2], json!(["Bearer a\u{FFFD}b"]));
    event["headers"]["authorization"] = "Bearer\ta".into();
    assert_eq!(seen(&event).await.unwrap()[2], json!(["Bearer\ta"]));
}

#[tokio::test]
async fn bodies_come_plain_or_in_base64() {
    for (body, encoded, expected) in [
        (json!("{\"a\":1}"), true, "not base64"),
        (json!("eyJhIjoxfQ=="), true, "{\"a\":1}"),
        (json!("eyJhIjoxfQ"), true, "not base64"),
        (json!("!"), true, "not base64"),
        (json!("eyJhIjoxfQ=="), false, "eyJhIjoxfQ=="),
        (Value::Null, true, ""),
        (Value::Null, false, ""),
    ] {
        for mut event in [rest_api(), http_api(), load_balancer()] {
            event["body"] = body.clone();
            event["isBase64Encoded"] = encoded.into();
            assert_eq!(seen(&event).await.unwrap()[1], expected, "{event}");
        }
    }
}

#[tokio::test]
async fn an_event_that_is_not_http_is_an_error_that_repeats_nothing() {
    for event in
        [json!({ "x": 1 }), json!([]), json!("canary"), json!(null), json!({ "httpMethod": "canary" })]
    {
        let error = seen(&event).await.unwrap_err();
        assert_eq!(
            (error.error_type.as_str(), error.error_message.as_str()),
            ("UnknownEvent", "Internal error")
        );
    }
}

#[tokio::test]
async fn a_handler_that_panics_is_an_internal_error_and_the_next_request_is_served() {
    static PANICS: [Route<()>; 1] = [Route {
        method: Method::POST,
        path: "/panics",
        handler: |(), request| {
            async move {
                let body = std::str::from_utf8(request.body()).unwrap();
                Ok(ApiResponse::ok(&body.parse::<u32>().expect("canary"), AccountId::random()?)?)
            }
            .boxed()
        },
    }];
    async fn panicking(event: &Value) -> Value {
        let event = Event::parse(&event.to_string(), "1");
        let response = handle("test", &(), &PANICS, &Origins::Local, clock, &event).await.unwrap();
        serde_json::from_str(response.get()).unwrap()
    }
    for mut event in [rest_api(), http_api(), load_balancer()] {
        let response = panicking(&event).await;
        assert_eq!(response["statusCode"], 500);
        assert_eq!(response["body"], r#"{"code":"internal_error","error":"Internal error"}"#);
        event["body"] = "7".into();
        assert_eq!(panicking(&event).await["statusCode"], 200);
    }
}

#[tokio::test]
async fn other_methods_are_refused_with_the_methods_of_the_path() {
    for method in ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "post"] {
        let mut event = http_api();
        event["requestContext"]["http"]["method"] = method.into();
        let response = response_of(&event).await.unwrap();
        assert_eq!(
            (&response["statusCode"], &response["headers"]["allow"]),
            (&json!(405), &json!("POST")),
            "{method}"
        );
    }
}

/// JSON that no function reads may be anything, also values that `serde_json` cannot hold.
#[tokio::test]
async fn members_that_are_not_read_never_fail_an_event() {
    let odd = format!("[1e999, true, null, \"\\u0000\", {}{}]", "[".repeat(500), "]".repeat(500));
    for event in [rest_api(), http_api(), load_balancer()] {
        let event = event.to_string();
        let context =
            event.replacen(r#""requestContext":{"#, &format!(r#""requestContext":{{"odd":{odd},"#), 1);
        for event in [event.replacen('{', &format!(r#"{{"odd":{odd},"#), 1), context] {
            assert!(event.contains("1e999"));
            let event = Event::parse(&event, "1");
            let response = handle("test", &Mirror, &MIRROR, &Origins::Local, clock, &event).await.unwrap();
            let response: Value = serde_json::from_str(response.get()).unwrap();
            assert_eq!(response["statusCode"], 200, "{response}");
        }
    }
}

mod forms {
    use std::convert::Infallible;

    use lambda_http::Body;
    use proptest::prelude::*;

    use super::*;

    fn request(body: impl Into<Body>) -> lambda_http::Request {
        let mut request = lambda_http::Request::new(body.into());
        request.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
        request
    }

    fn fields(request: lambda_http::Request) -> Result<BodyFields, ApiError> {
        BodyFields::read(&Request::new(clock, request))
    }

    /// The field `a` of a body, or the name of the error.
    fn read(request: &lambda_http::Request) -> String {
        let read = fields(request.clone()).and_then(|mut form| {
            form.required("a", |text| Ok::<_, Infallible>(text.to_owned())).map_err(|_| ApiError::from(form))
        });
        match read {
            Ok(text) => text,
            Err(ApiError::Fields(errors)) => errors.into_iter().map(|error| error.message).collect(),
            Err(error) => format!("{error:?}"),
        }
    }

    #[test]
    fn fields_are_strings_that_say_something() {
        for (body, outcome) in [
            (r#"{"a":"x"}"#, "x"),
            (r#"{"a":" x "}"#, " x "),
            (r#" {"b":1,"a":"x","c":{"d":[1,{"e":null}]}} "#, "x"),
            (r#"{"\u0061":"x"}"#, "x"),
            ("{}", "This field is required."),
            ("", "This field is required."),
            (r#"{"A":"x"}"#, "This field is required."),
            (r#"{"a":null}"#, "This field may not be null."),
            (r#"{"a":""}"#, "This field may not be blank."),
            (r#"{"a":" \t\n\u3000"}"#, "This field may not be blank."),
            (r#"{"a":1}"#, "Not a valid string."),
            (r#"{"a":-1}"#, "Not a valid string."),
            (r#"{"a":1.5}"#, "Not a valid string."),
            (r#"{"a":true}"#, "Not a valid string."),
            (r#"{"a":["x"]}"#, "Not a valid string."),
            (r#"{"a":{"a":"x"}}"#, "Not a valid string."),
        ] {
            assert_eq!(read(&request(body)), outcome, "{body}");
        }
    }

    #[test]
    fn a_body_must_be_one_object_without_duplicate_keys() {
        let deep = format!("{}{}", r#"{"a":"#.repeat(2000), "}".repeat(2000));
        let deep_in_another = format!(r#"{{"a":"x","b":{}{}}}"#, "[".repeat(4000), "]".repeat(4000));
        for body in [
            r#"["x"]"#,
            r#""x""#,
            "1",
            "true",
            "null",
            "{",
            "x",
            r#"{"a":"x"}{}"#,
            r#"{"a":"x"} x"#,
            r#"{"a":NaN}"#,
            r#"{"a":"x",}"#,
            "{'a':'x'}",
            r#"{"a":"x","a":"y"}"#,
            r#"{"a":"x","\u0061":"y"}"#,
            r#"{"a":"x","b":{"c":1,"c":1}}"#,
            r#"{"a":"\ud800"}"#,
            r#"{"a":"\ud800x"}"#,
            "\u{FEFF}{}",
            "{\"a\":\"\n\"}",
            &deep,
            &deep_in_another,
        ] {
            assert_eq!(read(&request(body)), "MalformedJson", "{body}");
        }
        for bytes in [&b"{\"a\":\"\xFF\"}"[..], b"\xFF\xFE{\0}\0", &[0x1F, 0x8B, 8]] {
            assert_eq!(read(&request(bytes.to_vec())), "MalformedJson", "{bytes:?}");
        }
    }

    #[test]
    fn a_body_has_a_limit() {
        let body = |length: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(length - 8));
        assert_eq!(read(&request(body(16 * 1024))).len(), 16 * 1024 - 8);
        assert_eq!(read(&request(body(16 * 1024 + 1))), "BodyTooLarge");
        assert_eq!(read(&request(vec![b'['; 5_000_000])), "BodyTooLarge");
    }

    #[test]
    fn only_json_is_read() {
        let mut request = request(r#"{"a":"x"}"#);
        for (value, outcome) in [
            ("application/json", "x"),
            ("APPLICATION/JSON; charset=UTF-8", "x"),
            ("application/json;charset=utf-8", "x"),
            ("application/problem+json", "UnsupportedMediaType"),
            ("application/json-patch", "UnsupportedMediaType"),
            ("text/plain", "UnsupportedMediaType"),
            ("application/x-www-form-urlencoded", "UnsupportedMediaType"),
            ("", "UnsupportedMediaType"),
        ] {
            request.headers_mut().insert("content-type", HeaderValue::from_static(value));
            assert_eq!(read(&request), outcome, "{value}");
        }
        request.headers_mut().remove("content-type");
        assert_eq!(read(&request), "UnsupportedMediaType");
        request.headers_mut().append("content-type", HeaderValue::from_static("application/json"));
        request.headers_mut().append("content-type", HeaderValue::from_static("text/plain"));
        assert_eq!(read(&request), "UnsupportedMediaType");
    }

    #[test]
    fn a_compressed_body_is_not_read() {
        for (encoding, outcome) in
            [("identity", "x"), ("gzip", "UnsupportedMediaType"), ("br", "UnsupportedMediaType")]
        {
            let mut request = request(r#"{"a":"x"}"#);
            request.headers_mut().insert("content-encoding", HeaderValue::from_static(encoding));
            assert_eq!(read(&request), outcome);
        }
    }

    #[test]
    fn a_form_cannot_be_printed() {
        let form = fields(request(r#"{"password":"canary"}"#)).unwrap();
        assert!(!format!("{form:?}").contains("canary"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let refused = fields(request(body.clone())).is_err();
            prop_assert_eq!(refused, !body.is_empty() && !serde_json::from_slice::<Value>(&body).is_ok_and(|v| v.is_object()));
        }

        #[test]
        fn any_json_object_is_read(value in "\\PC*") {
            let body = json!({ "a": value }).to_string();
            let expected = if value.trim().is_empty() { "This field may not be blank.".to_owned() } else { value };
            prop_assert_eq!(read(&request(body)), expected);
        }
    }
}

/// Tokens are in none of them.
#[test]
fn nothing_of_a_response_is_printed() {
    let id = AccountId::random().unwrap();
    let cookie = cookies::set(REFRESH_COOKIE, "canary", Duration::from_secs(1));
    let response = ApiResponse::ok(&json!({ "token": "canary" }), id).unwrap().with_cookies(vec![cookie]);
    let printed = format!("{response:?}");
    assert!(printed.contains("200") && !printed.contains("canary"), "{printed}");
    let (rendered, _) = response::render(&Ok(response));
    assert!(!format!("{:?}", rendered.headers()).contains("canary"));
}
