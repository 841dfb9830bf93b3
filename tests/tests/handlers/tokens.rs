//! Tokens by the hundred, each with one thing wrong, signed with the service's own secret where it is not the signature.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

/// A maker of bad tokens after the pattern of a good one.
pub struct Forge {
    secret: Vec<u8>,
    header: Value,
    claims: Value,
    good: String,
}

impl Forge {
    /// After a token that `secret` has signed.
    pub fn after(good: &str, secret: &str) -> Self {
        let part = |n: usize| {
            serde_json::from_slice(&BASE64.decode(good.split('.').nth(n).unwrap()).unwrap()).unwrap()
        };
        let forge = Self { secret: secret.into(), header: part(0), claims: part(1), good: good.to_owned() };
        assert!(forge.sign(&forge.header, &forge.claims).len() == good.len(), "the secret is another");
        forge
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        self.sign_bytes(header.to_string().as_bytes(), claims.to_string().as_bytes())
    }

    fn sign_bytes(&self, header: &[u8], claims: &[u8]) -> String {
        let message = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims));
        let mac = Hmac::<Sha256>::new_from_slice(&self.secret).unwrap().chain_update(&message);
        format!("{message}.{}", BASE64.encode(mac.finalize().into_bytes()))
    }

    /// The same claims under our own hand: shows that what is refused is not refused for having been forged.
    pub fn control(&self) -> String {
        self.sign(&self.header, &self.claims)
    }

    /// Every bad token, with a word on what is wrong with it.
    pub fn all(&self) -> Vec<(String, String)> {
        let mut all = self.headers();
        all.extend(self.all_claims());
        all.extend(self.forms());
        all
    }

    fn headers(&self) -> Vec<(String, String)> {
        let mut headers = changes(&self.header);
        for alg in [
            "none", "None", "NONE", "nOnE", "", "hs256", "HS384", "HS512", "RS256", "ES256", "PS256", "EdDSA",
        ] {
            headers.push((format!("alg {alg}"), with(&self.header, "alg", alg)));
        }
        for typ in ["jwt", "at+jwt", "JWS", "application/jwt", ""] {
            headers.push((format!("typ {typ}"), with(&self.header, "typ", typ)));
        }
        for kid in ["", "../../dev/null", "' OR 1=1 --", "/dev/null", "0", "\u{0}", "https://example.com/key"]
        {
            headers.push((format!("kid {kid}"), with(&self.header, "kid", kid)));
        }
        for extra in ["crit", "jku", "jwk", "x5u", "x5c", "x5t", "b64", "zip", "cty", "enc", "nonce"] {
            for value in [json!([]), json!(["exp"]), json!("x"), json!(false), json!({})] {
                headers.push((format!("{extra} {value}"), with(&self.header, extra, value)));
            }
        }
        headers.into_iter().map(|(name, header)| (name, self.sign(&header, &self.claims))).collect()
    }

    fn all_claims(&self) -> Vec<(String, String)> {
        let iat = self.claims["iat"].as_u64().unwrap();
        let mut claims = changes(&self.claims);
        for (claim, value) in [
            ("iss", json!("another")),
            ("iss", json!([self.claims["iss"]])),
            ("aud", json!("another")),
            ("aud", json!([self.claims["aud"]])),
            ("sub", json!("7d9f4a3c-1b2e-4c5d-8e6f-9a0b1c2d3e4f")),
            ("user_id", json!("7d9f4a3c-1b2e-4c5d-8e6f-9a0b1c2d3e4f")),
            ("username", json!("nobody")),
            ("username", json!("")),
            ("ver", json!(1)),
            ("ver", json!(-1)),
            ("ver", json!(4_294_967_296_u64)),
            ("exp", json!(iat)),
            ("exp", json!(iat - 59)),
            ("exp", json!(iat + 86_401)),
            ("exp", json!(u64::MAX)),
            ("exp", json!(0)),
            ("iat", json!(iat + 6)),
            ("nbf", json!(iat + 6)),
            ("nbf", json!(null)),
            ("nbf", json!("0")),
            ("jti", json!("")),
        ] {
            claims.push((format!("{claim} {value}"), with(&self.claims, claim, value)));
        }
        let values: Vec<_> = self.claims.as_object().unwrap().values().cloned().collect();
        claims.push(("array".to_owned(), values.into()));
        claims.push(("string".to_owned(), "x".into()));
        claims.into_iter().map(|(name, claims)| (name, self.sign(&self.header, &claims))).collect()
    }

    fn forms(&self) -> Vec<(String, String)> {
        let parts: Vec<_> = self.good.split('.').collect();
        let [header, claims, signature] = parts[..] else { panic!("{}", self.good) };
        let claims_text = self.claims.to_string();
        let duplicate = format!("{{\"exp\":9999999999,{}", &claims_text[1..]);
        let utf16: Vec<u8> = claims_text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let header_text = self.header.to_string();
        [
            ("no signature", format!("{header}.{claims}.")),
            ("two parts", format!("{header}.{claims}")),
            ("four parts", format!("{}.{signature}", self.good)),
            ("five parts", format!("{}.x.y", self.good)),
            ("no header", format!(".{claims}.{signature}")),
            ("no claims", format!("{header}..{signature}")),
            ("dots", "..".to_owned()),
            ("padding", format!("{}=", self.good)),
            ("short signature", self.good[..self.good.len() - 1].to_owned()),
            ("long signature", format!("{}A", self.good)),
            ("signature of nothing", format!("{header}.{claims}.AAAA")),
            ("standard alphabet", format!("{header}.{claims}.{}", "+/".repeat(21))),
            (
                "changed claims",
                format!("{header}.{}.{signature}", BASE64.encode(claims_text.replace("alice", "alicf"))),
            ),
            ("duplicate claim", self.sign_bytes(header_text.as_bytes(), duplicate.as_bytes())),
            ("UTF-16", self.sign_bytes(header_text.as_bytes(), &utf16)),
            (
                "byte order mark",
                self.sign_bytes(format!("\u{FEFF}{header_text}").as_bytes(), claims_text.as_bytes()),
            ),
            ("no JSON", self.sign_bytes(b"{", claims_text.as_bytes())),
            ("long", format!("{header}.{}.{signature}", "A".repeat(9000))),
            (
                "JSON serialisation",
                json!({ "protected": header, "payload": claims, "signature": signature }).to_string(),
            ),
        ]
        .map(|(name, token)| (name.to_owned(), token))
        .into()
    }
}

fn with(object: &Value, member: &str, value: impl Into<Value>) -> Value {
    let mut object = object.clone();
    object[member] = value.into();
    object
}

/// Every member missing, and of every wrong type.
fn changes(object: &Value) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for (member, value) in object.as_object().unwrap() {
        let mut without = object.clone();
        without.as_object_mut().unwrap().remove(member);
        all.push((format!("no {member}"), without));
        let text = value.as_u64().map_or(json!(7), |number| json!(number.to_string()));
        let float =
            value.as_u64().map_or(json!(1.5), |number| json!(format!("{number}.5").parse::<f64>().unwrap()));
        for wrong in [Value::Null, json!(true), json!([value]), json!({ "a": value }), text, float] {
            all.push((format!("{member} {wrong}"), with(object, member, wrong)));
        }
    }
    all
}
