//! The frozen screen: the view stays as it was while the node runs on.

use clacks_feed::Now;
use clacks_panes::Pane;
use clacks_session::saved_filters::SavedFilterHits;
use clacks_widgets::time_series::Trends;

use super::Model;
use crate::state::{
    figures::Figures,
    frozen::{Frozen, FrozenData},
    log_cursor::LogCursor,
};

impl Model {
    /// Freezes or unfreezes the screen.
    pub(crate) fn toggle_frozen(&mut self) {
        match self.frozen.take() {
            // If the user moved the cursor meanwhile, it stays there.
            Some(Frozen { follow_cursor: Some(cursor), .. }) if cursor == self.log_cursor => {
                self.log_cursor = LogCursor::Following;
            }
            Some(_) => {}
            None => {
                let was_following = self.log_cursor == LogCursor::Following;
                self.freeze_log_at(self.log_position().unwrap_or(0));
                let follow_cursor = was_following.then_some(self.log_cursor);
                let cursor_and_next = (self.log_cursor, self.log.next_number());
                let (data, at) = (Box::new(self.event_data()), self.now);
                self.frozen =
                    Some(Frozen { data, at, fetched_at: at, cursor_and_next, hidden_rows: 0, follow_cursor });
            }
        }
    }

    fn event_data(&self) -> FrozenData {
        FrozenData {
            figures: self.networks.iter().map(|network| network.figures.clone()).collect(),
            panes: self.networks.iter().map(|network| network.panes.clone()).collect(),
            saved_filters: self.saved_filters.clone(),
        }
    }

    /// Updates the time of ages after the lists were fetched.
    pub(crate) fn update_frozen_lists(&mut self) {
        let now = self.now;
        self.frozen.iter_mut().for_each(|frozen| frozen.fetched_at = now);
    }

    /// Updates the saved filters after the user changed them.
    pub(crate) fn update_frozen_filters(&mut self) {
        let listening = &self.saved_filters;
        self.frozen.iter_mut().for_each(|frozen| frozen.data.saved_filters = listening.clone());
    }

    /// Whether a row of the traffic arrived after freezing and is hidden until the user moves there.
    pub(crate) fn is_hidden_row(&self, number: u64) -> bool {
        let cursor_and_next = self.frozen.as_ref().map(|frozen| frozen.cursor_and_next);
        cursor_and_next.is_some_and(|(cursor, next)| cursor == self.log_cursor && number >= next)
    }

    /// Counts rows that are hidden by the frozen screen.
    pub(crate) fn count_hidden_rows(&mut self, rows: usize) {
        if let Some(frozen) = &mut self.frozen {
            frozen.hidden_rows += rows;
        }
    }

    fn frozen_data(&self) -> Option<&FrozenData> {
        self.frozen.as_ref().map(|frozen| &*frozen.data)
    }

    /// Time for ages.
    pub(crate) fn list_time(&self) -> Now {
        self.frozen.as_ref().map_or(self.now, |frozen| frozen.fetched_at)
    }

    /// Time for animations.
    pub(crate) fn animation_time(&self) -> Now {
        self.frozen.as_ref().map_or(self.now, |frozen| frozen.at)
    }

    /// Figures of the active network to draw.
    pub(crate) fn shown_figures(&self) -> &Figures {
        let frozen = self.frozen_data().and_then(|data| data.figures.get(self.networks.position()));
        frozen.unwrap_or(&self.networks.active().figures)
    }

    /// Charts to draw.
    pub(crate) fn shown_trends(&self) -> &Trends {
        &self.shown_figures().trends
    }

    /// Panes of the active network as they were when the screen was frozen.
    pub(super) fn frozen_panes(&self) -> Option<&[Box<dyn Pane>]> {
        self.frozen_data()?.panes.get(self.networks.position()).map(Vec::as_slice)
    }

    /// Saved filters to draw.
    pub(crate) fn shown_saved_filters(&self) -> &SavedFilterHits {
        self.frozen_data().map_or(&self.saved_filters, |data| &data.saved_filters)
    }
}
