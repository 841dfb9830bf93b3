//! The rules for mails and codes that every back end keeps. A back end claims them all with [`claim_mail_contract`].

use std::time::Duration;

use super::*;
use crate::code::{Code, CodeKey, MOST, PAUSE, SentCode, TRIES};
use crate::deadlines::TAKEN_FOR;
use crate::mail::{LIFETIME, Mail, MailId, MailRequest};
use crate::store::{Codes, Outbox, Taken};

pub(crate) const START: Timestamp = Timestamp::from_seconds(1_790_000_000);

const MILLISECOND: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// A mail of this moment, unlike any other.
pub(crate) fn mail() -> Mail {
    Mail::new(MailRequest::reset_by_username(&key("Ada")), START).unwrap()
}

/// The result of taking a mail.
async fn take(store: &impl Operator, id: &MailId, now: Timestamp) -> Result<Mail, &'static str> {
    match store.take(id, now).await.unwrap() {
        Taken::Mail(mail) => Ok(mail),
        Taken::Busy => Err("busy"),
        Taken::Gone => Err("gone"),
    }
}

/// `true` if the mail is there.
pub(crate) async fn is_posted(store: &impl Operator, mail: &Mail) -> bool {
    take(store, &mail.id, START).await != Err("gone")
}

/// A code to the address of an account, by a mail of its own.
pub(crate) fn code(account: &Account, email: &str, key: &CodeKey) -> SentCode {
    SentCode {
        account_id: account.id,
        username: account.username.key().clone(),
        email: Email::parse(email).unwrap(),
        digest: key.digest(&Code::random().unwrap()),
        mail: MailId::random().unwrap().as_str().to_owned(),
        sent_at: START,
        token_version: account.token_version,
        former: account.email.clone(),
    }
}

/// All that a store keeps of codes, in an order of its own.
fn told(mut codes: Vec<SentCode>) -> Vec<[String; 8]> {
    codes.sort_by_key(|code| code.account_id.to_bytes());
    let of = |code: &SentCode| {
        [
            code.account_id.to_string(),
            code.username.as_str().to_owned(),
            code.email.as_str().to_owned(),
            code.digest.as_str().to_owned(),
            code.mail.clone(),
            code.sent_at.seconds().to_string(),
            code.token_version.to_string(),
            code.former.as_ref().map(|former| former.as_str().to_owned()).unwrap_or_default(),
        ]
    };
    codes.iter().map(of).collect()
}

pub(crate) async fn a_mail_is_taken_until_it_is_late_and_then_forgotten(place: &impl Place) {
    let (store, other) = (place.open().await, place.open().await);
    let (first, second) = (mail(), mail());
    assert_eq!(take(&store, &first.id, START).await, Err("gone"));
    for mail in [&first, &second] {
        store.post(mail).await.unwrap();
    }
    let taken_at = START + Duration::from_millis(1500);
    assert_eq!(take(&store, &first.id, taken_at).await, Ok(first.clone()));
    for now in [taken_at, taken_at + TAKEN_FOR.saturating_sub(MILLISECOND)] {
        assert_eq!(take(&other, &first.id, now).await, Err("busy"));
    }
    assert_eq!(take(&other, &first.id, taken_at + TAKEN_FOR).await, Ok(first.clone()));
    assert_eq!(take(&store, &first.id, taken_at + TAKEN_FOR).await, Err("busy"));
    for _ in 0..2 {
        store.forget(&first.id).await.unwrap();
        assert_eq!(take(&store, &first.id, taken_at + 2 * TAKEN_FOR).await, Err("gone"));
    }
    assert_eq!(take(&store, &second.id, taken_at).await, Ok(second));
}

pub(crate) async fn a_mail_that_waited_too_long_is_gone(place: &impl Place) {
    let store = place.open().await;
    let (first, second) = (mail(), mail());
    store.post(&first).await.unwrap();
    store.post(&second).await.unwrap();
    let end = START + LIFETIME;
    assert_eq!(take(&store, &first.id, end.minus(MILLISECOND)).await, Ok(first.clone()));
    assert_eq!(take(&store, &first.id, end).await, Err("gone"), "though somebody has it");
    assert_eq!(take(&store, &second.id, end).await, Err("gone"));
    assert!(store.waiting(end).await.unwrap().is_empty());
}

pub(crate) async fn of_takers_at_once_one_gets_the_mail(place: &impl Place) {
    let mail = mail();
    place.open().await.post(&mail).await.unwrap();
    for late in 0..3 {
        let now = START + late * TAKEN_FOR;
        let taken = together(place, 16, async |store, _| take(&store, &mail.id, now).await);
        assert_eq!(taken.iter().filter(|taken| taken.is_ok()).count(), 1, "{taken:?}");
        assert_eq!(taken.iter().filter(|taken| **taken == Err("busy")).count(), 15, "{taken:?}");
    }
}

