//! Places for accounts.

use std::path::PathBuf;
use std::sync::mpsc;

use dynoxide::{Database, server};
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// The environment that a journey gives the functions.
pub type Variables = Vec<(&'static str, String)>;

/// A place for accounts that no other journey knows, by the variables that lead the functions to it.
pub struct Store {
    pub variables: Variables,
    folder: TempDir,
    _engine: Option<Engine>,
}

impl Store {
    /// A database file that is not there yet.
    pub fn sqlite() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let file = folder.path().join("accounts.db");
        let variables = vec![("ACCOUNT_STORE", format!("sqlite://{}", file.display()))];
        Self { variables, folder, _engine: None }
    }

    /// An empty table of a DynamoDB engine.
    pub fn dynamodb() -> Self {
        let engine = Engine::start();
        let variables = vec![
            ("ACCOUNT_STORE", "dynamodb://accounts".to_owned()),
            ("AWS_ACCESS_KEY_ID", "key".to_owned()),
            ("AWS_ENDPOINT_URL_DYNAMODB", engine.endpoint.clone()),
            ("AWS_REGION", "eu-west-1".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
            ("JWT_SECRET", "k9Xv2mQ8rT5wZ1bN4cL7dF0gH3jP6sAuE".to_owned()),
        ];
        let folder = TempDir::new().expect("a temporary folder");
        Self { variables, folder, _engine: Some(engine) }
    }

    /// The file of [`Store::sqlite`], for the journeys that say that they look into it.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("accounts.db")
    }
}

/// A DynamoDB engine in a thread of this process, on a port of its own; stopped when dropped.
struct Engine {
    endpoint: String,
    _stop: oneshot::Sender<()>,
}

impl Engine {
    fn start() -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let (ready, started) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
                let address = listener.local_addr().expect("its number");
                let database = Database::memory().expect("an empty database");
                database.create_table(table()).expect("a table");
                let serving = tokio::spawn(server::serve_on(listener, database));
                ready.send(format!("http://{address}")).expect("somebody who waits");
                drop(stopped.await);
                serving.abort();
            });
        });
        Self { endpoint: started.recv().expect("an engine"), _stop: stop }
    }
}

/// The table that `template.yaml` makes.
fn table() -> dynoxide::actions::create_table::CreateTableRequest {
    serde_json::from_value(json!({
        "TableName": "accounts",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{ "AttributeName": "pk", "AttributeType": "S" }],
        "KeySchema": [{ "AttributeName": "pk", "KeyType": "HASH" }],
    }))
    .expect("a table")
}
