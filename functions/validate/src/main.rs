//! The process of the function `validate`.

use std::process::ExitCode;

use shared::start;
use validate::Validate;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    start::run::<Validate>().await
}
