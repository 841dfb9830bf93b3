//! Stand-ins in a thread of their own.

use std::ops::Deref;
use std::sync::mpsc;
use std::thread;

use tokio::runtime;
use tokio::sync::oneshot;

/// A value whose tasks run on a runtime in a thread of its own. Dropping it ends the runtime.
#[derive(Debug)]
pub struct Background<T> {
    value: T,
    _stop: oneshot::Sender<()>,
}

impl<T: Send + 'static> Background<T> {
    /// Starts the thread and waits for the value.
    pub fn start<F: Future<Output = T>>(start: impl FnOnce() -> F + Send + 'static) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (ready, started) = mpsc::channel();
        thread::spawn(move || {
            runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
                ready.send(start().await).unwrap();
                // An error: the sender is dropped.
                stopped.await.unwrap_or(())
            });
        });
        Self { value: started.recv().unwrap(), _stop: stop }
    }
}

impl<T> Deref for Background<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}
