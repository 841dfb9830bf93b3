//! `check-hash`: identifies password hashes without printing them.

use std::io;

use serde_json::json;
use shared::config::OperatorConfig;
use shared::password::hash::{Hasher, PasswordHash, Unverifiable};
use shared::store::Operator;

use super::find;
use crate::bounded_line::{BYTE_ORDER_MARK, read_bounded_line};
use crate::exit::{CommandError, ExitCode};
use crate::output::Output;

/// Checks the hash of an account.
pub(crate) async fn check_hash_of(
    store: &dyn Operator,
    config: &OperatorConfig,
    name: &str,
    output: &Output,
) -> Result<ExitCode, CommandError> {
    let account = find(store, name).await?;
    check(&Hasher::new(config.cost)?, account.username.as_str(), &account.password_hash, None, output)
}

/// Checks the hashes on standard input, one a line.
pub(crate) fn check_hashes(config: &OperatorConfig, output: &Output) -> Result<ExitCode, CommandError> {
    let hasher = Hasher::new(config.cost)?;
    let (mut stdin, mut line, mut code) = (io::stdin().lock(), Vec::new(), ExitCode::Done);
    for number in 1u64.. {
        if !read_bounded_line(&mut stdin, &mut line)? {
            break;
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_start_matches(BYTE_ORDER_MARK).trim();
        let (hash, problem) = match PasswordHash::import(text) {
            Ok(hash) => (hash, None),
            Err(problem) => (PasswordHash::from_stored(text.to_owned()), Some(problem)),
        };
        let checked = check(&hasher, &number.to_string(), &hash, problem, output)?;
        if checked != ExitCode::Done {
            code = checked;
        }
    }
    Ok(code)
}

/// Checks one hash. `label` is the username or the line number, `problem` the reason why an import refuses it.
fn check(
    hasher: &Hasher,
    label: &str,
    hash: &PasswordHash,
    problem: Option<Unverifiable>,
    output: &Output,
) -> Result<ExitCode, CommandError> {
    let description = hash.describe();
    let replaced = hasher.is_outdated(hash);
    let problem = problem.or(description.verifiable.err()).map(|problem| problem.to_string());
    let result = match &problem {
        Some(problem) => problem.as_str(),
        None if replaced => "good, and replaced at the next login",
        None => "good",
    };
    let scheme = format!("{} {}", description.scheme, description.parameters);
    output.write(
        &format!("{label}: {}: {result}", scheme.trim_end()),
        &json!({
            "of": label,
            "scheme": description.scheme,
            "parameters": description.parameters,
            "verifiable": problem.is_none(),
            "replaced_at_login": problem.is_none() && replaced,
            "problem": problem,
        }),
    )?;
    Ok(if problem.is_none() { ExitCode::Done } else { ExitCode::SomeRefused })
}
