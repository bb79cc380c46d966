//! Scroll position of the traffic.

/// Cursor of the traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogCursor {
    /// The newest row is at the bottom, and new rows scroll the list.
    Following,
    /// A row is selected and keeps its place on the screen.
    Frozen { number: u64, row: usize },
}
