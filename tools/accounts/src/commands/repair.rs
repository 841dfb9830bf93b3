//! `repair`: completes what earlier versions of this service have left out of the table.

use serde_json::json;
use shared::store::Operator;

use crate::exit::{CommandError, ExitCode};
use crate::output::Output;
use crate::retry::retry;

/// Completes the markers of emails, account by account. It can be repeated at any time.
pub(crate) async fn repair(store: &dyn Operator, output: &Output) -> Result<ExitCode, CommandError> {
    let (mut after, mut code) = (None, ExitCode::Done);
    let (mut read, mut repaired) = (0_u64, 0_u64);
    loop {
        let page = retry(async || store.page(after.as_deref()).await).await?;
        for account in page.accounts {
            match account {
                Ok(account) => {
                    read += 1;
                    repaired += u64::from(retry(async || store.repair(&account).await).await?);
                }
                Err(unreadable) => {
                    eprintln!("accounts: {}", CommandError::new(unreadable).describe());
                    code = ExitCode::SomeRefused;
                }
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let json = json!({ "command": "repair", "accounts": read, "repaired": repaired });
    output.write(&format!("{read} accounts read, {repaired} repaired"), &json)?;
    Ok(code)
}
