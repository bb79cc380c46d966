//! Errors of commands and effects. `Display` writes one line for the user, which includes the cause.

use std::{borrow::Cow, io};

use clacks_recording::{jump::PlaybackError, recorder::RecordingError};
use clacks_session::export::ExportError;
use clacks_terminal::clipboard::CopyError;
use tokio::task::JoinError;

/// Why a key or command does nothing now, in words for the user. Nothing but the text depends on the cause.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct CommandRefusal {
    text: Cow<'static, str>,
}

impl CommandRefusal {
    /// Creates a refusal with this text, one line.
    pub fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self { text: text.into() }
    }
}

impl From<CommandRefusal> for String {
    fn from(refusal: CommandRefusal) -> Self {
        refusal.text.into_owned()
    }
}

/// Why an effect failed.
#[derive(Debug, thiserror::Error)]
pub enum EffectError {
    /// A recording did not start, or failed.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// The replay refused a command.
    #[error(transparent)]
    Playback(#[from] PlaybackError),
    /// Text was not copied.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// Rows were not exported.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// Some of the lists of peers were not read, or none.
    #[error("{0}")]
    PeerLists(String),
    /// The process cannot be stopped.
    #[error("the program can't be stopped: {0}")]
    Suspend(io::Error),
    /// A background task panicked.
    #[error(transparent)]
    Task(#[from] JoinError),
    /// The command does nothing here.
    #[error(transparent)]
    Refused(#[from] CommandRefusal),
    /// A failure of the external editor or of a file of the dashboard, in words for the user.
    #[error("{0}")]
    Other(String),
}
