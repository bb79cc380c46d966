use std::{fmt, sync::Arc};

use crate::{Fault, Incoming};

/// Whether a filter matches a payload.
pub type Matches = Arc<dyn Fn(&Incoming) -> bool + Send + Sync>;

/// What a plugin uses of the program around it. Cloning is cheap.
#[derive(Clone)]
pub struct Context {
    /// The time in milliseconds since the Unix epoch.
    pub now: Arc<dyn Fn() -> u64 + Send + Sync>,
    /// A random number from 0 up to, but not including, 1.
    pub random: Arc<dyn Fn() -> f64 + Send + Sync>,
    /// Receives what goes wrong outside of a verdict, such as a full disk. It must not wait.
    pub on_fault: Arc<dyn Fn(Fault) + Send + Sync>,
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").finish_non_exhaustive()
    }
}
