//! The pictures and pages of the network that is shown.

use clacks_panes::{Content, Opened, Place};
use clacks_widgets::theme::Theme;
use ratatui::{Frame, layout::Rect};

use crate::model::Model;

/// Draws the view that stands at a place beside the lists.
pub fn draw_beside(model: &Model, theme: Theme, place: Place, area: Rect, frame: &mut Frame<'_>) {
    if let Some((pane, view)) = model.pane_beside(place) {
        pane.draw(&model.pane_context(Some(view), None, theme), area, frame.buffer_mut());
    }
}

/// Draws the picture in the open overlay.
pub fn draw_open(model: &Model, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    if let Some((pane, opened)) = model.open_pane() {
        let context = model.pane_context(Some(opened.spec), Some(opened), theme);
        pane.draw(&context, area, frame.buffer_mut());
    }
}

/// Draws the rows of the pane in the open overlay, if it consists of rows.
pub(crate) fn draw_rows(model: &Model, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    if model.open_pane().is_some_and(|(_, opened)| opened.spec.content == Content::Rows) {
        draw_open(model, theme, area, frame);
    }
}

/// Returns what stands behind the title of the open pane.
pub(crate) fn title_note(model: &Model, theme: Theme) -> Option<String> {
    let (pane, opened) = model.open_pane()?;
    Some(pane.title_note(&model.pane_context(Some(opened.spec), Some(opened), theme)))
}

/// Whether a pane draws the title of its overlay itself.
pub(crate) fn draws_title(opened: &Opened) -> bool {
    matches!(opened.spec.content, Content::Picture | Content::Selection(_))
}
