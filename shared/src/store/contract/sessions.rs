//! The rules for sessions that every back end keeps. A back end claims them all with [`claim_session_contract`].

use std::time::Duration;

use super::*;
use crate::session::{Exchange, Label, Lifetimes, MAX, Refusal, Session, SessionId, Verdict};
use crate::store::SessionError;

const START: Timestamp = Timestamp::from_seconds(1_790_000_000);
const LIFETIMES: Lifetimes = Lifetimes::DEFAULT;
const DAY: u64 = 24 * 3600;

fn at(seconds: u64) -> Timestamp {
    START + Duration::from_secs(seconds)
}

pub(super) fn session(slot: usize) -> Session {
    let label = Label::parse("Ada’s 🦀").unwrap();
    Session::new(SessionId::random(slot).unwrap(), 0, label, START)
}

/// The account `alice` with sessions in these slots.
async fn alice(store: &impl Operator, slots: impl IntoIterator<Item = usize>) -> Account {
    let mut alice = account("alice", "");
    for slot in slots {
        alice.sessions.put(session(slot));
    }
    store.create(&alice, None, None).await.unwrap();
    alice
}

async fn stored(store: &impl Operator) -> Account {
    store.find(&key("alice")).await.unwrap().unwrap()
}

/// The account that is there in the place of the one that was expected.
fn changed<T: std::fmt::Debug>(result: Result<T, SessionError>) -> Option<Account> {
    match result.unwrap_err() {
        SessionError::Changed(found) => found.map(|found| *found),
        SessionError::Store(error) => panic!("the store failed: {error:?}"),
    }
}

/// Presents a token as `login` does; the number of the one that it gets.
async fn present(
    store: &impl Operator,
    session: SessionId,
    token: u32,
    now: Timestamp,
) -> Result<u32, Verdict> {
    let mut exchange = Exchange::new(session, token, LIFETIMES, now);
    loop {
        let found = match store.exchange(&key("alice"), &exchange).await {
            Ok(account) => return Ok(account.sessions.get(&session).unwrap().counter),
            Err(SessionError::Changed(found)) => found,
            Err(SessionError::Store(StoreError::Unavailable(_))) => continue,
            Err(error) => panic!("the store failed: {error:?}"),
        };
        let verdict =
            found.as_ref().map_or(Verdict::Refused(Refusal::NoSuchAccount), |found| found.judge(&exchange));
        match verdict {
            Verdict::Again => return Ok(found.unwrap().sessions.get(&session).unwrap().counter),
            Verdict::Exchange(next) => exchange = next,
            verdict => return Err(verdict),
        }
    }
}

/// Begins a session as `login` does.
async fn begin(store: &impl Operator, now: Timestamp) -> SessionId {
    loop {
        let seen = stored(store).await;
        let slot = seen.sessions.slot_for_new(0, &LIFETIMES, now);
        let begun = Session::new(SessionId::random(slot).unwrap(), 0, Label::default(), now);
        match store.begin_session(&seen, &begun).await {
            Ok(()) => return begun.id,
            Err(SessionError::Changed(_) | SessionError::Store(StoreError::Unavailable(_))) => {}
            Err(error) => panic!("the store failed: {error:?}"),
        }
    }
}

pub(crate) async fn a_session_is_found_as_it_was_begun(place: &impl Place) {
    let store = place.open().await;
    let before = alice(&store, [1]).await;
    let begun = session(4);
    store.begin_session(&before, &begun).await.unwrap();
    let mut expected = before.clone();
    expected.sessions.put(begun.clone());
    assert_eq!(stored(&store).await, expected);
    store.begin_session(&before, &begun).await.expect("the repetition of a write whose response was lost");
    assert_eq!(stored(&store).await, expected);
}

pub(crate) async fn the_standing_has_the_session_that_is_asked_for_and_no_other(place: &impl Place) {
    let store = place.open().await;
    let alice = alice(&store, [0, 4]).await;
    for session in alice.sessions.iter() {
        let found = store.standing(&key("ALICE"), Some(&session.id)).await.unwrap();
        assert_eq!(found, Some(alice.standing_in(Some(&session.id))));
        assert_eq!(found.unwrap().session.as_ref(), Some(session));
    }
    for other in [session(4).id, session(9).id] {
        let found = store.standing(&key("alice"), Some(&other)).await.unwrap();
        assert_eq!(found, Some(alice.standing()));
    }
    assert_eq!(store.standing(&key("bob"), Some(&session(4).id)).await.unwrap(), None);
}

