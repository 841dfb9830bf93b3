//! Error responses. After each, the service serves the next request.

use reqwest::{Body, Method, RequestBuilder};
use serde_json::json;
use support::client::{Client, send};
use support::emulator::Emulator;

const FUNCTIONS: [&str; 3] = ["register", "login", "validate"];

/// The longest accepted body, in bytes.
const MAX_BYTES: usize = 16 * 1024;

/// `{}`, compressed.
const GZIP: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\x02\xff\xab\xae\x05\0\x43\xbf\xa6\xa3\x02\0\0\0";

const MALFORMED: &str = r#"{"code":"malformed_json","error":"Malformed JSON"}"#;
const REQUIRED: &str = r#"{"password":["This field is required."],"username":["This field is required."]}"#;
const TOO_LARGE: &str = r#"{"code":"body_too_large","error":"Request body too large"}"#;
const UNSUPPORTED: &str =
    r#"{"code":"unsupported_media_type","error":"Content-Type must be application/json"}"#;

/// Asserts a response to a request, and one to an ordinary request after it.
async fn responds(
    request: RequestBuilder,
    what: &str,
    status: u16,
    body: &str,
    header: Option<(&str, &str)>,
) {
    println!("{what}");
    send(request).await.must_be(status, body, header);
}

/// Asserts that every function responds.
async fn all_serve_on(client: &Client) {
    for function in ["register", "login"] {
        client.post(function, "{}").await.must_be(400, REQUIRED, None);
    }
    assert_eq!(client.validate("Bearer none").await.status, 401);
}

#[tokio::test]
async fn all_bad_fields_are_named_in_one_response() {
    let service = Emulator::shared();
    let client = service.client();
    let grammar =
        "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.";
    let blank = "This field may not be blank.";
    let long = |most: usize| format!("Ensure this field has no more than {most} characters.");
    let null = "Null characters are not allowed.";
    let short = "This password is too short. It must contain at least 8 characters.";
    for (sent, email, password, username) in [
        (json!({}), None, "This field is required.", "This field is required."),
        (
            json!({ "username": null, "password": null, "email": null }),
            None,
            "This field may not be null.",
            "This field may not be null.",
        ),
        (json!({ "username": " ", "password": "\t", "email": "" }), None, blank, blank),
        (
            json!({ "username": 1, "password": ["p"], "email": {} }),
            Some("Not a valid string."),
            "Not a valid string.",
            "Not a valid string.",
        ),
        (
            json!({ "username": "u".repeat(151), "password": "p".repeat(257), "email": "e".repeat(255) }),
            Some(&*long(254)),
            &*long(256),
            &*long(150),
        ),
        (
            json!({ "username": "a b", "password": "2short", "email": "nowhere" }),
            Some("Enter a valid email address."),
            short,
            grammar,
        ),
        (
            json!({ "username": "a\0b", "password": "long enough\0", "email": "a\0@example.com" }),
            Some(null),
            null,
            null,
        ),
    ] {
        let mut fields = json!({ "password": [password], "username": [username] });
        if let Some(email) = email {
            fields["email"] = json!([email]);
        }
        let request = client.json("register", sent.to_string());
        responds(request, &sent.to_string(), 400, &fields.to_string(), None).await;
    }
    let common = json!({ "username": "common", "password": "password123" }).to_string();
    client.post("register", common).await.must_be(
        400,
        r#"{"password":["This password is too common."]}"#,
        None,
    );
    // A name that no account can have is merely unknown.
    let unknown = json!({ "username": "a\0b", "password": "long enough\0" }).to_string();
    assert_eq!(client.post("login", unknown).await.status, 401);
    all_serve_on(&client).await;
}

