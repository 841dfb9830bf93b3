//! RS256: the same rules for its tokens, and none of them for a token of the other algorithm.

use ring::signature::{RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256};
use support::keys::{self, PUBLIC, PUBLIC_PKCS1, RSA_2048, RSA_2048_OTHER, RSA_3072, RSA_4096, rs256};

use super::*;

/// Keys of both kinds: one of RSA signs, another and a text still verify.
fn mixed() -> Keys {
    let [one, other, text] = [RSA_2048, RSA_2048_OTHER, SECRET].map(|key| Key::parse(key).unwrap());
    Keys::new(one, [other, text])
}

fn judge(token: &str) -> Result<Claims, TokenError> {
    Verifier::new(&rules(), &mixed()).verify(token, at(NOW))
}

fn rsa_header(pem: &str) -> Value {
    json!({"typ": "JWT", "alg": "RS256", "kid": kid(pem)})
}

fn ending_in(text: &str, signature: &[u8]) -> String {
    format!("{text}.{}", b64(signature))
}

/// A token signed with this key, under any header.
fn signed(pem: &str, header: impl Display, payload: impl Display) -> String {
    let text = text(header, payload);
    ending_in(&text, &rs256(pem, &text))
}

fn good() -> String {
    signed(RSA_2048, rsa_header(RSA_2048), claims())
}

#[track_caller]
fn assert_refused<N: Display>(reason: TokenError, tokens: impl IntoIterator<Item = (N, String)>) {
    assert_eq!(judge(&good()).err(), None, "the control");
    for (name, token) in tokens {
        assert_eq!(judge(&token).err(), Some(reason), "{name}");
    }
}

#[test]
fn an_issued_token_is_signed_by_the_key_and_verified() {
    for pem in [RSA_2048, RSA_3072, RSA_4096] {
        let keys = keys(pem, None);
        let token = Issuer::new(rules(), &keys).issue(&account("alice").standing(), at(NOW)).unwrap();
        assert_eq!(Verifier::new(&rules(), &keys).verify(&token, at(NOW)).unwrap().username, "alice");
        let (text, signature) = token.rsplit_once('.').unwrap();
        let header = BASE64_URL_SAFE_NO_PAD.decode(text.split('.').next().unwrap()).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&header).unwrap(), rsa_header(pem));
        assert_eq!(signature, b64(rs256(pem, text)));
        assert!(token.len() < MAX_BYTES);
    }
}

#[test]
fn public_keys_verify_and_sign_nothing() {
    let public = Key::parse(RSA_2048).unwrap().public().unwrap().clone();
    let keys = Keys::public([public.clone(), public]);
    assert_eq!(keys.ids().count(), 1);
    assert_eq!(Verifier::new(&rules(), &keys).verify(&good(), at(NOW)).err(), None);
    let issued = Issuer::new(rules(), &keys).issue(&account("alice").standing(), at(NOW));
    assert!(matches!(issued, Err(IssueError::NoSigningKey)), "{issued:?}");
}

/// A verifier that takes the algorithm from the token would check an HMAC with the public key, which everybody has.
#[test]
fn a_public_key_is_no_secret_of_an_hmac() {
    let (n, e) = keys::public(RSA_2048);
    let public = json!({"e": b64(&e), "kty": "RSA", "n": b64(&n)}).to_string();
    let spki = keys::der(PUBLIC);
    let secrets: [(&str, &[u8]); 9] = [
        ("PEM", PUBLIC.as_bytes()),
        ("PEM without its last line break", PUBLIC.trim().as_bytes()),
        ("PEM of PKCS#1", PUBLIC_PKCS1.as_bytes()),
        ("DER", &spki),
        ("modulus", &n),
        ("encoded modulus", public.split('"').nth(11).unwrap().as_bytes()),
        ("JWK", public.as_bytes()),
        ("kid", kid(RSA_2048).as_bytes()),
        ("nothing", b""),
    ]
    .map(|(name, secret)| (name, secret.to_vec().leak() as &[u8]));
    for (name, secret) in secrets {
        for (alg, reason) in [("HS256", UnacceptableHeader), ("RS256", BadSignature)] {
            let text = text(with(rsa_header(RSA_2048), "alg", alg), claims());
            let mac = Hmac::<Sha256>::new_from_slice(secret).unwrap().chain_update(&text);
            let token = ending_in(&text, &mac.finalize().into_bytes());
            assert_refused(reason, [(format!("{alg} by {name}"), token)]);
        }
    }
}

