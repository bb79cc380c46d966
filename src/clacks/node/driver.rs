use std::sync::Arc;

use super::shared::Shared;

/// Calls the core's timeout handler at the times that the core requests, until the node stops.
pub(super) async fn run(shared: Arc<Shared>) {
    loop {
        let due = shared.next_driver_wake();
        tokio::select! {
            () = shared.stopped.cancelled() => return,
            () = shared.wake.notified() => {}
            () = shared.clock.sleep_until(due) => shared.with_core(|at| at.core.handle_timeout(at.now, at.rng)),
        }
    }
}
