//! What a token must look like, whatever it says.

use super::*;

#[test]
fn a_token_has_three_parts() {
    let token = good();
    let parts: Vec<_> = token.split('.').collect();
    let [header, payload, mac] = parts[..] else { panic!("{} parts", parts.len()) };
    assert_refused(
        Malformed,
        [
            ("nothing", String::new()),
            ("one part", header.to_owned()),
            ("two parts", format!("{header}.{payload}")),
            ("four parts", format!("{token}.{mac}")),
            ("four parts, the last empty", format!("{token}.")),
            ("four parts, the first empty", format!(".{token}")),
            ("five parts, as of an encrypted token", format!("{token}.{mac}.{mac}")),
            ("an empty payload, signed", saying("")),
            ("JSON", json!({"protected": header, "payload": payload, "signature": mac}).to_string()),
            (
                "general JSON",
                json!({"payload": payload, "signatures": [{"protected": header, "signature": mac}]})
                    .to_string(),
            ),
            ("with its scheme", format!("Bearer {token}")),
        ],
    );
    assert_refused(
        UnacceptableHeader,
        [("three empty parts", "..".to_owned()), ("an empty header, signed", under(""))],
    );
    assert_refused(
        BadSignature,
        [("an empty payload", format!("{header}..{mac}")), ("no MAC", format!("{header}.{payload}."))],
    );
}

#[test]
fn no_character_outside_base64url_is_accepted_anywhere() {
    let token = good();
    let (text, _) = token.rsplit_once('.').unwrap();
    let dot = text.find('.').unwrap();
    for c in "= \n\r\t\0+/?%,;:\"'\\~\u{7F}é\u{A0}\u{200B}\u{FEFF}．。💥".chars() {
        let put = |index: usize| format!("{}{c}{}", &token[..index], &token[index..]);
        let places = [0, 1, dot, dot + 1, text.len(), text.len() + 1, token.len() - 1, token.len()];
        assert_refused(Malformed, places.map(|index| (format!("{c:?} at {index}"), put(index))));
        let signed = |index: usize| seal(SECRET, &format!("{}{c}{}", &text[..index], &text[index..]));
        let places = [0, 1, dot, dot + 1, text.len()];
        assert_refused(Malformed, places.map(|index| (format!("{c:?} at {index}, signed"), signed(index))));
    }
}

#[test]
fn base64_of_the_standard_alphabet_is_refused() {
    // Whatever its place, some of this is encoded with both characters that differ.
    let payload = with(claims(), "username", "????>>>>");
    let text = text(header(), payload);
    assert_eq!(verify(&seal(SECRET, &text)).err(), None);
    assert!(text.contains('_') && text.contains('-'));
    assert_refused(
        Malformed,
        [
            ("its sixty-third", seal(SECRET, &text.replace('-', "+"))),
            ("its sixty-fourth", seal(SECRET, &text.replace('_', "/"))),
        ],
    );
}

/// Else one token had several spellings, and a list of revoked ones could be walked around.
#[test]
fn bits_that_no_byte_needs_are_zero() {
    for beyond_threes in [1, 2] {
        let with_decoy = |json: String| {
            let spaces = (beyond_threes + 2 * json.len()) % 3;
            b64(json + &" ".repeat(spaces))
        };
        let (header, payload) = (with_decoy(header().to_string()), with_decoy(claims().to_string()));
        assert_eq!(verify(&seal(SECRET, &format!("{header}.{payload}"))).err(), None);
        assert_refused(
            Malformed,
            [
                ("the header's", seal(SECRET, &format!("{}.{payload}", loosened(&header, 1)))),
                ("the payload's", seal(SECRET, &format!("{header}.{}", loosened(&payload, 1)))),
            ],
        );
    }
    assert_refused(Malformed, [1, 2, 3].map(|bits| (format!("the MAC's, {bits}"), loosened(&good(), bits))));
}

/// The same base64url text with these unused bits set in its last character.
fn loosened(text: &str, bits: usize) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (start, last) = text.split_at(text.len() - 1);
    let index = ALPHABET.iter().position(|&c| c == last.as_bytes()[0]).unwrap();
    format!("{start}{}", char::from(ALPHABET[index + bits]))
}

