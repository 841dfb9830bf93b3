//! The grammar of emails, and their keys.

use proptest::prelude::*;

use super::*;

#[test]
fn the_domain_is_lower_cased_and_the_rest_kept() {
    let email = Email::parse("Alice+News@Example.COM").unwrap();
    assert_eq!(email.as_str(), "Alice+News@example.com");
    assert_eq!(email.local_part(), "Alice+News");
    assert_eq!(email.key(), Email::parse("alice+news@example.com").unwrap().key());
}

#[test]
fn text_that_is_not_an_email_is_refused() {
    for text in [
        "",
        "alice",
        "@example.com",
        "alice@",
        "alice@localhost",
        "a b@example.com",
        "alice@exa mple.com",
        "alice@example.com ",
        "Alice <alice@example.com>",
        "alice@[127.0.0.1]",
        "a@b@example.com",
        "al\u{200B}ice@example.com",
        "alice@example.com\n",
        "alice@.com",
        "\"alice\"@example.com",
        "\"al\\ice\"@example.com",
        "alice@xn--a.com",
        "alice@example..com",
        "alice@example.com.",
        "alice@-example.com",
        "alice@example-.com",
        "alice..news@example.com",
        ".alice@example.com",
        // A sign that composition makes is none of RFC 5322.
        "alice=\u{338}@example.com",
        // UTS 46 makes an `@` of the wide one, a letter of the sign, and nothing of the rest.
        "alice@example＠com.com",
        "alice@exam\u{AD}ple.com",
        "alice@☕\u{FE0F}.com",
        // A mark without a letter, joiners that join nothing.
        "alice@\u{94D}क.com",
        "alice@a\u{200D}b.com",
        "alice@क\u{200C}ष.com",
        "al\u{200D}ice@example.com",
        // A letter and a mark that cannot be seen.
        "al\u{3164}ice@example.com",
        "alice\u{FE0F}@example.com",
        // Spaces and control characters, those that UTS 46 makes into them too.
        "alice@exam\u{A0}ple.com",
        "alice@exam\u{3000}ple.com",
        "alice@exam\u{2028}ple.com",
        "alice@exam\u{85}ple.com",
        "alice@exam\tple.com",
        "al\u{85}ice@example.com",
        "al\u{A0}ice@example.com",
        // A label in two directions (RFC 5893), as it is and in its ASCII form.
        "alice@aא.com",
        "alice@xn--a-0hc.com",
    ] {
        assert_eq!(Email::parse(text), Err(EmailError::Grammar), "{text:?}");
    }
    assert_eq!(Email::parse("alice\0@example.com"), Err(EmailError::Null));
}

#[test]
fn one_mailbox_has_one_key() {
    for (one, other) in [
        ("user@münchen.de", "user@xn--mnchen-3ya.de"),
        ("user@MÜNCHEN.de", "User@XN--MNCHEN-3YA.DE"),
        ("user@例え.jp", "user@xn--r8jz45g.jp"),
        ("user@example.com", "ｕser@ｅxample.com"),
    ] {
        let key = |text| Email::parse(text).unwrap().key().clone();
        assert_eq!(key(one), key(other), "{one}");
        assert_eq!(Email::from_stored(one.to_owned()).key(), &key(one), "{one}");
    }
    let key = |text| Email::parse(text).unwrap().key().clone();
    assert_ne!(key("user@straße.de"), key("user@strasse.de"));
}

#[test]
fn a_domain_of_any_script_is_one_in_both_forms() {
    for (unicode, ascii) in [
        ("हिन्दी.भारत", "xn--j2bd4cyah0f.xn--h2brj9c"),
        ("\u{958}लम.com", "xn--11b4cl3b.com"),
        ("क\u{93C}लम.com", "xn--11b4cl3b.com"),
        ("বিশ্ব.ভারত", "xn--d6ba3a9a9d.xn--45brj9c"),
        ("தமிழ்.சிங்கப்பூர்", "xn--rlcus7b3d.xn--clchc0ea0b2g2a9gcd"),
        ("ผู้ใช้.ไทย", "xn--b3c9a5etb3ac.xn--o3cw4h"),
        ("مُحَمَّد.مصر", "xn--sgbe8db8bbdu.xn--wgbh1c"),
        ("דוגמה.קום", "xn--6dbbec0c.xn--9dbq2a"),
        ("例子.测试", "xn--fsqu00a.xn--0zwm56d"),
        ("例子。测试", "xn--fsqu00a.xn--0zwm56d"),
        ("한국.kr", "xn--3e0b707e.kr"),
        ("Bücher.日本.example", "xn--bcher-kva.xn--wgv71a.example"),
        // Joiners where they shape a word: Sinhala, Persian.
        ("ශ්\u{200D}රී.com", "xn--10cl1a0b660p.com"),
        ("نامه\u{200C}ای.com", "xn--mgba3gch31f060k.com"),
        // IDNA2008 has no symbols, UTS 46 does, and so do some registries.
        ("☕.example", "xn--53h.example"),
    ] {
        let [unicode, ascii] =
            [unicode, ascii].map(|domain| Email::parse(&format!("alice@{domain}")).unwrap());
        assert_eq!(unicode.key(), ascii.key(), "{unicode:?}");
    }
}

