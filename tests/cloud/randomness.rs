//! The random numbers of the operating system fail: no account and no token is made without them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::samples;
use tempfile::TempDir;

use crate::deployed::{Deployed, PASSWORD};

/// Replaces `getrandom` of the C library. It fails while a file exists.
const SHIM: &str = r#"
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
ssize_t getrandom(void *buffer, size_t length, unsigned flags) {
    const char *switched = getenv("NO_RANDOMNESS");
    if (switched && access(switched, F_OK) == 0) { errno = EIO; return -1; }
    return syscall(SYS_getrandom, buffer, length, flags);
}
"#;

/// A library that is loaded before all others, and the file that makes it fail.
struct Shim(TempDir);

impl Shim {
    fn compiled() -> Self {
        let shim = Self(TempDir::new().unwrap());
        let source = shim.0.path().join("shim.c");
        fs::write(&source, SHIM).unwrap();
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-o"]).arg(shim.library()).arg(source);
        assert!(compiler.status().expect("a C compiler").success());
        shim
    }

    fn library(&self) -> PathBuf {
        self.0.path().join("shim.so")
    }

    fn switch(&self) -> PathBuf {
        self.0.path().join("fails")
    }

    fn fail(&self) {
        fs::write(self.switch(), "").unwrap();
    }

    fn work(&self) {
        fs::remove_file(self.switch()).unwrap();
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn without_randomness_nothing_is_stored_and_no_token_is_made() {
    let service = Deployed::new().await;
    let shim = Shim::compiled();
    let (library, switch) = (shim.library(), shim.switch());
    let preloaded = [("LD_PRELOAD", Some(text(&library))), ("NO_RANDOMNESS", Some(text(&switch)))];
    let register = service.start_with("register", &preloaded).await;
    let login = service.start_with("login", &preloaded).await;
    let validate = service.start_with("validate", &preloaded).await;
    let token = register.register("alice", None).await.assert_status(201).token().to_owned();
    login.login("alice", PASSWORD).await.assert_status(200);
    let before = service.engine.items().await;

    shim.fail();
    for (name, email) in [("bob", None), ("carol", Some("carol@example.com"))] {
        register.register(name, email).await.assert_internal_error();
    }
    login.login("alice", PASSWORD).await.assert_internal_error();
    // A failed login that cannot be counted is an error.
    login.login("alice", "a wrong password").await.assert_internal_error();
    // Requests that need no random numbers succeed.
    register.call(&samples::post(&serde_json::json!({}))).await.assert_status(400);
    validate.validate(&token).await.assert_status(200);
    validate.assert_lets_in(&token).await;
    assert_eq!(service.engine.items().await, before);

    shim.work();
    register.register("bob", None).await.assert_status(201);
    login.login("alice", PASSWORD).await.assert_status(200);
}
