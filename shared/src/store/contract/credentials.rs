//! The rules for changes of credentials that every back end keeps. A back end claims them all with
//! [`claim_credential_contract`].

use std::time::Duration;

use super::mail::{START, code, is_posted, mail};
use super::*;
use crate::code::{CodeKey, SentCode};
use crate::session::{Exchange, Label, Lifetimes, Session, SessionId};
use crate::store::{Credentials, Import, ImportOutcome};

pub(crate) const ADDRESS: &str = "alice@example.com";
pub(crate) const OTHER: &str = "other@example.com";
pub(crate) const WEEK: Duration = Duration::from_hours(7 * 24);

/// An account whose registration waits for the confirmation of its address.
pub(crate) fn pending(name: &str, address: &str) -> Account {
    Account { pending_until: Some(START + WEEK), ..account(name, address) }
}

/// The account `alice` with this address and sessions in three slots.
async fn alice(store: &impl Operator, email: &str) -> Account {
    let mut alice = account("Alice", email);
    for slot in [0, 3, 9] {
        let id = SessionId::random(slot).unwrap();
        alice.sessions.put(Session::new(id, 0, Label::default(), START));
    }
    store.create(&alice, None, None).await.unwrap();
    alice
}

pub(crate) async fn stored(store: &impl Operator, name: &str) -> Account {
    store.find(&key(name)).await.unwrap().unwrap()
}

fn new_hash() -> PasswordHash {
    account("x", "").password_hash
}

pub(crate) fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

pub(crate) async fn name_of(store: &impl Operator, address: &str) -> Option<String> {
    let name = store.name_of(email(address).key()).await.unwrap();
    name.map(|name| name.as_str().to_owned())
}

/// A code for a new password, kept.
async fn reset_code(store: &impl Operator, account: &Account, address: &str) -> SentCode {
    let key = CodeKey::reset(account.id);
    let code = code(account, address, &key);
    assert!(store.put_code(&key, &code).await.unwrap());
    code
}

/// A code that confirms an address, kept.
pub(crate) async fn email_code(store: &impl Operator, account: &Account, address: &str) -> SentCode {
    let key = CodeKey::email(email(address).key());
    let code = code(account, address, &key);
    assert!(store.put_code(&key, &code).await.unwrap());
    code
}

/// `true` if the code is there.
pub(crate) async fn is_live(store: &impl Operator, key: &CodeKey, code: &SentCode) -> bool {
    let codes = store.try_code(key, START).await.unwrap();
    codes.iter().any(|found| found.account_id == code.account_id && found.digest.is(&code.digest))
}

/// The account in states in which a change that was prepared before finds it, each by the change that leads there.
pub(crate) fn meanwhile() -> [Change; 3] {
    [Change::EndTokens, Change::Disable, Change::Password(new_hash())]
}

pub(crate) async fn an_email_leads_to_the_account_whose_own_it_is(place: &impl Place) {
    let store = place.open().await;
    assert_eq!(name_of(&store, ADDRESS).await, None);
    store.create(&account("Ａlice", "Alice@Example.com"), None, None).await.unwrap();
    let import = Import { account: account("bob", "bob@example.com"), has_id: true };
    assert_eq!(store.import(&[import]).await.unwrap(), [ImportOutcome::Added]);
    assert_eq!(name_of(&store, ADDRESS).await.as_deref(), Some("alice"));
    assert_eq!(name_of(&store, "BOB@example.com").await.as_deref(), Some("bob"));
    assert_eq!(name_of(&store, "alic@example.com").await, None);
}

pub(crate) async fn a_changed_password_ends_tokens_and_sessions(place: &impl Place) {
    for (keeps, mail) in [(false, None), (false, Some(mail())), (true, None), (true, Some(mail()))] {
        let store = place.open().await;
        let name = format!("alice-{keeps}-{}", mail.is_some());
        let mut before = account(&name, "");
        for slot in [0, 3, 9] {
            before.sessions.put(Session::new(SessionId::random(slot).unwrap(), 0, Label::default(), START));
        }
        store.create(&before, None, None).await.unwrap();
        let kept = before.sessions.in_slot(3).filter(|_| keeps).cloned();
        let (hash, id) = (new_hash(), kept.as_ref().map(|kept| kept.id));
        let changed = store.change_password(&before, &hash, id.as_ref(), mail.as_ref()).await.unwrap();
        let kept = kept.map(|kept| Sessions::of(Session { token_version: 1, ..kept }));
        let sessions = kept.unwrap_or_default();
        let after = Account { password_hash: hash, token_version: 1, sessions, ..before };
        assert_eq!((changed.as_ref(), &stored(&store, &name).await), (Some(&after), &after));
        if let Some(mail) = mail {
            assert!(is_posted(&store, &mail).await);
        }
        if let Some(id) = id {
            store.exchange(&key(&name), &Exchange::new(id, 0, Lifetimes::DEFAULT, START)).await.unwrap();
        }
    }
}

