//! What everybody may read: the public keys and the discovery document.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
use serde_json::{Value, json};
use support::keys::{self, RSA_2048, RSA_2048_OTHER};

use crate::event::Sender;
use crate::handlers::{Handlers, Response};

const SECRET: &str = "k9Xv2mQ8rT5wZ1bN4cL7dF0gH3jP6sAuE";
const KEYS: &str = "/.well-known/jwks.json";
const DISCOVERY: &str = "/.well-known/openid-configuration";

/// Requests a path, under a stage and without one, from every sender. All get the same response.
async fn get(service: &Handlers, end: &str) -> Response {
    let mut responses = Vec::new();
    for sender in Sender::ALL {
        for path in [end.to_owned(), format!("/prod{end}/")] {
            responses.push(service.validate(sender.at(&path, sender.request("GET", &[], ""))).await);
        }
    }
    assert!(responses.iter().all(|response| *response == responses[0]), "{responses:?}");
    responses.swap_remove(0)
}

#[track_caller]
fn assert_public(response: &Response, body: &Value) {
    let headers = [
        ("access-control-allow-origin", "*"),
        ("cache-control", "public, max-age=600"),
        ("content-type", "application/json"),
        ("strict-transport-security", "max-age=31536000"),
        ("x-content-type-options", "nosniff"),
    ];
    assert_eq!((response.status, &response.json()), (200, body));
    let sent: Vec<_> = response.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(sent, headers);
}

fn jwk(pem: &str) -> Value {
    let (n, e) = keys::public(pem);
    let [n, e] = [n, e].map(|number| base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(number));
    let kid = shared::token::Key::parse(pem).unwrap().id().to_owned();
    json!({ "kty": "RSA", "n": n, "e": e, "kid": kid, "alg": "RS256", "use": "sig" })
}

#[tokio::test]
async fn the_public_half_of_every_rsa_key_is_published() {
    let service = Handlers::with(&[("JWT_SECRET", RSA_2048), ("JWT_SECRET_PREVIOUS", RSA_2048_OTHER)]).await;
    let response = get(&service, KEYS).await;
    assert_public(&response, &json!({ "keys": [jwk(RSA_2048), jwk(RSA_2048_OTHER)] }));
    for pem in [RSA_2048, RSA_2048_OTHER] {
        let private = keys::der(pem);
        let public_end = private.windows(5).position(|bytes| bytes == [2, 3, 1, 0, 1]).unwrap() + 5;
        assert_holds_nothing_of(&response.body, &private[public_end..]);
    }
}

/// A key of HS256 is a secret as a whole.
#[tokio::test]
async fn nothing_of_a_text_is_published() {
    for variables in [
        &[("JWT_SECRET", SECRET)][..],
        &[("JWT_SECRET", SECRET), ("JWT_SECRET_PREVIOUS", "another-Secret-0f-thirty-two-byt3s")],
        &[],
    ] {
        let response = get(&Handlers::with(variables).await, KEYS).await;
        assert_public(&response, &json!({ "keys": [] }));
    }
    let service = Handlers::with(&[("JWT_SECRET", RSA_2048), ("JWT_SECRET_PREVIOUS", SECRET)]).await;
    let response = get(&service, KEYS).await;
    assert_public(&response, &json!({ "keys": [jwk(RSA_2048)] }));
    assert_holds_nothing_of(&response.body, SECRET.as_bytes());
    let kid = shared::token::Key::parse(SECRET).unwrap().id().to_owned();
    assert!(!response.body.contains(&kid), "the kid of a text is nobody's business");
}

/// No twelve bytes of a secret are in a text: as they are, in hexadecimal digits or in either base64.
#[track_caller]
fn assert_holds_nothing_of(text: &str, secret: &[u8]) {
    for bytes in secret.windows(12) {
        let plain = String::from_utf8_lossy(bytes).into_owned();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        for shown in [plain, hex, BASE64_STANDARD.encode(bytes), BASE64_URL_SAFE.encode(bytes)] {
            assert!(!text.contains(&shown), "{shown} in {text}");
        }
    }
}

#[tokio::test]
async fn discovery_leads_from_the_url_of_an_issuer_to_its_keys() {
    for (issuer, place) in [
        ("https://auth.example.com", "https://auth.example.com"),
        ("https://auth.example.com/", "https://auth.example.com"),
        (
            "https://a1b2c3.execute-api.eu-west-1.amazonaws.com/prod",
            "https://a1b2c3.execute-api.eu-west-1.amazonaws.com/prod",
        ),
        ("https://localhost:8443", "https://localhost:8443"),
        ("http://localhost:9000", "http://localhost:9000"),
        (
            "http://127.0.0.1:9000/_aws/execute-api/a1b2c3/$default",
            "http://127.0.0.1:9000/_aws/execute-api/a1b2c3/$default",
        ),
    ] {
        let service = Handlers::with(&[("JWT_ISSUER", issuer), ("JWT_SECRET", RSA_2048)]).await;
        let document = json!({
            "issuer": issuer,
            "jwks_uri": format!("{place}/.well-known/jwks.json"),
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        });
        assert_public(&get(&service, DISCOVERY).await, &document);
    }
}

/// Its host comes from the client, and a token names one issuer.
#[tokio::test]
async fn there_is_no_discovery_for_an_issuer_that_is_no_https_url() {
    for issuer in [
        "serverless-auth",
        "http://auth.example.com",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com/",
        "HTTPS://auth.example.com",
        "https://",
        "https:///path",
        "https://auth.example.com?tenant=1",
        "https://auth.example.com/#",
    ] {
        let service = Handlers::with(&[("JWT_ISSUER", issuer), ("JWT_SECRET", RSA_2048)]).await;
        get(&service, DISCOVERY).await.must_be(
            404,
            r#"{"code":"no_discovery","error":"The issuer is not an https URL"}"#,
            None,
        );
    }
}

#[tokio::test]
async fn what_is_published_needs_no_store_and_no_token() {
    let variables = [("JWT_ISSUER", "https://auth.example.com"), ("JWT_SECRET", RSA_2048)];
    let service = Handlers::with(&variables).await;
    service.let_stores_panic(true);
    for end in [KEYS, DISCOVERY] {
        assert_eq!(get(&service, end).await.status, 200);
        let mut event = Sender::HttpApi.at(end, Sender::HttpApi.request("GET", &[], ""));
        event["headers"]["authorization"] = "Bearer x".into();
        assert_eq!(service.validate(event).await.status, 200);
    }
    assert_eq!(service.store_calls(), 0);
}

#[tokio::test]
async fn what_is_published_is_only_read() {
    let service = Handlers::new().await;
    for end in [KEYS, DISCOVERY] {
        for method in ["DELETE", "HEAD", "POST", "PUT"] {
            for sender in Sender::ALL {
                service.validate(sender.at(end, sender.request(method, &[], ""))).await.must_be(
                    405,
                    r#"{"code":"method_not_allowed","error":"Method not allowed"}"#,
                    Some(("allow", "GET")),
                );
            }
        }
    }
}
