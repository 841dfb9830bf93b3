//! The rules that every back end keeps for an operator. A back end claims them all with [`claim_operator_contract`].

use super::{Place, account, failures, failures_key, key, taken, together};
use crate::account::{Account, AccountId, Status};
use crate::store::{
    Accounts, Attempts, Change, Import, ImportOutcome, KeySets, Logins, Operator, Registrations, StoreError,
};

pub(crate) fn with_id(account: &Account) -> Import {
    Import { account: account.clone(), has_id: true }
}

/// The account as a second reading of a file without ids has it: with another id.
pub(crate) fn without_id(account: &Account) -> Import {
    let account = Account { id: AccountId::random().unwrap(), ..account.clone() };
    Import { account, has_id: false }
}

pub(crate) async fn imports_are_added_once_and_unchanged(place: &impl Place) {
    let store = place.open().await;
    let plain = account("alice", "");
    let mut full = account("Bob.Ünal+x@y-z_1", "Bob@Example.com");
    full.token_version = 7;
    full.status = Status::Disabled;
    let imports = [with_id(&plain), with_id(&full)];
    assert_eq!(store.import(&imports).await.unwrap(), [ImportOutcome::Added, ImportOutcome::Added]);
    assert_eq!(store.import(&imports).await.unwrap(), [ImportOutcome::Present, ImportOutcome::Present]);
    for account in [plain, full] {
        assert_eq!(store.find(account.username.key()).await.unwrap(), Some(account));
    }
    assert_eq!(store.import(&[]).await.unwrap(), []);
}

pub(crate) async fn an_import_is_recognised_by_its_id_or_without_one_by_its_hash(place: &impl Place) {
    let store = place.open().await;
    for email in ["", "alice@example.com"] {
        let first = account(&format!("alice{}", email.len()), email);
        assert_eq!(store.import(&[without_id(&first)]).await.unwrap(), [ImportOutcome::Added]);
        let stored = store.find(first.username.key()).await.unwrap().unwrap();
        assert_eq!(store.import(&[without_id(&first)]).await.unwrap(), [ImportOutcome::Present]);
        // An account whose hash a login has renewed is recognised by its id only.
        let renewed = account("x", "").password_hash;
        assert!(store.replace_hash(&stored, &renewed).await.unwrap());
        assert_eq!(store.import(&[without_id(&first)]).await.unwrap(), [ImportOutcome::UsernameTaken]);
        assert_eq!(store.import(&[with_id(&stored)]).await.unwrap(), [ImportOutcome::Present]);
        let other_id =
            Account { id: AccountId::random().unwrap(), password_hash: renewed.clone(), ..stored.clone() };
        assert_eq!(store.import(&[with_id(&other_id)]).await.unwrap(), [ImportOutcome::UsernameTaken]);
        let expected = Account { password_hash: renewed, ..stored };
        assert_eq!(store.find(first.username.key()).await.unwrap(), Some(expected));
    }
}

pub(crate) async fn an_import_replaces_no_account(place: &impl Place) {
    let store = place.open().await;
    let present = account("alice", "alice@example.com");
    store.create(&present, None, None).await.unwrap();
    let imports = [
        with_id(&account("bob", "bob@example.com")),
        without_id(&account("ALICE", "")),
        with_id(&account("ａlice", "new@example.com")),
        with_id(&account("carol", "Alice@Example.com")),
        with_id(&account("Bob", "")),
        with_id(&account("dave", "BOB@example.com")),
        with_id(&account("erin", "new@example.com")),
    ];
    let outcomes = store.import(&imports).await.unwrap();
    assert_eq!(
        outcomes,
        [
            ImportOutcome::Added,
            ImportOutcome::UsernameTaken,
            ImportOutcome::UsernameTaken,
            ImportOutcome::EmailTaken,
            ImportOutcome::UsernameTaken,
            ImportOutcome::EmailTaken,
            ImportOutcome::Added,
        ]
    );
    assert_eq!(store.find(&key("alice")).await.unwrap(), Some(present));
    for name in ["carol", "dave"] {
        assert_eq!(store.find(&key(name)).await.unwrap(), None, "{name}");
    }
    assert_eq!(store.find(&key("bob")).await.unwrap(), Some(imports[0].account.clone()));
}

pub(crate) async fn imports_and_registrations_that_race_have_one_winner(place: &impl Place) {
    let results = together(place, 16, async |store, racer| {
        let account = account(["racer", "RACER"][racer % 2], "racer@example.com");
        let won = if racer % 4 < 2 {
            taken(store.create(&account, None, None).await).is_none()
        } else {
            store.import(&[with_id(&account)]).await.unwrap() == [ImportOutcome::Added]
        };
        (account, won)
    });
    let winners: Vec<_> = results.into_iter().filter(|(_, won)| *won).map(|(account, _)| account).collect();
    assert_eq!(winners.len(), 1, "{winners:?}");
    assert_eq!(place.open().await.find(&key("racer")).await.unwrap(), winners.into_iter().next());
}