pub(crate) async fn a_repeated_registration_has_the_session_of_the_first(place: &impl Place) {
    let store = place.open().await;
    let idempotency = IdempotencyKey::parse("0123456789abcdef");
    let of = || {
        let mut account = account("alice", "");
        account.sessions.put(session(0));
        account
    };
    let first = of();
    store.create(&first, idempotency.as_ref(), None).await.unwrap();
    let again = store.create(&of(), idempotency.as_ref(), None).await.unwrap();
    assert_eq!(again, Standing { session: first.sessions.in_slot(0).cloned(), ..first.standing() });
    assert_eq!(stored(&store).await, first);
}

pub(crate) async fn a_session_begins_only_in_the_account_that_was_seen(place: &impl Place) {
    let store = place.open().await;
    let seen = alice(&store, [0]).await;
    let rival = session(4);
    store.begin_session(&seen, &rival).await.unwrap();
    let now = stored(&store).await;
    assert_eq!(
        changed(store.begin_session(&seen, &session(4)).await),
        Some(now.clone()),
        "the slot is taken"
    );
    store.exchange(&key("alice"), &Exchange::new(rival.id, 0, LIFETIMES, START)).await.unwrap();
    assert!(changed(store.begin_session(&now, &session(4)).await).is_some(), "the one there was used since");
    let now = stored(&store).await;
    store.begin_session(&now, &session(4)).await.unwrap();

    let now = stored(&store).await;
    let another = Account { id: AccountId::random().unwrap(), ..now.clone() };
    assert_eq!(changed(store.begin_session(&another, &session(5)).await), Some(now.clone()));
    for change in [Change::EndTokens, Change::Disable] {
        let now = stored(&store).await;
        store.change(&key("alice"), None, &change).await.unwrap();
        assert!(changed(store.begin_session(&now, &session(6)).await).is_some(), "{change:?}");
    }
    let disabled = stored(&store).await;
    assert_eq!(changed(store.begin_session(&disabled, &session(6)).await), Some(disabled));
    assert_eq!(changed(store.begin_session(&account("bob", ""), &session(6)).await), None);
    assert_eq!(store.find(&key("bob")).await.unwrap(), None);
}

pub(crate) async fn an_exchange_moves_its_session_by_one_token(place: &impl Place) {
    let store = place.open().await;
    let before = alice(&store, [3, 4]).await;
    let id = before.sessions.in_slot(4).unwrap().id;
    let exchange = Exchange::new(id, 0, LIFETIMES, at(900));
    let after = store.exchange(&key("ALICE"), &exchange).await.unwrap();
    let mut expected = before.clone();
    expected.sessions.put(before.sessions.get(&id).unwrap().after(&exchange).unwrap());
    assert_eq!((&after, &stored(&store).await), (&expected, &expected));
    assert_eq!(changed(store.exchange(&key("alice"), &exchange).await), Some(expected.clone()));
    assert_eq!(stored(&store).await, expected, "once");
    let late = Exchange { token: 0, current: 1, is_late: true, ..Exchange::new(id, 1, LIFETIMES, at(9000)) };
    let session = store.exchange(&key("alice"), &late).await.unwrap().sessions.get(&id).cloned().unwrap();
    assert_eq!((session.counter, session.exchanged, session.late, session.used_at), (2, 0, 1, at(9000)));
}

pub(crate) async fn nothing_is_exchanged_without_a_live_session(place: &impl Place) {
    let store = place.open().await;
    let before = alice(&store, [4]).await;
    let live = before.sessions.in_slot(4).unwrap().id;
    let exchange = |id, token, seconds| Exchange::new(id, token, LIFETIMES, at(seconds));
    for (why, exchange) in [
        ("another session", exchange(session(4).id, 0, 1)),
        ("an empty slot", exchange(session(5).id, 0, 1)),
        ("another token", exchange(live, 1, 1)),
        ("idle", exchange(live, 0, 14 * DAY)),
    ] {
        assert_eq!(changed(store.exchange(&key("alice"), &exchange).await), Some(before.clone()), "{why}");
    }
    assert_eq!(changed(store.exchange(&key("bob"), &exchange(live, 0, 1)).await), None);
    assert_eq!(stored(&store).await, before);
    for (token, days) in [(0, 13), (1, 26)] {
        store.exchange(&key("alice"), &exchange(live, token, days * DAY)).await.unwrap();
    }
    assert!(changed(store.exchange(&key("alice"), &exchange(live, 2, 30 * DAY)).await).is_some(), "too old");
    store.exchange(&key("alice"), &exchange(live, 2, 30 * DAY - 1)).await.unwrap();
}

pub(crate) async fn fifty_exchanges_of_one_token_get_the_same_successor(place: &impl Place) {
    let store = place.open().await;
    let id = alice(&store, [4]).await.sessions.in_slot(4).unwrap().id;
    for (token, seconds, successor) in [(0, 0, 1), (1, 900, 2), (1, 9000, 3)] {
        let got = together(place, 50, async |store, _| present(&store, id, token, at(seconds)).await);
        assert!(got.iter().all(|got| *got == Ok(successor)), "{got:?}");
    }
    let session = stored(&store).await.sessions.get(&id).cloned().unwrap();
    assert_eq!((session.counter, session.late), (3, 1));
}