pub(crate) async fn a_password_is_changed_only_in_the_account_that_was_seen(place: &impl Place) {
    let store = place.open().await;
    let seen = alice(&store, ADDRESS).await;
    let unknown = SessionId::random(3).unwrap();
    let refused = async |account: &Account, kept: Option<&SessionId>| {
        let before = store.find(account.username.key()).await.unwrap();
        for mail in [None, Some(mail())] {
            let changed = store.change_password(account, &new_hash(), kept, mail.as_ref()).await.unwrap();
            assert_eq!(changed, None);
            assert_eq!(store.find(account.username.key()).await.unwrap(), before);
            if let Some(mail) = mail {
                assert!(!is_posted(&store, &mail).await);
            }
        }
    };
    refused(&Account { id: AccountId::random().unwrap(), ..seen.clone() }, None).await;
    refused(&Account { password_hash: new_hash(), ..seen.clone() }, None).await;
    refused(&seen, Some(&unknown)).await;
    refused(&account("nobody", ""), None).await;
    for change in meanwhile() {
        let before = stored(&store, "alice").await;
        store.change(&key("alice"), None, &change).await.unwrap();
        refused(&before, None).await;
    }
    let last = Account { token_version: u32::MAX, ..account("last", "") };
    store.create(&last, None, None).await.unwrap();
    assert!(matches!(
        store.change_password(&last, &new_hash(), None, None).await,
        Err(StoreError::Broken(_))
    ));
}

pub(crate) async fn a_changed_password_and_an_exchange_at_once_lose_neither(place: &impl Place) {
    for round in 0..20 {
        let store = place.open().await;
        let name = format!("alice{round}");
        let id = SessionId::random(3).unwrap();
        let mut before = account(&name, "");
        before.sessions.put(Session::new(id, 0, Label::default(), START));
        store.create(&before, None, None).await.unwrap();
        let (hash, mail) = (new_hash(), (round % 2 == 0).then(mail));
        let done = together(place, 2, async |store, racer| {
            if racer == 0 {
                store.change_password(&before, &hash, Some(&id), mail.as_ref()).await.unwrap().is_some()
            } else {
                let exchange = Exchange::new(id, 0, Lifetimes::DEFAULT, START);
                store.exchange(&key(&name), &exchange).await.is_ok()
            }
        });
        let found = stored(&store, &name).await;
        let session = found.sessions.get(&id).unwrap();
        assert_eq!((done, found.token_version, &found.password_hash), (vec![true; 2], 1, &hash));
        assert_eq!((session.counter, session.token_version), (1, 1));
    }
}

pub(crate) async fn a_reset_consumes_its_code_and_ends_all(place: &impl Place) {
    for with_mail in [None, Some(mail())] {
        let store = place.open().await;
        let before = alice(&store, ADDRESS).await;
        let (code, key) = (reset_code(&store, &before, ADDRESS).await, CodeKey::reset(before.id));
        store.swap_failures(&failures_key("alice"), None, Some(&failures(7))).await.unwrap();
        let hash = new_hash();
        assert!(is_live(&store, &key, &code).await);
        assert!(store.reset_password(&before, &code, &hash, with_mail.as_ref()).await.unwrap());
        let (sessions, email_verified) = (Sessions::default(), true);
        let after = Account { password_hash: hash, token_version: 1, sessions, email_verified, ..before };
        assert_eq!(stored(&store, "alice").await, after);
        assert_eq!(store.failures(&failures_key("alice")).await.unwrap(), None);
        assert!(!is_live(&store, &key, &code).await);
        assert!(!store.reset_password(&after, &code, &new_hash(), None).await.unwrap(), "twice");
        assert_eq!(stored(&store, "alice").await, after);
        if let Some(mail) = with_mail {
            assert!(is_posted(&store, &mail).await);
        }
        assert!(store.delete(&after, None).await.unwrap());
    }
}

