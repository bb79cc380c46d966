use std::sync::Arc;

use crate::Fault;

/// What a plugin uses of the program around it. Cloning is cheap.
#[derive(Clone)]
pub struct Context {
    /// The time in milliseconds since the Unix epoch.
    pub now: Arc<dyn Fn() -> u64 + Send + Sync>,
    /// Receives what goes wrong outside of a verdict, such as a full disk. It must not wait.
    pub on_fault: Arc<dyn Fn(Fault) + Send + Sync>,
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").finish_non_exhaustive()
    }
}