pub(crate) async fn codes_are_found_under_their_key_as_they_were_sent(place: &impl Place) {
    let store = place.open().await;
    let (alice, bob) = (account("Alice", ""), account("bob", ""));
    let (key, other) =
        (CodeKey::email(Email::parse("Both@example.com").unwrap().key()), CodeKey::reset(alice.id));
    let (hers, his) = (code(&alice, "Both@example.com", &key), code(&bob, "both@EXAMPLE.com", &key));
    assert!(store.try_code(&key, START).await.unwrap().is_empty());
    assert!(store.put_code(&key, &hers).await.unwrap());
    assert_eq!(told(store.try_code(&key, START).await.unwrap()), told(vec![hers.clone()]));
    assert!(store.put_code(&key, &his).await.unwrap());
    assert_eq!(told(store.try_code(&key, START).await.unwrap()), told(vec![hers, his]));
    assert!(store.try_code(&other, START).await.unwrap().is_empty());
}

pub(crate) async fn a_code_waits_a_minute_for_the_next_but_not_for_its_repetition(place: &impl Place) {
    let store = place.open().await;
    let alice = account("alice", "");
    let key = CodeKey::reset(alice.id);
    let first = code(&alice, "alice@example.com", &key);
    let next = |wait: Duration| SentCode { sent_at: START + wait, ..code(&alice, "alice@example.com", &key) };
    let found = async || told(store.try_code(&key, START).await.unwrap());
    assert!(store.put_code(&key, &first).await.unwrap());
    assert!(!store.put_code(&key, &next(PAUSE.saturating_sub(SECOND))).await.unwrap());
    assert_eq!(found().await, told(vec![first.clone()]));
    let again = SentCode { mail: first.mail.clone(), ..next(SECOND) };
    assert!(store.put_code(&key, &again).await.unwrap());
    assert_eq!(found().await, told(vec![again.clone()]));
    assert!(!store.put_code(&key, &next(PAUSE)).await.unwrap(), "the pause begins anew");
    let second = next(PAUSE + SECOND);
    assert!(store.put_code(&key, &second).await.unwrap());
    assert_eq!(found().await, told(vec![second]));
}

pub(crate) async fn five_tries_are_allowed_however_many_are_made_at_once(place: &impl Place) {
    let store = place.open().await;
    let alice = account("alice", "");
    let key = CodeKey::reset(alice.id);
    for sent in 0..2 {
        let sent = SentCode { sent_at: START + sent * PAUSE, ..code(&alice, "alice@example.com", &key) };
        assert!(store.put_code(&key, &sent).await.unwrap());
        let tries = together(place, 50, async |store, _| {
            loop {
                match store.try_code(&key, START).await {
                    // SQLite keeps one of so many waiting for its turn for longer than it waits.
                    Err(StoreError::Unavailable(_)) => {}
                    codes => break codes.unwrap().len(),
                }
            }
        });
        assert_eq!(tries.iter().sum::<usize>(), TRIES as usize);
        assert!(store.try_code(&key, START).await.unwrap().is_empty());
    }
}

pub(crate) async fn a_code_ends_though_others_live_under_its_key(place: &impl Place) {
    let store = place.open().await;
    let (alice, bob) = (account("alice", ""), account("bob", ""));
    let key = CodeKey::email(Email::parse("both@example.com").unwrap().key());
    let hers = code(&alice, "both@example.com", &key);
    let his = SentCode { sent_at: START + PAUSE, ..code(&bob, "both@example.com", &key) };
    assert!(store.put_code(&key, &hers).await.unwrap());
    assert!(store.put_code(&key, &his).await.unwrap());
    let end = START + key.lifetime();
    let both = store.try_code(&key, end.minus(MILLISECOND)).await.unwrap();
    assert_eq!(told(both), told(vec![hers, his.clone()]));
    assert_eq!(told(store.try_code(&key, end).await.unwrap()), told(vec![his]));
    assert!(store.try_code(&key, end + PAUSE).await.unwrap().is_empty());
}

/// An item of DynamoDB has a largest size.
pub(crate) async fn beyond_fifty_accounts_the_oldest_codes_are_dropped(place: &impl Place) {
    let store = place.open().await;
    let key = CodeKey::email(Email::parse("many@example.com").unwrap().key());
    let mut sent = Vec::new();
    for number in 0..MOST + 3 {
        let account = account(&format!("name{number}"), "");
        let sent_at = START + Duration::from_secs(number as u64);
        sent.push(SentCode { sent_at, ..code(&account, "many@example.com", &key) });
        assert!(store.put_code(&key, &sent[number]).await.unwrap());
    }
    assert_eq!(told(store.try_code(&key, START).await.unwrap()), told(sent.split_off(3)));
}

/// One test per rule for the back end whose places `$new` makes, so that a failure names both.
macro_rules! claim_mail_contract {
    ($new:expr) => { claim_mail_contract!($new;
        a_mail_is_taken_until_it_is_late_and_then_forgotten
        a_mail_that_waited_too_long_is_gone
        of_takers_at_once_one_gets_the_mail
        codes_are_found_under_their_key_as_they_were_sent
        a_code_waits_a_minute_for_the_next_but_not_for_its_repetition
        five_tries_are_allowed_however_many_are_made_at_once
        a_code_ends_though_others_live_under_its_key
        beyond_fifty_accounts_the_oldest_codes_are_dropped
    ); };
    ($new:expr; $($rule:ident)+) => {$(
        #[tokio::test]
        async fn $rule() {
            $crate::store::contract::mail::$rule(&$new).await;
        }
    )+};
}
pub(crate) use claim_mail_contract;
