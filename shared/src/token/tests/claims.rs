//! The rules for claims.

use super::*;

#[test]
fn every_claim_is_required_and_none_is_null() {
    let ours = claims();
    let names: Vec<_> = ours.as_object().unwrap().keys().collect();
    assert_eq!(names.len(), 9);
    for name in names {
        assert_refused(
            Malformed,
            [
                (format!("no {name}"), saying(without(claims(), name))),
                (format!("{name} null"), saying(with(claims(), name, json!(null)))),
            ],
        );
    }
    for optional in ["nbf", "sid"] {
        let null = saying(with(claims(), optional, json!(null)));
        assert_refused(Malformed, [(format!("{optional} null"), null)]);
    }
}

/// The library looks for these four as well, so the claims do not hang on one `struct` alone.
#[test]
fn the_library_requires_claims_too() {
    let decode = |claims: Value| {
        let key = DecodingKey::from_secret(SECRET.as_bytes());
        jsonwebtoken::decode::<Value>(saying(claims), &key, &validation(&rules(), Algorithm::HS256))
    };
    crypto::install();
    assert!(decode(claims()).is_ok());
    for name in ["iss", "aud", "sub", "exp"] {
        assert!(decode(without(claims(), name)).is_err(), "{name}");
    }
}

#[test]
fn claims_of_text_are_strings() {
    let with_session = with(claims(), "sid", "3BwcHBwcHBwcHBwcH");
    assert_eq!(verify(&saying(&with_session)).err(), None);
    for name in ["iss", "aud", "sub", "user_id", "username", "jti", "sid"] {
        let ours = with_session[name].clone();
        let values = [
            json!(0),
            json!(1.5),
            json!(true),
            json!([]),
            json!([ours]),
            json!([ours, "https://other.example"]),
            json!({}),
            json!({"": ours}),
        ];
        assert_refused(
            Malformed,
            values.map(|value| (format!("{name} {value}"), saying(with(claims(), name, value)))),
        );
    }
}

#[test]
fn claims_of_numbers_are_whole_and_not_negative() {
    let ours = with(claims(), "nbf", NOW - 60);
    assert_eq!(verify(&saying(&ours)).err(), None);
    for name in ["ver", "iat", "exp", "nbf"] {
        let number = ours[name].as_u64().unwrap();
        let spelled = [
            format!("{number}.0"),
            format!("{number}.5"),
            format!("{number}e0"),
            format!("\"{number}\""),
            format!("\"{number}.0\""),
            format!("[{number}]"),
            format!("{{\"\":{number}}}"),
            format!("-{number}"),
            format!("+{number}"),
            format!("0{number}"),
            format!("0x{number:x}"),
            "-1".to_owned(),
            "-0".to_owned(),
            "\"\"".to_owned(),
            "true".to_owned(),
            "NaN".to_owned(),
            "1e400".to_owned(),
            "18446744073709551616".to_owned(),
        ];
        let good = ours.to_string();
        let (before, after) = good.split_once(&format!("\"{name}\":{number}")).unwrap();
        assert_refused(
            Malformed,
            spelled.map(|value| {
                let payload = format!("{before}\"{name}\":{value}{after}");
                (format!("{name} {value}"), saying(payload))
            }),
        );
    }
}

#[test]
fn a_token_of_another_issuer_or_audience_is_refused() {
    for (name, ours, reason) in [("iss", ISSUER, WrongIssuer), ("aud", AUDIENCE, WrongAudience)] {
        let others = [
            String::new(),
            "other".to_owned(),
            ours[1..].to_owned(),
            format!("{ours}/"),
            format!(" {ours}"),
            format!("{ours}\0"),
            format!("{ours},other"),
            ours.to_uppercase(),
        ];
        assert_refused(
            reason,
            others.map(|other| (format!("{name} {other:?}"), saying(with(claims(), name, other)))),
        );
    }
    let swapped = with(with(claims(), "iss", AUDIENCE), "aud", ISSUER);
    assert_refused(WrongIssuer, [("iss and aud swapped", saying(swapped))]);
}

#[test]
fn a_token_is_good_from_its_issue_to_the_second_before_its_expiry() {
    for (name, iat, exp, refusal) in [
        ("issued now", NOW, NOW + 3600, None),
        ("expires in a second", NOW - 60, NOW + 1, None),
        ("expires now", NOW - 60, NOW, Some(Expired)),
        ("expired a second ago", NOW - 60, NOW - 1, Some(Expired)),
        ("expired 59 seconds ago", NOW - 60, NOW - 59, Some(Expired)),
        ("expired 61 seconds ago", NOW - 90, NOW - 61, Some(Expired)),
        ("expired in 1970", 0, 0, Some(Expired)),
        ("good for a day", NOW - 60, NOW - 60 + 86_400, None),
        ("good for a day and a second", NOW - 60, NOW - 60 + 86_401, Some(LifetimeTooLong)),
        ("issued in 1970", 0, NOW + 60, Some(LifetimeTooLong)),
        ("good for ever", NOW - 60, u64::MAX, Some(LifetimeTooLong)),
        ("issued 5 seconds ahead", NOW + 5, NOW + 3600, None),
        ("issued 6 seconds ahead", NOW + 6, NOW + 3600, Some(NotYetValid)),
        ("issued a day ahead", NOW + 86_400, NOW + 90_000, Some(NotYetValid)),
        ("issued at the end of time", u64::MAX, u64::MAX, Some(NotYetValid)),
    ] {
        let token = saying(with(with(claims(), "iat", iat), "exp", exp));
        assert_eq!(verify(&token).err(), refusal, "{name}");
    }
}

