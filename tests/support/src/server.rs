//! The HTTP server of the stand-ins.

use std::net::SocketAddr;

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

/// Serves on a free port until aborted, or until the runtime ends.
pub(crate) async fn start(routes: Router) -> (SocketAddr, AbortHandle) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async { axum::serve(listener, routes).await.unwrap() });
    (address, serving.abort_handle())
}