pub(crate) async fn a_change_keeps_the_rest(place: &impl Place) {
    let store = place.open().await;
    for email in ["", "alice@example.com"] {
        let first = account(&format!("alice{}", email.len()), email);
        let name = first.username.key();
        let hash = account("x", "").password_hash;
        let other = account(&format!("bob{}", email.len()), "");
        store.create(&first, None, None).await.unwrap();
        store.create(&other, None, None).await.unwrap();
        let mut expected = first.clone();
        for (change, status, token_version, password_hash) in [
            (Change::Disable, Status::Disabled, 1, &first.password_hash),
            (Change::Disable, Status::Disabled, 2, &first.password_hash),
            (Change::EndTokens, Status::Disabled, 3, &first.password_hash),
            (Change::Password(hash.clone()), Status::Disabled, 4, &hash),
            (Change::Enable, Status::Active, 4, &hash),
            (Change::EndTokens, Status::Active, 5, &hash),
        ] {
            assert_eq!(
                store.change(name, None, &change).await.unwrap(),
                Some(expected.clone()),
                "{change:?}"
            );
            expected = Account { status, token_version, password_hash: password_hash.clone(), ..expected };
            assert_eq!(store.find(name).await.unwrap(), Some(expected.clone()), "{change:?}");
        }
        assert_eq!(store.find(other.username.key()).await.unwrap(), Some(other));
    }
}

pub(crate) async fn a_change_creates_no_account(place: &impl Place) {
    let store = place.open().await;
    let name = key("nobody");
    for change in
        [Change::Disable, Change::Enable, Change::EndTokens, Change::Password(account("x", "").password_hash)]
    {
        assert_eq!(store.change(&name, None, &change).await.unwrap(), None);
        assert_eq!(store.find(&name).await.unwrap(), None);
    }
    assert!(store.page(None).await.unwrap().accounts.is_empty());
}

pub(crate) async fn the_highest_token_version_is_not_passed(place: &impl Place) {
    let store = place.open().await;
    let last = Account { token_version: u32::MAX, ..account("alice", "") };
    store.create(&last, None, None).await.unwrap();
    for change in [Change::EndTokens, Change::Password(account("x", "").password_hash)] {
        let error = store.change(&key("alice"), None, &change).await.unwrap_err();
        assert!(matches!(error, StoreError::Broken(_)), "{error:?}");
        assert_eq!(store.find(&key("alice")).await.unwrap(), Some(last.clone()));
    }
}

pub(crate) async fn changes_at_once_are_all_made(place: &impl Place) {
    place.open().await.create(&account("alice", ""), None, None).await.unwrap();
    together(place, 32, async |store, _| {
        assert!(store.change(&key("alice"), None, &Change::EndTokens).await.unwrap().is_some());
    });
    assert_eq!(place.open().await.find(&key("alice")).await.unwrap().unwrap().token_version, 32);
}

pub(crate) async fn an_id_belongs_to_one_account_however_it_came(place: &impl Place) {
    let store = place.open().await;
    let (registered, imported) = (account("alice", ""), account("bob", "bob@example.com"));
    store.create(&registered, None, None).await.unwrap();
    assert_eq!(store.import(&[with_id(&imported)]).await.unwrap(), [ImportOutcome::Added]);
    let twin = |of: &Account, name: &str| with_id(&Account { id: of.id, ..account(name, "") });
    let within = account("frank", "");
    let twins = [
        twin(&registered, "carol"),
        twin(&imported, "dave"),
        with_id(&account("erin", "")),
        with_id(&within),
        twin(&within, "grace"),
    ];
    let expected = [
        ImportOutcome::IdTaken,
        ImportOutcome::IdTaken,
        ImportOutcome::Added,
        ImportOutcome::Added,
        ImportOutcome::IdTaken,
    ];
    assert_eq!(place.open().await.import(&twins).await.unwrap(), expected);
    for name in ["carol", "dave", "grace"] {
        assert_eq!(store.find(&key(name)).await.unwrap(), None, "{name}");
    }
    assert_eq!(
        store.import(&[with_id(&registered), with_id(&imported)]).await.unwrap(),
        [ImportOutcome::Present; 2]
    );
}

/// A suspension ends the tokens for good: enabling the account does not revive them.
pub(crate) async fn disabling_raises_the_token_version(place: &impl Place) {
    let store = place.open().await;
    store.create(&account("alice", ""), None, None).await.unwrap();
    store.change(&key("alice"), None, &Change::Disable).await.unwrap();
    store.change(&key("alice"), None, &Change::Enable).await.unwrap();
    let alice = store.find(&key("alice")).await.unwrap().unwrap();
    assert_eq!((alice.status, alice.token_version), (Status::Active, 1));
}