#[test]
fn a_key_is_for_one_algorithm() {
    let text_header = header();
    let text_as_rsa = with(text_header.clone(), "alg", "RS256");
    let rsa_as_text = with(rsa_header(RSA_2048), "alg", "HS256");
    assert_eq!(judge(&seal(SECRET, &text(&text_header, claims()))).err(), None);
    assert_refused(
        UnacceptableHeader,
        [
            ("the text's kid, signed by an RSA key", signed(RSA_2048, &text_as_rsa, claims())),
            ("the text's kid, RS256, its MAC", seal(SECRET, &text(&text_as_rsa, claims()))),
            ("the RSA kid, HS256, a MAC of the text", seal(SECRET, &text(&rsa_as_text, claims()))),
            ("the RSA kid, HS256, its signature", signed(RSA_2048, &rsa_as_text, claims())),
        ],
    );
    assert_refused(
        BadSignature,
        [
            ("the RSA kid, RS256, a MAC", seal(SECRET, &text(rsa_header(RSA_2048), claims()))),
            ("the text's kid, HS256, an RSA signature", signed(RSA_2048, &text_header, claims())),
            ("another of our kids", signed(RSA_2048, rsa_header(RSA_2048_OTHER), claims())),
            ("our kid, another of our keys", signed(RSA_2048_OTHER, rsa_header(RSA_2048), claims())),
            ("our kid, a stranger's key", signed(RSA_3072, rsa_header(RSA_2048), claims())),
        ],
    );
    assert_refused(UnknownKey, [("a stranger", signed(RSA_3072, rsa_header(RSA_3072), claims()))]);
}

/// Behind the look at the header, each layer refuses the other algorithm too.
#[test]
fn no_layer_takes_a_key_for_another_algorithm() {
    crypto::install();
    let (n, e) = keys::public(RSA_2048);
    let rsa = DecodingKey::from_rsa_raw_components(&n, &e);
    let text_key = DecodingKey::from_secret(SECRET.as_bytes());
    let decode = |token: &str, key: &DecodingKey, algorithm| {
        jsonwebtoken::decode::<Value>(token, key, &validation(&rules(), algorithm)).is_ok()
    };
    let by_modulus = |alg: &str| {
        let text = text(with(rsa_header(RSA_2048), "alg", alg), claims());
        let mac = Hmac::<Sha256>::new_from_slice(&n).unwrap().chain_update(&text);
        ending_in(&text, &mac.finalize().into_bytes())
    };
    assert!(decode(&good(), &rsa, Algorithm::RS256));
    assert!(!decode(&good(), &rsa, Algorithm::HS256));
    assert!(!decode(&good(), &text_key, Algorithm::RS256));
    assert!(!decode(&by_modulus("HS256"), &rsa, Algorithm::HS256));
    assert!(!decode(&by_modulus("HS256"), &rsa, Algorithm::RS256));
    for algorithm in [Algorithm::RS384, Algorithm::RS512, Algorithm::PS256, Algorithm::ES256] {
        let token = signed(RSA_2048, with(rsa_header(RSA_2048), "alg", format!("{algorithm:?}")), claims());
        assert!(!decode(&token, &rsa, algorithm), "{algorithm:?}");
        let header = Header { kid: Some("kid".to_owned()), ..Header::new(algorithm) };
        let private = EncodingKey::from_rsa_der(&keys::der(RSA_2048));
        assert!(jsonwebtoken::encode(&header, &claims(), &private).is_err(), "{algorithm:?}");
    }
}

#[test]
fn no_algorithm_is_accepted_for_an_rsa_key_but_rs256() {
    for alg in [
        "none", "None", "", "rs256", "Rs256", "RS256 ", " RS256", "RS256\0", "RS-256", "RS1", "HS256",
        "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "EdDSA", "RSA-OAEP",
    ] {
        let token = signed(RSA_2048, with(rsa_header(RSA_2048), "alg", alg), claims());
        let (text, _) = token.rsplit_once('.').unwrap();
        let bare = (format!("{alg:?} without a signature"), format!("{text}."));
        assert_refused(UnacceptableHeader, [bare, (format!("{alg:?} with ours"), token)]);
    }
    let text = text(rsa_header(RSA_2048), claims());
    let by = |encoding| ending_in(&text, &keys::sign(RSA_2048, encoding, &text));
    assert_refused(
        BadSignature,
        [
            ("RS384 under our name", by(&RSA_PKCS1_SHA384)),
            ("RS512 under our name", by(&RSA_PKCS1_SHA512)),
            ("PS256 under our name", by(&RSA_PSS_SHA256)),
        ],
    );
}

