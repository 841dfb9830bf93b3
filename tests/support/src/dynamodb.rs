//! A DynamoDB engine in the test's own process, spoken to over HTTP.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use dynoxide::actions::create_table::CreateTableRequest;
use dynoxide::{Database, server};
use serde_json::json;
use tokio::net::TcpListener;

/// The name of the table.
pub const TABLE: &str = "accounts";

/// The attribute that is its key.
const PK: &str = "pk";

/// The attributes of an item.
pub type Item = BTreeMap<String, AttributeValue>;

/// A DynamoDB engine with an empty table. It ends with the runtime that started it.
#[derive(Debug)]
pub struct Engine {
    /// Where it listens.
    pub address: SocketAddr,
    client: Client,
}

impl Engine {
    /// Starts an engine on a free port.
    pub async fn start() -> Self {
        let database = Database::memory().unwrap();
        database.create_table(table()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(server::serve_on(listener, database));
        Self { address, client: client(address) }
    }

    /// A client of the SDK.
    pub fn client(&self) -> Client {
        client(self.address)
    }

    /// All items of the table, by key.
    pub async fn items(&self) -> BTreeMap<String, Item> {
        let scan = self.client.scan().table_name(TABLE).consistent_read(true).send().await.unwrap();
        assert_eq!(scan.last_evaluated_key, None, "a second page");
        let items = scan.items.unwrap().into_iter().map(Item::from_iter);
        items.map(|item| (item[PK].as_s().unwrap().clone(), item)).collect()
    }

    /// The keys in the table.
    pub async fn keys(&self) -> Vec<String> {
        self.items().await.into_keys().collect()
    }

    /// Replaces an attribute of an item, or removes it.
    pub async fn change(&self, key: &str, attribute: &str, value: Option<AttributeValue>) {
        let mut item = self.items().await.remove(key).unwrap();
        match value {
            Some(value) => item.insert(attribute.to_owned(), value),
            None => item.remove(attribute),
        };
        self.put(item).await;
    }

    /// Writes an item.
    pub async fn put(&self, item: Item) {
        let put = self.client.put_item().table_name(TABLE).set_item(Some(item.into_iter().collect()));
        put.send().await.unwrap();
    }

    /// Deletes an item.
    pub async fn delete(&self, key: &str) {
        let delete = self.client.delete_item().table_name(TABLE).key(PK, AttributeValue::S(key.to_owned()));
        delete.send().await.unwrap();
    }
}

/// The table that `template.yaml` makes.
fn table() -> CreateTableRequest {
    let request = json!({
        "TableName": TABLE,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{ "AttributeName": PK, "AttributeType": "S" }],
        "KeySchema": [{ "AttributeName": PK, "KeyType": "HASH" }],
    });
    serde_json::from_value(request).unwrap()
}

fn client(address: SocketAddr) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::from_static("eu-west-1"))
        .credentials_provider(Credentials::new("key", "secret", None, None, "tests"))
        .endpoint_url(format!("http://{address}"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    Client::from_conf(config)
}
