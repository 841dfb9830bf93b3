//! The rules that every back end keeps, one function a rule. A back end claims them all with [`claim_contract`].

pub(crate) mod credentials;
pub(crate) mod emails;
pub(crate) mod imports;
pub(crate) mod mail;
pub(crate) mod operator;
pub(crate) mod sessions;

use std::future::Future;
use std::sync::Barrier;
use std::time::Duration;

use super::{
    Accounts, Attempts, Change, CreateError, Logins, Operator, Registrations, RequestCounts, Standings,
    StoreError, SwapError,
};
use crate::account::{Account, AccountId, Standing, Status};
use crate::idempotency::IdempotencyKey;
use crate::limits::lockout::{Failures, FailuresKey};
use crate::limits::window::Window;
use crate::names::email::Email;
use crate::names::username::{Username, UsernameKey};
use crate::password::hash::PasswordHash;
use crate::session::Sessions;
use crate::time::Timestamp;

/// One empty place for accounts that can be opened any number of times, as by several processes.
pub(crate) trait Place: Sync {
    /// The back end.
    type Store: Operator;

    /// Opens the place once more.
    fn open(&self) -> impl Future<Output = Self::Store>;
}

/// An account by this name, and with this email address unless it is empty. Every call gives another id and hash.
pub(crate) fn account(username: &str, email: &str) -> Account {
    let id = AccountId::random().unwrap();
    Account {
        id,
        username: Username::parse(username).unwrap(),
        email: (!email.is_empty()).then(|| Email::parse(email).unwrap()),
        external_id: None,
        imported: None,
        email_verified: false,
        pending_until: None,
        password_hash: PasswordHash::from_stored(format!("$argon2id$of-{id}")),
        token_version: 0,
        status: Status::Active,
        created_at: Timestamp::from_seconds(1_790_000_000),
        sessions: Sessions::default(),
    }
}

fn key(name: &str) -> UsernameKey {
    UsernameKey::of(name)
}

fn failures_key(name: &str) -> FailuresKey {
    FailuresKey::of_name(&key(name))
}

/// Which of username and email were taken; `None` when the account was created.
fn taken(result: Result<Standing, CreateError>) -> Option<(bool, bool)> {
    match result {
        Ok(_) => None,
        Err(CreateError::Taken { username, email }) => Some((username, email)),
        Err(CreateError::Store(error)) => panic!("the store failed: {error:?}"),
    }
}

pub(crate) async fn an_account_is_found_as_it_was_created(place: &impl Place) {
    let store = place.open().await;
    let plain = account("alice", "");
    let mut full = account("Bob.Ünal+x@y-z_1", "Bob@Example.com");
    full.token_version = u32::MAX;
    full.status = Status::Disabled;
    for account in [plain, full] {
        store.create(&account, None, None).await.unwrap();
        assert_eq!(store.find(account.username.key()).await.unwrap(), Some(account));
    }
}

pub(crate) async fn an_unknown_name_has_no_account(place: &impl Place) {
    let store = place.open().await;
    store.create(&account("alice", "alice@example.com"), None, None).await.unwrap();
    for name in ["bob", "alice@example.com", "", "alic", "alice ", "%", "*", &"x".repeat(10_000)] {
        assert_eq!(store.find(&key(name)).await.unwrap(), None, "{name}");
    }
}

pub(crate) async fn an_account_is_found_by_every_spelling_of_its_name(place: &impl Place) {
    let store = place.open().await;
    store.create(&account("Ａlice", ""), None, None).await.unwrap();
    for name in ["alice", "ALICE", "ａｌｉｃｅ"] {
        assert_eq!(store.find(&key(name)).await.unwrap().unwrap().username.as_str(), "Ａlice");
    }
}

pub(crate) async fn a_second_registration_changes_nothing(place: &impl Place) {
    let store = place.open().await;
    let first = account("alice", "alice@example.com");
    store.create(&first, None, None).await.unwrap();
    for (name, email) in [("alice", ""), ("ALICE", "other@example.com"), ("ａlice", "")] {
        assert_eq!(
            taken(store.create(&account(name, email), None, None).await),
            Some((true, false)),
            "{name}"
        );
    }
    assert_eq!(store.find(&key("alice")).await.unwrap(), Some(first));
    let third = account("carol", "other@example.com");
    assert_eq!(
        taken(store.create(&third, None, None).await),
        None,
        "a refused registration took its email address"
    );
}

