//! What a header must say.

use super::*;

#[test]
fn no_algorithm_is_accepted_but_hs256() {
    for alg in [
        "none", "None", "NONE", "nOnE", "", "hs256", "Hs256", "HS256 ", " HS256", "HS256\0", "HS-256",
        "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES256K", "ES384",
        "ES512", "EdDSA", "Ed25519", "HMAC", "A256KW", "dir",
    ] {
        let token = under(with(header(), "alg", alg));
        let (text, _) = token.rsplit_once('.').unwrap();
        assert_refused(
            UnacceptableHeader,
            [(format!("{alg:?} without a MAC"), format!("{text}.")), (format!("{alg:?} with ours"), token)],
        );
    }
}

#[test]
fn a_genuine_mac_by_a_longer_hash_is_refused() {
    let text = |alg| text(with(header(), "alg", alg), claims());
    let hs384 = |text: &str| mac::<Hmac<Sha384>>(SECRET, text);
    let hs512 = |text: &str| mac::<Hmac<Sha512>>(SECRET, text);
    let token = |text: &str, mac: &[u8]| format!("{text}.{}", b64(mac));
    let (as_384, as_512, as_256) = (text("HS384"), text("HS512"), text("HS256"));
    assert_refused(
        UnacceptableHeader,
        [("HS384", token(&as_384, &hs384(&as_384))), ("HS512", token(&as_512, &hs512(&as_512)))],
    );
    assert_refused(
        BadSignature,
        [
            ("HS384 under the name of HS256", token(&as_256, &hs384(&as_256))),
            ("HS512 under the name of HS256", token(&as_256, &hs512(&as_256))),
            ("HS512 cut to the length of HS256", token(&as_256, &hs512(&as_256)[..32])),
        ],
    );
}

/// Behind our look at the header stand the library's list and its cryptography. For a text, each knows HS256 alone.
#[test]
fn no_layer_knows_another_algorithm() {
    assert_eq!(validation(&rules(), Algorithm::HS256).algorithms, [Algorithm::HS256]);
    crypto::install();
    let decode = |algorithm: Algorithm| {
        let token = under(with(header(), "alg", format!("{algorithm:?}")));
        let validation = Validation { algorithms: vec![algorithm], ..validation(&rules(), algorithm) };
        jsonwebtoken::decode::<Value>(token, &DecodingKey::from_secret(SECRET.as_bytes()), &validation)
    };
    assert!(decode(Algorithm::HS256).is_ok());
    for algorithm in [Algorithm::HS384, Algorithm::HS512, Algorithm::RS256, Algorithm::ES256] {
        assert!(decode(algorithm).is_err(), "{algorithm:?}");
    }
}

#[test]
fn alg_typ_and_kid_are_required_and_strings() {
    for member in ["alg", "typ", "kid"] {
        let ours = header()[member].clone();
        let mistyped = [json!(null), json!(true), json!(256), json!(2.5), json!([ours]), json!({"": ours})]
            .map(|value| (format!("{member} as {value}"), with(header(), member, value)));
        let missing = (format!("no {member}"), without(header(), member));
        let headers = mistyped.into_iter().chain([missing]);
        assert_refused(UnacceptableHeader, headers.map(|(name, header)| (name, under(header))));
    }
}

#[test]
fn a_token_of_another_type_is_refused() {
    let types = [
        "at+jwt",
        "reset+jwt",
        "logout+jwt",
        "application/jwt",
        "jwt",
        "Jwt",
        "JWT ",
        "JWS",
        "JWE",
        "JOSE",
        "",
    ];
    assert_refused(UnacceptableHeader, types.map(|typ| (typ, under(with(header(), "typ", typ)))));
}

#[test]
fn a_kid_that_is_not_ours_is_refused() {
    let ours = kid(SECRET);
    for kid in [
        "",
        "0",
        "unknown",
        &kid(PREVIOUS),
        &ours[1..],
        &format!("{ours}="),
        &format!("{ours}\0"),
        &format!(" {ours}"),
        &ours.to_ascii_lowercase(),
        "/dev/null",
        "../../../../../../dev/null",
        "file:///etc/hostname",
        "https://attacker.example/key",
        "' OR '1'='1",
        "x' UNION SELECT '' -- ",
        "|| true",
        "*",
    ] {
        let text = text(with(header(), "kid", kid), claims());
        assert_refused(
            UnknownKey,
            [(format!("{kid:?}"), seal(SECRET, &text)), (format!("{kid:?}, no secret"), seal("", &text))],
        );
    }
}

