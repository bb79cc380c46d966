//! Where the traffic stands, and holding the screen still.

use super::{
    super::{biography::Biographies, layout::Pane, shares::Shares, trends::Trends},
    Model,
};

/// A screen that is held still.
#[derive(Debug)]
pub(crate) struct Frozen {
    /// The charts and the lives of messages as they were. What is open over the lists shows them as they are.
    trends: Box<Trends>,
    lives: Box<Biographies>,
    shares: Box<Shares>,
    /// Where the traffic stood, and the number of the row that was to come next.
    stood: (LogCursor, u64),
    /// Rows of the traffic that have come since.
    pub(crate) held: usize,
    /// Where the log was made to stand still, if it was followed before.
    follows: Option<LogCursor>,
}

/// Where the log stands still, if it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogCursor {
    /// The newest row is at the bottom.
    Following,
    /// This row is selected and stands on this row of the screen.
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

    /// Holds the lists still, or lets them go on.
    pub(crate) fn toggle_frozen(&mut self) {
        match self.frozen.take() {
            // Who has moved in the meantime stays where he is.
            Some(Frozen { follows: Some(cursor), .. }) if cursor == self.log_cursor => {
                self.log_cursor = LogCursor::Following;
            }
            Some(_) => {}
            None => {
                let was_following = self.log_cursor == LogCursor::Following;
                self.freeze_log_at(self.log_position().unwrap_or(0));
                let follows = was_following.then_some(self.log_cursor);
                let (trends, lives) = (Box::new(self.trends.clone()), Box::new(self.lives.clone()));
                let stood = (self.log_cursor, self.log.next_number());
                let shares = Box::new(self.shares.clone());
                self.frozen = Some(Frozen { trends, lives, shares, stood, held: 0, follows });
            }
        }
    }

    /// Whether a row of the traffic came after the screen was held still, and is not shown until the user moves there.
    pub(crate) fn is_held_back(&self, number: u64) -> bool {
        let stood = self.frozen.as_ref().map(|frozen| frozen.stood);
        stood.is_some_and(|(cursor, next)| cursor == self.log_cursor && number >= next)
    }

    /// The charts to be drawn: as they were if they are held still.
    pub(crate) fn shown_trends(&self) -> &Trends {
        let frozen = self.frozen.as_ref().filter(|_| self.overlay.is_none());
        frozen.map_or(&self.trends, |frozen| &*frozen.trends)
    }

    /// The lives of messages to be drawn beside the lists: as they were if these are held still.
    pub(crate) fn shown_lives(&self) -> &Biographies {
        self.frozen.as_ref().map_or(&self.lives, |frozen| &*frozen.lives)
    }

    /// What came through whom, as it was if the lists beside it are held still.
    pub(crate) fn shown_shares(&self) -> &Shares {
        let frozen = self.frozen.as_ref().filter(|_| self.overlay.is_none());
        frozen.map_or(&self.shares, |frozen| &*frozen.shares)
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

    /// Adds a row to the traffic that no event of the node makes.
    pub(crate) fn note_text(&mut self, text: String) {
        self.log.note_text(text, self.now.unix_ms);
        self.count_held_rows(1);
    }

    /// So many rows came, which are not seen while the screen is held still.
    pub(crate) fn count_held_rows(&mut self, rows: usize) {
        if let Some(frozen) = &mut self.frozen {
            frozen.held += rows;
        }
    }
}
