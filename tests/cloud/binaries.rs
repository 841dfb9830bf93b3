//! The three binaries, built as they are deployed and as they run on a laptop, and the operator's tool.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use support::cargo;

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

/// The folder of both. Those of a laptop are built last: cargo's own folder keeps one of each name.
static BUILT: LazyLock<PathBuf> = LazyLock::new(|| {
    let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(&root).unwrap();
    let lock = File::create(root.join("binaries.lock")).unwrap();
    lock.lock().unwrap();
    build(&root.join("deployed"), &FUNCTIONS, &["--no-default-features"]);
    build(&root.join("local"), &[&FUNCTIONS[..], &["accounts"]].concat(), &[]);
    root
});

/// Builds packages and keeps their binaries in a folder, where no other build replaces them.
fn build(folder: &Path, packages: &[&str], features: &[&str]) {
    let packages = packages.iter().flat_map(|package| ["--package", package]);
    let arguments: Vec<_> =
        ["--bins", "--examples"].into_iter().chain(features.iter().copied()).chain(packages).collect();
    std::fs::create_dir_all(folder).unwrap();
    for executable in cargo::build(&arguments) {
        let kept = folder.join(executable.file_name().unwrap());
        if kept.exists() {
            std::fs::remove_file(&kept).unwrap();
        }
        // A link instead of a copy: the files are large, and cargo makes a new one for each build.
        std::fs::hard_link(&executable, &kept).unwrap();
    }
}
