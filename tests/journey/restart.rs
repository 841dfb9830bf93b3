//! A restart of the service.

use support::client::PASSWORD;
use support::emulator::Emulator;
use support::store::Store;

pub async fn accounts_and_tokens_survive_a_restart(store: &Store) {
    let before = Emulator::start(&store.variables);
    let registered = before.client().register("Rip.van.Winkle", PASSWORD).await;
    let logged_in = before.client().login("rip.van.winkle", PASSWORD).await;
    assert_eq!((registered.status, logged_in.status), (201, 200));
    let old_processes = before.processes("login");
    assert_eq!(old_processes.len(), 1);
    drop(before);

    let after = Emulator::start(&store.variables);
    let client = after.client();
    let again = client.register("RIP.VAN.WINKLE", "another password").await;
    again.must_be(400, r#"{"username":["A user with that username already exists."]}"#, None);
    assert_eq!(client.login("rip.van.winkle", "another password").await.status, 401);
    let woken = client.login("Rip.van.Winkle", PASSWORD).await;
    for token in [registered.bearer(), logged_in.bearer(), woken.bearer()] {
        let valid = client.validate(&token).await;
        assert_eq!((valid.status, valid.text("user_id")), (200, registered.text("user_id")));
    }
    assert_ne!(after.processes("login"), old_processes, "the functions are new ones");
}