pub(crate) async fn a_taken_email_address_leaves_the_username_free(place: &impl Place) {
    let store = place.open().await;
    store.create(&account("alice", "alice@example.com"), None, None).await.unwrap();
    assert_eq!(
        taken(store.create(&account("bob", "ALICE@Example.COM"), None, None).await),
        Some((false, true))
    );
    assert_eq!(store.find(&key("bob")).await.unwrap(), None);
    assert_eq!(taken(store.create(&account("bob", "bob@example.com"), None, None).await), None);
}

pub(crate) async fn a_taken_username_and_a_taken_email_address_are_told_together(place: &impl Place) {
    let store = place.open().await;
    store.create(&account("alice", "alice@example.com"), None, None).await.unwrap();
    assert_eq!(
        taken(store.create(&account("Alice", "Alice@example.com"), None, None).await),
        Some((true, true))
    );
}

pub(crate) async fn accounts_without_an_email_address_do_not_collide(place: &impl Place) {
    let store = place.open().await;
    for name in ["alice", "bob", "carol"] {
        assert_eq!(taken(store.create(&account(name, ""), None, None).await), None);
    }
}

pub(crate) async fn creating_the_very_same_account_again_succeeds(place: &impl Place) {
    let store = place.open().await;
    for account in [account("alice", ""), account("bob", "bob@example.com")] {
        store.create(&account, None, None).await.unwrap();
        assert_eq!(taken(store.create(&account, None, None).await), None);
        assert_eq!(store.find(account.username.key()).await.unwrap(), Some(account));
    }
}

/// A client that had no response sends its registration again, with other random values and the same key.
pub(crate) async fn a_registration_with_the_same_key_is_made_once_within_a_day(place: &impl Place) {
    let store = place.open().await;
    let (key, other_key) =
        (IdempotencyKey::parse("0123456789abcdef"), IdempotencyKey::parse("fedcba9876543210"));
    for email in ["", "alice@example.com"] {
        let name = format!("alice{}", email.len());
        let again = |hours: u64| Account {
            created_at: Timestamp::from_seconds(1_790_000_000 + hours * 3600),
            ..account(&name, email)
        };
        let first = again(0);
        assert_eq!(store.create(&first, key.as_ref(), None).await.unwrap(), first.standing());
        assert_eq!(store.create(&again(1), key.as_ref(), None).await.unwrap(), first.standing());
        assert_eq!(store.create(&again(23), key.as_ref(), None).await.unwrap(), first.standing());
        for (hours, key) in [(1, None), (1, other_key.as_ref()), (24, key.as_ref())] {
            assert_eq!(taken(store.create(&again(hours), key, None).await), Some((true, !email.is_empty())));
        }
        assert_eq!(store.find(first.username.key()).await.unwrap(), Some(first.clone()));
        // A stolen key must not get a token after the owner or the operator ended all tokens.
        for change in [Change::EndTokens, Change::Disable, Change::Enable] {
            store.change(first.username.key(), None, &change).await.unwrap();
            assert!(taken(store.create(&again(1), key.as_ref(), None).await).is_some(), "{change:?}");
        }
    }
}

/// The part that tokens are judged by, and nothing else, is what `validate` is handed.
pub(crate) async fn the_standing_of_an_account_is_found_as_it_is_now(place: &impl Place) {
    let store = place.open().await;
    let alice = account("Alice", "alice@example.com");
    store.create(&alice, None, None).await.unwrap();
    assert_eq!(store.standing(&key("ALICE"), None).await.unwrap(), Some(alice.standing()));
    assert_eq!(store.standing(&key("bob"), None).await.unwrap(), None);
    store.change(&key("alice"), None, &Change::Disable).await.unwrap();
    let disabled = Standing { status: Status::Disabled, token_version: 1, ..alice.standing() };
    assert_eq!(store.standing(&key("alice"), None).await.unwrap(), Some(disabled));
}