#[test]
fn lower_case_leaves_a_domain_what_it_is() {
    for c in ('\0'..=char::MAX).filter(|c| !c.to_lowercase().eq([*c])) {
        let typed = format!("ex{c}");
        let stored = with_lower_domain(&format!("alice@{typed}"));
        let ascii = |domain| idna::domain_to_ascii(domain).ok();
        assert_eq!(ascii(&stored["alice@".len()..]), ascii(&typed), "{c:?}");
    }
    // The last letter of a Greek word in lower case is ς, which is another domain.
    let email = Email::parse("alice@ΟΔΟΣ.gr").unwrap();
    assert_eq!(email.as_str(), "alice@οδοσ.gr");
    assert_eq!(email.key(), Email::parse("alice@xn--pxavbq.gr").unwrap().key());
    assert_ne!(email.key(), Email::parse("alice@οδος.gr").unwrap().key());
}

/// The grammar of before judged the domain as typed, and refused both: the letters that lower case makes of `İ` are not
/// alphanumeric, and those that it makes of 31 `Ⱥ` have 93 bytes. Their ASCII forms are labels like any others.
#[test]
fn a_domain_that_lower_case_lengthens_is_judged_by_its_ascii_form() {
    for (typed, stored) in [("xİy".to_owned(), "xi\u{307}y".to_owned()), ("Ⱥ".repeat(31), "ⱥ".repeat(31))]
    {
        let email = Email::parse(&format!("alice@{typed}.com")).unwrap();
        assert_eq!(email.as_str(), format!("alice@{stored}.com"));
        assert_eq!(Email::parse(email.as_str()), Ok(email));
    }
}

#[test]
fn local_parts_are_words_of_any_script() {
    for local in ["हिन्दी", "বিশ্ব", "தமிழ்", "ผู้ใช้", "مُحَمَّد", "用户", "Jose\u{301}", "alice/dept=ship{ping}"]
    {
        let email = Email::parse(&format!("{local}@example.com")).unwrap();
        assert_eq!(email.local_part(), local);
    }
    for local in ["☕", "a€b", "a、b", "a＠b", "＂alice＂", "a\u{E000}b", "a\u{378}b"] {
        assert_eq!(Email::parse(&format!("{local}@example.com")), Err(EmailError::Grammar), "{local}");
    }
}

#[test]
fn composition_makes_no_difference() {
    let key = |text: String| Email::parse(&text).map(|email| email.key().clone());
    for c in '\0'..=char::MAX {
        let composed = unicode::nfc(&c.to_string());
        if composed != c.to_string() {
            assert_eq!(key(format!("a{c}@example.com")), key(format!("a{composed}@example.com")), "{c:?}");
            assert_eq!(key(format!("a@ex{c}.com")), key(format!("a@ex{composed}.com")), "{c:?}");
        }
    }
    let [one, other] = ["a@α\u{345}\u{301}.gr", "a@α\u{301}\u{345}.gr"];
    assert_eq!(key(one.to_owned()), key(other.to_owned()));
    assert_eq!(Email::from_stored(one.to_owned()).key(), Email::from_stored(other.to_owned()).key());
}

/// The literals are keys of the version before, which judged the domain as typed. They are in stores: do not change them.
#[test]
fn stored_addresses_keep_their_keys() {
    for (stored, key) in [
        ("Alice+News@example.com", "alice+news@example.com"),
        ("alice@a_b.example.com", "alice@a_b.example.com"),
        ("user@münchen.de", "user@münchen.de"),
        ("user@xn--mnchen-3ya.de", "user@münchen.de"),
        ("ｕser@ｅxample.com", "user@example.com"),
        ("José@straße.de", "josé@straße.de"),
        ("user@οδος.gr", "user@οδος.gr"),
        ("user@\u{958}लम.com", "user@क\u{93C}लम.com"),
        ("user@xn--j2bd4cyah0f.xn--h2brj9c", "user@हिन्दी.भारत"),
        ("user@xn--10cl1a0b660p.com", "user@ශ්\u{200D}රී.com"),
        ("user@xn--53h.example", "user@☕.example"),
    ] {
        let email = Email::parse(stored).unwrap();
        assert_eq!((email.as_str(), email.key().as_str()), (stored, key));
        assert_eq!(Email::from_stored(stored.to_owned()), email);
    }
}

