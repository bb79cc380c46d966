//! Arguments of commands that several crates use.

use std::path::PathBuf;

/// Direction of a step through the choices of a completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To the next choice.
    Forward,
    /// To the previous choice.
    Back,
}

/// Handling of an existing recording with the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Keeps the existing file and refuses to record.
    Refuse,
    /// Renames the existing file to an older one, as when a file is full.
    Rotate,
    /// Deletes the existing recording.
    Overwrite,
}

/// A command for the recorder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordCommand {
    /// Starts to record to the file.
    Start(PathBuf, Existing),
    /// Stops the current recording. Fails if there is none.
    Stop,
}