#[test]
fn a_token_is_not_good_before_its_nbf() {
    for (nbf, refusal) in [
        (0, None),
        (NOW - 60, None),
        (NOW, None),
        (NOW + 5, None),
        (NOW + 6, Some(NotYetValid)),
        (NOW + 3600, Some(NotYetValid)),
        (u64::MAX, Some(NotYetValid)),
    ] {
        let token = saying(with(claims(), "nbf", nbf));
        assert_eq!(verify(&token).err(), refusal, "nbf {nbf}");
    }
}

#[test]
fn no_token_is_good_or_issued_before_1970() {
    let before = Timestamp::from(std::time::UNIX_EPOCH - Duration::from_secs(1));
    assert_eq!(verifier(SECRET, None).verify(&good(), before), Err(NotYetValid));
    let issuer = Issuer::new(rules(), &keys(SECRET, None));
    assert!(matches!(issuer.issue(&account("alice").standing(), before), Err(IssueError::Clock)));
}

#[test]
fn a_token_names_one_account() {
    let other = "6a2f41a3-c54c-4ce8-a4d1-0d2f5b1c8e78";
    for name in ["sub", "user_id"] {
        assert_refused(
            SubjectMismatch,
            [other, &ID.to_uppercase(), &format!("{ID} "), "alice", ""]
                .map(|id| (format!("{name} {id:?}"), saying(with(claims(), name, id)))),
        );
    }
}

#[test]
fn a_version_is_a_number_of_32_bits_and_a_jti_is_not_empty() {
    for version in [0, u32::MAX] {
        let token = saying(with(claims(), "ver", version));
        assert_eq!(verify(&token).map(|claims| claims.ver), Ok(version));
    }
    assert_refused(
        Malformed,
        [
            ("ver negative", with(claims(), "ver", -3)),
            ("ver of 33 bits", with(claims(), "ver", 1_u64 << 32)),
            ("jti empty", with(claims(), "jti", "")),
        ]
        .map(|(name, claims)| (name, saying(claims))),
    );
}

#[test]
fn a_claim_given_twice_is_refused() {
    let ours = with(claims(), "nbf", NOW - 60);
    let start = ours.to_string();
    let start = start.strip_suffix('}').unwrap();
    for (name, value) in ours.as_object().unwrap() {
        let (first, rest) = name.split_at(1);
        let escaped = format!("\\u{:04x}{rest}", first.as_bytes()[0]);
        assert_refused(
            Malformed,
            [name, &escaped].map(|name| (name.clone(), saying(format!(r#"{start},"{name}":{value}}}"#)))),
        );
    }
}

/// RFC 7519 section 4: claims that are not understood must be ignored.
#[test]
fn claims_that_we_do_not_know_are_ignored() {
    let start = claims().to_string();
    let start = start.strip_suffix('}').unwrap();
    let deep = format!(r#""deep":{}{}"#, "[".repeat(2_500), "]".repeat(2_500));
    for more in [r#""is_staff":true"#, r#""Exp":0"#, r#""nested":{"exp":0,"aud":[{}]}"#, &deep] {
        assert_eq!(verify(&saying(format!("{start},{more}}}"))), verify(&good()), "{more}");
    }
    assert_eq!(verify(&good()).err(), None);
}

#[test]
fn a_payload_that_is_no_json_object_is_refused() {
    let good = claims().to_string();
    assert_eq!(verify(&saying(format!(" {good}\n"))).err(), None);
    assert_refused(
        Malformed,
        [
            ("in an array", format!("[{good}]")),
            ("in a string", json!(good).to_string()),
            ("null", "null".to_owned()),
            ("a number", "1".to_owned()),
            ("no claims", "{}".to_owned()),
            ("nothing", String::new()),
            ("not JSON", "sub=alice".to_owned()),
            ("two objects", good.repeat(2)),
            ("cut short", good[..good.len() - 1].to_owned()),
            ("trailing comma", good.replace('}', ",}")),
            ("single quotes", good.replace('"', "'")),
            ("NUL at the end", format!("{good}\0")),
            ("half a surrogate pair", good.replace("alice", r"alice\ud800")),
            ("nested 100,000 deep", "[".repeat(100_000)),
            ("nested as deep as fits", "[".repeat(6_000)),
            ("a claim nested as deep as fits", good.replace(r#""alice""#, &"[".repeat(5_500))),
        ]
        .map(|(name, payload)| (name, saying(payload))),
    );
}

/// What serde derives reads such an array, in the order of the fields.
#[test]
fn claims_as_an_array_of_their_values_are_refused() {
    let ours = with(claims(), "nbf", NOW - 60);
    let order = ["iss", "aud", "sub", "user_id", "username", "ver", "iat", "exp", "nbf", "jti"];
    let array = Value::from(order.map(|name| ours[name].clone()).to_vec());
    assert!(serde_json::from_value::<Claims>(array.clone()).is_ok());
    assert!(serde_json::from_value::<Object<Claims>>(array.clone()).is_err());
    assert_refused(Malformed, [("an array", saying(array))]);
}
