use crate::json::{Hello, NodeLine};

/// Reads recordings in a form that only their network knows, such as that of an earlier version.
pub trait Format: Send + Sync {
    /// Whether a file is in this form. The argument is its first line.
    fn is_begun_by(&self, line: &str) -> bool;

    /// Maximum bytes of a line. A longer one is not read.
    fn max_line(&self) -> usize;

    /// Reads the first line of a file. What it says besides the description is read by [`Decoder::lines`] again.
    ///
    /// The error is the reason, for the user.
    fn open(&self, line: &str) -> Result<(Hello, Box<dyn Decoder>), String>;
}

/// Reads the lines of one recording, one after the other.
pub trait Decoder: Send {
    /// What a line says. It can be several lines of the feed: the first line of a file says [`NodeLine::Hello`] and
    /// [`NodeLine::State`]. A line of a later version says [`NodeLine::Other`].
    ///
    /// The error is the reason, for the user. The line is then skipped.
    fn lines(&mut self, line: &str) -> Result<Vec<NodeLine>, String>;

    /// The next line says [`NodeLine::State`]. It can be anywhere in the recording: this number of events comes before it.
    fn jump(&mut self, events: u64);
}
