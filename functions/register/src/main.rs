//! The process of the function `register`.

use std::process::ExitCode;

use register::Register;
use shared::start;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    start::run::<Register>().await
}