pub(crate) async fn names_at_the_edge_of_the_grammar_survive(place: &impl Place) {
    let store = place.open().await;
    let names = [
        "-".to_owned(),
        "@.+-_".to_owned(),
        "𝔞".repeat(150),
        "ΰ".repeat(150),
        "名".repeat(150),
        "x".repeat(150),
    ];
    for name in names {
        let account = account(&name, "");
        store.create(&account, None, None).await.unwrap();
        assert_eq!(store.find(account.username.key()).await.unwrap(), Some(account));
    }
}

/// Rows written under another grammar are read as they are, and stay usable.
pub(crate) async fn stored_names_outside_todays_grammar_are_read(place: &impl Place) {
    let store = place.open().await;
    let email = "not an email of today";
    for name in ["Ada Lovelace", "o'brien", "a/b", "", &"x".repeat(500)] {
        assert!(Username::parse(name).is_err() && Email::parse(email).is_err());
        let key = format!("kept {name}");
        let old = Account {
            username: Username::from_stored(name.to_owned(), key.clone()),
            email: Some(Email::from_stored(format!("{email} {name}"))),
            ..account("alice", "")
        };
        store.create(&old, None, None).await.unwrap();
        let found = store.find(old.username.key()).await.unwrap();
        assert_eq!(found.as_ref(), Some(&old));
        assert_eq!(found.unwrap().username.key().as_str(), key);
        assert_eq!(store.change(old.username.key(), None, &Change::EndTokens).await.unwrap(), Some(old));
    }
    let page = store.page(None).await.unwrap();
    assert_eq!(page.accounts.iter().filter(|account| account.is_ok()).count(), 5);
}

pub(crate) async fn a_hash_is_replaced_if_it_is_as_read(place: &impl Place) {
    let store = place.open().await;
    let old = account("alice", "alice@example.com");
    store.create(&old, None, None).await.unwrap();
    let (new, late) = (account("x", "").password_hash, account("x", "").password_hash);
    assert!(store.replace_hash(&old, &new).await.unwrap());
    assert!(!store.replace_hash(&old, &late).await.unwrap());
    let found = store.find(&key("alice")).await.unwrap();
    assert_eq!(found, Some(Account { password_hash: new, ..old }));
}

pub(crate) async fn a_hash_is_replaced_in_no_other_account(place: &impl Place) {
    let store = place.open().await;
    let present = account("alice", "");
    store.create(&present, None, None).await.unwrap();
    let hash = account("x", "").password_hash;
    assert!(!store.replace_hash(&account("nobody", ""), &hash).await.unwrap());
    let former = Account { id: AccountId::random().unwrap(), ..present.clone() };
    assert!(!store.replace_hash(&former, &hash).await.unwrap());
    assert_eq!(store.find(&key("alice")).await.unwrap(), Some(present));
    assert_eq!(store.find(&key("nobody")).await.unwrap(), None);
}

