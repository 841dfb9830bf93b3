//! Requests to `register` and `login` before their fields: method, media type, body.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::event::Sender;
use crate::handlers::{Handlers, PASSWORD};

/// The two functions that read a body.
const READERS: [&str; 2] = ["register", "login"];

const MALFORMED: (u64, &str) = (400, r#"{"code":"malformed_json","error":"Malformed JSON"}"#);
const TOO_LARGE: (u64, &str) = (413, r#"{"code":"body_too_large","error":"Request body too large"}"#);
const UNSUPPORTED: (u64, &str) =
    (415, r#"{"code":"unsupported_media_type","error":"Content-Type must be application/json"}"#);
const NOT_ALLOWED: (u64, &str) = (405, r#"{"code":"method_not_allowed","error":"Method not allowed"}"#);
const REQUIRED: (u64, &str) =
    (400, r#"{"password":["This field is required."],"username":["This field is required."]}"#);

const JSON: (&str, &str) = ("content-type", "application/json");

/// Asserts that both functions give this response to an event of any sender, without work: neither a hash nor a call of
/// the store.
async fn assert_response(
    service: &Handlers,
    what: &str,
    event: impl Fn(Sender) -> Value,
    (status, body): (u64, &str),
    header: Option<(&str, &str)>,
) {
    let before = (service.login_hashes(), service.store_calls());
    for sender in Sender::ALL {
        for function in READERS {
            println!("{what}, {sender:?}, {function}");
            service.call(function, event(sender)).await.must_be(status, body, header);
        }
    }
    assert_eq!((service.login_hashes(), service.store_calls()), before, "{what}");
}

/// The same, for a body as it is and in base64.
async fn assert_response_to_body(service: &Handlers, what: &str, body: &str, expected: (u64, &str)) {
    assert_response(service, what, |sender| sender.post(body), expected, None).await;
    assert_response_to_bytes(service, what, body.as_bytes(), expected).await;
}

async fn assert_response_to_bytes(service: &Handlers, what: &str, body: &[u8], expected: (u64, &str)) {
    let encoded = BASE64_STANDARD.encode(body);
    assert_response(service, what, |sender| in_base64(sender.post(&encoded)), expected, None).await;
}

fn in_base64(mut event: Value) -> Value {
    event["isBase64Encoded"] = true.into();
    event
}

/// Asserts that both functions succeed.
async fn assert_serves(service: &Handlers, name: &str) {
    service.enrol(name).await;
    let body = json!({ "username": name, "password": PASSWORD }).to_string();
    assert_eq!(service.login(Sender::RestApi.post(&body)).await.status, 200);
}

#[tokio::test]
async fn a_body_must_be_one_object_with_each_key_once() {
    let service = Handlers::new().await;
    let nested = |open: &str, close: &str, depth: usize| {
        format!(r#"{{"username":"canary","x":{}1{}}}"#, open.repeat(depth), close.repeat(depth))
    };
    for body in [
        "{",
        "canary",
        "username=canary&password=canary",
        r#"{"username":"canary","password":"canary canary""#,
        r#"{"username":"canary","password":"canary canary"}}"#,
        r#"{"username":"canary","password":"canary canary"} {}"#,
        r#"{"username":"canary","password":"canary canary",}"#,
        r#"{"username":"canary","password":"canary canary"}\0"#,
        r#"{"username":"canary","password":NaN}"#,
        r#"{"username":"canary","password":Infinity}"#,
        r#"{"username":"canary","password":1e400}"#,
        r#"{"username":"canary","password":01}"#,
        r#"{"username":"canary","password":undefined}"#,
        "{'username':'canary'}",
        r#"{username:"canary"}"#,
        r#"{"username":"canary"/* a comment */}"#,
        "\u{feff}{}",
        "{\"username\":\"can\nary\",\"password\":\"canary canary\"}",
        // A struct's derived deserialization would read the first of these.
        r#"["canary","canary canary"]"#,
        r#"[{"username":"canary","password":"canary canary"}]"#,
        "[]",
        r#""canary""#,
        "1",
        "true",
        "null",
        r#"{"username":"canary","username":"bob","password":"canary canary"}"#,
        r#"{"username":"canary","\u0075sername":"bob","password":"canary canary"}"#,
        r#"{"username":"canary","password":"canary canary","password":"canary canary"}"#,
        r#"{"username":"canary","password":"canary canary","x":{"a":1,"\u0061":1}}"#,
        r#"{"username":"\ud800","password":"canary canary"}"#,
        r#"{"username":"canary","password":"\udc00\ud800 canary"}"#,
        &nested("[", "]", 8_000),
        &nested(r#"{"a":"#, "}", 2_500),
        &"[".repeat(16_000),
    ] {
        let what: String = body.chars().take(60).collect();
        assert_response_to_body(&service, &what, body, MALFORMED).await;
    }
    let utf_16: Vec<u8> = r#"{"username":"canary"}"#.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let gzip = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0];
    for (what, bytes) in [
        ("UTF-16", utf_16.as_slice()),
        ("Latin-1", b"{\"username\":\"can\xE4ry\"}"),
        ("an overlong slash", b"{\"username\":\"\xC0\xAF\"}"),
        ("a surrogate in UTF-8", b"{\"username\":\"\xED\xA0\x80\"}"),
        ("gzip that is not declared", &gzip),
    ] {
        assert_response_to_bytes(&service, what, bytes, MALFORMED).await;
    }
    assert_serves(&service, "canary").await;
}

#[tokio::test]
async fn an_empty_object_or_no_body_lacks_its_fields() {
    let service = Handlers::new().await;
    for body in ["", "{}", " {\n} ", r#"{"Username":"canary","PASSWORD":"canary canary"}"#] {
        assert_response_to_body(&service, body, body, REQUIRED).await;
    }
    let without = |sender: Sender| {
        let mut event = sender.request("POST", &[], "");
        event["body"] = Value::Null;
        event
    };
    assert_response(&service, "no body, no type", without, REQUIRED, None).await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_whatever_it_holds() {
    let service = Handlers::new().await;
    let spaces = |length: usize| format!("{{{}}}", " ".repeat(length - 2));
    assert_response_to_body(&service, "16 KiB", &spaces(16 * 1024), REQUIRED).await;
    assert_response_to_body(&service, "a byte more", &spaces(16 * 1024 + 1), TOO_LARGE).await;
    assert_response_to_body(&service, "nested 100,000 deep", &"[".repeat(100_000), TOO_LARGE).await;
    assert_response_to_body(&service, "250 KB of arrays", &"[],".repeat(83_000), TOO_LARGE).await;
    let mib = format!(r#"{{"username":"canary","password":"{}"}}"#, "x".repeat(1 << 20));
    assert_response(&service, "1 MiB", |sender| sender.post(&mib), TOO_LARGE, None).await;
    // The most that Lambda passes on.
    let most = Sender::HttpApi.post(&"x".repeat(5_900_000));
    for function in READERS {
        service.call(function, most.clone()).await.must_be(TOO_LARGE.0, TOO_LARGE.1, None);
    }
    assert_serves(&service, "canary").await;
}

#[tokio::test]
async fn base64_is_read_where_it_is_said_to_be_and_nowhere_else() {
    let service = Handlers::new().await;
    service.enrol("alice").await;
    let body = json!({ "username": "alice", "password": PASSWORD }).to_string();
    let encoded = BASE64_STANDARD.encode(&body);
    for sender in Sender::ALL {
        assert_eq!(service.login(in_base64(sender.post(&encoded))).await.status, 200, "{sender:?}");
    }
    assert_response(&service, "not said", |sender| sender.post(&encoded), MALFORMED, None).await;
    let unpadded = encoded.trim_end_matches('=');
    assert_ne!(unpadded, encoded);
    for (what, bad) in [
        ("plain JSON", body.as_str()),
        ("no base64", "!!!"),
        ("cut short", unpadded),
        ("with a line break", &format!("{}\n{}", &encoded[..8], &encoded[8..])),
        ("in the other alphabet", "eyJhIjoi-_8ifQ=="),
        ("bytes that are no text", "/////w=="),
    ] {
        assert_response(&service, what, |sender| in_base64(sender.post(bad)), MALFORMED, None).await;
    }
}

#[tokio::test]
async fn only_plain_json_is_accepted() {
    let service = Handlers::new().await;
    let body = json!({ "username": "canary", "password": "canary canary" }).to_string();
    let refused = [
        "text/plain",
        "text/xml",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=b",
        "application/problem+json",
        "application/json-seq",
        "application/jsonp",
        "text/json",
        "json",
        "application/json, text/plain",
        "text/plain; application/json",
        "application/jsön",
        "",
    ];
    for media_type in refused {
        let typed = |sender: Sender| sender.request("POST", &[("Content-Type", media_type)], &body);
        assert_response(&service, media_type, typed, UNSUPPORTED, None).await;
    }
    assert_response(&service, "none", |sender| sender.request("POST", &[], &body), UNSUPPORTED, None).await;
    let twice = |sender: Sender| {
        let mut event = sender.post(&body);
        let joined = "application/json,application/json";
        match sender {
            Sender::RestApi => {
                event["multiValueHeaders"]["content-type"] = json!(["application/json", "application/json"]);
            }
            _ => event["headers"]["content-type"] = joined.into(),
        }
        event
    };
    assert_response(&service, "twice", twice, UNSUPPORTED, None).await;
    for encoding in ["gzip", "br", "deflate", "x-gzip", "identity, gzip", "", "gzïp"] {
        let packed = |sender: Sender| sender.request("POST", &[JSON, ("Content-Encoding", encoding)], &body);
        assert_response(&service, encoding, packed, UNSUPPORTED, None).await;
    }
    for fine in ["APPLICATION/JSON; charset=UTF-8", "application/json;charset=utf-8", " application/json "] {
        for name in ["content-type", "Content-Type", "CONTENT-TYPE"] {
            let headers = [(name, fine), ("content-encoding", "identity")];
            let typed = |sender: Sender| sender.request("POST", &headers, "{}");
            assert_response(&service, fine, typed, REQUIRED, None).await;
        }
    }
}

#[tokio::test]
async fn only_post_is_allowed() {
    let service = Handlers::new().await;
    let body = json!({ "username": "canary", "password": "canary canary" }).to_string();
    for method in ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "post"]
    {
        let by = |sender: Sender| sender.request(method, &[JSON], &body);
        assert_response(&service, method, by, NOT_ALLOWED, Some(("allow", "POST"))).await;
        for sender in Sender::ALL {
            let response = service.validate(sender.request(method, &[], "")).await;
            response.must_be(NOT_ALLOWED.0, NOT_ALLOWED.1, Some(("allow", "POST")));
        }
    }
}

/// Stage names and base paths vary, and a client writes what it likes into a path.
#[tokio::test]
async fn no_function_looks_at_the_path_the_query_or_a_header_it_does_not_know() {
    let service = Handlers::new().await;
    let token = format!("Bearer {}", service.enrol("alice").await);
    let long = "x".repeat(100_000);
    for path in [
        "/login/",
        "//login",
        "/prod/login",
        "/login//",
        "/%2e%2e/login",
        "/../etc/passwd",
        "/%00",
        "",
        &long,
    ] {
        let moved = |mut event: Value| {
            for member in ["path", "rawPath", "resource", "rawQueryString"] {
                event[member] = path.into();
            }
            event["queryStringParameters"] = json!({ "username": "alice", "password": PASSWORD });
            event["headers"]["x-unknown"] = path.into();
            if event["requestContext"]["http"].is_object() {
                event["requestContext"]["http"]["path"] = path.into();
            }
            event
        };
        let what: String = path.chars().take(20).collect();
        assert_response(&service, &what, |sender| moved(sender.post("{}")), REQUIRED, None).await;
        for sender in Sender::ALL {
            let event = moved(sender.request("POST", &[("authorization", &token)], ""));
            assert_eq!(service.validate(event).await.status, 200, "{what} {sender:?}");
        }
    }
}
