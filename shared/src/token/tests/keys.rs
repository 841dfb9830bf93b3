//! Who may sign.

use super::*;

#[test]
fn a_token_signed_by_another_secret_is_refused() {
    let text = text(header(), claims());
    assert_refused(
        BadSignature,
        [
            ("another", PREVIOUS),
            ("none", ""),
            ("NUL", "\0"),
            ("our kid", &kid(SECRET)),
            ("our issuer", ISSUER),
            ("our secret without its end", &SECRET[..32]),
            ("our secret and a line break", &format!("{SECRET}\n")),
            ("our secret encoded", &b64(SECRET)),
            ("our secret in other case", &SECRET.to_uppercase()),
        ]
        .map(|(name, secret)| (name, seal(secret, &text))),
    );
}

#[test]
fn a_mac_over_anything_but_the_first_two_parts_is_refused() {
    let (header, payload) = (header().to_string(), claims().to_string());
    let text = text(&header, &payload);
    assert_refused(
        BadSignature,
        [
            ("the JSON", format!("{header}.{payload}")),
            ("the header", b64(&header)),
            ("the payload", b64(&payload)),
            ("the parts without their dot", text.replace('.', "")),
            ("the parts and a dot", format!("{text}.")),
            ("nothing", String::new()),
        ]
        .map(|(name, signed)| (name, format!("{text}.{}", b64(hs256(SECRET, &signed))))),
    );
}

#[test]
fn the_previous_key_verifies_while_it_is_configured() {
    let old =
        Issuer::new(rules(), &keys(PREVIOUS, None)).issue(&account("alice").standing(), at(NOW)).unwrap();
    let rotating = keys(SECRET, Some(PREVIOUS));
    let new = Issuer::new(rules(), &rotating).issue(&account("alice").standing(), at(NOW)).unwrap();
    for (name, verifier, token, refusal) in [
        ("old, during", Verifier::new(&rules(), &rotating), &old, None),
        ("new, during", Verifier::new(&rules(), &rotating), &new, None),
        ("old, after", verifier(SECRET, None), &old, Some(UnknownKey)),
        ("new, after", verifier(SECRET, None), &new, None),
        ("old, before", verifier(PREVIOUS, None), &old, None),
        ("new, before", verifier(PREVIOUS, None), &new, Some(UnknownKey)),
    ] {
        assert_eq!(verifier.verify(token, at(NOW)).err(), refusal, "{name}");
    }
}

#[test]
fn a_kid_names_one_key_and_no_other_is_tried() {
    let verifier = verifier(SECRET, Some(PREVIOUS));
    for (named, signing, refusal) in [
        (SECRET, SECRET, None),
        (PREVIOUS, PREVIOUS, None),
        (SECRET, PREVIOUS, Some(BadSignature)),
        (PREVIOUS, SECRET, Some(BadSignature)),
    ] {
        let header = with(header(), "kid", kid(named));
        let token = seal(signing, &text(header, claims()));
        assert_eq!(verifier.verify(&token, at(NOW)).err(), refusal, "{named} named, {signing} signing");
    }
}

/// HMAC fills a key up with zeroes to 64 bytes (RFC 2104 section 2). So these two secrets are one key, with one
/// `kid`; the length of a secret plays no part.
#[test]
fn a_secret_and_the_same_with_nul_after_it_are_one_key() {
    let twin = format!("{SECRET}\0");
    assert_eq!(kid(&twin), kid(SECRET));
    assert_eq!(seal(&twin, &text(header(), claims())), good());
    assert_eq!(verifier(&twin, None).verify(&good(), at(NOW)).err(), None);
}
