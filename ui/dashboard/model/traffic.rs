//! Scroll position of the traffic.

use super::Model;
use crate::state::layout::Pane;

/// Where the log stands still, if it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogCursor {
    /// The newest row is at the bottom, and new rows scroll the list.
    Following,
    /// A row is selected and keeps its place on the screen.
    Frozen { number: u64, row: usize },
}

impl Model {
    /// The row of the log that is selected: the newest while it is followed.
    pub(crate) fn log_position(&self) -> Option<usize> {
        let last = self.log.len().checked_sub(1)?;
        Some(match self.log_cursor {
            LogCursor::Following => last,
            LogCursor::Frozen { number, .. } => self.log.position(number).min(last),
        })
    }

    /// The position of the log's row at the top of the screen.
    pub(crate) fn log_top(&self) -> usize {
        let height = self.height(Pane::Traffic);
        match (self.log_cursor, self.log_position()) {
            (LogCursor::Frozen { row, .. }, Some(position)) => {
                position.saturating_sub(row.min(height.max(1) - 1))
            }
            _ => self.log.len().saturating_sub(height),
        }
    }

    /// Has the rows stay that are on the screen while the log stands still.
    pub(crate) fn hold_traffic(&mut self) {
        let stands = self.log_cursor != LogCursor::Following;
        let top = stands.then(|| self.log.at(self.log_top()).map(|row| row.number)).flatten();
        self.log.hold_from(top);
    }

    /// Has the log stand still where it is, with the row at this position selected.
    pub(crate) fn freeze_log_at(&mut self, position: usize) {
        self.show_log_row(position, position.saturating_sub(self.log_top()));
    }

    /// Has the log stand still with the row at this position selected, on this row of the screen.
    pub(crate) fn show_log_row(&mut self, position: usize, row: usize) {
        let number = self.log.at(position).map_or(self.log.next_number(), |row| row.number);
        self.log_cursor = LogCursor::Frozen { number, row };
    }

    /// Adds a row to the traffic that does not come from an event of the node.
    pub fn note_text(&mut self, text: String) {
        self.log.note_text(text, self.now.unix_ms);
        self.count_held_rows(1);
    }
}
