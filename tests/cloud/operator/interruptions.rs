//! An import is killed and run again.

use std::time::Duration;

use super::imports::users;
use super::places;
use crate::place::Place;
use crate::proxy::Fault;

/// Waits until there are at least this many accounts.
async fn arrived(place: &Place, count: usize) {
    let arrived = async {
        while place.ids().await.len() < count {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), arrived).await.expect("accounts");
}

#[tokio::test]
async fn an_import_that_was_killed_is_taken_up_by_running_it_again() {
    for place in places().await {
        // A file is written a thousand at a time.
        let (count, seen) = if matches!(place, Place::File(_)) { (4000, 1000) } else { (200, 20) };
        let (file, ids) = users(count);
        let most: String = file.split_inclusive('\n').take(count - 10).collect();
        // The end of the file is not sent yet, so the import still runs.
        let mut tool = place.begin(&["import", "-"], &most).await;
        arrived(&place, seen).await;
        tool.kill().await.unwrap();
        let left = place.ids().await;
        assert!((seen..count).contains(&left.len()), "{}", left.len());

        let done = place.accounts(&["import", "-", "--json"], &file).await.assert_code(0).json();
        // Writes under way when the tool was killed may still have arrived.
        let (present, added) = (done["already_there"].as_u64().unwrap(), done["added"].as_u64().unwrap());
        assert_eq!(present + added, count as u64);
        assert!(present >= left.len() as u64 && added >= 10, "{done}");
        assert_eq!(place.ids().await, ids);
        assert_eq!(place.addresses().await, count / 2);
    }
}

#[tokio::test]
async fn lost_responses_double_nothing() {
    let place = Place::table().await;
    let Place::Table(service) = &place else { unreachable!() };
    let (file, ids) = users(100);
    service.proxy.next(60, Fault::LoseResponse);
    let done =
        place.accounts(&["import", "-", "--json", "--parallel", "16"], &file).await.assert_code(0).json();
    assert_eq!(done["added"].as_u64().unwrap() + done["already_there"].as_u64().unwrap(), 100, "{done}");
    assert_eq!(place.ids().await, ids);
    assert_eq!(place.addresses().await, 50);
}

/// DynamoDB recognises the transaction that the tool repeats.
#[tokio::test]
async fn an_account_whose_confirmation_was_lost_was_added() {
    let place = Place::table().await;
    let Place::Table(service) = &place else { unreachable!() };
    let (file, ids) = users(1);
    service.proxy.next(1, Fault::LoseResponse);
    let done = place.accounts(&["import", "-", "--json"], &file).await.assert_code(0).json();
    assert_eq!((&done["added"], &done["already_there"]), (&1.into(), &0.into()), "{done}");
    assert_eq!(place.ids().await, ids);
}
