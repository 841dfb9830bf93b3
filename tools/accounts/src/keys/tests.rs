use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use shared::time::Timestamp;
use shared::token::Key;
use support::keys::{RSA_2048, RSA_2048_OTHER, RSA_3072};

use super::document::{Document, Role};
use super::generate::generate;
use super::rotation::{Algorithm, ChangeError, Step, kept};

const ONE: &str = "k9Xv2mQ8rT5wZ1bN4cL7dF0gH3jP6sAuE";
const TWO: &str = "another-Secret-0f-thirty-two-byt3s";

/// Time for which a key is kept after it signed last.
const KEPT: Duration = Duration::from_hours(14 * 24);

const START: Timestamp = Timestamp::from_seconds(1_790_000_000);

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

fn kid(text: &str) -> String {
    key(text).id().to_owned()
}

fn parse(json: &Value) -> Document {
    Document::parse(&SecretString::from(json.to_string())).unwrap()
}

fn written(document: &Document) -> Value {
    serde_json::from_str(document.to_text().unwrap().expose_secret()).unwrap()
}

/// The roles of the keys.
fn roles(document: &Document) -> Vec<(Role, String)> {
    document.keys().map(|(role, held)| (role, held.key.id().to_owned())).collect()
}

fn rotate(document: &mut Document, now: Timestamp, new: &str) -> Step {
    document.rotate(None, KEPT, now, |_| Ok::<_, ChangeError>(key(new))).unwrap()
}

#[test]
fn a_rotation_announces_then_signs_then_keeps_then_forgets() {
    for (old, new, algorithm) in [
        (ONE, TWO, Algorithm::Hs256),
        (RSA_2048, RSA_2048_OTHER, Algorithm::Rs256),
        (ONE, RSA_2048, Algorithm::Rs256),
    ] {
        let mut document = parse(&json!({ "current": old }));
        let (current, next, ready) = (kid(old), kid(new), START + algorithm.announced());
        assert_eq!(rotate(&mut document, START, new), Step::Published { next: next.clone(), ready });
        assert_eq!(roles(&document), [(Role::Current, current.clone()), (Role::Next, next.clone())]);
        let early = Timestamp::from_seconds(ready.seconds() - 1);
        assert_eq!(rotate(&mut document, early, "unused"), Step::Announced { next: next.clone(), ready });
        assert_eq!(roles(&document), [(Role::Current, current.clone()), (Role::Next, next.clone())]);

        let previous_until = ready + KEPT;
        assert_eq!(
            rotate(&mut document, ready, "unused"),
            Step::Signs { current: next.clone(), previous_until }
        );
        assert_eq!(roles(&document), [(Role::Current, next.clone()), (Role::Previous, current.clone())]);
        let early = Timestamp::from_seconds(previous_until.seconds() - 1);
        assert_eq!(
            rotate(&mut document, early, "unused"),
            Step::Kept { current: next.clone(), previous_until }
        );
        assert_eq!(roles(&document).len(), 2);

        let step = rotate(&mut document, previous_until, RSA_3072);
        assert!(matches!(step, Step::Published { .. }), "{step:?}");
        assert_eq!(
            roles(&document),
            [(Role::Current, next), (Role::Next, kid(RSA_3072))],
            "{current} is forgotten"
        );
    }
}

/// API Gateway caches keys for two hours, a cache in between for ten minutes, a function believes its own for an hour, and a token
/// lives for a day at most, or a session without use for as long as is configured.
#[test]
fn the_waits_outlast_every_cache() {
    let minutes = |duration: Duration| duration.as_secs() / 60;
    assert_eq!(minutes(Algorithm::Hs256.announced()), 60 + 10);
    assert_eq!(minutes(Algorithm::Rs256.announced()), 60 + 10 + 120 + 10);
    for (session_idle, days) in [(1, 1), (14, 14), (90, 90)] {
        let session_idle = Duration::from_hours(24 * session_idle);
        assert_eq!(minutes(kept(session_idle)), 60 + 10 + days * 24 * 60);
    }
    assert_eq!(minutes(kept(Duration::ZERO)), 60 + 10 + 24 * 60);
}

#[test]
fn an_algorithm_is_changed_by_a_rotation_and_not_halfway() {
    let mut document = parse(&json!({ "current": ONE }));
    let mut asked = None;
    let step = document.rotate(Some(Algorithm::Rs256), KEPT, START, |algorithm| {
        asked = Some(algorithm);
        Ok::<_, ChangeError>(key(RSA_2048))
    });
    assert!(matches!(step, Ok(Step::Published { .. })), "{step:?}");
    assert_eq!(asked, Some(Algorithm::Rs256));
    let before = roles(&document);
    let other =
        document.rotate(Some(Algorithm::Hs256), KEPT, START + KEPT, |_| Ok::<_, ChangeError>(key(TWO)));
    assert_eq!(other, Err(ChangeError::OtherAlgorithm(kid(RSA_2048))));
    assert_eq!(roles(&document), before);
}

