//! Accounts in a table or in a file, for rules of both.

use support::dynamodb::Item;
use support::lambda::Variables;
use tempfile::TempDir;

use crate::binaries;
use crate::deployed::{Deployed, LOUDEST, SECRET};
use crate::function::Function;

/// The place of the accounts.
pub enum Place {
    /// A file, for functions as they run on a laptop.
    File(TempDir),
    /// A table, for functions as they are deployed.
    Table(Box<Deployed>),
}

impl Place {
    pub fn file() -> Self {
        Self::File(tempfile::tempdir().unwrap())
    }

    pub async fn table() -> Self {
        Self::Table(Box::new(Deployed::new().await))
    }

    pub async fn start(&self, function: &str) -> Function {
        match self {
            Self::Table(service) => service.start(function).await,
            Self::File(folder) => {
                let database = format!("sqlite://{}/accounts.db", folder.path().display());
                let environment = [
                    ("ACCOUNT_STORE", database.as_str()),
                    ("JWT_SECRET", SECRET),
                    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
                    ("AWS_LAMBDA_FUNCTION_NAME", function),
                    ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
                ];
                let environment = environment.into_iter().chain(LOUDEST);
                let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
                Function::start(&binaries::local(function), &environment.collect()).await
            }
        }
    }

    /// The variables that lead to the accounts.
    pub fn way(&self) -> Variables {
        match self {
            Self::Table(service) => service.way(),
            Self::File(folder) => {
                let database = format!("sqlite://{}/accounts.db", folder.path().display());
                vec![("ACCOUNT_STORE", database)]
            }
        }
    }

    /// All three functions.
    pub async fn functions(&self) -> [Function; 3] {
        let [register, login, validate] = binaries::FUNCTIONS;
        [self.start(register).await, self.start(login).await, self.start(validate).await]
    }

    pub async fn start_many(&self, function: &str, number: usize) -> Vec<Function> {
        let mut functions = Vec::new();
        for _ in 0..number {
            functions.push(self.start(function).await);
        }
        functions
    }

    /// The ids of all accounts.
    pub async fn account_ids(&self) -> Vec<String> {
        match self {
            Self::Table(service) => {
                let id = |item: &Item| item["id"].as_s().unwrap().clone();
                let items = service.engine.items().await;
                let accounts = items.iter().filter(|(key, _)| key.starts_with("USERNAME#"));
                accounts.map(|(_, item)| id(item)).collect()
            }
            Self::File(_) => {
                let database = self.database();
                let mut statement = database.prepare("SELECT id FROM accounts").unwrap();
                let ids = statement.query_map([], |row| row.get(0)).unwrap();
                ids.map(Result::unwrap).collect()
            }
        }
    }

    /// The number of emails that are marked as in use.
    pub async fn addresses(&self) -> usize {
        match self {
            Self::Table(service) => {
                let keys = service.engine.keys().await;
                keys.iter().filter(|key| key.starts_with("EMAIL#")).count()
            }
            Self::File(_) => {
                self.database().query_row("SELECT COUNT(*) FROM emails", [], |row| row.get(0)).unwrap()
            }
        }
    }

    pub async fn delete(&self, name: &str) {
        match self {
            Self::Table(service) => service.engine.delete(&format!("USERNAME#{name}")).await,
            Self::File(_) => {
                let delete = "DELETE FROM accounts WHERE username_key = ?1";
                assert_eq!(self.database().execute(delete, [name]).unwrap(), 1);
            }
        }
    }

    pub fn database(&self) -> rusqlite::Connection {
        let Self::File(folder) = self else { panic!("no file") };
        rusqlite::Connection::open(folder.path().join("accounts.db")).unwrap()
    }

    /// The whole contents, as names of attributes or columns with their values.
    pub async fn contents(&self) -> Vec<(String, String)> {
        match self {
            Self::Table(service) => {
                let items = service.engine.items().await.into_values().flatten();
                items.map(|(attribute, value)| (attribute, format!("{value:?}"))).collect()
            }
            Self::File(_) => {
                let database = self.database();
                let columns = "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c";
                let mut statement = database.prepare(columns).unwrap();
                let columns = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
                columns
                    .map(Result::unwrap)
                    .flat_map(|(table, column)| values(&database, table, column))
                    .collect()
            }
        }
    }
}

fn values(database: &rusqlite::Connection, table: String, column: String) -> Vec<(String, String)> {
    let query = format!("SELECT CAST({column} AS TEXT) FROM {table} WHERE {column} IS NOT NULL");
    let mut statement = database.prepare(&query).unwrap();
    let values = statement.query_map([], |row| Ok((column.clone(), row.get(0)?))).unwrap();
    values.map(Result::unwrap).collect()
}
