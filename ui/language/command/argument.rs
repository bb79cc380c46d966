//! Arguments of commands that several rooms use.

use std::path::PathBuf;

/// Which way to go through the choices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Forward,
    Back,
}

/// What to do with a recording that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Leave it alone, and record nothing.
    Refuse,
    /// It becomes an older file, as when a file is full.
    SetAside,
    Overwrite,
}

/// What the user asks of the recorder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordCommand {
    Start(PathBuf, Existing),
    /// Ends what is being recorded, or says that nothing is.
    Stop,
}
