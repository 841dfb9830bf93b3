//! Bodies of requests. An input is a line with the media type, and the body.

use lambda_http::http::header::{CONTENT_TYPE, HeaderValue};
use serde_json::Value;
use shared::http::{ApiError, BodyFields, Request};
use shared::time::Timestamp;

/// An accepted body is read like by another JSON reader. A refused one is no object, or has a key twice.
pub fn body(bytes: &[u8]) {
    let end = bytes.iter().position(|&byte| byte == b'\n').unwrap_or(bytes.len());
    let (media_type, body) = bytes.split_at(end);
    let (Ok(media_type), body) = (HeaderValue::from_bytes(media_type), body.get(1..).unwrap_or_default())
    else {
        return;
    };
    let other = serde_json::from_slice::<Value>(body).ok().filter(Value::is_object);
    match (read(media_type, body.to_vec()), other) {
        (Ok(form), other) => {
            assert_eq!(members(&other.clone().unwrap_or_default()), colons(body), "a key is there twice");
            check_fields(form, &other.unwrap_or_default());
        }
        (Err(ApiError::MalformedJson), None) => {}
        (Err(ApiError::MalformedJson), Some(other)) => assert!(members(&other) < colons(body), "{other}"),
        (Err(error), _) => {
            let refused = if body.len() > 16 * 1024 { "BodyTooLarge" } else { "UnsupportedMediaType" };
            assert_eq!(format!("{error:?}"), refused);
        }
    }
}

fn read(media_type: HeaderValue, body: Vec<u8>) -> Result<BodyFields, ApiError> {
    let mut request = lambda_http::Request::new(body.into());
    request.headers_mut().insert(CONTENT_TYPE, media_type);
    BodyFields::read(&Request::new(|| Timestamp::EPOCH, request))
}

fn check_fields(mut form: BodyFields, object: &Value) {
    for name in ["username", "password", "email", ""] {
        let text = object.get(name).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
        let read = form.required(name, |text| Ok::<_, std::convert::Infallible>(text.to_owned()));
        assert_eq!(read.ok().as_deref(), text, "{name}");
    }
}

/// The number of members of all objects in a value.
fn members(value: &Value) -> usize {
    match value {
        Value::Array(values) => values.iter().map(members).sum(),
        Value::Object(object) => object.len() + object.values().map(members).sum::<usize>(),
        _ => 0,
    }
}

/// The number of members of all objects in a JSON text. A key that is there twice counts twice.
fn colons(json: &[u8]) -> usize {
    let (mut colons, mut in_string, mut escaped) = (0, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            b':' if !in_string => colons += 1,
            _ => {}
        }
    }
    colons
}
