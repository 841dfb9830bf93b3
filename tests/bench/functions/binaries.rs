//! Release builds of the functions, as they are deployed and as they run on a laptop, and their sizes.

use std::path::{Path, PathBuf};
use std::process::Command;

use support::cargo;

use crate::statistics::Measurements;

pub const FUNCTIONS: [&str; 3] = ["register", "login", "validate"];

/// The folders of the builds.
#[derive(Debug)]
pub struct Binaries {
    root: PathBuf,
}

impl Binaries {
    /// Builds all with the profile of deployment.
    pub fn build() -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("measured");
        build(&root.join("deployed"), &["--no-default-features"], &FUNCTIONS);
        build(&root.join("local"), &[], &FUNCTIONS);
        build(&root.join("limit"), &["--example", "hello"], &["hello"]);
        Self { root }
    }

    /// A function as it is deployed.
    pub fn deployed(&self, function: &str) -> PathBuf {
        self.root.join("deployed").join(function)
    }

    /// A function with SQLite.
    pub fn local(&self, function: &str) -> PathBuf {
        self.root.join("local").join(function)
    }

    /// The function that does nothing.
    pub fn hello(&self) -> PathBuf {
        self.root.join("limit").join("hello")
    }

    /// Measures the sizes of the files, and of their zip files by SAM.
    pub fn weigh(&self, into: &mut Measurements) {
        let functions = FUNCTIONS.map(|function| (function, self.deployed(function)));
        for (name, path) in functions.into_iter().chain([("hello", self.hello())]) {
            #[expect(clippy::cast_precision_loss, reason = "a file of megabytes")]
            into.add(format!("{name} size MB"), std::fs::metadata(&path).unwrap().len() as f64 / 1e6);
            into.add(format!("{name} zipped MB"), zipped(&path) / 1e6);
        }
    }
}

/// The size of a zip file of it in bytes, made by the library of the SAM CLI.
fn zipped(path: &Path) -> f64 {
    const PACK: &str = "import io, sys, zipfile
packed = io.BytesIO()
with zipfile.ZipFile(packed, 'w', zipfile.ZIP_DEFLATED) as archive:
    archive.write(sys.argv[1], 'bootstrap')
print(len(packed.getvalue()))";
    let output = Command::new("python3").args(["-c", PACK]).arg(path).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

/// Builds some of the packages and keeps a copy of the binaries, since the next build replaces them.
fn build(folder: &Path, arguments: &[&str], packages: &[&str]) {
    let packages = packages.iter().flat_map(|package| ["--package", package]);
    let arguments: Vec<_> =
        ["--release"].into_iter().chain(arguments.iter().copied()).chain(packages).collect();
    std::fs::create_dir_all(folder).unwrap();
    for executable in cargo::build(&arguments) {
        std::fs::copy(&executable, folder.join(executable.file_name().unwrap())).unwrap();
    }
}
