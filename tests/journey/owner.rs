//! What the owner of an account does with the password, without mail.

use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};
use support::client::{self, Client, PASSWORD, Response};
use support::emulator::Emulator;

const NEW: &str = "a new and better passphrase";

/// `POST` with an access token.
pub async fn post_as(client: &Client, bearer: &str, path: &str, body: &Value) -> Response {
    client::send(client.json(path, body.to_string()).header(AUTHORIZATION, bearer)).await
}

pub async fn an_owner_changes_the_password_and_deletes_the_account(service: &Emulator) {
    let client = service.client();
    let old = client.register("owner", PASSWORD).await.bearer();
    let change = json!({ "current_password": PASSWORD, "new_password": NEW });
    let changed = post_as(&client, &old, "password", &change).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(client.validate(&old).await.status, 401);
    assert_eq!(client.validate(&changed.bearer()).await.status, 200);
    assert_eq!(client.login("owner", PASSWORD).await.status, 401);
    assert_eq!(client.login("owner", NEW).await.status, 200);

    let wrong = json!({ "current_password": PASSWORD });
    let refused = post_as(&client, &changed.bearer(), "account/delete", &wrong).await;
    assert_eq!((refused.status, refused.text("code")), (401, "invalid_credentials".to_owned()));
    let right = json!({ "current_password": NEW });
    let deleted = post_as(&client, &changed.bearer(), "account/delete", &right).await;
    assert_eq!((deleted.status, &*deleted.body), (204, ""));
    assert_eq!(client.validate(&changed.bearer()).await.status, 401);
    assert_eq!(client.login("owner", NEW).await.status, 401);
    assert_eq!(client.register("owner", PASSWORD).await.status, 201);
}
