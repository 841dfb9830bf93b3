//! The process of the function `login`.

use std::process::ExitCode;

use login::Login;
use shared::start;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    start::run::<Login>().await
}