#[test]
fn the_whole_signature_counts_and_nothing_more() {
    let text = text(rsa_header(RSA_2048), claims());
    let signature = rs256(RSA_2048, &text);
    assert_eq!(ending_in(&text, &signature), good());
    let (n, _) = keys::public(RSA_2048);
    let flipped = (0..2048).step_by(7).map(|bit| {
        let mut signature = signature.clone();
        signature[bit / 8] ^= 1 << (bit % 8);
        (format!("bit {bit}"), ending_in(&text, &signature))
    });
    assert_refused(BadSignature, flipped);
    assert_refused(
        BadSignature,
        [
            ("nothing", Vec::new()),
            ("without its end", signature[..255].to_vec()),
            ("without its start", signature[1..].to_vec()),
            ("a byte more", [&signature[..], b"\0"].concat()),
            ("a zero before it", [b"\0", &signature[..]].concat()),
            ("twice", signature.repeat(2)),
            ("zeroes", vec![0; 256]),
            ("one", [&[0; 255][..], &[1]].concat()),
            ("the modulus", n.clone()),
            ("plus the modulus", plus(&signature, &n)),
            ("of another token", rs256(RSA_2048, "another")),
        ]
        .map(|(name, signature)| (name, ending_in(&text, &signature))),
    );
}

/// The sum of two numbers, which may be a byte longer. It is the same signature to whoever reduces it first.
fn plus(one: &[u8], two: &[u8]) -> Vec<u8> {
    let mut carry = 0;
    let mut sum: Vec<u8> = one
        .iter()
        .zip(two)
        .rev()
        .map(|(one, two)| {
            let digit = u16::from(*one) + u16::from(*two) + carry;
            carry = digit >> 8;
            digit.to_le_bytes()[0]
        })
        .collect();
    sum.extend((carry > 0).then_some(1));
    sum.reverse();
    sum
}

#[test]
fn claims_are_checked_as_those_of_hs256() {
    let payloads = [
        ("expired", with(claims(), "exp", NOW), Expired),
        ("from the future", with(claims(), "iat", NOW + 6), NotYetValid),
        ("for ever", with(claims(), "exp", NOW + 90_000), LifetimeTooLong),
        ("another issuer", with(claims(), "iss", "https://other.example"), WrongIssuer),
        ("another audience", with(claims(), "aud", "other"), WrongAudience),
        ("two accounts", with(claims(), "user_id", "other"), SubjectMismatch),
        ("no jti", without(claims(), "jti"), Malformed),
        ("array", json!([claims()]), Malformed),
    ];
    for (name, payload, reason) in payloads {
        assert_refused(reason, [(name, signed(RSA_2048, rsa_header(RSA_2048), payload))]);
    }
    let crit = with(rsa_header(RSA_2048), "crit", json!(["exp"]));
    let jwk = with(rsa_header(RSA_2048), "jwk", json!({"kty": "RSA"}));
    let unnamed = without(rsa_header(RSA_2048), "kid");
    assert_refused(
        UnacceptableHeader,
        [crit, jwk, unnamed].map(|header| (header.to_string(), signed(RSA_2048, &header, claims()))),
    );
}

#[test]
fn a_key_set_has_the_public_half_of_every_rsa_key_and_no_more() {
    let set = json!(KeySet::of(&mixed()));
    let jwk = |pem| {
        let (n, e) = keys::public(pem);
        json!({"kty": "RSA", "n": b64(n), "e": b64(e), "kid": kid(pem), "alg": "RS256", "use": "sig"})
    };
    assert_eq!(set, json!({"keys": [jwk(RSA_2048), jwk(RSA_2048_OTHER)]}));
    assert_eq!(json!(KeySet::of(&keys(SECRET, Some(PREVIOUS)))), json!({"keys": []}));
}

#[test]
fn neither_issuer_nor_verifier_prints_a_private_key() {
    let printed = format!("{:?} {:?}", Issuer::new(rules(), &mixed()), Verifier::new(&rules(), &mixed()));
    let private = keys::der(RSA_2048);
    for shown in [format!("{private:?}"), b64(&private), format!("{:?}", &private[300..310])] {
        assert!(!printed.contains(shown.trim_matches(['[', ']'])), "{printed}");
    }
}
