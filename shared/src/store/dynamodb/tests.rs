//! Rules of the DynamoDB back end beyond the contract, against a DynamoDB engine over real HTTP.

use aws_sdk_dynamodb::operation::put_item::PutItemInput;
use aws_sdk_dynamodb::operation::scan::ScanInput;
use support::background::Background;
use support::dynamodb::{self, TABLE};

use super::item::{account_item, deleted_item};
use super::write::{CONFLICT_ATTEMPTS, CONFLICT_BACKOFF, backoff};
use super::*;
use crate::session::{Label, Session, SessionId};
use crate::store::contract::credentials::claim_credential_contract;
use crate::store::contract::emails::claim_email_contract;
use crate::store::contract::imports::claim_import_contract;
use crate::store::contract::mail::claim_mail_contract;
use crate::store::contract::operator::claim_operator_contract;
use crate::store::contract::sessions::claim_session_contract;
use crate::store::contract::{Place, account, claim_contract};
use crate::store::{Credentials, Import, ImportOutcome, Operator};
use crate::time::Timestamp;

/// A DynamoDB engine with an empty table, in a thread of its own. It ends when dropped.
struct Engine {
    endpoint: String,
    _engine: Background<dynamodb::Engine>,
}

impl Engine {
    fn start() -> Self {
        let engine = Background::start(dynamodb::Engine::start);
        Self { endpoint: format!("http://{}", engine.address), _engine: engine }
    }

    fn store(&self) -> DynamoDbStore {
        store(&self.endpoint, TABLE)
    }

    /// All that the table holds, by key.
    async fn items(&self) -> Vec<Item> {
        let scan = ScanInput::builder().table_name(TABLE).consistent_read(true);
        let mut items = self.store().client.call(scan.build()).await.unwrap().items.unwrap();
        items.sort_by_key(|item| item[PK].as_s().unwrap().clone());
        items
    }

    /// The account `alice`, with some of its attributes replaced or, by `None`, removed.
    async fn put_alice(&self, changes: &[(&str, Option<AttributeValue>)]) {
        let mut item = account_item(&account("alice", "alice@example.com"));
        for (attribute, value) in changes {
            match value {
                Some(value) => item.insert((*attribute).to_owned(), value.clone()),
                None => item.remove(*attribute),
            };
        }
        self.put(item).await;
    }

    async fn put(&self, item: Item) {
        let put = PutItemInput::builder().table_name(TABLE).set_item(Some(item));
        self.store().client.call(put.build()).await.unwrap();
    }
}

fn store(endpoint: &str, table: &str) -> DynamoDbStore {
    DynamoDbStore::new(&crate::aws::tests::aws(), Some(endpoint), table)
}

impl Place for Engine {
    type Store = DynamoDbStore;

    async fn open(&self) -> DynamoDbStore {
        self.store()
    }
}

claim_contract!(Engine::start());
claim_operator_contract!(Engine::start());
claim_session_contract!(Engine::start());
claim_credential_contract!(Engine::start());
claim_email_contract!(Engine::start());
claim_mail_contract!(Engine::start());
claim_import_contract!(Engine::start());

fn find_alice(store: &DynamoDbStore) -> impl Future<Output = Result<Option<Account>, StoreError>> {
    let name = UsernameKey::of("alice");
    async move { store.find(&name).await }
}

#[tokio::test]
async fn an_account_is_one_item_and_its_email_address_one_more() {
    let engine = Engine::start();
    let (alice, bob) = (account("Alice", ""), account("bob", "Bob@Example.com"));
    engine.store().create(&alice, None, None).await.unwrap();
    engine.store().create(&bob, None, None).await.unwrap();
    let items = engine.items().await;
    let keys: Vec<_> = items.iter().map(|item| item[PK].as_s().unwrap().as_str()).collect();
    assert_eq!(keys, ["EMAIL#bob@example.com", "USERNAME#alice", "USERNAME#bob"]);
    assert_eq!(items[0].len(), 3);
    assert_eq!(items[0]["id"], AttributeValue::S(bob.id.to_string()));
    assert_eq!(items[0]["username_key"], AttributeValue::S("bob".to_owned()));
    assert_eq!(items[1], account_item(&alice));
    assert_eq!(items[2], account_item(&bob));
}

