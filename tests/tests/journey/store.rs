//! Places for accounts.

use std::path::PathBuf;

use tempfile::TempDir;

/// The environment that a journey gives the functions.
pub type Variables = Vec<(&'static str, String)>;

/// A place for accounts that no other journey knows, by the variables that lead the functions to it.
pub struct Store {
    pub variables: Variables,
    folder: TempDir,
}

impl Store {
    /// A database file that is not there yet.
    pub fn sqlite() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let file = folder.path().join("accounts.db");
        Self { variables: vec![("ACCOUNT_STORE", format!("sqlite://{}", file.display()))], folder }
    }

    /// The file of [`Store::sqlite`], for the journeys that say that they look into it.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("accounts.db")
    }
}
