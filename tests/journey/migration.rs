//! Users of another system on a laptop, where accounts live in a file.

use serde_json::json;
use support::background::Background;
use support::client::PASSWORD;
use support::emulator::Emulator;
use support::former_users::{FormerUsers, User};
use support::lambda;
use support::store::Store;

#[tokio::test]
async fn a_user_of_another_system_comes_at_the_first_login() {
    let users = [User {
        name: "ada",
        password: PASSWORD,
        attributes: json!({ "email": "ada@example.com" }),
        status: "CONFIRMED",
    }];
    let former = Background::start(async move || FormerUsers::start(&users).await);
    let store = Store::sqlite();
    let variables =
        [lambda::credentials(), store.variables.clone(), lambda::migration(former.address)].concat();
    let service = Emulator::start(&variables);
    let client = service.client();
    let login = |name: &str| json!({ "username": name, "password": PASSWORD }).to_string();
    for _ in 0..2 {
        let response = client.post("login", login("ada")).await;
        assert_eq!(response.status, 200, "{response:?}");
    }
    assert_eq!(former.events().len(), 1);
    assert_eq!(client.post("login", login("eve")).await.status, 401);
}