/// A write unit is 1 KB; a usual account must not cost two.
#[test]
fn a_usual_account_is_well_below_one_write_unit() {
    let mut account = account(&"x".repeat(40), &format!("{}@example.com", "y".repeat(60)));
    account.password_hash = PasswordHash::from_stored(
        "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$ISO7kkvFzh19GM8qB7patN3C3Y9HHsjlVTfEZ9T600Y"
            .to_owned(),
    );
    let size = size(&account_item(&account));
    assert!(size < 700, "{size}");
}

/// A login with a session and a refresh each write the item of the account.
#[test]
fn an_account_with_four_sessions_costs_one_write_unit_and_with_five_two() {
    let mut account = account("ada.lovelace", "ada.lovelace@example.com");
    account.password_hash = PasswordHash::from_stored(
        "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$ISO7kkvFzh19GM8qB7patN3C3Y9HHsjlVTfEZ9T600Y"
            .to_owned(),
    );
    let units = (1..=5).map(|sessions| {
        let id = SessionId::random(sessions).unwrap();
        let label = Label::parse(&"x".repeat(64)).unwrap();
        let mut session = Session::new(id, 0, label, Timestamp::from_seconds(1_790_000_000));
        (session.counter, session.exchanged) = (2000, 1999);
        account.sessions.put(session);
        size(&account_item(&account)).div_ceil(1024)
    });
    assert_eq!(units.collect::<Vec<_>>(), [1, 1, 1, 1, 2]);
}

/// The bytes that DynamoDB counts:
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>
fn size(item: &Item) -> usize {
    let of_value = |value: &AttributeValue| match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(digits) => digits.len().div_ceil(2) + 1,
        AttributeValue::Bool(_) => 1,
        AttributeValue::M(members) => 3 + members.len() + size(members),
        other => panic!("{other:?}"),
    };
    item.iter().map(|(name, value)| name.len() + of_value(value)).sum()
}

#[tokio::test]
async fn a_refused_registration_leaves_nothing_behind() {
    let engine = Engine::start();
    engine.store().create(&account("alice", "alice@example.com"), None, None).await.unwrap();
    let before = engine.items().await;
    for (name, email) in [("alice", ""), ("alice", "new@example.com"), ("bob", "alice@example.com")] {
        engine.store().create(&account(name, email), None, None).await.unwrap_err();
    }
    assert_eq!(engine.items().await, before);
}

#[tokio::test]
async fn a_deletion_leaves_nothing_but_the_id() {
    for email in ["", "alice@example.com"] {
        let engine = Engine::start();
        let import = Import { account: account("alice", email), has_id: true };
        assert_eq!(
            engine.store().import(std::slice::from_ref(&import)).await.unwrap(),
            [ImportOutcome::Added]
        );
        assert!(engine.store().delete(&import.account, None).await.unwrap());
        assert_eq!(engine.items().await, [deleted_item(import.account.id)]);
    }
}

/// Only somebody who writes past us can bring that about.
#[tokio::test]
async fn an_account_stays_if_its_email_is_marked_as_anothers() {
    let engine = Engine::start();
    let alice = account("alice", "alice@example.com");
    engine.store().create(&alice, None, None).await.unwrap();
    let marker = [(PK, "EMAIL#alice@example.com"), ("id", "another")];
    let marker = marker.map(|(name, value)| (name.to_owned(), AttributeValue::S(value.to_owned())));
    engine.put(marker.into()).await;
    let before = engine.items().await;
    let refused = engine.store().delete(&alice, None).await;
    assert!(matches!(refused, Err(StoreError::Broken(_))), "{refused:?}");
    assert_eq!(engine.items().await, before);
}

