//! The binary of the operator's tool. It is an example, because cargo-lambda takes every binary of the workspace for a function.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    accounts::main().await
}
