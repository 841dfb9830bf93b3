//! The three binaries, built as they are deployed and as they run on a laptop, and the operator's tool.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use serde_json::Value;

pub const FUNCTIONS: [&str; 3] = ["register", "login", "validate"];

/// A function as it is deployed: as SAM has built it, if `DEPLOYED_FUNCTIONS` names the folder, or the same without
/// optimisation.
#[expect(clippy::disallowed_methods, reason = "what is tested is chosen from outside")]
pub fn deployed(function: &str) -> PathBuf {
    let Some(folder) = std::env::var_os("DEPLOYED_FUNCTIONS") else {
        return BUILT.join("deployed").join(function);
    };
    let (initial, rest) = function.split_at(1);
    PathBuf::from(folder).join(format!("{}{rest}Function/bootstrap", initial.to_uppercase()))
}

/// A function as it runs on a laptop, or the operator's tool.
pub fn local(function: &str) -> PathBuf {
    BUILT.join("local").join(function)
}

/// The folder of both. Those of a laptop are built last, as cargo's own folder has room for one of each name.
static BUILT: LazyLock<PathBuf> = LazyLock::new(|| {
    let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(&root).unwrap();
    let lock = File::create(root.join("binaries.lock")).unwrap();
    lock.lock().unwrap();
    build(&root.join("deployed"), &FUNCTIONS, &["--no-default-features"]);
    build(&root.join("local"), &[&FUNCTIONS[..], &["accounts"]].concat(), &[]);
    root
});

/// A `cargo` that finds what it has compiled. Build scripts watch the variables that tell of the package being built or
/// tested; those of this test would have half of the dependencies compiled again.
pub fn cargo() -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    let of_this_test = |name: &OsString| {
        let name = name.to_string_lossy();
        ["CARGO_MANIFEST_", "CARGO_PKG_"].iter().any(|prefix| name.starts_with(prefix))
    };
    for name in std::env::vars_os().map(|(name, _)| name).filter(of_this_test) {
        cargo.env_remove(name);
    }
    cargo.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()).stdin(Stdio::null());
    cargo
}

/// Builds packages and keeps their binaries in a folder, where no other build replaces them.
fn build(folder: &Path, packages: &[&str], features: &[&str]) {
    let mut build = cargo();
    build.args(["build", "--locked", "--message-format=json-render-diagnostics"]).args(features);
    build.args(["--bins", "--examples"]).args(packages.iter().flat_map(|package| ["--package", package]));
    let output = build.stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "the functions do not build");

    std::fs::create_dir_all(folder).unwrap();
    let messages = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    for message in messages.map(|line| serde_json::from_slice::<Value>(line).unwrap()) {
        let Some(executable) = message["executable"].as_str().map(Path::new) else { continue };
        let kept = folder.join(executable.file_name().unwrap());
        if kept.exists() {
            std::fs::remove_file(&kept).unwrap();
        }
        // Not a copy: with their debugging information they are large, and cargo makes a new file each time.
        std::fs::hard_link(executable, &kept).unwrap();
    }
}
