//! All responses, word for word. None contains anything that the client sent.

use serde_json::Value;

type Header = (&'static str, &'static str);

/// Errors: the status, the body, and the header that comes with them.
const ERRORS: [(u64, &str, Option<Header>); 16] = [
    (400, r#"{"code":"invalid_idempotency_key","error":"Invalid Idempotency-Key"}"#, None),
    (400, r#"{"code":"malformed_json","error":"Malformed JSON"}"#, None),
    (400, r#"{"code":"token_missing","error":"Token missing"}"#, Some(("www-authenticate", "Bearer"))),
    (
        401,
        r#"{"code":"invalid_credentials","error":"Invalid credentials"}"#,
        Some(("www-authenticate", "Bearer")),
    ),
    (
        401,
        r#"{"code":"invalid_token","valid":false}"#,
        Some(("www-authenticate", r#"Bearer error="invalid_token""#)),
    ),
    (401, r#"{"code":"invalid_session","error":"Invalid session"}"#, Some(("www-authenticate", "Bearer"))),
    (403, r#"{"code":"cross_site","error":"Cross-site request"}"#, None),
    (404, r#"{"code":"no_such_session","error":"No such session"}"#, None),
    (405, r#"{"code":"method_not_allowed","error":"Method not allowed"}"#, Some(("allow", "DELETE"))),
    (405, r#"{"code":"method_not_allowed","error":"Method not allowed"}"#, Some(("allow", "POST"))),
    (405, r#"{"code":"method_not_allowed","error":"Method not allowed"}"#, Some(("allow", "GET"))),
    (413, r#"{"code":"body_too_large","error":"Request body too large"}"#, None),
    (415, r#"{"code":"unsupported_media_type","error":"Content-Type must be application/json"}"#, None),
    (
        429,
        r#"{"code":"too_many_attempts","error":"Too many attempts","retry_after":100}"#,
        Some(("retry-after", "100")),
    ),
    (
        429,
        r#"{"code":"too_many_attempts","error":"Too many attempts","retry_after":900}"#,
        Some(("retry-after", "900")),
    ),
    (
        503,
        r#"{"code":"unavailable","error":"Service unavailable","retry_after":2}"#,
        Some(("retry-after", "2")),
    ),
];

/// The errors of fields.
const MESSAGES: [&str; 22] = [
    "A username with an @ must be your own email address.",
    "A user with that email already exists.",
    "A user with that username already exists.",
    "Control characters are not allowed.",
    "Ensure this field has no more than 64 characters.",
    "Ensure this field has no more than 150 characters.",
    "Ensure this field has no more than 254 characters.",
    "Ensure this field has no more than 256 characters.",
    "Enter a valid email address.",
    "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.",
    "Must be \"token\" or \"cookie\".",
    "Must be a valid boolean.",
    "Not a valid string.",
    "Null characters are not allowed.",
    "The password is too similar to the email address.",
    "The password is too similar to the username.",
    "This code is invalid or has expired.",
    "This field is required.",
    "This field may not be blank.",
    "This field may not be null.",
    "This password is too common.",
    "This password is too short. It must contain at least 8 characters.",
];

/// The codes of the errors of fields.
const CODES: [&str; 52] = [
    "all=invalid",
    "code=blank",
    "code=invalid",
    "code=null",
    "code=required",
    "current_password=blank",
    "current_password=invalid",
    "current_password=null",
    "current_password=required",
    "device_token=blank",
    "device_token=invalid",
    "email=blank",
    "email=invalid",
    "email=max_length",
    "email=null",
    "email=null_characters_not_allowed",
    "email=required",
    "email=unique",
    "new_password=blank",
    "new_password=invalid",
    "new_password=max_length",
    "new_password=null",
    "new_password=null_characters_not_allowed",
    "new_password=password_too_common",
    "new_password=password_too_short",
    "new_password=password_too_similar",
    "new_password=required",
    "password=blank",
    "password=invalid",
    "password=max_length",
    "password=null",
    "password=null_characters_not_allowed",
    "password=password_too_common",
    "password=password_too_short",
    "password=password_too_similar",
    "password=required",
    "refresh_token=blank",
    "refresh_token=invalid",
    "session=blank",
    "session=invalid",
    "session=invalid_choice",
    "session_label=blank",
    "session_label=invalid",
    "session_label=max_length",
    "username=blank",
    "username=invalid",
    "username=max_length",
    "username=not_own_email",
    "username=null",
    "username=null_characters_not_allowed",
    "username=required",
    "username=unique",
];

/// All fields that can be wrong.
const FIELDS: [&str; 11] = [
    "all",
    "code",
    "current_password",
    "device_token",
    "email",
    "new_password",
    "password",
    "refresh_token",
    "session",
    "session_label",
    "username",
];

/// The headers of every response.
const HEADERS: [Header; 4] = [
    ("cache-control", "no-store"),
    ("content-type", "application/json"),
    ("strict-transport-security", "max-age=31536000"),
    ("x-content-type-options", "nosniff"),
];

/// The status and the body of an HTTP response. Asserts that an error is one of those above, word for word.
pub fn read(response: &Value) -> (u64, Value) {
    let status = response["statusCode"].as_u64().unwrap();
    let text = response["body"].as_str().unwrap_or_default();
    let body: Value = if status == 204 { Value::Null } else { serde_json::from_str(text).unwrap() };
    assert_eq!(response["isBase64Encoded"], false);

    let (cookies, headers): (Vec<_>, Vec<_>) =
        headers(response).into_iter().partition(|(name, _)| *name == "set-cookie");
    assert!(cookies.iter().all(|(_, cookie)| is_cookie(cookie)), "{cookies:?}");
    let headers: Vec<_> = headers.into_iter().filter(|header| !is_for_page(header)).collect();
    let is_with_codes = |codes: Option<_>| headers == sorted(HEADERS.into_iter().chain(codes).collect());
    let is_with = |header: Option<_>| headers == sorted(HEADERS.into_iter().chain(header).collect());
    let codes = headers.iter().find(|(name, _)| *name == "x-error-codes").copied();
    let is_ours = if is_of_fields(status, &body) {
        codes.is_some_and(|(_, codes)| codes.split(", ").all(|code| CODES.contains(&code)))
            && is_with_codes(codes)
    } else if status == 204 {
        let typed = HEADERS.into_iter().filter(|(name, _)| *name != "content-type").collect();
        text.is_empty() && headers == sorted(typed)
    } else if matches!(status, 200..=202) {
        is_with(None)
    } else {
        ERRORS.iter().any(|&(known, error, header)| (known, error) == (status, text) && is_with(header))
    };
    assert!(is_ours, "{status} {text} {headers:?}");
    (status, body)
}

/// Returns true for a header that a page needs to read a response, which comes where the event has an origin.
fn is_for_page((name, value): &(&str, &str)) -> bool {
    match *name {
        "vary" => *value == "origin",
        "access-control-allow-credentials" => *value == "true",
        "access-control-allow-origin" => value.starts_with("http"),
        name => name.starts_with("access-control-"),
    }
}

/// Returns true for errors of fields, and nothing else.
fn is_of_fields(status: u64, body: &Value) -> bool {
    let is_message = |message: &Value| message.as_str().is_some_and(|message| MESSAGES.contains(&message));
    let is_field = |(name, messages): (&String, &Value)| {
        let messages = messages.as_array().filter(|messages| !messages.is_empty());
        FIELDS.contains(&name.as_str()) && messages.is_some_and(|messages| messages.iter().all(is_message))
    };
    let fields = body.as_object().filter(|fields| !fields.is_empty());
    status == 400 && fields.is_some_and(|fields| fields.iter().all(is_field))
}

/// A cookie of ours, for nobody else.
fn is_cookie(cookie: &str) -> bool {
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    ["__Host-refresh", "__Host-device"].contains(&pair.split('=').next().unwrap())
        && attributes.starts_with("Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=")
}

/// All headers, from both maps of the response, and its cookies.
fn headers(response: &Value) -> Vec<(&str, &str)> {
    let map = |name: &str| response[name].as_object().unwrap().iter();
    let multi = map("multiValueHeaders").flat_map(|(name, values)| {
        values.as_array().unwrap().iter().map(|value| (name.as_str(), value.as_str().unwrap()))
    });
    let single = map("headers").map(|(name, value)| (name.as_str(), value.as_str().unwrap()));
    let cookies = response.get("cookies").and_then(Value::as_array).into_iter().flatten();
    let cookies = cookies.map(|cookie| ("set-cookie", cookie.as_str().unwrap()));
    let mut headers = sorted(single.chain(multi).chain(cookies).collect());
    headers.dedup();
    headers
}

fn sorted<'a>(mut headers: Vec<(&'a str, &'a str)>) -> Vec<(&'a str, &'a str)> {
    headers.sort_unstable();
    headers
}