#[test]
fn any_stored_text_has_a_key_and_a_local_part() {
    for (stored, key, local) in [
        ("Alice@xn--a.com", "alice@xn--a.com", "Alice"),
        ("\"a@B\"@example.com", "\"a@b\"@example.com", "\"a@B\""),
        ("Alice", "alice", "Alice"),
    ] {
        let email = Email::from_stored(stored.to_owned());
        assert_eq!((email.key().as_str(), email.local_part()), (key, local));
    }
}

#[test]
fn an_address_in_ascii_leads_to_the_same_mailbox() {
    for (address, ascii) in [
        ("Alice+News@Example.COM", Some("Alice+News@example.com")),
        ("user@münchen.de", Some("user@xn--mnchen-3ya.de")),
        ("user@mu\u{308}nchen.de", Some("user@xn--mnchen-3ya.de")),
        ("user@ｅxample.com", Some("user@example.com")),
        ("josé@example.com", None),
        ("ｕser@example.com", None),
    ] {
        assert_eq!(Email::parse(address).unwrap().to_ascii().as_deref(), ascii, "{address}");
    }
    for stored in [
        "a@b.example\r\nBcc: c@d.example",
        "a\r\nb@example.com",
        "<a>@example.com",
        "\"a b\"@example.com",
        "a,b@example.com",
        "a",
    ] {
        assert_eq!(Email::from_stored(stored.to_owned()).to_ascii(), None, "{stored:?}");
    }
}

#[test]
fn length_counts_code_points() {
    let domain = format!("{}.{}.{}.com", "a".repeat(63), "b".repeat(63), "c".repeat(63));
    let longest = format!("{}@{domain}", "x".repeat(MAX_LENGTH - domain.len() - 1));
    assert!(Email::parse(&longest).is_ok());
    assert_eq!(Email::parse(&format!("x{longest}")), Err(EmailError::TooLong));
    assert_eq!(Email::parse(&"x".repeat(MAX_LENGTH + 1)), Err(EmailError::TooLong));
}

#[test]
fn a_local_part_is_counted_composed() {
    let parse = |local: &str, count| Email::parse(&format!("{}@example.com", local.repeat(count)));
    assert!(parse("x", 64).is_ok());
    assert_eq!(parse("x", 65), Err(EmailError::Grammar));
    assert!(parse("e\u{301}", 32).is_ok());
    assert_eq!(parse("e\u{301}", 33), Err(EmailError::Grammar));
    // The key of this letter is 18.
    assert_eq!(parse("\u{FDFA}", 21), Err(EmailError::TooLong));
    // The composed form of this letter is two.
    assert_eq!(parse("\u{958}", 11), Err(EmailError::Grammar));
}

#[test]
fn a_domain_is_counted_in_its_ascii_form() {
    let label = |bytes| {
        let labels = (1..).map(|count| format!("é{}", "x".repeat(count)));
        labels.into_iter().find(|label| idna::domain_to_ascii(label).unwrap().len() == bytes).unwrap()
    };
    assert!(Email::parse(&format!("a@{}.com", label(63))).is_ok());
    assert_eq!(Email::parse(&format!("a@{}.com", label(64))), Err(EmailError::Grammar));
    assert_eq!(Email::parse(&format!("a@{}.com", "x".repeat(64))), Err(EmailError::Grammar));

    let domain = |last| format!("{0}.{0}.{0}.{1}", label(63), label(last));
    assert!(Email::parse(&format!("a@{}", domain(60))).is_ok());
    assert_eq!(Email::parse(&format!("ab@{}", domain(60))), Err(EmailError::TooLong));
}

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused(text in any::<String>()) {
        if let Ok(email) = Email::parse(&text) {
            prop_assert!(email.key().as_str().len() <= 2038);
            prop_assert_eq!(Email::parse(email.as_str()), Ok(email));
        }
    }

    #[test]
    fn a_stored_email_parses_again(local in "\\PC{1,10}", domain in "[A-Zİßſﬁａ-ｚȺ-Ɏα-ωА-я]{1,30}") {
        if let Ok(email) = Email::parse(&format!("{local}@{domain}.com")) {
            prop_assert_eq!(Email::parse(email.as_str()), Ok(email));
        }
    }

    #[test]
    fn addresses_keep_their_local_part(local in "[a-z0-9.+_-]{1,64}", domain in "[a-z]{1,20}\\.[a-z]{2,6}") {
        if let Ok(email) = Email::parse(&format!("{local}@{domain}")) {
            prop_assert_eq!(email.local_part(), local);
            prop_assert_eq!(Email::parse(email.as_str()), Ok(email));
        }
    }
}
