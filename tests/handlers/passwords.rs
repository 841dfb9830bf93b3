//! Passwords: accepted forms and normalization.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::json;

use crate::event::Sender;
use crate::handlers::{Handlers, PASSWORD, later};

async fn register(service: &Handlers, username: &str, password: &str) -> u64 {
    let body = json!({ "username": username, "password": password }).to_string();
    service.register(Sender::RestApi.post(&body)).await.status
}

async fn login(service: &Handlers, username: &str, password: &str) -> u64 {
    // Longer than the lock-out after the few failures here.
    later(Duration::from_mins(15));
    let body = json!({ "username": username, "password": password }).to_string();
    service.login(Sender::HttpApi.post(&body)).await.status
}

#[tokio::test]
async fn length_is_counted_in_code_points_as_composed() {
    let service = Handlers::with(&[("PASSWORD_MIN_LENGTH", "15")]).await;
    for (number, letter) in ["q", "é", "e\u{301}", "密", "😀"].into_iter().enumerate() {
        let name = format!("user{number}");
        assert_eq!(register(&service, &name, &letter.repeat(14)).await, 400, "{letter}");
        assert_eq!(register(&service, &name, &format!("{}x", letter.repeat(14))).await, 201, "{letter}");
    }
}

#[tokio::test]
async fn no_part_of_a_password_is_enough() {
    let service = Handlers::new().await;
    let long: String = ('a'..='z').cycle().take(200).collect();
    assert_eq!(register(&service, "alice", &long).await, 201);
    for length in [199, 128, 127, 72, 71, 64, 8] {
        assert_eq!(login(&service, "alice", &long[..length]).await, 401, "{length}");
    }
    assert_eq!(login(&service, "alice", &format!("{long}a")).await, 401);
    assert_eq!(login(&service, "alice", &long).await, 200);
}

#[tokio::test]
async fn composition_makes_no_difference_and_everything_else_does() {
    let service = Handlers::new().await;
    let password = "  Ünder ﬁne Ａ bridge\t";
    assert_eq!(register(&service, "alice", password).await, 201);
    assert_eq!(login(&service, "alice", "  U\u{308}nder ﬁne Ａ bridge\t").await, 200, "the same, decomposed");
    for other in [
        "Ünder ﬁne Ａ bridge",
        "  Ünder ﬁne Ａ bridge",
        "  Ünder ﬁne Ａ bridge\t ",
        " Ünder ﬁne Ａ bridge\t",
        "  ünder ﬁne Ａ bridge\t",
        "  Under ﬁne Ａ bridge\t",
        "  Ünder fine Ａ bridge\t",
        "  Ünder ﬁne A bridge\t",
        "  Ünder ﬁne Ａ\u{a0}bridge\t",
        "  Ünder ﬁne Ａ\u{200b} bridge\t",
    ] {
        assert_eq!(login(&service, "alice", other).await, 401, "{other:?}");
    }
}

/// Strings that have broken programs of all kinds.
#[tokio::test]
async fn naughty_strings_are_passwords_like_any_other() {
    let service = Handlers::new().await;
    for (number, password) in [
        "' OR '1'='1' --",
        "${jndi:ldap://x/a}",
        "%s%n%x$argon2id$",
        "<script>alert(1)</script>",
        "undefined null NaN true",
        "../../../etc/passwd",
        "\u{1}\u{2}\u{7f} control",
        "\u{202e}right to left\u{200f}",
        "zero\u{200b}width\u{feff}\u{ad}joined",
        "كلمة السر الطويلة",
        "סיסמה ארוכה מאוד",
        "รหัสผ่านที่ยาวมาก",
        "पासवर्ड लंबा है",
        "비밀번호가 깁니다",
        "👩‍👩‍👧‍👦🏳️‍🌈👍🏽 family",
        "Z\u{351}\u{36b}\u{343}\u{32a}\u{302}a\u{334}\u{335}lgo is here",
        "\u{10ffff}\u{e000}\u{fdd0}\u{fffe} unassigned",
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("user{number}");
        assert_eq!(register(&service, &name, password).await, 201, "{password:?}");
        assert_eq!(login(&service, &name, password).await, 200, "{password:?}");
    }
    assert_eq!(login(&service, "user0", PASSWORD).await, 401);
}

/// The minimum cost of OWASP, a salt of 16 bytes and a tag of 32, as RFC 9106 recommends; and no salt twice.
#[tokio::test]
async fn the_stored_hash_is_a_phc_string_of_sufficient_cost_with_its_own_salt() {
    const USERS: usize = 40;
    let service = Handlers::new().await;
    let mut salts = HashSet::new();
    for number in 0..USERS {
        let name = format!("user{number}");
        service.enrol(&name).await;
        let hash = service.account(&name).await.unwrap().password_hash;
        let parts: Vec<_> = hash.as_str().split('$').collect();
        let ["", "argon2id", "v=19", "m=19456,t=2,p=1", salt, tag] = parts[..] else { panic!("{parts:?}") };
        let length =
            |part| base64::Engine::decode(&base64::prelude::BASE64_STANDARD_NO_PAD, part).unwrap().len();
        assert_eq!((length(salt), length(tag)), (16, 32));
        salts.insert(salt.to_owned());
    }
    assert_eq!(salts.len(), USERS);
}
