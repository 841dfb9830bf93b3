//! Node and Python from `.venv`, for tests in these languages.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::cargo::ROOT;

/// The folder of the programs `node` and `python`. They, and the npm packages of a folder of `tests`, are installed if they
/// are not there.
pub fn tools(folder: &str) -> PathBuf {
    install("install-npm", folder)
}

/// The folder of the programs of a set of Python packages in `tests/tools`. They are installed if they are not there.
pub fn python(set: &str) -> PathBuf {
    install("install", set)
}

fn install(script: &str, argument: &str) -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let mut install = Command::new(format!("{ROOT}/tests/tools/{script}"));
    let output = install.arg(argument).stderr(Stdio::inherit()).output().expect("sh");
    assert!(output.status.success(), "tests/tools/{script} {argument} failed");
    String::from_utf8(output.stdout).expect("a path").trim().into()
}