#[tokio::test]
async fn a_body_that_is_not_one_object_with_each_key_once_is_malformed() {
    let service = Emulator::shared();
    let client = service.client();
    let nested = format!(r#"{{"username":{}{}}}"#, "[".repeat(8000), "]".repeat(8000));
    let objects = format!(r#"{}1{}"#, r#"{"a":"#.repeat(2500), "}".repeat(2500));
    for function in ["register", "login"] {
        for body in [
            "{",
            "[]",
            r#"[{"username":"canary","password":"canary canary"}]"#,
            "null",
            "1",
            r#""canary""#,
            "username=canary",
            "{} {}",
            "\u{feff}{}",
            r#"{"username":"canary","username":"canary","password":"canary canary"}"#,
            r#"{"username":"canary","password":"canary canary","other":{"a":1,"a":2}}"#,
            r#"{"username":"\ud800","password":"canary canary"}"#,
            r#"{"username":"\udc00\ud800","password":"canary canary"}"#,
            "{\"username\":\"can\0ary\",\"password\":\"canary canary\"}",
            r#"{"username":NaN,"password":"canary canary"}"#,
            r#"{'username':'canary'}"#,
            &nested,
            &objects,
        ] {
            let request = client.json(function, body.to_owned());
            responds(request, body.get(..40).unwrap_or(body), 400, MALFORMED, None).await;
        }
        // The emulator fails on bodies that are not UTF-8, except of media types in a spelling that it does not know.
        let bytes =
            client.request(Method::POST, &format!("/{function}")).body(&b"{\"username\":\"\xff\"}"[..]);
        let bytes = bytes.header("content-type", "Application/JSON");
        responds(bytes, "not UTF-8", 400, MALFORMED, None).await;
    }
    all_serve_on(&client).await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_whatever_it_holds() {
    let service = Emulator::shared();
    let client = service.client();
    let with_decoy = |length: usize| format!("{{{}}}", " ".repeat(length - 2));
    for function in ["register", "login"] {
        client.post(function, with_decoy(MAX_BYTES)).await.must_be(400, REQUIRED, None);
        for (what, body) in [
            ("one byte too long", with_decoy(MAX_BYTES + 1)),
            ("100 KB", format!(r#"{{"username":"{}"}}"#, "c".repeat(100_000))),
            ("5 MB", format!(r#"{{"username":"{}"}}"#, "c".repeat(5_000_000))),
            ("nested 100,000 deep", "[".repeat(100_000)),
            ("nested 100,000 deep, and out again", format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))),
        ] {
            responds(client.json(function, body), what, 413, TOO_LARGE, None).await;
        }
    }
    all_serve_on(&client).await;
}

#[tokio::test]
async fn only_post_is_allowed() {
    let service = Emulator::shared();
    let client = service.client();
    for function in FUNCTIONS {
        for method in ["GET", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "post"] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let what = format!("{method} {function}");
            let request = client.request(method, &format!("/{function}"));
            let body = r#"{"code":"method_not_allowed","error":"Method not allowed"}"#;
            responds(request, &what, 405, body, Some(("allow", "POST"))).await;
        }
        let head = client.request(Method::HEAD, &format!("/{function}"));
        responds(head, "HEAD", 405, "", Some(("allow", "POST"))).await;
    }
    all_serve_on(&client).await;
}

#[tokio::test]
async fn only_plain_json_is_accepted() {
    let service = Emulator::shared();
    let client = service.client();
    let good = json!({ "username": "canary", "password": "canary canary" }).to_string();
    for function in ["register", "login"] {
        let request = || client.request(Method::POST, &format!("/{function}"));
        let form = "username=canary&password=canary+canary";
        for (content_type, body) in [
            ("application/x-www-form-urlencoded", Body::from(form)),
            ("multipart/form-data; boundary=b", Body::from("--b--")),
            ("text/plain", Body::from(good.clone())),
            ("application/jsonp", Body::from(good.clone())),
            ("application/problem+json", Body::from(good.clone())),
            ("text/html, application/json", Body::from(good.clone())),
            ("", Body::from(good.clone())),
        ] {
            let typed = request().header("content-type", content_type).body(body);
            responds(typed, content_type, 415, UNSUPPORTED, None).await;
        }
        responds(request().body(good.clone()), "no content-type", 415, UNSUPPORTED, None).await;
        let claimed = client.json(function, good.clone()).header("content-encoding", "gzip");
        responds(claimed, "said to be gzip", 415, UNSUPPORTED, None).await;
        let packed = request().header("content-type", "Application/JSON").header("content-encoding", "gzip");
        responds(packed.body(GZIP), "gzip", 415, UNSUPPORTED, None).await;

        for fine in ["Application/JSON", "application/json; charset=utf-8", "application/json;charset=UTF-8"]
        {
            let typed =
                request().header("content-type", fine).header("content-encoding", "identity").body("{}");
            responds(typed, fine, 400, REQUIRED, None).await;
        }
        responds(request(), "nothing at all", 400, REQUIRED, None).await;
    }
    all_serve_on(&client).await;
}

#[tokio::test]
async fn no_header_value_is_fatal() {
    let service = Emulator::shared();
    let client = service.client();
    for (name, value) in [
        ("accept-language", "ünïcödé"),
        ("cookie", "a=b; ;;=; =\u{1F600}"),
        ("forwarded", "for=\"_gazonk\""),
        ("x-forwarded-for", "\u{202e}"),
        ("x-forwarded-host", "[::"),
        ("x-forwarded-port", "99999999"),
        ("x-forwarded-proto", "ht tp"),
        ("host", "exa<mple"),
        ("x-amzn-trace-id", "Root=;;"),
        ("lambda-runtime-aws-request-id", "x"),
    ] {
        for function in ["register", "login"] {
            let request = client.json(function, "{}").header(name, value);
            let response = send(request).await;
            assert_eq!((response.status, response.body.as_str()), (400, REQUIRED), "{name}: {value}");
        }
    }
    let declared =
        client.request(Method::POST, "/login").header("content-type", "application/jsön").body("{}");
    responds(declared, "content-type", 415, UNSUPPORTED, None).await;
    let encoded = client.json("login", "{}").header("content-encoding", "gzïp");
    responds(encoded, "content-encoding", 415, UNSUPPORTED, None).await;
    let long = "ü".repeat(20_000);
    for authorization in ["Bearer ünïcödé", "ünïcödé", "Bearer \u{1F600}.\u{1F600}.\u{1F600}", &long]
    {
        let request = client.request(Method::POST, "/validate").header("authorization", authorization);
        let challenge = Some(("www-authenticate", r#"Bearer error="invalid_token""#));
        responds(request, "authorization", 401, r#"{"code":"invalid_token","valid":false}"#, challenge).await;
    }
    all_serve_on(&client).await;
}

#[tokio::test]
async fn the_query_and_odd_paths_change_nothing() {
    let service = Emulator::shared();
    let client = service.client();
    for path in [
        "/login?",
        "/login/",
        "/login?username=canary&password=canary",
        "/login?a=%ff&=&;&%zz&a=1&a=2",
        "/lambda-url/login",
        "/lambda-url/login/",
        "/lambda-url/login//",
        "/lambda-url/login//prod//login//",
        "/lambda-url/login/%2e%2e/%2E%2E/etc",
        "/lambda-url/login/../login",
        "/lambda-url/login/%00",
        "/lambda-url/login/%ff%fe?%ff",
        "/lambda-url/login/%",
        "/lambda-url/login/{proxy+}",
    ] {
        assert_eq!(client.status_of(&format!("POST {path} HTTP/1.1")).await, 400, "{path}");
        assert_eq!(client.status_of(&format!("GET {path} HTTP/1.1")).await, 405, "{path}");
    }
    // The emulator has no route for these. No function sees them.
    for path in ["//login", "/%6cogin", "/x/../login", "/lambda-url/nobody/"] {
        assert_eq!(client.status_of(&format!("POST {path} HTTP/1.1")).await, 404, "{path}");
    }
    all_serve_on(&client).await;
}
