//! The two parts of `tests/peers` that must be fast: an HTTP front before our functions, and the client of all services.
//!
//! ```text
//! http front              prints a port, and where each function finds its events, as JSON; serves until it is killed
//! http load <PLAN >TIMES  sends the requests of a plan, and prints the time of each
//! ```

#![expect(clippy::disallowed_methods, reason = "time is what this is about")]

mod front;
mod load;

use tokio::runtime::Builder;

fn main() {
    // One thread each, which leaves a processor to the service.
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    match std::env::args().nth(1).as_deref() {
        Some("front") => runtime.block_on(front::serve()),
        Some("load") => runtime.block_on(load::run()),
        // `cargo bench` runs every bench.
        _ => eprintln!("http is used by tests/peers/run"),
    }
}
