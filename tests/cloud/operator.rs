//! The operator's tool as a process, on a table and on a file, and its effects on the functions.

mod commands;
mod django;
mod elsewhere;
mod emails;
mod exports;
mod imports;
mod interruptions;
mod keys;
mod updates;

use std::process::{Output, Stdio};

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

use crate::binaries;
use crate::deployed::{NEW_SECRET, SECRET};
use crate::place::Place;

/// The end of a run of the tool.
#[derive(Debug)]
pub struct Done {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// An empty place of each kind.
async fn places() -> [Place; 2] {
    [Place::file(), Place::table().await]
}

impl Place {
    /// The tool. Its environment has the way to the accounts, and no secret.
    fn tool(&self, arguments: &[&str]) -> Command {
        let mut tool = Command::new(binaries::local("accounts"));
        tool.args(arguments).env_clear().envs(self.way()).kill_on_drop(true);
        tool.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        tool
    }

    /// Starts the tool and writes the beginning of its standard input.
    async fn begin(&self, arguments: &[&str], input: &str) -> Child {
        let mut tool = self.tool(arguments).spawn().unwrap();
        tool.stdin.as_mut().unwrap().write_all(input.as_bytes()).await.unwrap();
        tool
    }

    /// Runs the tool.
    async fn accounts(&self, arguments: &[&str], input: &str) -> Done {
        let mut tool = self.begin(arguments, input).await;
        drop(tool.stdin.take());
        let Output { status, stdout, stderr } = tool.wait_with_output().await.unwrap();
        let [out, err] = [stdout, stderr].map(|stream| String::from_utf8(stream).unwrap());
        Done { code: status.code(), out, err }
    }
}

impl Done {
    /// Asserts the exit code of the tool, and that it showed neither hashes nor passwords.
    #[track_caller]
    fn assert_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        for telltale in
            ["$argon2", "pbkdf2_sha256$", "correct horse", "canary", "PRIVATE", SECRET, NEW_SECRET]
        {
            assert!(!self.out.contains(telltale) && !self.err.contains(telltale), "{self:?}");
        }
        self
    }

    /// The JSON object on its standard output.
    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("{self:?}"))
    }
}