/// A name may have a new owner by the time an operator has typed a password.
pub(crate) async fn a_change_meant_for_an_id_changes_no_other_account(place: &impl Place) {
    let store = place.open().await;
    let (first, second) = (account("alice", ""), account("alice", ""));
    store.create(&second, None, None).await.unwrap();
    for change in
        [Change::Password(first.password_hash.clone()), Change::Disable, Change::Enable, Change::EndTokens]
    {
        assert_eq!(store.change(&key("alice"), Some(first.id), &change).await.unwrap(), None, "{change:?}");
        assert_eq!(store.find(&key("alice")).await.unwrap(), Some(second.clone()));
    }
    let changed = store.change(&key("alice"), Some(second.id), &Change::EndTokens).await.unwrap();
    assert_eq!(changed, Some(second));
}

pub(crate) async fn forgotten_failures_lock_no_name(place: &impl Place) {
    let store = place.open().await;
    let (one, other) = (failures(7), failures(3));
    store.create(&account("alice", ""), None, None).await.unwrap();
    store.swap_failures(&failures_key("alice"), None, Some(&one)).await.unwrap();
    store.swap_failures(&failures_key("bob"), None, Some(&other)).await.unwrap();
    assert_eq!(store.forget_failures(&failures_key("ALICE")).await.unwrap(), Some(one));
    assert_eq!(store.failures(&failures_key("alice")).await.unwrap(), None);
    assert_eq!(store.forget_failures(&failures_key("alice")).await.unwrap(), None);
    assert_eq!(store.failures(&failures_key("bob")).await.unwrap(), Some(other));
    assert!(store.find(&key("alice")).await.unwrap().is_some());
}

pub(crate) async fn pages_hold_every_account_once(place: &impl Place) {
    let store = place.open().await;
    let accounts: Vec<_> = (0..1203)
        .map(|number| {
            let email = if number % 2 == 0 { format!("u{number}@example.com") } else { String::new() };
            account(&format!("user{number}"), &email)
        })
        .collect();
    let imports: Vec<_> = accounts.iter().map(with_id).collect();
    assert!(store.import(&imports).await.unwrap().iter().all(|arrival| *arrival == ImportOutcome::Added));
    store.swap_failures(&failures_key("user7"), None, Some(&failures(1))).await.unwrap();
    let (mut found, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = store.page(after.as_deref()).await.unwrap();
        found.extend(page.accounts.into_iter().map(Result::unwrap));
        pages += 1;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert!(pages > 1);
    let in_order = |mut accounts: Vec<Account>| {
        accounts.sort_by(|one, other| one.username.as_str().cmp(other.username.as_str()));
        accounts
    };
    assert_eq!(in_order(found), in_order(accounts));
}

pub(crate) async fn a_key_set_takes_the_place_of_the_one_that_was_seen(place: &impl Place) {
    let (store, other) = (place.open().await, place.open().await);
    assert_eq!(store.key_set().await.unwrap(), None);
    let [first, second, third] =
        ["first", "second", "third"].map(|kid| format!(r#"{{"keys":[{{"kid":"{kid}"}}]}}"#));
    let [first, second, third] = [&first, &second, &third].map(String::as_str);
    assert!(!other.swap_key_set(Some(first), second).await.unwrap());
    assert!(other.swap_key_set(None, first).await.unwrap());
    assert!(other.swap_key_set(None, first).await.unwrap(), "a repetition");
    assert_eq!(store.key_set().await.unwrap().as_deref(), Some(first));
    assert!(!store.swap_key_set(None, second).await.unwrap());
    assert!(store.swap_key_set(Some(first), second).await.unwrap());
    assert!(store.swap_key_set(Some(first), second).await.unwrap(), "a repetition");
    assert!(!other.swap_key_set(Some(first), third).await.unwrap());
    assert_eq!(other.key_set().await.unwrap().as_deref(), Some(second));
    let page = store.page(None).await.unwrap();
    assert!(page.accounts.is_empty() && page.next.is_none(), "{page:?}");
}

/// One test per rule for the back end whose places `$new` makes, so that a failure names both.
macro_rules! claim_operator_contract {
    ($new:expr) => { claim_operator_contract!($new;
        imports_are_added_once_and_unchanged
        an_import_is_recognised_by_its_id_or_without_one_by_its_hash
        an_import_replaces_no_account
        imports_and_registrations_that_race_have_one_winner
        a_change_keeps_the_rest
        a_change_creates_no_account
        the_highest_token_version_is_not_passed
        changes_at_once_are_all_made
        an_id_belongs_to_one_account_however_it_came
        disabling_raises_the_token_version
        a_change_meant_for_an_id_changes_no_other_account
        forgotten_failures_lock_no_name
        pages_hold_every_account_once
        a_key_set_takes_the_place_of_the_one_that_was_seen
    ); };
    ($new:expr; $($rule:ident)+) => {$(
        #[tokio::test]
        async fn $rule() {
            $crate::store::contract::operator::$rule(&$new).await;
        }
    )+};
}
pub(crate) use claim_operator_contract;
