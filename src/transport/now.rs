use std::time::Duration;

/// The time of an input, on two clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Time since the node started, on a monotonic clock. Timers use it.
    pub uptime: Duration,
    /// Milliseconds since the Unix epoch, for display. This clock may jump.
    pub unix_ms: u64,
}