#[test]
fn the_whole_mac_counts_and_nothing_more() {
    let token = good();
    let (signed, encoded) = token.rsplit_once('.').unwrap();
    let mac = hs256(SECRET, signed);
    let ending_in = |mac: &[u8]| format!("{signed}.{}", b64(mac));
    assert_eq!(ending_in(&mac), token);
    assert_refused(BadSignature, [0, 1, 16, 20, 30, 31].map(|length| (length, ending_in(&mac[..length]))));
    assert_refused(
        BadSignature,
        [
            ("a byte more", ending_in(&[&mac[..], b"\0"].concat())),
            ("twice", ending_in(&mac.repeat(2))),
            ("zeroes", ending_in(&[0; 32])),
            ("half of it, in hexadecimal", format!("{signed}.{}", hex::encode(&mac[..16]))),
            ("of another token", ending_in(&hs256(SECRET, &text(header(), "{}")))),
        ],
    );
    let flipped = |bit: usize| {
        let mut mac = mac.clone();
        mac[bit / 8] ^= 1 << (bit % 8);
        (format!("bit {bit}"), ending_in(&mac))
    };
    assert_refused(BadSignature, (0..256).map(flipped));
    assert_refused(Malformed, [("an impossible length", format!("{signed}.{}", &encoded[..41]))]);
}

#[test]
fn a_token_is_at_most_8_kib_long() {
    assert_eq!(verify(&padded_to(8_192)).err(), None);
    assert_refused(Malformed, [8_193, 8_194, 1_000_000].map(|length| (length, padded_to(length))));
}

/// A token of this length, by spaces after its JSON.
fn padded_to(length: usize) -> String {
    let spaces = (length - good().len()) * 3 / 4;
    let candidates = (0..3).flat_map(|few| (spaces - 3..=spaces + 3).map(move |many| (few, many)));
    let with_decoy = |json: Value, spaces: usize| format!("{json}{}", " ".repeat(spaces));
    let mut texts = candidates.map(|(few, many)| text(with_decoy(header(), few), with_decoy(claims(), many)));
    let mac = good().len() - text(header(), claims()).len();
    seal(SECRET, &texts.find(|text| text.len() + mac == length).unwrap())
}

#[test]
fn json_in_another_encoding_than_utf_8_is_refused() {
    for (name, header) in other_encodings(&header().to_string(), "JWT") {
        let [token, _] = of_bytes(&header);
        assert_refused(UnacceptableHeader, [(name, token)]);
    }
    for (name, payload) in other_encodings(&claims().to_string(), "alice") {
        let [_, token] = of_bytes(&payload);
        assert_refused(Malformed, [(name, token)]);
    }
}

/// Else what we accept would be no JSON to others.
#[test]
fn even_a_claim_that_is_ignored_is_utf_8() {
    let [_, token] = of_bytes(with(claims(), "more", "caf?").to_string().as_bytes());
    assert_eq!(verify(&token).err(), None);
    let latin_1: Vec<_> = with(claims(), "more", "caf?")
        .to_string()
        .bytes()
        .map(|byte| if byte == b'?' { 0xE9 } else { byte })
        .collect();
    let [_, token] = of_bytes(&latin_1);
    assert_refused(Malformed, [("Latin-1", token)]);
}

/// A text in encodings that JSON is not written in; `word` occurs in it.
fn other_encodings(text: &str, word: &str) -> [(&'static str, Vec<u8>); 6] {
    let utf_16 = |to_bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(to_bytes).collect::<Vec<_>>();
    let (before, after) = text.split_once(word).unwrap();
    [
        ("UTF-8 with a byte order mark", format!("\u{FEFF}{text}").into_bytes()),
        ("UTF-16LE", utf_16(u16::to_le_bytes)),
        ("UTF-16BE", utf_16(u16::to_be_bytes)),
        ("UTF-16LE with a byte order mark", [b"\xFF\xFE", &utf_16(u16::to_le_bytes)[..]].concat()),
        ("UTF-16BE with a byte order mark", [b"\xFE\xFF", &utf_16(u16::to_be_bytes)[..]].concat()),
        ("Latin-1", [before.as_bytes(), b"\xE9", after.as_bytes()].concat()),
    ]
}
