//! Stores for the functions under the emulator.

use std::path::PathBuf;

use tempfile::TempDir;

use crate::background::Background;
use crate::dynamodb::{Engine, TABLE};
use crate::lambda::Variables;

/// A store that no other test uses.
#[derive(Debug)]
pub struct Store {
    /// The variables that lead the functions to it.
    pub variables: Variables,
    folder: TempDir,
    _engine: Option<Background<Engine>>,
}

impl Store {
    /// A database file that does not exist yet.
    pub fn sqlite() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let file = folder.path().join("accounts.db");
        let variables = vec![("ACCOUNT_STORE", format!("sqlite://{}", file.display()))];
        Self { variables, folder, _engine: None }
    }

    /// An empty table of a DynamoDB engine.
    pub fn dynamodb() -> Self {
        let engine = Background::start(Engine::start);
        let variables = vec![
            ("ACCOUNT_STORE", format!("dynamodb://{TABLE}")),
            ("AWS_ACCESS_KEY_ID", "key".to_owned()),
            ("AWS_ENDPOINT_URL_DYNAMODB", format!("http://{}", engine.address)),
            ("AWS_REGION", "eu-west-1".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
            ("JWT_SECRET", "k9Xv2mQ8rT5wZ1bN4cL7dF0gH3jP6sAuE".to_owned()),
        ];
        let folder = TempDir::new().expect("a temporary folder");
        Self { variables, folder, _engine: Some(engine) }
    }

    /// The folder of the mails of [`Store::sqlite`].
    pub fn mails(&self) -> PathBuf {
        self.folder.path().join("mail")
    }

    /// The file of [`Store::sqlite`].
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("accounts.db")
    }
}
