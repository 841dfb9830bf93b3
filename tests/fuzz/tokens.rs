//! Tokens: any text, and claims under a genuine signature by a key of each kind.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use sha2::Sha256;
use shared::token::{Key, Keys, MAX_TTL, Rules, Verifier};
use support::keys::{RSA_2048, rs256};

use crate::functions::{FUNCTIONS, NOW, SECRET, TOKEN, event, now};
use crate::response;

/// [`TOKEN`], signed by RS256.
const RS256_TOKEN: &[u8] = include_bytes!("corpus/token/rs256");

/// Of all texts, one is a good token for each key.
pub fn token(bytes: &[u8]) {
    let token = String::from_utf8_lossy(bytes);
    assert_eq!(VERIFIER.verify(&token, now()).is_ok(), token == TOKEN || token.as_bytes() == RS256_TOKEN);
}

/// Of all texts, one is the refresh token of Alice's session, and none is a device token.
pub fn sealed(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    assert_eq!(FUNCTIONS.opens(&text), (text == FUNCTIONS.refresh_token(), false));
}

/// Lines of `cookie` headers, on their way to a refresh. One cookie of the name is believed, if it is that token.
pub fn cookies(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<_> = text.split('\n').collect();
    let refresh = json!({
        "httpMethod": "POST", "path": "/refresh", "requestContext": {},
        "headers": { "sec-fetch-site": "same-origin" }, "multiValueHeaders": { "cookie": lines },
    });
    let (event, _) = event(refresh.to_string().as_bytes()).unwrap();
    let (status, _) = response::read(&FUNCTIONS.login(&event).unwrap());
    assert!([200, 400, 401].contains(&status), "{status}");
    let pair = format!("__Host-refresh={}", FUNCTIONS.refresh_token());
    let cookies = lines.iter().flat_map(|line| line.split(';')).map(str::trim);
    let named: Vec<_> = cookies.filter(|cookie| cookie.starts_with("__Host-refresh=")).collect();
    assert_eq!(status == 200, named == [pair]);
}

/// A line with the header, and the claims, under a genuine signature, so that the checks behind it are reached. The accepted
/// claims are those that were signed, and keep every rule.
pub fn signed(bytes: &[u8]) {
    let [hs256, rs256] = [("HS256", SECRET), ("RS256", RSA_2048)]
        .map(|(alg, key)| json!({ "typ": "JWT", "alg": alg, "kid": Key::parse(key).unwrap().id() }));
    let end = bytes.iter().position(|&byte| byte == b'\n').unwrap_or(bytes.len());
    let (head, payload) = (&bytes[..end], bytes.get(end + 1..).unwrap_or_default());
    let Ok(claims) = VERIFIER.verify(&sign(head, payload), now()) else { return };

    let header: Value = serde_json::from_slice(head).unwrap();
    assert!(header == hs256 || header == rs256, "{header}");
    let signed: BTreeMap<String, &RawValue> = serde_json::from_slice(payload).unwrap();
    let accepted = json!(claims);
    for name in ["iss", "aud", "sub", "user_id", "username", "ver", "iat", "exp", "nbf", "jti", "sid"] {
        let signed = signed.get(name).map(|value| serde_json::from_str(value.get()).unwrap());
        assert_eq!(accepted.get(name), signed.as_ref(), "{name}");
    }
    assert_eq!((&*claims.iss, &*claims.aud), ("serverless-auth", "serverless-auth"));
    assert_eq!(claims.sub, claims.user_id);
    assert!(!claims.jti.is_empty());
    assert!(claims.exp > NOW && claims.exp.saturating_sub(claims.iat) <= MAX_TTL.as_secs());
    assert!(claims.iat <= NOW + 5 && claims.nbf.is_none_or(|nbf| nbf <= NOW + 5));
}

static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| {
    let rules = Rules {
        issuer: "serverless-auth".to_owned(),
        audience: "serverless-auth".to_owned(),
        ttl: Duration::from_hours(1),
        sessions: shared::session::Lifetimes::DEFAULT,
    };
    let key = |key| Key::parse(key).unwrap();
    Verifier::new(&rules, &Keys::new(key(SECRET), [key(RSA_2048)]))
});

/// Signs by RS256 if the header speaks of it, and by HS256 otherwise.
fn sign(header: &[u8], payload: &[u8]) -> String {
    let message = format!("{}.{}", BASE64.encode(header), BASE64.encode(payload));
    if header.windows(5).any(|word| word == b"RS256") {
        return format!("{message}.{}", BASE64.encode(rs256(RSA_2048, &message)));
    }
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap().chain_update(&message);
    format!("{message}.{}", BASE64.encode(mac.finalize().into_bytes()))
}
