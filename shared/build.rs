//! Packs the list of common passwords: a file of whole passwords zips to a third more.
//!
//! A line is a group of passwords between tabs. Each is a digit or letter that counts from `0` how much it begins with
//! of the one before, and the rest.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs, iter};

const LIST: &str = "blocklist/common_passwords.txt";

/// Larger groups are smaller in all and slower to search.
const GROUP: usize = 32;

#[expect(clippy::disallowed_methods, reason = "it is how cargo tells where to write")]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={LIST}");
    let list = fs::read_to_string(LIST)?;
    let passwords: Vec<_> = list.lines().collect();
    let mut packed = String::new();
    for group in passwords.chunks(GROUP) {
        let before = iter::once("").chain(group.iter().copied());
        for (password, before) in group.iter().zip(before) {
            let shared = password.bytes().zip(before.bytes()).take_while(|(one, other)| one == other).count();
            packed.push(char::from(b'0' + u8::try_from(shared)?));
            packed.push_str(&password[shared..]);
            packed.push('\t');
        }
        packed.pop();
        packed.push('\n');
    }
    let folder = env::var_os("OUT_DIR").ok_or("cargo says where to write")?;
    Ok(fs::write(PathBuf::from(folder).join("common_passwords.packed"), packed)?)
}
