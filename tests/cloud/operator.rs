//! The operator's tool as a process, on a table and on a file, and what the functions see of what it does.

mod commands;
mod django;
mod exports;
mod imports;
mod interruptions;

use std::process::{Output, Stdio};

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

use crate::binaries;
use crate::place::Place;

/// What became of a call of the tool.
#[derive(Debug)]
pub struct Done {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// Both kinds of places, each empty.
async fn places() -> [Place; 2] {
    [Place::file(), Place::table().await]
}

impl Place {
    /// The tool, with nothing in its environment but what leads to the accounts: no secret.
    fn tool(&self, arguments: &[&str]) -> Command {
        let mut tool = Command::new(binaries::local("accounts"));
        tool.args(arguments).env_clear().envs(self.way()).kill_on_drop(true);
        tool.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        tool
    }

    /// Starts the tool with the beginning of its standard input.
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
    /// Asserts how the tool ended, and that it showed neither hashes nor passwords.
    #[track_caller]
    fn assert_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        for telltale in ["$argon2", "pbkdf2_sha256$", "correct horse", "canary"] {
            assert!(!self.out.contains(telltale) && !self.err.contains(telltale), "{self:?}");
        }
        self
    }

    /// The one JSON object that it wrote.
    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("{self:?}"))
    }
}
