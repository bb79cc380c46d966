//! The line that was sent last, until its outcome is known.

/// What messages were written as whose outcome is not known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sending {
    /// The line that was written; `was_command` if it was begun as a command from the lists.
    Line { line: String, was_command: bool },
    /// A paste, and the line that it would have been typed as.
    Paste { pasted: String, line: String },
    /// The lines of a paste, a message each.
    Lines,
}
