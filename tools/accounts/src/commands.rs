//! What each command does, but `import`.

mod change;
mod export;
mod hashes;
mod look;

pub(crate) use change::{delete, disable, enable, revoke, set_password};
pub(crate) use export::export;
pub(crate) use hashes::{check_hash_of, check_hashes};
pub(crate) use look::{show, unlock};

use shared::account::Account;
use shared::names::username::UsernameKey;
use shared::store::Operator;

use crate::outcome::Failure;

/// The account by this name, in any spelling.
async fn find(store: &dyn Operator, name: &str) -> Result<Account, Failure> {
    store.find(&UsernameKey::of(name)).await?.ok_or_else(|| Failure::NoSuchAccount(name.to_owned()))
}
