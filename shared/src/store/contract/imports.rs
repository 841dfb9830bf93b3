//! The rules of accounts that come from another system, and of what changes there. A back end claims them all with
//! [`claim_import_contract`].

use super::operator::with_id;
use super::sessions::session;
use super::{Place, account, key};
use crate::account::{Account, AccountId, ExternalId, Imported, Status};
use crate::names::email::Email;
use crate::names::username::Username;
use crate::store::{Accounts, CarryOver, ImportOutcome, Operator, Registrations, Standings};

/// An account by this name with the id that another system gave it.
fn from_elsewhere(username: &str, email: &str, id: &str) -> Account {
    let external = ExternalId::parse(id).unwrap();
    let account =
        Account { id: AccountId::of(&external), external_id: Some(external), ..account(username, email) };
    Account { imported: Some(Imported::of(account.password_hash.as_str(), &account)), ..account }
}

pub(crate) async fn an_external_id_is_kept_and_part_of_the_standing(place: &impl Place) {
    let store = place.open().await;
    let (alice, bob) = (from_elsewhere("alice", "alice@example.com", "auth0|7"), account("bob", ""));
    store.import(&[with_id(&alice), with_id(&bob)]).await.unwrap();
    for account in [&alice, &bob] {
        let name = account.username.key();
        assert_eq!(store.find(name).await.unwrap().as_ref(), Some(account));
        assert_eq!(store.standing(name, None).await.unwrap().unwrap().external_id, account.external_id);
    }
}

/// Names of other systems: a login finds them, and no registration makes a twin.
pub(crate) async fn a_kept_name_is_found_in_every_spelling_and_has_no_twin(place: &impl Place) {
    let store = place.open().await;
    for (name, spelling) in [("Al Ice", "AL ice"), ("O'Brien", "o'brien"), ("ⓑob", "bob"), ("a/b", "A/B")] {
        let kept = Account { username: Username::keep(name).unwrap(), ..account("x", "") };
        assert_eq!(store.import(&[with_id(&kept)]).await.unwrap(), [ImportOutcome::Added], "{name}");
        assert_eq!(store.find(&key(spelling)).await.unwrap().as_ref(), Some(&kept), "{name}");
        if let Ok(username) = Username::parse(spelling) {
            let twin = Account { username, ..account("x", "") };
            assert!(store.create(&twin, None, None).await.is_err(), "{spelling}");
        }
    }
}

pub(crate) async fn what_is_carried_over_is_changed_and_the_rest_kept(place: &impl Place) {
    let store = place.open().await;
    let mut seen = Account { external_id: None, ..from_elsewhere("alice", "alice@example.com", "7") };
    seen.sessions.put(session(4));
    store.import(&[with_id(&seen)]).await.unwrap();
    let other = account("x", "").password_hash;
    let email = |text: &str| Some(Email::parse(text).unwrap());
    for change in [
        Account { external_id: Some(ExternalId::parse("7").unwrap()), ..seen.clone() },
        Account { email_verified: true, ..seen.clone() },
        Account { email: email("Alice@example.com"), email_verified: true, ..seen.clone() },
        Account { email: email("new@example.com"), ..seen.clone() },
        Account { email: None, ..seen.clone() },
        Account { email: email("alice@example.com"), ..seen.clone() },
        Account { status: Status::Disabled, token_version: 1, ..seen.clone() },
        Account {
            status: Status::Active,
            password_hash: other,
            token_version: 2,
            email: None,
            ..seen.clone()
        },
    ] {
        let imported = Some(Imported::of("another", &change));
        let external_id = seen.external_id.clone().or(change.external_id.clone());
        let mut next = Account { imported, external_id, sessions: seen.sessions.clone(), ..change };
        assert_eq!(store.carry_over(&seen, &next).await.unwrap(), CarryOver::Yes, "{next:?}");
        if next.token_version != seen.token_version {
            next.sessions = crate::session::Sessions::default();
        }
        assert_eq!(store.find(&key("alice")).await.unwrap().as_ref(), Some(&next));
        if let Some(former) =
            seen.email.as_ref().filter(|former| next.email.as_ref().map(Email::key) != Some(former.key()))
        {
            assert_eq!(store.name_of(former.key()).await.unwrap(), None, "{next:?}");
        }
        if let Some(email) = &next.email {
            assert_eq!(store.name_of(email.key()).await.unwrap().as_ref(), Some(&key("alice")), "{next:?}");
        }
        seen = next;
    }
}

pub(crate) async fn nothing_is_carried_over_to_what_has_changed_since(place: &impl Place) {
    let store = place.open().await;
    let alice = from_elsewhere("alice", "alice@example.com", "7");
    store.import(&[with_id(&alice), with_id(&account("bob", "bob@example.com"))]).await.unwrap();
    let next = Account { password_hash: account("x", "").password_hash, token_version: 1, ..alice.clone() };
    let other = account("x", "").password_hash;
    for seen in [
        Account { id: AccountId::random().unwrap(), ..alice.clone() },
        Account { password_hash: other, ..alice.clone() },
        Account { token_version: 3, ..alice.clone() },
        Account { status: Status::Disabled, ..alice.clone() },
        Account { email: None, ..alice.clone() },
        Account { email: Some(Email::parse("other@example.com").unwrap()), ..alice.clone() },
        Account { email_verified: true, ..alice.clone() },
        Account { username: Username::parse("nobody").unwrap(), ..alice.clone() },
    ] {
        let next = Account { username: seen.username.clone(), email: seen.email.clone(), ..next.clone() };
        assert_eq!(store.carry_over(&seen, &next).await.unwrap(), CarryOver::Changed, "{seen:?}");
        assert_eq!(store.find(&key("alice")).await.unwrap().as_ref(), Some(&alice));
    }
    let taken = Account { email: Some(Email::parse("Bob@example.com").unwrap()), ..next };
    assert_eq!(store.carry_over(&alice, &taken).await.unwrap(), CarryOver::EmailTaken);
    assert_eq!(store.find(&key("alice")).await.unwrap(), Some(alice));
    assert_eq!(store.name_of(taken.email.unwrap().key()).await.unwrap(), Some(key("bob")));
}

/// One test per rule for the back end whose places `$new` makes, so that a failure names both.
macro_rules! claim_import_contract {
    ($new:expr) => { claim_import_contract!($new;
        an_external_id_is_kept_and_part_of_the_standing
        a_kept_name_is_found_in_every_spelling_and_has_no_twin
        what_is_carried_over_is_changed_and_the_rest_kept
        nothing_is_carried_over_to_what_has_changed_since
    ); };
    ($new:expr; $($rule:ident)+) => {$(
        #[tokio::test]
        async fn $rule() {
            $crate::store::contract::imports::$rule(&$new).await;
        }
    )+};
}
pub(crate) use claim_import_contract;
