//! The commands.
//!
//! | command | module |
//! |---|---|
//! | `disable`, `enable`, `revoke`, `unlock` | [`access`] |
//! | `check-hash` | [`mod@check_hash`] |
//! | `delete` | [`mod@delete`] |
//! | `export` | [`mod@export`] |
//! | `import` | [`mod@import`] |
//! | `keys` | [`mod@keys`] |
//! | `repair` | [`mod@repair`] |
//! | `sessions`, `revoke --session` | [`mod@sessions`] |
//! | `set-password` | [`mod@set_password`] |
//! | `show` | [`mod@show`] |

mod access;
mod check_hash;
mod delete;
mod export;
mod import;
mod keys;
mod repair;
mod sessions;
mod set_password;
mod show;

pub(crate) use access::{disable, enable, revoke, unlock};
pub(crate) use check_hash::{check_hash_of, check_hashes};
pub(crate) use delete::delete;
pub(crate) use export::export;
pub(crate) use import::import;
pub(crate) use keys::keys;
pub(crate) use repair::repair;
pub(crate) use sessions::{end_session, sessions};
pub(crate) use set_password::set_password;
pub(crate) use show::show;

use serde_json::json;
use shared::account::Account;
use shared::names::username::UsernameKey;
use shared::store::{Change, Operator};

use crate::exit::{CommandError, ExitCode};
use crate::output::Output;

/// Finds an account by any spelling of its name.
async fn find(store: &dyn Operator, name: &str) -> Result<Account, CommandError> {
    let account = store.find(&UsernameKey::of(name)).await?;
    account.ok_or_else(|| CommandError::NoSuchAccount(name.to_owned()))
}

/// Changes an account and returns it as it was before.
async fn change(store: &dyn Operator, name: &str, change: &Change) -> Result<Account, CommandError> {
    let before = store.change(&UsernameKey::of(name), None, change).await?;
    before.ok_or_else(|| CommandError::NoSuchAccount(name.to_owned()))
}

/// Reports a change of an account. `changed` is false if the account already was as wanted.
fn report_change(
    output: &Output,
    command: &str,
    account: &Account,
    changed: bool,
    text: &str,
) -> Result<ExitCode, CommandError> {
    let json = json!({
        "command": command,
        "username": account.username.as_str(),
        "id": account.id.to_string(),
        "changed": changed,
    });
    output.write(&format!("{}: {text}", account.username), &json)?;
    Ok(ExitCode::Done)
}
