//! The line that was sent last, until its outcome is known.

/// Input whose outcome is not known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sending {
    /// A typed line.
    Line {
        /// Text of the line.
        line: String,
        /// Whether it was started as a command from the lists.
        was_command: bool,
    },
    /// A paste.
    Paste {
        /// Text as pasted.
        pasted: String,
        /// Line that means the same when it is typed.
        line: String,
    },
    /// The lines of a paste, one message each.
    Lines,
}