/// A key that was put there by hand is taken to have come now: too late rather than too early.
#[test]
fn the_times_of_other_hands_count_from_the_first_run() {
    let mut document = parse(&json!({ "current": ONE, "next": RSA_2048 }));
    let ready = START + Algorithm::Rs256.announced();
    assert_eq!(rotate(&mut document, START, "unused"), Step::Announced { next: kid(RSA_2048), ready });
    let mut document = parse(&written(&document));
    assert!(matches!(rotate(&mut document, ready, "unused"), Step::Signs { .. }));
    let mut document = parse(&json!({ "current": ONE, "previous": TWO }));
    assert_eq!(
        rotate(&mut document, START, "unused"),
        Step::Kept { current: kid(ONE), previous_until: START + KEPT }
    );
}

/// The time of another role is none: such a key has neither waited nor ended.
#[test]
fn a_key_that_was_moved_by_hand_counts_from_the_first_run() {
    let long_ago = START.seconds() - 365 * 86_400;
    let was_current = json!({ kid(ONE): { "current": long_ago } });
    let mut document = parse(&json!({ "current": TWO, "previous": ONE, "since": was_current }));
    assert_eq!(
        rotate(&mut document, START, "unused"),
        Step::Kept { current: kid(TWO), previous_until: START + KEPT }
    );
    let was_previous = json!({ kid(RSA_2048): { "previous": long_ago } });
    let mut document = parse(&json!({ "current": ONE, "next": RSA_2048, "since": was_previous }));
    let ready = START + Algorithm::Rs256.announced();
    assert_eq!(rotate(&mut document, START, "unused"), Step::Announced { next: kid(RSA_2048), ready });
}

/// A clock that was ahead, or a number that is no time.
#[test]
fn a_time_in_the_future_counts_from_the_first_run() {
    for since in [START.seconds() + 1, 4_102_444_800, 1 << 63, u64::MAX] {
        let json = json!({ "current": ONE, "next": TWO, "since": { kid(TWO): { "next": since } } });
        let mut document = parse(&json);
        let ready = START + Algorithm::Hs256.announced();
        assert_eq!(rotate(&mut document, START, "unused"), Step::Announced { next: kid(TWO), ready });
        let mut document = parse(&written(&document));
        assert!(matches!(rotate(&mut document, ready, "unused"), Step::Signs { .. }), "{since}");
    }
}

#[test]
fn a_revoked_key_is_gone_whatever_its_role() {
    let all = json!({ "current": ONE, "next": TWO, "previous": [RSA_2048, RSA_2048_OTHER] });
    let revoke = |document: &mut Document, key: &str, new: &str| {
        document.revoke(&kid(key), START, |_| Ok::<_, ChangeError>(self::key(new)))
    };
    for (leaked, current) in [(ONE, TWO), (TWO, ONE), (RSA_2048, ONE), (RSA_2048_OTHER, ONE)] {
        let mut document = parse(&all);
        revoke(&mut document, leaked, "unused").unwrap();
        assert_eq!(document.current.key.id(), kid(current));
        assert_eq!(document.keys().count(), 3);
        assert!(document.keys().all(|(_, held)| held.key.id() != kid(leaked)), "{leaked}");
    }
    let mut document = parse(&json!({ "current": ONE }));
    revoke(&mut document, ONE, TWO).unwrap();
    assert_eq!(roles(&document), [(Role::Current, kid(TWO))]);
    assert_eq!(revoke(&mut document, ONE, "unused"), Err(ChangeError::UnknownKey(kid(ONE))));
}

#[test]
fn a_secret_is_written_as_it_was_read() {
    for json in [
        json!({ "current": ONE, "since": {} }),
        json!({ "current": ONE, "next": RSA_2048, "since": { kid(RSA_2048): { "next": 1_790_000_000 } } }),
        json!({ "current": RSA_2048, "previous": TWO, "since": { kid(TWO): { "previous": 7 } }, "of others": { "deep": [1.50] } }),
        json!({ "current": RSA_2048, "next": RSA_3072, "previous": [ONE, TWO], "since": {} }),
    ] {
        assert_eq!(written(&parse(&json)), json);
    }
    let document = parse(&json!({ "current": ONE, "of others": "canary" }));
    let shown = format!("{document:?}");
    assert!(shown.contains(&kid(ONE)) && !shown.contains("canary") && !shown.contains(ONE), "{shown}");
}

#[test]
fn a_secret_that_would_stop_the_functions_is_not_read_and_one_too_long_not_written() {
    for json in
        ["", "{}", "[]", ONE, r#"{"current":"short"}"#, &format!(r#"{{"current":"{ONE}","next":"short"}}"#)]
    {
        assert!(Document::parse(&SecretString::from(json)).is_err(), "{json}");
    }
    let many = json!({ "current": ONE, "previous": vec![RSA_3072; 40] });
    assert!(parse(&many).to_text().is_err());
}

#[test]
fn new_keys_are_of_their_algorithm_and_differ() {
    for algorithm in [Algorithm::Hs256, Algorithm::Rs256] {
        let (one, two) = (generate(algorithm).unwrap(), generate(algorithm).unwrap());
        assert_eq!(Algorithm::of(&one), algorithm);
        assert_ne!(one.id(), two.id());
    }
}
