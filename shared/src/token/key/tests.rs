use std::collections::HashMap;

use support::keys::{
    CERTIFICATE, ENCRYPTED, PKCS1, PUBLIC, PUBLIC_PKCS1, RSA_2048, RSA_2048_OTHER, RSA_3072, RSA_4096, UNFIT,
    der,
};

use secrecy::ExposeSecret;

use super::*;

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

#[test]
fn weak_secrets_are_refused() {
    for (secret, reason) in [
        (String::new(), UnfitKey::Short),
        ("k9Xv2mQ8rT5wZ1bN4cL7dF0gH3jP6sA".to_owned(), UnfitKey::Short),
        ("a".repeat(64), UnfitKey::Repetitive),
        ("ab".repeat(32), UnfitKey::Repetitive),
        ("0123".repeat(16), UnfitKey::Repetitive),
        ("12345678901234567890123456789012".to_owned(), UnfitKey::Repetitive),
        ("abcdefgh".repeat(4), UnfitKey::Repetitive),
        ("correct-horse-battery-".repeat(2), UnfitKey::Repetitive),
        ("abcdefghijklmnopqrstuvwxyz0123456789".to_owned(), UnfitKey::Repetitive),
        ("zyxwvutsrqponmlkjihgfedcba9876543210".to_owned(), UnfitKey::Repetitive),
        ("your-secret-key-change-in-production".to_owned(), UnfitKey::Published),
        ("a-string-secret-at-least-256-bits-long".to_owned(), UnfitKey::Published),
        ("django-insecure-4x!k2^9v@m7z&q1w(8r$t5y*u3i%o6p+".to_owned(), UnfitKey::Published),
        (format!("{}\n", Key::generate().unwrap()), UnfitKey::OuterSpace),
    ] {
        assert_eq!(Key::parse(&secret).unwrap_err(), reason, "{secret:?}");
    }
}

#[test]
fn generated_secrets_are_good_and_differ() {
    let (one, two) = (Key::generate().unwrap(), Key::generate().unwrap());
    assert_ne!(one, two);
    assert_ne!(key(&one).id(), key(&two).id());
}

#[test]
fn an_rsa_key_is_read_whatever_white_space_is_in_it() {
    for (pem, bits) in [(RSA_2048, 2048), (RSA_2048_OTHER, 2048), (RSA_3072, 3072), (RSA_4096, 4096)] {
        let public = key(pem).public().unwrap().clone();
        assert_eq!((public.modulus().len() * 8, public.exponent()), (bits, &[1, 0, 1][..]));
        for other in
            [pem.trim().to_owned(), pem.replace('\n', " "), pem.replace('\n', "\r\n"), format!("\n {pem}\n")]
        {
            assert_eq!(key(&other).public(), Some(&public));
        }
    }
}

#[test]
fn a_key_is_written_as_it_is_read() {
    for text in [RSA_2048, RSA_3072, "k9Xv2mQ8rT5wZ1bN4cL7dF0gH3jP6sAuE"] {
        assert_eq!(key(text).to_text().expose_secret(), text);
    }
}

/// The thumbprint of RFC 7638, by OpenSSL and `sha256sum`: the `kid` that every other implementation tells.
#[test]
fn the_kid_of_an_rsa_key_is_its_thumbprint() {
    let example = RsaPublicKey::of(
        BASE64_URL_SAFE_NO_PAD
            .decode(concat!(
                "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjB",
                "ZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8",
                "KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_",
                "xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
            ))
            .unwrap(),
        vec![1, 0, 1],
    );
    assert_eq!(example.id(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    assert_eq!(key(RSA_2048).id(), key(RSA_2048).public().unwrap().id());
}

#[test]
fn what_is_no_rsa_private_key_in_pkcs8_is_refused_with_the_way_out() {
    let cut = RSA_2048.split_at(RSA_2048.len() / 2).0;
    let changed = RSA_2048.replacen("MII", "M\u{e9}II", 1);
    let with_preamble = format!("Bag Attributes\n{RSA_2048}");
    let twice = RSA_2048.repeat(2);
    let request = "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----";
    let openssh = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n-----END OPENSSH PRIVATE KEY-----";
    for (pem, reason, way_out) in [
        (ENCRYPTED, UnfitKey::Encrypted, "decrypt it with"),
        (PKCS1, UnfitKey::Pkcs1, "convert it with"),
        (PUBLIC, UnfitKey::Public, "put the private key"),
        (PUBLIC_PKCS1, UnfitKey::Public, "put the private key"),
        (CERTIFICATE, UnfitKey::Public, "put the private key"),
        (cut, UnfitKey::Malformed, "must be one PEM block"),
        (&changed, UnfitKey::Malformed, "must be one PEM block"),
        (&with_preamble, UnfitKey::Malformed, "must be one PEM block"),
        (&twice, UnfitKey::Malformed, "must be one PEM block"),
        (request, UnfitKey::Malformed, "must be one PEM block"),
        (openssh, UnfitKey::UnfitRsa, "make one with"),
        ("-----BEGIN PRIVATE KEY-----", UnfitKey::Malformed, "must be one PEM block"),
        ("-----BEGIN PRIVATE KEY----------END PRIVATE KEY-----", UnfitKey::UnfitRsa, "make one with"),
    ] {
        let refusal = Key::parse(pem).unwrap_err();
        assert_eq!(refusal, reason, "{pem}");
        assert!(refusal.to_string().contains(way_out), "{refusal}");
    }
    for (fault, pem) in UNFIT {
        assert_eq!(Key::parse(pem).unwrap_err(), UnfitKey::UnfitRsa, "{fault}");
    }
}

/// OpenSSL makes no such keys.
#[test]
fn a_damaged_rsa_key_or_one_with_an_even_exponent_is_refused() {
    let good = der(RSA_2048);
    let exponent = good.windows(5).position(|bytes| bytes == [2, 3, 1, 0, 1]).unwrap();
    let changed = |index: usize| {
        let mut bytes = good.clone();
        bytes[index] ^= 3;
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----", base64(&bytes))
    };
    for (part, index) in
        [("the exponent is even", exponent + 4), ("the modulus", exponent - 9), ("a prime", exponent + 300)]
    {
        assert_eq!(Key::parse(&changed(index)).unwrap_err(), UnfitKey::UnfitRsa, "{part}");
    }
}

fn base64(bytes: &[u8]) -> String {
    base64::prelude::BASE64_STANDARD.encode(bytes)
}

#[test]
fn a_key_cannot_be_printed() {
    let secret = Key::generate().unwrap();
    let printed = format!("{:?}", Keys::new(key(&secret), [key(RSA_2048)]));
    assert!(!printed.contains(&secret), "{printed}");
    assert_eq!(
        format!("{:?} {:?}", key(&secret), key(RSA_2048)),
        "Key(Text(TextKey(***))) Key(Rsa(RsaKey(***)))"
    );
}

#[test]
fn a_key_with_two_roles_is_one_key() {
    let text = Key::generate().unwrap();
    let keys = Keys::new(key(RSA_2048), [key(&text), key(RSA_2048), key(RSA_2048_OTHER), key(&text)]);
    let mut counts = HashMap::new();
    for id in keys.ids() {
        *counts.entry(id.to_owned()).or_insert(0) += 1;
    }
    assert_eq!(keys.ids().next(), Some(key(RSA_2048).id()));
    assert_eq!((counts.len(), counts.values().max()), (3, Some(&1)));
}