#[test]
fn a_header_with_more_than_our_members_is_refused() {
    assert_refused(
        UnacceptableHeader,
        [
            ("crit", json!([])),
            ("crit", json!(null)),
            ("crit", json!(["exp"])),
            ("crit", json!(["alg"])),
            ("crit", json!(["https://example.com/unknown"])),
            ("b64", json!(true)),
            ("b64", json!(false)),
            ("zip", json!("DEF")),
            ("jku", json!("https://attacker.example/jwks.json")),
            ("jwk", json!({"kty": "oct", "k": b64(SECRET)})),
            ("x5u", json!("https://attacker.example/chain.pem")),
            ("x5c", json!(["MIIB"])),
            ("x5t", json!("AAAA")),
            ("x5t#S256", json!("AAAA")),
            ("cty", json!("JWT")),
            ("enc", json!("A256GCM")),
            ("iss", json!(ISSUER)),
            ("Alg", json!("HS256")),
            ("", json!("")),
            ("unknown", json!(1)),
        ]
        .map(|(member, value)| {
            let header = with(header(), member, value);
            (header.to_string(), under(&header))
        }),
    );
    let known_crit = with(with(header(), "b64", true), "crit", json!(["b64"]));
    let own_key = with(header(), "jwk", json!({"kty": "oct", "k": b64(PREVIOUS), "kid": kid(SECRET)}));
    let own_key = seal(PREVIOUS, &text(own_key, claims()));
    assert_refused(
        UnacceptableHeader,
        [("a crit that names a member", under(known_crit)), ("signed by the jwk in it", own_key)],
    );
}

#[test]
fn a_header_member_given_twice_is_refused() {
    let kid = kid(SECRET);
    let header = |more: &str| format!(r#"{{"typ":"JWT","alg":"HS256","kid":"{kid}"{more}}}"#);
    assert_eq!(verify(&under(header(""))).err(), None);
    assert_refused(
        UnacceptableHeader,
        [
            r#","alg":"HS256""#,
            r#","alg":"none""#,
            r#","\u0061lg":"HS256""#,
            r#","\u0061\u006c\u0067":"none""#,
            r#","typ":"JWT""#,
            r#","t\u0079p":"at+jwt""#,
            r#","kid":"unknown""#,
            &format!(r#","\u006Bid":"{kid}""#),
        ]
        .map(|more| (more, under(header(more)))),
    );
    let none_first = header("").replace(r#"{"typ""#, r#"{"alg":"none","typ""#);
    assert_refused(UnacceptableHeader, [("none first", under(none_first))]);
}

/// Names and values are what JSON says, however it spells them; so escapes hide nothing from the rules.
#[test]
fn an_escaped_header_or_claim_is_read_as_what_it_spells() {
    let header = header().to_string().replace("alg", r"\u0061lg").replace("HS256", r"\u0048S256");
    let payload = claims().to_string().replace("exp", r"\u0065xp").replace("alice", r"\u0061lice");
    assert_eq!(verify(&seal(SECRET, &text(header, payload))), verify(&good()));
    assert_eq!(verify(&good()).err(), None);
}

#[test]
fn a_header_that_is_no_json_object_is_refused() {
    let kid = kid(SECRET);
    let good = header().to_string();
    assert_eq!(verify(&under(format!(" {good}\n"))).err(), None);
    assert_refused(
        UnacceptableHeader,
        [
            ("its values as an array", format!(r#"["HS256","JWT","{kid}"]"#)),
            ("in an array", format!("[{good}]")),
            ("in a string", json!(good).to_string()),
            ("null", "null".to_owned()),
            ("a number", "1".to_owned()),
            ("no members", "{}".to_owned()),
            ("nothing", String::new()),
            ("not JSON", "typ=JWT".to_owned()),
            ("two objects", good.repeat(2)),
            ("cut short", good[..good.len() - 1].to_owned()),
            ("trailing comma", good.replace('}', ",}")),
            ("single quotes", good.replace('"', "'")),
            ("NUL at the end", format!("{good}\0")),
            ("half a surrogate pair", good.replace("JWT", r"JWT\ud800")),
            ("nested as deep as fits", "[".repeat(5_500)),
            ("a member nested as deep as fits", good.replace(r#""JWT""#, &"[".repeat(5_500))),
        ]
        .map(|(name, header)| (name, under(header))),
    );
}
