//! Libraries of others verify our tokens, by the keys that the functions publish. The functions run under `cargo lambda
//! watch`, behind TLS, so that every library fetches the keys as it does in production.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Stdio;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use shared::token::Key;
use support::client::PASSWORD;
use support::emulator::Emulator;
use support::keys::{PUBLIC, RSA_2048, RSA_2048_OTHER, RSA_3072, public, rs256};
use support::node;
use support::store::Store;
use support::tls::Tls;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

const TEXT: &str = "k9Xv2mQ8rT5wZ1bN4cL7dF0gH3jP6sAuE";

/// The libraries: the program, its script, and the module with the code that `docs/authorizer.md` shows.
const LIBRARIES: [(&str, &str, &str); 4] = [
    ("python", "judge.py", "./pyjwt.py"),
    ("node", "judge.mjs", "./aws-jwt-verify.mjs"),
    ("node", "judge.mjs", "./jose.mjs"),
    ("node", "judge.mjs", "./jsonwebtoken.mjs"),
];

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/verifiers"))
}

/// The functions behind TLS, signing with [`RSA_2048`] after a rotation from [`RSA_2048_OTHER`].
struct Service {
    emulator: Emulator,
    issuer: String,
    tls: Tls,
}

impl Service {
    async fn start(store: &Store) -> Self {
        let tls = Tls::bind().await;
        let issuer = tls.url("localhost");
        let keys =
            [("JWT_SECRET", RSA_2048), ("JWT_SECRET_PREVIOUS", RSA_2048_OTHER), ("JWT_ISSUER", &issuer)];
        let keys = keys.map(|(variable, value)| (variable, value.to_owned()));
        let variables = store.variables.iter().cloned().chain(keys).collect();
        let emulator = Emulator::start(&variables);
        tls.pass_on_to(SocketAddr::from((Ipv4Addr::LOCALHOST, emulator.port())));
        Self { emulator, issuer, tls }
    }

    /// The verdicts of a library on these tokens: a `user_id`, or `refused` and the error.
    async fn judge(&self, tools: &Path, library: (&str, &str, &str), tokens: &[String]) -> Vec<String> {
        let (program, script, module) = library;
        let mut judge = Command::new(tools.join(program))
            .args([script, module])
            .current_dir(folder())
            .env_clear()
            .env("JWT_ISSUER", &self.issuer)
            .env("NODE_EXTRA_CA_CERTS", self.tls.certificate())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("SSL_CERT_FILE", self.tls.certificate())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut input = judge.stdin.take().unwrap();
        input.write_all(tokens.join("\n").as_bytes()).await.unwrap();
        drop(input);
        let output = judge.wait_with_output().await.unwrap();
        assert!(output.status.success(), "{module} failed");
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    }
}

#[tokio::test]
async fn every_library_accepts_our_tokens_and_refuses_all_others() {
    let (tools, store) = (node::tools("verifiers"), Store::sqlite());
    let service = Service::start(&store).await;
    let response = service.emulator.client().register("alice", PASSWORD).await;
    let (token, id) = (response.text("token"), response.text("user_id"));
    let (good, bad) = tokens(&token);
    // A good one comes first and last: nothing but the token decides.
    let tokens: Vec<_> = good.iter().chain(&bad).chain(&good).map(|(_, token)| token.clone()).collect();
    for library in LIBRARIES {
        let verdicts = service.judge(&tools, library, &tokens).await;
        assert_eq!(verdicts.len(), tokens.len(), "{verdicts:?}");
        for ((name, _), verdict) in good.iter().chain(&bad).chain(&good).zip(&verdicts) {
            println!("{}: {name}: {verdict}", library.2);
            let is_good = good.iter().any(|(good, _)| good == name);
            assert!(
                if is_good { *verdict == id } else { verdict.starts_with("refused: ") },
                "{name}: {verdict}"
            );
        }
    }
}

/// A token and what it is.
type Named = (&'static str, String);

/// Good tokens and bad ones, made of one that the service has issued.
fn tokens(issued: &str) -> (Vec<Named>, Vec<Named>) {
    let part = |number: usize| -> Value {
        serde_json::from_slice(&BASE64.decode(issued.split('.').nth(number).unwrap()).unwrap()).unwrap()
    };
    let (header, claims) = (part(0), part(1));
    let under = |pem: &str, header: &Value| signed(pem, header, &claims);
    let saying = |claim: &str, value: Value| signed(RSA_2048, &header, &with(&claims, claim, value));
    let of = |pem: &str| with(&header, "kid", json!(Key::parse(pem).unwrap().id()));
    let (message, signature) = issued.rsplit_once('.').unwrap();
    let (head, _) = message.split_once('.').unwrap();
    let claims_of_another = with(&claims, "user_id", json!("another"));
    let hs256 = with(&header, "alg", json!("HS256"));
    let good = vec![
        ("issued", issued.to_owned()),
        ("the control", under(RSA_2048, &header)),
        ("of the previous key", under(RSA_2048_OTHER, &of(RSA_2048_OTHER))),
    ];
    let bad = vec![
        ("expired", saying("exp", json!(now() - 10))),
        ("for another audience", saying("aud", json!("another"))),
        ("of another issuer", saying("iss", json!("https://another.example"))),
        ("tampered with", format!("{head}.{}.{signature}", BASE64.encode(claims_of_another.to_string()))),
        ("not signed", format!("{message}.")),
        ("alg none", text(&with(&header, "alg", json!("none")), &claims) + "."),
        ("HS256 by the public key", hmac(PUBLIC.as_bytes(), &text(&hs256, &claims))),
        ("HS256 by the modulus", hmac(&public(RSA_2048).0, &text(&hs256, &claims))),
        ("HS256 by the public key, named RS256", hmac(PUBLIC.as_bytes(), &text(&header, &claims))),
        (
            "HS256 of a text",
            hmac(TEXT.as_bytes(), &text(&with(&hs256, "kid", of(TEXT)["kid"].clone()), &claims)),
        ),
        ("of an unknown key", under(RSA_3072, &of(RSA_3072))),
        ("of another key than it names", under(RSA_2048_OTHER, &header)),
        ("of an unknown key under our kid", under(RSA_3072, &header)),
    ];
    (good, bad)
}

#[expect(clippy::disallowed_methods, reason = "the libraries have no other clock")]
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn with(object: &Value, member: &str, value: Value) -> Value {
    let mut object = object.clone();
    object[member] = value;
    object
}

fn text(header: &Value, claims: &Value) -> String {
    format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()))
}

fn signed(pem: &str, header: &Value, claims: &Value) -> String {
    let message = text(header, claims);
    format!("{message}.{}", BASE64.encode(rs256(pem, &message)))
}

fn hmac(secret: &[u8], message: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret).unwrap().chain_update(message);
    format!("{message}.{}", BASE64.encode(mac.finalize().into_bytes()))
}

#[test]
fn the_documentation_shows_the_code_that_is_tested() {
    let page = fs::read_to_string(folder().join("../../docs/authorizer.md")).unwrap();
    for module in ["pyjwt.py", "jose.mjs", "aws-jwt-verify.mjs"] {
        let code = fs::read_to_string(folder().join(module)).unwrap();
        assert!(page.contains(&code), "docs/authorizer.md does not show tests/verifiers/{module}");
    }
}
