//! The rules for the emails of accounts, and for their end, that every back end keeps. A back end claims them all with
//! [`claim_email_contract`].

use std::time::Duration;

use super::credentials::{
    ADDRESS, OTHER, WEEK, email, email_code, is_live, meanwhile, name_of, pending, stored,
};
use super::mail::{START, is_posted, mail};
use super::operator::{with_id, without_id};
use super::*;
use crate::code::{CodeKey, SentCode};
use crate::session::{Label, Session, SessionId};
use crate::store::{Confirmed, Credentials, ImportOutcome};

fn key_of(address: &str) -> CodeKey {
    CodeKey::email(email(address).key())
}

/// Confirms the address by a code that is sent now.
async fn confirm(store: &impl Operator, account: &Account, address: &str) -> Confirmed {
    let code = email_code(store, account, address).await;
    store.confirm_email(account, &code).await.unwrap()
}

pub(crate) async fn a_confirmed_address_takes_the_place_of_the_former(place: &impl Place) {
    let store = place.open().await;
    let mut before = account("alice", "");
    before.sessions.put(Session::new(SessionId::random(3).unwrap(), 0, Label::default(), START));
    store.create(&before, None, None).await.unwrap();
    for address in [ADDRESS, ADDRESS, "Alice@Example.com", OTHER, ADDRESS] {
        let former = before.email.clone().filter(|former| former.key() != email(address).key());
        let code = email_code(&store, &before, address).await;
        assert_eq!(store.confirm_email(&before, &code).await.unwrap(), Confirmed::Yes);
        let after = Account { email: Some(email(address)), email_verified: true, ..before };
        assert_eq!(stored(&store, "alice").await, after);
        assert_eq!(store.standing(&key("alice"), None).await.unwrap(), Some(after.standing()));
        assert_eq!(name_of(&store, address).await.as_deref(), Some("alice"));
        if let Some(former) = former {
            assert_eq!(name_of(&store, former.as_str()).await, None, "the former address is free");
        }
        assert!(!is_live(&store, &key_of(address), &code).await);
        assert_eq!(store.confirm_email(&after, &code).await.unwrap(), Confirmed::Changed, "twice");
        before = after;
    }
    assert_eq!(taken(store.create(&account("bob", ADDRESS), None, None).await), Some((false, true)));
    assert_eq!(taken(store.create(&account("bob", OTHER), None, None).await), None);
}

pub(crate) async fn an_address_is_confirmed_only_for_the_account_that_was_seen(place: &impl Place) {
    let store = place.open().await;
    let (seen, owner) = (account("alice", ADDRESS), account("owner", "owner@example.com"));
    store.create(&seen, None, None).await.unwrap();
    store.create(&owner, None, None).await.unwrap();
    let code = email_code(&store, &seen, OTHER).await;
    let refused = async |account: &Account, code: &SentCode, expected| {
        let before = store.find(account.username.key()).await.unwrap();
        assert_eq!(store.confirm_email(account, code).await.unwrap(), expected);
        assert_eq!(store.find(account.username.key()).await.unwrap(), before);
        assert_eq!(name_of(&store, OTHER).await, None);
        assert_eq!(name_of(&store, ADDRESS).await.as_deref(), Some("alice"));
    };
    let wrong = super::mail::code(&seen, OTHER, &key_of(OTHER));
    refused(&seen, &SentCode { digest: wrong.digest, ..code.clone() }, Confirmed::Changed).await;
    refused(&Account { id: AccountId::random().unwrap(), ..seen.clone() }, &code, Confirmed::Changed).await;
    refused(&Account { email: Some(email(OTHER)), ..seen.clone() }, &code, Confirmed::Changed).await;
    refused(&Account { email: None, ..seen.clone() }, &code, Confirmed::Changed).await;
    refused(&Account { pending_until: Some(START), ..seen.clone() }, &code, Confirmed::Changed).await;
    let nobody = account("nobody", "");
    refused(&nobody, &email_code(&store, &nobody, OTHER).await, Confirmed::Changed).await;
    let theirs = email_code(&store, &seen, "owner@example.com").await;
    refused(&seen, &theirs, Confirmed::Taken).await;
    assert!(is_live(&store, &key_of("owner@example.com"), &theirs).await, "the code was consumed");
    assert_eq!(name_of(&store, "owner@example.com").await.as_deref(), Some("owner"));
    store.change(&key("alice"), None, &Change::Disable).await.unwrap();
    refused(&stored(&store, "alice").await, &code, Confirmed::Changed).await;
    store.change(&key("alice"), None, &Change::Enable).await.unwrap();
    let seen = stored(&store, "alice").await;
    refused(&seen, &code, Confirmed::Changed).await;
    let code = email_code(&store, &seen, "third@example.com").await;
    assert_eq!(store.confirm_email(&seen, &code).await.unwrap(), Confirmed::Yes);
}

