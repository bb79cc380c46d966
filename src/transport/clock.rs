use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::Now;

/// The clock of a node, which counts from its start. It is the one place where a node reads the time for its core.
#[derive(Debug)]
pub struct Clock {
    started: Instant,
}

impl Clock {
    /// A clock whose uptime begins now.
    pub fn start() -> Self {
        Self { started: Instant::now() }
    }

    /// The time on both clocks.
    pub fn now(&self) -> Now {
        // A clock set before 1970 reads as 1970: the time is only shown.
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now { uptime: self.started.elapsed(), unix_ms: since_epoch.as_millis() as u64 }
    }

    /// Sleeps until an uptime; for ever without one.
    pub async fn sleep_until(&self, uptime: Option<Duration>) {
        match uptime {
            Some(uptime) => tokio::time::sleep_until((self.started + uptime).into()).await,
            None => std::future::pending().await,
        }
    }
}