/// Runs `work` for each of so many at the same moment, each on a thread and a store of its own.
fn together<P: Place, T: Send>(
    place: &P,
    count: usize,
    work: impl AsyncFn(P::Store, usize) -> T + Sync,
) -> Vec<T> {
    let start = Barrier::new(count);
    let run = |number| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = place.open().await;
            start.wait();
            work(store, number).await
        })
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count).map(|number| scope.spawn(move || run(number))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// Creates all accounts at the same moment.
fn race(place: &impl Place, racers: &[Account]) -> Vec<Option<(bool, bool)>> {
    together(place, racers.len(), async |store, racer| taken(store.create(&racers[racer], None, None).await))
}

/// The one racer that won.
fn winner(racers: &[Account], results: &[Option<(bool, bool)>]) -> Account {
    let won = racers.iter().zip(results).filter(|(_, taken)| taken.is_none());
    let winners: Vec<_> = won.map(|(racer, _)| racer).collect();
    assert_eq!(winners.len(), 1, "{results:?}");
    winners[0].clone()
}

pub(crate) async fn racers_for_a_username_have_one_winner(place: &impl Place) {
    let spellings = ["racer", "Racer", "RACER", "ｒacer"];
    for email in ["", "@example.com"] {
        let racers: Vec<_> = (0..16)
            .map(|n| {
                let email = if email.is_empty() { String::new() } else { format!("racer{n}{email}") };
                account(&format!("{}{}", spellings[n % 4], email.len().min(1)), &email)
            })
            .collect();
        let winner = winner(&racers, &race(place, &racers));
        let found = place.open().await.find(winner.username.key()).await.unwrap();
        assert_eq!(found, Some(winner));
    }
}

pub(crate) async fn racers_for_an_email_address_have_one_winner(place: &impl Place) {
    let racers: Vec<_> = (0..16).map(|n| account(&format!("racer{n}"), "Racer@example.com")).collect();
    let winner = winner(&racers, &race(place, &racers));
    let store = place.open().await;
    for racer in &racers {
        let expected = (racer.id == winner.id).then(|| winner.clone());
        assert_eq!(store.find(racer.username.key()).await.unwrap(), expected);
    }
}

/// A record of so many failures, unlike any other.
fn failures(count: u32) -> Failures {
    let now = Timestamp::from_seconds(1_790_000_000);
    let seen = Failures { failures: count - 1, ..Failures::after_failure(None, now).unwrap() };
    Failures::after_failure(Some(&seen), now).unwrap()
}

/// The failures that a refused swap found.
fn swapped(result: Result<(), SwapError>) -> Result<(), Option<Failures>> {
    result.map_err(|error| match error {
        SwapError::Changed(found) => found,
        SwapError::Store(error) => panic!("the store failed: {error:?}"),
    })
}

pub(crate) async fn failures_are_swapped_if_they_are_as_seen(place: &impl Place) {
    let store = place.open().await;
    // The name needs no account; one outside the grammar is as good.
    for name in ["alice", "no name at all!", &"x".repeat(10_000)] {
        let name = failures_key(name);
        let (one, two, other) = (failures(1), failures(2), failures(2));
        assert_eq!(store.failures(&name).await.unwrap(), None);
        assert_eq!(swapped(store.swap_failures(&name, None, None).await), Ok(()));
        assert_eq!(swapped(store.swap_failures(&name, None, Some(&one)).await), Ok(()));
        assert_eq!(store.failures(&name).await.unwrap(), Some(one.clone()));
        assert_eq!(swapped(store.swap_failures(&name, Some(&one), Some(&two)).await), Ok(()));
        for (seen, next) in [
            (None, None),
            (None, Some(&other)),
            (Some(&one), Some(&other)),
            (Some(&other), None),
            (Some(&one), None),
        ] {
            assert_eq!(swapped(store.swap_failures(&name, seen, next).await), Err(Some(two.clone())));
        }
        assert_eq!(store.failures(&name).await.unwrap(), Some(two.clone()));
        assert_eq!(swapped(store.swap_failures(&name, Some(&two), None).await), Ok(()));
        assert_eq!(store.failures(&name).await.unwrap(), None);
        assert_eq!(swapped(store.swap_failures(&name, Some(&two), Some(&other)).await), Err(None));
        assert_eq!(store.failures(&name).await.unwrap(), None);
    }
}

pub(crate) async fn failures_belong_to_one_name_in_every_spelling(place: &impl Place) {
    let store = place.open().await;
    let one = failures(1);
    store.create(&account("alice", ""), None, None).await.unwrap();
    store.swap_failures(&failures_key("ALICE"), None, Some(&one)).await.unwrap();
    assert_eq!(store.failures(&failures_key("ａlice")).await.unwrap(), Some(one));
    assert_eq!(store.failures(&failures_key("alic")).await.unwrap(), None);
    assert!(store.find(&key("alice")).await.unwrap().is_some());
}

pub(crate) async fn sixty_four_failures_at_once_count_sixty_four(place: &impl Place) {
    let now = Timestamp::from_seconds(1_790_000_000);
    together(place, 64, async |store, _| {
        let name = failures_key("alice");
        let mut seen = None;
        loop {
            let next = Failures::after_failure(seen.as_ref(), now).unwrap();
            match store.swap_failures(&name, seen.as_ref(), Some(&next)).await {
                Ok(()) => break,
                Err(SwapError::Changed(changed)) => seen = changed,
                // SQLite keeps one of so many waiting for its turn for longer than it waits.
                Err(SwapError::Store(StoreError::Unavailable(_))) => {}
                Err(error) => panic!("the store failed: {error:?}"),
            }
        }
    });
    assert_eq!(place.open().await.failures(&failures_key("alice")).await.unwrap().unwrap().failures, 64);
}

pub(crate) async fn every_request_of_a_client_ip_is_counted_once(place: &impl Place) {
    let now = Timestamp::from_seconds(1_790_000_000);
    let window = |counted: &str| Window::at(now, Duration::from_mins(5), counted, 10);
    let mut counts = together(place, 32, async |store, _| store.count_request(&window("a")).await.unwrap());
    counts.sort_unstable();
    assert_eq!(counts, (1..=32).collect::<Vec<u64>>());
    let store = place.open().await;
    assert_eq!(store.requests(&window("a")).await.unwrap(), 32);
    assert_eq!(store.requests(&window("b")).await.unwrap(), 0);
    assert_eq!(store.count_request(&window("b")).await.unwrap(), 1);
    assert_eq!(store.count_request(&window("a")).await.unwrap(), 33);
}

pub(crate) async fn two_or_two_hundred_racers_have_one_winner_in_every_round(place: &impl Place) {
    const ROUNDS: usize = 50;
    /// Attempts of a racer.
    const ATTEMPTS: usize = 10;
    let spellings = ["racer", "Racer", "RACER", "ｒacer"];
    for racers in [2, 32, 200] {
        let start = Barrier::new(racers);
        let name = |racer: usize, round| format!("{}{racers}-{round}", spellings[racer % 4]);
        let results = together(place, racers, async |store, racer| {
            let mut results = Vec::new();
            for round in 0..ROUNDS {
                let account = account(&name(racer, round), "");
                start.wait();
                // No racer panics before the last round: the others would wait for ever.
                let mut created = store.create(&account, None, None).await;
                for _ in 0..ATTEMPTS {
                    // So many at once are more than a busy machine serves in time. Trying again is harmless.
                    let Err(CreateError::Store(StoreError::Unavailable(_))) = created else { break };
                    created = store.create(&account, None, None).await;
                }
                results.push((account, created));
            }
            results
        });
        let rounds: Vec<Vec<_>> = results
            .into_iter()
            .map(|results| results.into_iter().map(|(account, created)| (account, taken(created))).collect())
            .collect();
        let store = place.open().await;
        for round in 0..ROUNDS {
            let (accounts, taken): (Vec<_>, Vec<_>) = rounds.iter().map(|racer| racer[round].clone()).unzip();
            assert!(taken.iter().flatten().all(|taken| *taken == (true, false)), "{taken:?}");
            let found = store.find(&key(&name(0, round))).await.unwrap();
            assert_eq!(found, Some(winner(&accounts, &taken)));
        }
    }
}

/// One test per rule for the back end whose places `$new` makes, so that a failure names both.
macro_rules! claim_contract {
    ($new:expr) => { claim_contract!($new;
        an_account_is_found_as_it_was_created
        an_unknown_name_has_no_account
        an_account_is_found_by_every_spelling_of_its_name
        a_second_registration_changes_nothing
        a_taken_email_address_leaves_the_username_free
        a_taken_username_and_a_taken_email_address_are_told_together
        accounts_without_an_email_address_do_not_collide
        creating_the_very_same_account_again_succeeds
        a_registration_with_the_same_key_is_made_once_within_a_day
        the_standing_of_an_account_is_found_as_it_is_now
        names_at_the_edge_of_the_grammar_survive
        stored_names_outside_todays_grammar_are_read
        a_hash_is_replaced_if_it_is_as_read
        a_hash_is_replaced_in_no_other_account
        racers_for_a_username_have_one_winner
        racers_for_an_email_address_have_one_winner
        failures_are_swapped_if_they_are_as_seen
        failures_belong_to_one_name_in_every_spelling
        sixty_four_failures_at_once_count_sixty_four
        every_request_of_a_client_ip_is_counted_once
        two_or_two_hundred_racers_have_one_winner_in_every_round
    ); };
    ($new:expr; $($rule:ident)+) => {$(
        #[tokio::test]
        async fn $rule() {
            $crate::store::contract::$rule(&$new).await;
        }
    )+};
}
pub(crate) use claim_contract;