pub(crate) async fn one_address_confirmed_by_many_at_once_is_ones(place: &impl Place) {
    let store = place.open().await;
    let mut racers = Vec::new();
    for number in 0..16 {
        let racer = match number % 2 {
            0 => pending(&format!("racer{number}"), ADDRESS),
            _ => account(&format!("racer{number}"), &format!("racer{number}@example.com")),
        };
        store.create(&racer, None, None).await.unwrap();
        racers.push((email_code(&store, &racer, ADDRESS).await, racer));
    }
    let results = together(place, racers.len(), async |store, number| {
        let (code, racer) = &racers[number];
        store.confirm_email(racer, code).await.unwrap()
    });
    let winners: Vec<_> = (0..16).filter(|number| results[*number] == Confirmed::Yes).collect();
    assert_eq!(winners.len(), 1, "{results:?}");
    assert_eq!(results.iter().filter(|result| **result == Confirmed::Taken).count(), 15, "{results:?}");
    assert_eq!(name_of(&store, ADDRESS).await, Some(format!("racer{}", winners[0])));
    for (number, (_, before)) in racers.iter().enumerate().filter(|(number, _)| *number != winners[0]) {
        assert_eq!(&stored(&store, &format!("racer{number}")).await, before);
    }
}

pub(crate) async fn pending_accounts_hold_their_names_but_not_their_address(place: &impl Place) {
    let store = place.open().await;
    let (first, second, owner) =
        (pending("first", ADDRESS), pending("second", ADDRESS), account("owner", ADDRESS));
    let (asked, again) = (mail(), mail());
    store.create(&first, None, Some(&asked)).await.unwrap();
    assert!(is_posted(&store, &asked).await);
    assert_eq!(stored(&store, "first").await, first);
    assert_eq!(name_of(&store, ADDRESS).await, None);
    for account in [&second, &owner] {
        store.create(account, None, None).await.unwrap();
    }
    assert_eq!(name_of(&store, ADDRESS).await.as_deref(), Some("owner"));
    store.create(&pending("third", ADDRESS), None, None).await.unwrap();
    for rival in [pending("FIRST", ADDRESS), account("First", ""), account("first", OTHER)] {
        assert_eq!(taken(store.create(&rival, None, Some(&again)).await), Some((true, false)));
    }
    assert_eq!(
        store.import(&[with_id(&account("first", ""))]).await.unwrap(),
        [ImportOutcome::UsernameTaken]
    );
    assert!(!is_posted(&store, &again).await);
    assert_eq!(confirm(&store, &first, ADDRESS).await, Confirmed::Taken);
    assert!(store.delete(&owner, None).await.unwrap());
    assert_eq!(confirm(&store, &second, ADDRESS).await, Confirmed::Yes);
    let confirmed = Account { email_verified: true, pending_until: None, ..second };
    assert_eq!(stored(&store, "second").await, confirmed);
    assert_eq!(stored(&store, "first").await, first);
    assert!(store.delete(&first, None).await.unwrap());
    assert_eq!(name_of(&store, ADDRESS).await.as_deref(), Some("second"), "another's address was freed");
}

