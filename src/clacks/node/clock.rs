use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::core::Now;

/// The one place where the node reads the time.
#[derive(Debug)]
pub(super) struct Clock {
    started: Instant,
}

impl Clock {
    pub(super) fn start() -> Self {
        Self { started: Instant::now() }
    }

    pub(super) fn now(&self) -> Now {
        // A clock set before 1970 reads as 1970: the time is only shown.
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now { uptime: self.started.elapsed(), unix_ms: since_epoch.as_millis() as u64 }
    }

    /// The instant that an uptime stands for.
    pub(super) fn instant(&self, uptime: Duration) -> Instant {
        self.started + uptime
    }
}
