//! Runs a target in `cargo test`.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Once;

thread_local! {
    static PANICS: Cell<usize> = const { Cell::new(0) };
}

/// Runs a target on each input of its corpus, failures that were found and fixed among them. The last that is printed is the
/// one that fails.
pub fn corpus(target: &str, check: fn(&[u8])) {
    count_panics();
    let files = fs::read_dir(folder().join(target)).unwrap();
    let mut names: Vec<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert!(!names.is_empty());
    for name in names {
        println!("{name}");
        check(&input(&format!("{target}/{name}")));
        assert_eq!(PANICS.get(), 0, "a panic was caught");
    }
}

/// The input of this name: that of its target, and its own.
pub fn input(name: &str) -> Vec<u8> {
    fs::read(folder().join(name)).unwrap()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// The functions catch panics. Here they are failures.
fn count_panics() {
    static COUNT: Once = Once::new();
    COUNT.call_once(|| {
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICS.set(PANICS.get() + 1);
            print(panic);
        }));
    });
}