pub(crate) async fn a_name_is_free_at_the_end_of_its_pending_account(place: &impl Place) {
    let store = place.open().await;
    for (round, address) in ["", OTHER].iter().enumerate() {
        let name = format!("alice{round}");
        let mut former = pending(&name, ADDRESS);
        former.sessions.put(Session::new(SessionId::random(0).unwrap(), 0, Label::default(), START));
        store.create(&former, None, None).await.unwrap();
        let heir = |wait| Account { created_at: START + wait, ..account(&name, address) };
        let early = heir(WEEK.saturating_sub(Duration::from_secs(1)));
        assert_eq!(taken(store.create(&early, None, None).await), Some((true, false)));
        let (heir, late) = (heir(WEEK), heir(2 * WEEK));
        store.create(&heir, None, None).await.unwrap();
        assert_eq!(stored(&store, &name).await, heir);
        assert_eq!(confirm(&store, &former, ADDRESS).await, Confirmed::Changed);
        assert_eq!(taken(store.create(&late, None, None).await), Some((true, !address.is_empty())));
    }
    let confirmed = pending("bob", ADDRESS);
    store.create(&confirmed, None, None).await.unwrap();
    assert_eq!(confirm(&store, &confirmed, ADDRESS).await, Confirmed::Yes);
    let late = Account { created_at: START + 2 * WEEK, ..account("bob", "") };
    assert_eq!(taken(store.create(&late, None, None).await), Some((true, false)));
}

pub(crate) async fn a_repeated_registration_sends_no_second_mail(place: &impl Place) {
    let store = place.open().await;
    let idempotency = IdempotencyKey::parse("0123456789abcdef");
    let (first, asked, again) = (pending("alice", ADDRESS), mail(), mail());
    store.create(&first, idempotency.as_ref(), Some(&asked)).await.unwrap();
    store.create(&first, idempotency.as_ref(), Some(&asked)).await.unwrap();
    let standing =
        store.create(&pending("alice", ADDRESS), idempotency.as_ref(), Some(&again)).await.unwrap();
    assert_eq!(standing, first.standing());
    assert!(is_posted(&store, &asked).await);
    assert!(!is_posted(&store, &again).await);
    assert_eq!(stored(&store, "alice").await, first);
}

/// Else the repetition would get a token.
pub(crate) async fn a_registration_that_need_not_wait_is_no_repetition_of_one_that_does(place: &impl Place) {
    let store = place.open().await;
    let key = IdempotencyKey::parse("0123456789abcdef");
    let (waits, waits_not) = (pending("alice", ADDRESS), account("alice", ""));
    store.create(&waits, key.as_ref(), None).await.unwrap();
    assert_eq!(taken(store.create(&waits_not, key.as_ref(), None).await), Some((true, false)));
    store.create(&account("bob", ""), key.as_ref(), None).await.unwrap();
    let bob = pending("bob", ADDRESS);
    assert_eq!(taken(store.create(&bob, key.as_ref(), Some(&mail())).await), Some((true, false)));
}

pub(crate) async fn a_deletion_takes_the_account_that_was_seen_and_tells_of_it(place: &impl Place) {
    let store = place.open().await;
    let (seen, told) = (pending("alice", ADDRESS), mail());
    store.create(&seen, None, None).await.unwrap();
    assert_eq!(confirm(&store, &seen, ADDRESS).await, Confirmed::Yes);
    let now = stored(&store, "alice").await;
    let stale = [
        seen.clone(),
        Account { email: Some(email(OTHER)), ..now.clone() },
        Account { email: None, ..now.clone() },
        Account { id: AccountId::random().unwrap(), ..now.clone() },
        Account { token_version: 1, ..now.clone() },
    ];
    for stale in stale {
        assert!(!store.delete(&stale, Some(&told)).await.unwrap());
        assert_eq!(stored(&store, "alice").await, now);
    }
    for change in meanwhile() {
        let before = stored(&store, "alice").await;
        store.change(&key("alice"), None, &change).await.unwrap();
        assert!(!store.delete(&before, Some(&told)).await.unwrap());
    }
    let now = stored(&store, "alice").await;
    assert!(!is_posted(&store, &told).await);
    assert!(store.delete(&now, Some(&told)).await.unwrap());
    assert!(is_posted(&store, &told).await);
    let again = mail();
    assert!(store.delete(&now, Some(&again)).await.unwrap(), "gone is gone");
    assert!(!is_posted(&store, &again).await);
    assert_eq!(store.import(&[with_id(&now)]).await.unwrap(), [ImportOutcome::Deleted]);
}