/// Items as the version before mail has written them.
#[tokio::test]
async fn a_table_of_an_older_version_is_read_and_repaired() {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let number = |number: &str| AttributeValue::N(number.to_owned());
    let id = "6a2f41a3-c54c-4ce8-a4d1-0d2f5b1c8e77";
    let account = [
        (PK, text("USERNAME#alice")),
        ("id", text(id)),
        ("username", text("Alice")),
        ("email", text("alice@example.com")),
        ("password_hash", text("hash")),
        ("token_version", number("7")),
        ("disabled", AttributeValue::Bool(false)),
        ("created_at", number("1790000000")),
    ];
    let marker = |id| [(PK, text("EMAIL#alice@example.com")), ("id", text(id))];
    let item = |attributes: &[(&str, AttributeValue)]| {
        attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect::<Item>()
    };
    let engine = Engine::start();
    let store = engine.store();
    engine.put(item(&account)).await;
    engine.put(item(&marker("another"))).await;
    let alice = find_alice(&store).await.unwrap().unwrap();
    let expected = (7, false, None);
    assert_eq!((alice.token_version, alice.email_verified, alice.pending_until), expected);
    assert!(!store.repair(&alice).await.unwrap(), "the marker is another's");
    engine.put(item(&marker(id))).await;
    let email = alice.email.clone().unwrap();
    assert_eq!(store.name_of(email.key()).await.unwrap(), None);
    assert!(store.repair(&alice).await.unwrap());
    assert_eq!(store.name_of(email.key()).await.unwrap().as_ref(), Some(alice.username.key()));
    assert!(!store.repair(&alice).await.unwrap());
    engine.put(item(&marker(id))).await;
    assert!(store.delete(&alice, None).await.unwrap(), "a marker that was never repaired");
    assert_eq!(engine.items().await, [deleted_item(alice.id)]);
}

#[tokio::test]
async fn an_item_that_is_no_account_is_broken() {
    let text = |text: &str| Some(AttributeValue::S(text.to_owned()));
    let number = |number: &str| Some(AttributeValue::N(number.to_owned()));
    let engine = Engine::start();
    engine.put_alice(&[]).await;
    assert!(find_alice(&engine.store()).await.unwrap().is_some());
    for (attribute, value) in [
        ("id", None),
        ("id", text("not a uuid")),
        ("id", number("7")),
        ("username", None),
        ("username", number("7")),
        ("email", number("7")),
        ("email_verified", text("true")),
        ("expires_at", text("1790000000")),
        ("expires_at", number("-1")),
        ("password_hash", None),
        ("password_hash", number("7")),
        ("token_version", None),
        ("token_version", text("0")),
        ("token_version", number("-1")),
        ("token_version", number("4294967296")),
        ("disabled", None),
        ("disabled", text("false")),
        ("created_at", None),
        ("created_at", number("-1")),
        ("created_at", number("18446744073709551615")),
    ] {
        engine.put_alice(&[(attribute, value.clone())]).await;
        let error = find_alice(&engine.store()).await.unwrap_err();
        assert!(matches!(error, StoreError::Broken(_)), "{attribute} {value:?}: {error:?}");
    }
}

/// An attribute that a later version writes must not lock out this one, which may run beside it for a while.
#[tokio::test]
async fn an_unknown_attribute_is_ignored() {
    let engine = Engine::start();
    engine.put_alice(&[("nickname", Some(AttributeValue::S("Al".to_owned())))]).await;
    assert!(find_alice(&engine.store()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_table_that_is_not_there_is_broken() {
    let engine = Engine::start();
    let store = store(&engine.endpoint, "another");
    let broken = |error: &StoreError| matches!(error, StoreError::Broken(_));
    assert!(find_alice(&store).await.is_err_and(|error| broken(&error)));
    for email in ["", "alice@example.com"] {
        let error = store.create(&account("alice", email), None, None).await.unwrap_err();
        assert!(matches!(&error, CreateError::Store(error) if broken(error)), "{error:?}");
    }
    let error =
        store.replace_hash(&account("alice", ""), &account("bob", "").password_hash).await.unwrap_err();
    assert!(broken(&error), "{error:?}");
}

#[tokio::test]
async fn a_closed_endpoint_is_unavailable() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = find_alice(&store(&format!("http://{closed}"), TABLE)).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
}

#[test]
fn waits_after_conflicts_grow_and_are_bounded() {
    for attempt in 1..CONFLICT_ATTEMPTS {
        for _ in 0..100 {
            assert!(backoff(attempt) <= CONFLICT_BACKOFF * 2u32.pow(attempt - 1));
        }
    }
}