pub(crate) async fn ten_logins_at_once_begin_ten_sessions_and_an_eleventh_makes_room(place: &impl Place) {
    let store = place.open().await;
    alice(&store, []).await;
    let mut begun = together(place, MAX, async |store, racer| begin(&store, at(racer as u64)).await);
    begun.sort_by_key(SessionId::slot);
    let found = stored(&store).await;
    assert_eq!(found.sessions.iter().map(|session| session.id).collect::<Vec<_>>(), begun);
    let oldest = found.sessions.iter().min_by_key(|session| session.used_at).unwrap().id;
    let eleventh = begin(&store, at(100)).await;
    assert_eq!(eleventh.slot(), oldest.slot());
    let found = stored(&store).await;
    assert!(found.sessions.get(&oldest).is_none() && found.sessions.get(&eleventh).is_some());
    assert_eq!(found.sessions.iter().count(), MAX);
}

pub(crate) async fn a_session_that_ends_leaves_the_others(place: &impl Place) {
    let store = place.open().await;
    let before = alice(&store, [3, 4]).await;
    let id = before.sessions.in_slot(4).unwrap().id;
    assert!(!store.end_session(&key("alice"), &session(3).id).await.unwrap());
    assert!(!store.end_session(&key("alice"), &session(7).id).await.unwrap());
    assert!(!store.end_session(&key("bob"), &id).await.unwrap());
    assert_eq!(stored(&store).await, before);
    assert!(store.end_session(&key("ALICE"), &id).await.unwrap());
    assert!(!store.end_session(&key("alice"), &id).await.unwrap());
    let left: Vec<_> = stored(&store).await.sessions.iter().map(|session| session.id.slot()).collect();
    assert_eq!(left, [3]);
    assert_eq!(store.find(&key("bob")).await.unwrap(), None);
}

pub(crate) async fn what_ends_all_tokens_ends_all_sessions(place: &impl Place) {
    let store = place.open().await;
    let before = alice(&store, 0..MAX).await;
    assert!(!store.end_tokens(&key("alice"), AccountId::random().unwrap()).await.unwrap());
    assert!(!store.end_tokens(&key("bob"), before.id).await.unwrap());
    store.change(&key("alice"), None, &Change::Enable).await.unwrap();
    assert_eq!(stored(&store).await, before);
    assert!(store.end_tokens(&key("ALICE"), before.id).await.unwrap());
    let ended = Account { token_version: 1, sessions: Sessions::default(), ..before.clone() };
    assert_eq!(stored(&store).await, ended);
    let changes = [Change::EndTokens, Change::Password(before.password_hash), Change::Disable];
    for (version, change) in (2..).zip(changes) {
        let begun = Session { token_version: version - 1, ..session(4) };
        store.begin_session(&stored(&store).await, &begun).await.unwrap();
        store.change(&key("alice"), None, &change).await.unwrap();
        let found = stored(&store).await;
        assert_eq!((found.token_version, found.sessions), (version, Sessions::default()), "{change:?}");
    }
}

/// As by a tool of a version that knew no sessions.
pub(crate) async fn a_session_of_an_older_token_version_has_ended(place: &impl Place) {
    let store = place.open().await;
    let mut alice = account("alice", "");
    let session = session(4);
    alice.sessions.put(session.clone());
    alice.token_version = 1;
    store.create(&alice, None, None).await.unwrap();
    let exchange = Exchange::new(session.id, 0, LIFETIMES, START);
    assert_eq!(changed(store.exchange(&key("alice"), &exchange).await), Some(alice));
}

/// One test per rule for the back end whose places `$new` makes, so that a failure names both.
macro_rules! claim_session_contract {
    ($new:expr) => { claim_session_contract!($new;
        a_session_is_found_as_it_was_begun
        the_standing_has_the_session_that_is_asked_for_and_no_other
        a_repeated_registration_has_the_session_of_the_first
        a_session_begins_only_in_the_account_that_was_seen
        an_exchange_moves_its_session_by_one_token
        nothing_is_exchanged_without_a_live_session
        fifty_exchanges_of_one_token_get_the_same_successor
        ten_logins_at_once_begin_ten_sessions_and_an_eleventh_makes_room
        a_session_that_ends_leaves_the_others
        what_ends_all_tokens_ends_all_sessions
        a_session_of_an_older_token_version_has_ended
    ); };
    ($new:expr; $($rule:ident)+) => {$(
        #[tokio::test]
        async fn $rule() {
            $crate::store::contract::sessions::$rule(&$new).await;
        }
    )+};
}
pub(crate) use claim_session_contract;