pub(crate) async fn markers_of_today_need_no_repair(place: &impl Place) {
    let store = place.open().await;
    let owner = account("owner", ADDRESS);
    store.create(&owner, None, None).await.unwrap();
    for account in [owner, account("plain", ""), pending("pending", ADDRESS), account("nobody", OTHER)] {
        assert!(!store.repair(&account).await.unwrap());
    }
    assert_eq!(name_of(&store, ADDRESS).await.as_deref(), Some("owner"));
    assert_eq!(name_of(&store, OTHER).await, None);
}

pub(crate) async fn a_deleted_account_frees_its_name_and_its_address(place: &impl Place) {
    let store = place.open().await;
    for email in ["", "alice@example.com"] {
        let (first, second) = (account("alice", email), account("alice", email));
        store.create(&first, None, None).await.unwrap();
        assert!(!store.delete(&second, None).await.unwrap(), "another account by that name was deleted");
        assert_eq!(store.find(&key("alice")).await.unwrap(), Some(first.clone()));
        assert!(store.delete(&first, None).await.unwrap());
        assert_eq!(store.find(&key("alice")).await.unwrap(), None);
        assert!(store.delete(&first, None).await.unwrap(), "gone is gone");
        let heir = account("bob", email);
        assert_eq!(taken(store.create(&heir, None, None).await), None, "the address is still taken");
        assert_eq!(taken(store.create(&account("alice", ""), None, None).await), None);
        assert!(!store.delete(&first, None).await.unwrap());
        // The address has another owner now.
        assert_eq!(
            taken(store.create(&account("carol", email), None, None).await).is_some(),
            !email.is_empty()
        );
        for name in ["alice", "bob", "carol"] {
            if let Some(account) = store.find(&key(name)).await.unwrap() {
                assert!(store.delete(&account, None).await.unwrap());
            }
        }
    }
    assert!(store.page(None).await.unwrap().accounts.is_empty());
}

pub(crate) async fn the_id_of_a_deleted_account_never_comes_back(place: &impl Place) {
    let store = place.open().await;
    for email in ["", "alice@example.com"] {
        let alice = account("alice", email);
        store.create(&alice, None, None).await.unwrap();
        assert!(store.delete(&alice, None).await.unwrap());
        let heir = Account { username: Username::parse("heir").unwrap(), email: None, ..alice.clone() };
        let outcomes = place.open().await.import(&[with_id(&alice), with_id(&heir)]).await.unwrap();
        assert_eq!(outcomes, [ImportOutcome::Deleted, ImportOutcome::Deleted]);
        assert_eq!(store.find(&key("alice")).await.unwrap(), None);
        assert_eq!(store.find(&key("heir")).await.unwrap(), None);
        assert_eq!(
            store.import(&[without_id(&alice)]).await.unwrap(),
            [ImportOutcome::Added],
            "the name is free"
        );
        let again = store.find(&key("alice")).await.unwrap().unwrap();
        assert!(store.delete(&again, None).await.unwrap());
    }
}

/// One test per rule for the back end whose places `$new` makes, so that a failure names both.
macro_rules! claim_email_contract {
    ($new:expr) => { claim_email_contract!($new;
        a_confirmed_address_takes_the_place_of_the_former
        an_address_is_confirmed_only_for_the_account_that_was_seen
        one_address_confirmed_by_many_at_once_is_ones
        pending_accounts_hold_their_names_but_not_their_address
        a_name_is_free_at_the_end_of_its_pending_account
        a_repeated_registration_sends_no_second_mail
        a_registration_that_need_not_wait_is_no_repetition_of_one_that_does
        a_deletion_takes_the_account_that_was_seen_and_tells_of_it
        a_deleted_account_frees_its_name_and_its_address
        the_id_of_a_deleted_account_never_comes_back
        markers_of_today_need_no_repair
    ); };
    ($new:expr; $($rule:ident)+) => {$(
        #[tokio::test]
        async fn $rule() {
            $crate::store::contract::emails::$rule(&$new).await;
        }
    )+};
}
pub(crate) use claim_email_contract;
