//! Builds with cargo, from a test.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

/// The root of the workspace.
pub const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// A `cargo` in the root of the workspace.
pub fn cargo() -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    remove_package_variables(&mut cargo);
    cargo.current_dir(ROOT).stdin(Stdio::null());
    cargo
}

/// Removes the variables that describe the package under test. Build scripts watch them: half of the dependencies would
/// be compiled again.
pub fn remove_package_variables(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_MANIFEST_") || text.starts_with("CARGO_PKG_") {
            command.env_remove(&name);
        }
    }
}

/// Runs `cargo build` with these arguments. Returns the executables, which the next build may replace.
pub fn build(arguments: &[&str]) -> Vec<PathBuf> {
    let mut build = cargo();
    build.args(["build", "--locked", "--message-format=json-render-diagnostics"]).args(arguments);
    let output = build.stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "cargo build {arguments:?} fails");
    let messages = String::from_utf8(output.stdout).unwrap();
    let messages = messages.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    messages.filter_map(|message| Some(message["executable"].as_str()?.into())).collect()
}
