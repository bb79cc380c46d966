use std::{fmt, pin::Pin, sync::Arc};

use crate::{Incoming, Verdict};

/// A plugin of a pipeline.
pub trait Plugin: Send + Sync + 'static {
    /// The name that the user sees: unique in its pipeline.
    fn name(&self) -> &Arc<str>;

    /// What happens to a payload if the plugin fails. The default is [`OnError::Pass`].
    fn on_error(&self) -> OnError {
        OnError::Pass
    }

    /// Judges a payload. It is called for messages, announcements and payloads of other types, and for those of
    /// ignored peers.
    fn judge<'a>(&'a self, payload: &'a Incoming) -> Judging<'a>;
}

/// The verdict of a plugin, now or later.
pub enum Judging<'a> {
    /// The plugin needed no wait.
    Now(Result<Verdict, Fault>),
    /// The plugin decides later. If the connection of the sender closes before, the future is dropped.
    Later(Pin<Box<dyn Future<Output = Result<Verdict, Fault>> + Send + 'a>>),
}

impl Judging<'_> {
    /// Waits for the verdict.
    pub async fn done(self) -> Result<Verdict, Fault> {
        match self {
            Self::Now(verdict) => verdict,
            Self::Later(verdict) => verdict.await,
        }
    }
}

impl fmt::Debug for Judging<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now(verdict) => f.debug_tuple("Now").field(verdict).finish(),
            Self::Later(_) => f.write_str("Later"),
        }
    }
}

/// What happens to a payload if a plugin fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnError {
    /// The payload goes on as if the plugin were not there.
    #[default]
    Pass,
    /// The payload is answered 503. For plugins that are gates.
    Refuse,
}

/// Why a plugin gave no verdict.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Fault {
    /// The line of the script, from 1. Absent for a built-in plugin.
    pub line: Option<u32>,
    /// What went wrong, on one line.
    pub reason: String,
}
