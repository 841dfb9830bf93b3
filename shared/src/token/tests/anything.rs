//! Nothing that chance makes is accepted, and nothing makes us panic.

use super::*;

const CLAIMS: &[&str] = &["iss", "aud", "sub", "user_id", "username", "ver", "iat", "exp", "nbf", "jti"];

#[test]
fn no_byte_of_a_token_can_be_changed() {
    let (token, verifier) = (good(), verifier(SECRET, None));
    assert_eq!(verifier.verify(&token, at(NOW)).err(), None);
    for index in 0..token.len() {
        for byte in (0..128_u8).filter(|&byte| byte != token.as_bytes()[index]) {
            let changed = format!("{}{}{}", &token[..index], char::from(byte), &token[index + 1..]);
            assert!(verifier.verify(&changed, at(NOW)).is_err(), "{byte:#04x} at {index}");
        }
    }
}

proptest! {
    #[test]
    fn no_text_is_a_token(text in any::<String>()) {
        prop_assert!(verify(&text).is_err());
    }

    #[test]
    fn no_text_in_the_form_of_a_token_is_one(text in r"[A-Za-z0-9_-]{0,80}(\.[A-Za-z0-9_-]{0,80}){0,4}") {
        prop_assert!(verify(&text).is_err());
    }

    #[test]
    fn no_part_of_a_token_can_be_exchanged(part in 0..3_usize, text in "[A-Za-z0-9_-]{0,80}") {
        let token = good();
        let mut parts: Vec<_> = token.split('.').collect();
        parts[part] = &text;
        prop_assert!(verify(&parts.join(".")).is_err());
    }

    #[test]
    fn no_bytes_under_our_mac_are_a_header_or_a_payload(bytes in any::<Vec<u8>>()) {
        for token in of_bytes(&bytes) {
            prop_assert!(verify(&token).is_err());
        }
    }

    #[test]
    fn no_json_under_our_mac_is_a_header_or_a_payload(json in any_json()) {
        prop_assert!(verify(&under(&json)).is_err());
        prop_assert!(verify(&saying(&json)).is_err());
    }

    #[test]
    fn no_header_is_accepted_but_ours(member in any_member(), value in any_json()) {
        let changed = with(header(), &member, value);
        prop_assert_eq!(verify(&under(&changed)).is_ok(), changed == header());
    }

    #[test]
    fn only_signed_tokens_are_accepted(claim in prop::sample::select(CLAIMS), value in any_json()) {
        let changed = with(claims(), claim, value);
        if let Ok(accepted) = verify(&saying(&changed)) {
            prop_assert_eq!(json!(accepted), changed);
        }
    }
}

fn any_member() -> impl Strategy<Value = String> {
    let known = prop::sample::select([CLAIMS, &["alg", "typ", "kid", "crit"]].concat());
    prop_oneof![known.prop_map(str::to_owned), any::<String>()]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        let members = prop::collection::vec((any_member(), inner.clone()), 0..8);
        prop_oneof![
            prop::collection::vec(inner, 0..8).prop_map(Value::from),
            members.prop_map(|members| Value::from(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}