pub(crate) async fn a_reset_confirms_the_address_of_a_pending_account(place: &impl Place) {
    let store = place.open().await;
    let before = pending("alice", ADDRESS);
    store.create(&before, None, None).await.unwrap();
    let (code, hash) = (reset_code(&store, &before, ADDRESS).await, new_hash());
    let as_any = Account { pending_until: None, ..before.clone() };
    assert!(!store.reset_password(&as_any, &code, &hash, None).await.unwrap(), "as it was not read");
    assert!(store.reset_password(&before, &code, &hash, None).await.unwrap());
    let after = Account {
        password_hash: hash,
        token_version: 1,
        email_verified: true,
        pending_until: None,
        ..before
    };
    assert_eq!(stored(&store, "alice").await, after);
    assert_eq!(name_of(&store, ADDRESS).await.as_deref(), Some("alice"));
}

pub(crate) async fn a_reset_without_its_code_or_its_account_changes_nothing(place: &impl Place) {
    let store = place.open().await;
    let seen = alice(&store, ADDRESS).await;
    let code = reset_code(&store, &seen, ADDRESS).await;
    let failed = failures(7);
    store.swap_failures(&failures_key("alice"), None, Some(&failed)).await.unwrap();
    let refused = async |account: &Account, code: &SentCode| {
        let (before, mail) = (store.find(account.username.key()).await.unwrap(), mail());
        assert!(!store.reset_password(account, code, &new_hash(), Some(&mail)).await.unwrap());
        assert_eq!(store.find(account.username.key()).await.unwrap(), before);
        assert_eq!(store.failures(&failures_key("alice")).await.unwrap(), Some(failed.clone()));
        assert!(!is_posted(&store, &mail).await);
    };
    let wrong = super::mail::code(&seen, ADDRESS, &CodeKey::reset(seen.id));
    refused(&seen, &SentCode { digest: wrong.digest, ..code.clone() }).await;
    refused(&seen, &SentCode { email: email(OTHER), ..code.clone() }).await;
    refused(&Account { id: AccountId::random().unwrap(), ..seen.clone() }, &code).await;
    let nobody = account("nobody", ADDRESS);
    refused(&nobody, &reset_code(&store, &nobody, ADDRESS).await).await;
    let (owner, pending) = (account("owner", OTHER), pending("pending", OTHER));
    store.create(&owner, None, None).await.unwrap();
    store.create(&pending, None, None).await.unwrap();
    refused(&pending, &reset_code(&store, &pending, OTHER).await).await;
    assert_eq!(name_of(&store, OTHER).await.as_deref(), Some("owner"));
    assert!(is_live(&store, &CodeKey::reset(seen.id), &code).await);
    for change in meanwhile() {
        let before = stored(&store, "alice").await;
        store.change(&key("alice"), None, &change).await.unwrap();
        refused(&before, &code).await;
    }
    store.change(&key("alice"), None, &Change::Disable).await.unwrap();
    refused(&stored(&store, "alice").await, &code).await;
}

pub(crate) async fn of_fifty_resets_with_the_right_code_one_succeeds(place: &impl Place) {
    let store = place.open().await;
    let before = alice(&store, ADDRESS).await;
    let code = reset_code(&store, &before, ADDRESS).await;
    let results = together(place, 50, async |store, _| {
        let hash = new_hash();
        (store.reset_password(&before, &code, &hash, None).await.unwrap(), hash)
    });
    let won: Vec<_> = results.into_iter().filter(|(done, _)| *done).map(|(_, hash)| hash).collect();
    let found = stored(&store, "alice").await;
    assert_eq!((won, found.token_version), (vec![found.password_hash], 1));
}

/// One test per rule for the back end whose places `$new` makes, so that a failure names both.
macro_rules! claim_credential_contract {
    ($new:expr) => { claim_credential_contract!($new;
        an_email_leads_to_the_account_whose_own_it_is
        a_changed_password_ends_tokens_and_sessions
        a_password_is_changed_only_in_the_account_that_was_seen
        a_changed_password_and_an_exchange_at_once_lose_neither
        a_reset_consumes_its_code_and_ends_all
        a_reset_confirms_the_address_of_a_pending_account
        a_reset_without_its_code_or_its_account_changes_nothing
        of_fifty_resets_with_the_right_code_one_succeeds
    ); };
    ($new:expr; $($rule:ident)+) => {$(
        #[tokio::test]
        async fn $rule() {
            $crate::store::contract::credentials::$rule(&$new).await;
        }
    )+};
}
pub(crate) use claim_credential_contract;
