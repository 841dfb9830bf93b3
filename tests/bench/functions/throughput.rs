//! The throughput of several environments at the same time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use support::samples::{bearing, credentials};
use tokio::task::JoinSet;

use crate::backends::{Backends, PASSWORD, Store, token};
use crate::function::Function;
use crate::statistics::Measurements;

/// The numbers of environments.
const ENVIRONMENTS: [usize; 4] = [1, 2, 8, 64];

/// Keeps environments busy, and counts their responses per second, and per second of processor time.
pub async fn measure(backends: &Backends, store: Store, duration: Duration, into: &mut Measurements) {
    let (register, _) = backends.function("register", store).await;
    let (response, _) = register.send(&credentials("busy", PASSWORD), 201).await;
    drop(register);
    for (name, event) in [("validate", bearing(&token(&response))), ("login", credentials("busy", PASSWORD))]
    {
        for count in ENVIRONMENTS {
            let mut environments = Vec::new();
            for _ in 0..count {
                let (function, _) = backends.function(name, store).await;
                function.send(&event, 200).await;
                environments.push(Arc::new(function));
            }
            let busy = || environments.iter().map(|function| function.processor_time()).sum::<f64>();
            let before = busy();
            let started = Instant::now();
            let responses = together(&environments, &event, started + duration).await;
            let seconds = started.elapsed().as_secs_f64();
            let busy = busy() - before;
            let name = format!("{name}, {}, {count} environments", store.name());
            into.add(format!("{name}, answers per second"), responses / seconds);
            into.add(format!("{name}, answers per second of a core"), responses / (busy / 1000.0));
        }
    }
}

/// The number of responses of all of them until then.
async fn together(environments: &[Arc<Function>], event: &Value, until: Instant) -> f64 {
    let mut tasks = JoinSet::new();
    for function in environments {
        let (function, event) = (function.clone(), event.clone());
        tasks.spawn(async move {
            let mut responses = 0.0;
            while Instant::now() < until {
                function.send(&event, 200).await;
                responses += 1.0;
            }
            responses
        });
    }
    tasks.join_all().await.into_iter().sum()
}
