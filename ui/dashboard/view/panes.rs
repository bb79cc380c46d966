//! The pictures and pages of the network that is shown.

use clacks_panes::{Content, Opened, Place};
use clacks_widgets::theme::Theme;
use ratatui::{Frame, layout::Rect};

use crate::model::Model;

/// Draws the pane that stands at a place beside the lists.
pub fn draw_beside(model: &Model, theme: Theme, place: Place, area: Rect, frame: &mut Frame<'_>) {
    if let Some(pane) = model.pane_beside(place) {
        // The area can be stale after a resize.
        let area = area.intersection(frame.area());
        pane.draw(&model.pane_context(pane, None, theme), area, frame.buffer_mut());
    }
}

/// Draws the pane in the open overlay.
pub fn draw_open(model: &Model, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    if let Some((pane, opened)) = model.open_pane() {
        let area = area.intersection(frame.area());
        pane.draw(&model.pane_context(pane, Some(opened), theme), area, frame.buffer_mut());
    }
}

/// Whether a pane draws the title of its overlay itself.
pub(crate) fn draws_title(opened: &Opened) -> bool {
    matches!(opened.spec.content, Content::Picture | Content::Selection(_))
}
