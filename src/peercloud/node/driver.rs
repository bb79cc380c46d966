use std::sync::Arc;

use super::shared::Shared;

/// Calls the core's timeout handler at the times that the core requests, until the node stops.
pub(super) async fn run(shared: Arc<Shared>) {
    loop {
        let due = shared.next_driver_wake().map(|uptime| shared.clock.instant(uptime));
        let timer = async {
            match due {
                Some(instant) => tokio::time::sleep_until(instant.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = shared.stopped.cancelled() => return,
            () = shared.wake.notified() => {}
            () = timer => shared.with_core(|at| at.core.handle_timeout(at.now, at.rng)),
        }
    }
}
