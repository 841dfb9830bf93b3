//! A DynamoDB engine in the test's own process, and what its table holds.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use dynoxide::{Database, server};
use tokio::net::TcpListener;

/// The one table, and its only key.
pub const TABLE: &str = "accounts";
const PK: &str = "pk";

/// What is kept under a key.
pub type Item = BTreeMap<String, AttributeValue>;

/// A DynamoDB engine with the table that `template.yaml` makes. It ends with the test's runtime.
pub struct Engine {
    pub address: SocketAddr,
    client: Client,
}

impl Engine {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(server::serve_on(listener, Database::memory().unwrap()));
        let engine = Self { address, client: client(address) };
        engine.create_table().await;
        engine
    }

    async fn create_table(&self) {
        let attribute =
            AttributeDefinition::builder().attribute_name(PK).attribute_type(ScalarAttributeType::S);
        let key = KeySchemaElement::builder().attribute_name(PK).key_type(KeyType::Hash);
        let create = self
            .client
            .create_table()
            .table_name(TABLE)
            .billing_mode(BillingMode::PayPerRequest)
            .attribute_definitions(attribute.build().unwrap())
            .key_schema(key.build().unwrap());
        create.send().await.unwrap();
    }

    /// All that the table holds, by key.
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

    pub async fn put(&self, item: Item) {
        let put = self.client.put_item().table_name(TABLE).set_item(Some(item.into_iter().collect()));
        put.send().await.unwrap();
    }

    pub async fn delete(&self, key: &str) {
        let delete = self.client.delete_item().table_name(TABLE).key(PK, AttributeValue::S(key.to_owned()));
        delete.send().await.unwrap();
    }
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
