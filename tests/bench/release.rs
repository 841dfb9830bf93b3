//! Builds for release, as what is measured is deployed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// Has cargo build for release, with these arguments. The binaries; the next build may replace them.
pub fn build(arguments: &[&str]) -> Vec<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut cargo = Command::new(env!("CARGO"));
    for name in std::env::vars_os().map(|(name, _)| name) {
        // Of the bench; build scripts watch some of them, and would compile everything again.
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_MANIFEST_") || text.starts_with("CARGO_PKG_") {
            cargo.env_remove(&name);
        }
    }
    cargo
        .args(["build", "--locked", "--release", "--message-format=json-render-diagnostics"])
        .args(arguments);
    let output = cargo.current_dir(workspace).stdin(Stdio::null()).stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "no release build");
    let messages = String::from_utf8(output.stdout).unwrap();
    let messages = messages.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    messages.filter_map(|message| Some(message["executable"].as_str()?.into())).collect()
}
