//! The rules for refresh and device tokens.

use support::keys::RSA_2048;

use super::*;
use crate::session::{Label, Session, SessionId};
use crate::token::sealed::{Sealed, Sealer};

fn sealer(current: &str, previous: Option<&str>) -> Sealer {
    Sealer::new(&keys(current, previous))
}

fn session() -> Session {
    Session { counter: 7, ..Session::new(SessionId::random(4).unwrap(), 0, Label::default(), at(NOW)) }
}

fn open<T: Sealed>(sealer: &Sealer, text: &str) -> Option<T> {
    sealer.open(T::envelope(text)?)
}

#[test]
fn a_sealed_token_is_opened_as_it_was() {
    for secret in [SECRET, RSA_2048] {
        let sealer = sealer(secret, None);
        for username in ["alice", "Jose\u{301}", &"𝔞".repeat(150)] {
            let refresh = RefreshToken::current(&session(), username);
            let text = sealer.seal(&refresh).unwrap();
            assert!(
                text.len() < 2048 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
            );
            assert_eq!(open(&sealer, &text), Some(refresh));
            let device = DeviceToken::new(&account(username), None, at(NOW)).unwrap();
            assert_eq!(open(&sealer, &sealer.seal(&device).unwrap()), Some(device));
        }
    }
}

/// As the modules `hmac` and `hashlib` of Python compute it by RFC 2104 and RFC 5869.
#[test]
fn a_token_is_sealed_as_others_would() {
    let id = SessionId::parse("4AAAAAAAAAAAAAAAA").unwrap();
    let session = Session::new(id, 0, Label::default(), at(1_790_000_000));
    let text = sealer(SECRET, None).seal(&RefreshToken::current(&session, "alice")).unwrap();
    let expected = "refresh.IkE86xx-AiSAvgUX.BAAAAAAAAAAAAAAAAAAAAAAAAAAAarE7gGFsaWNl.\
                    ywzeL-mtzYEFDR4QQDqlvjkYnYFCwbNfhEKj4tSYM18";
    assert_eq!(text, expected);
}

#[test]
fn the_same_number_of_a_session_has_the_same_text() {
    let (sealer, session) = (sealer(SECRET, None), session());
    let text = |session: &Session| sealer.seal(&RefreshToken::current(session, "alice")).unwrap();
    assert_eq!(text(&session), text(&session.clone()));
    assert_ne!(text(&session), text(&Session { counter: 8, ..session.clone() }));
}

/// As from a secret that was rotated since.
#[test]
fn a_token_of_a_previous_key_is_opened_and_one_of_no_key_is_not() {
    let text = sealer(PREVIOUS, None).seal(&RefreshToken::current(&session(), "alice")).unwrap();
    assert!(open::<RefreshToken>(&sealer(SECRET, Some(PREVIOUS)), &text).is_some());
    assert!(open::<RefreshToken>(&sealer(SECRET, None), &text).is_none());
}

#[test]
fn no_changed_text_is_a_token() {
    let sealer = sealer(SECRET, Some(RSA_2048));
    let text = sealer.seal(&RefreshToken::current(&session(), "alice")).unwrap();
    for (index, byte) in text.bytes().enumerate() {
        let mut changed = text.clone().into_bytes();
        changed[index] = if byte == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert!(open::<RefreshToken>(&sealer, &changed).is_none(), "{index}");
    }
    let (kid, rsa) = (Key::parse(SECRET).unwrap(), Key::parse(RSA_2048).unwrap());
    for changed in [
        String::new(),
        "...".to_owned(),
        text.replacen("refresh", "device", 1),
        text.replacen(kid.id(), rsa.id(), 1),
        text.rsplit_once('.').unwrap().0.to_owned(),
        format!("{}.", text.rsplit_once('.').unwrap().0),
        text[..text.len() - 4].to_owned(),
        format!("{text}AAAA"),
        format!("{text}="),
        format!(" {text}"),
        format!("{text}.{text}"),
        "x".repeat(100_000),
    ] {
        assert!(open::<RefreshToken>(&sealer, &changed).is_none(), "{changed}");
    }
}

/// Each purpose has a key of its own, so that a token of one kind cannot be made of another's.
#[test]
fn a_token_of_one_kind_is_none_of_another() {
    struct Other(RefreshToken);
    impl Sealed for Other {
        const PURPOSE: &'static str = "device";
        fn issued_at(&self) -> Timestamp {
            self.0.issued_at()
        }
        fn to_bytes(&self) -> Vec<u8> {
            self.0.to_bytes()
        }
        fn from_bytes(payload: &[u8]) -> Option<Self> {
            RefreshToken::from_bytes(payload).map(Self)
        }
    }
    let sealer = sealer(SECRET, None);
    let refresh = sealer.seal(&RefreshToken::current(&session(), "alice")).unwrap();
    let other = sealer.seal(&Other(RefreshToken::current(&session(), "alice"))).unwrap();
    assert!(open::<Other>(&sealer, &refresh).is_none() && open::<RefreshToken>(&sealer, &other).is_none());
    let mac = |text: &str| text.rsplit_once('.').unwrap().1.to_owned();
    assert_ne!(mac(&refresh), mac(&other));
}

#[test]
fn public_keys_seal_nothing() {
    let public = Key::parse(RSA_2048).unwrap().public().cloned();
    let sealer = Sealer::new(&Keys::public(public));
    assert!(sealer.seal(&RefreshToken::current(&session(), "alice")).is_none());
}

#[test]
fn a_device_token_is_for_one_account_and_for_half_a_year() {
    let alice = account("Alice");
    let token = DeviceToken::new(&alice, None, at(NOW)).unwrap();
    let name = |text: &str| crate::names::username::UsernameKey::of(text);
    assert!(token.is_for(&name("ALICE"), at(NOW)) && token.is_of(&alice));
    assert!(
        !token.is_for(&name("bob"), at(NOW))
            && !token.is_of(&Account { token_version: alice.token_version + 1, ..alice.clone() })
    );
    assert!(token.is_for(&name("alice"), (at(NOW) + DEVICE_TTL).minus(Duration::from_secs(1))));
    assert!(!token.is_for(&name("alice"), at(NOW) + DEVICE_TTL));
    let renewed = DeviceToken::new(&alice, Some(&token), at(NOW + 60)).unwrap();
    assert_eq!(renewed.device(), token.device(), "one device, one record");
    assert!(renewed.is_for(&name("alice"), at(NOW) + DEVICE_TTL));
    let twin = Account { id: AccountId::random().unwrap(), ..alice };
    assert!(!token.is_of(&twin));
    assert_ne!(DeviceToken::new(&twin, Some(&token), at(NOW)).unwrap().device(), token.device());
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(text in any::<String>(), parts in proptest::collection::vec("[A-Za-z0-9_-]{0,80}", 4)) {
        let sealer = sealer(SECRET, None);
        for text in [text, parts.join("."), format!("refresh.{}.{}.{}", Key::parse(SECRET).unwrap().id(), parts[2], parts[3])] {
            prop_assert!(open::<RefreshToken>(&sealer, &text).is_none() && open::<DeviceToken>(&sealer, &text).is_none());
        }
    }
}
