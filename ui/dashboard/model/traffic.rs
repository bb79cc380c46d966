//! Scroll position of the traffic.

use super::Model;
use crate::state::{layout::Pane, log_cursor::LogCursor};

impl Model {
    /// Returns the index of the selected row. While the traffic is followed, it is the newest.
    pub(crate) fn log_position(&self) -> Option<usize> {
        let last = self.log.len().checked_sub(1)?;
        Some(match self.log_cursor {
            LogCursor::Following => last,
            LogCursor::Frozen { number, .. } => self.log.position(number).min(last),
        })
    }

    /// Returns the index of the first row on the screen.
    pub(crate) fn log_top(&self) -> usize {
        let height = self.height(Pane::Traffic);
        match (self.log_cursor, self.log_position()) {
            (LogCursor::Frozen { row, .. }, Some(position)) => {
                position.saturating_sub(row.min(height.max(1) - 1))
            }
            _ => self.log.len().saturating_sub(height),
        }
    }

    /// Keeps visible rows from being evicted while the traffic is frozen.
    pub(crate) fn pin_visible_rows(&mut self) {
        let stands = self.log_cursor != LogCursor::Following;
        let top = stands.then(|| self.log.at(self.log_top()).map(|row| row.number)).flatten();
        self.log.hold_from(top);
    }

    /// Freezes the traffic with the row at this index selected. The scroll position does not change.
    pub(crate) fn freeze_log_at(&mut self, position: usize) {
        self.freeze_log_at_row(position, position.saturating_sub(self.log_top()));
    }

    /// Freezes the traffic with the row at index `position` selected, on row `row` of the screen.
    pub(crate) fn freeze_log_at_row(&mut self, position: usize, row: usize) {
        let number = self.log.at(position).map_or(self.log.next_number(), |row| row.number);
        self.log_cursor = LogCursor::Frozen { number, row };
    }

    /// Adds a row to the traffic that does not come from an event of the node.
    pub fn push_text_row(&mut self, text: String) {
        self.log.note_text(text, self.now.unix_ms);
        self.count_hidden_rows(1);
    }
}
