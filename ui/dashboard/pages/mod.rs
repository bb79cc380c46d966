//! Text of the pages that open over the lists.

pub mod detail;
pub mod keys;
pub mod limits;
pub mod saved_filters;
mod under;

use clacks_feed::Text;
use clacks_widgets::theme::Theme;
use ratatui::text::Line;

use super::{
    model::Model,
    state::overlay::{Overlay, OverlayKind},
};

/// Returns the message of the overlay, else the selected one, as JSON.
pub fn current_message(model: &Model) -> Option<Text> {
    match &model.overlay {
        Some(Overlay { content: OverlayKind::Pane(opened), .. }) => {
            let (pane, _) = model.view_named(opened.spec.name)?;
            pane.message(&model.pane_context(Some(opened.spec), Some(opened), model.theme()))
        }
        Some(Overlay { content: OverlayKind::List(_), .. }) | None => model.selection()?.message(),
        Some(overlay) => overlay.content.message(),
    }
}

/// Returns the lines above the message, or all lines of a page without one.
pub(crate) fn overlay_lines(model: &Model, theme: Theme, columns: usize) -> Vec<Line<'static>> {
    let overlay = model.overlay.as_ref();
    overlay.map_or_else(Vec::new, |overlay| content_lines(model, theme, &overlay.content, columns))
}

pub(crate) fn content_lines(
    model: &Model,
    theme: Theme,
    content: &OverlayKind,
    columns: usize,
) -> Vec<Line<'static>> {
    match content {
        OverlayKind::Stations => saved_filters::lines(model, theme, columns),
        OverlayKind::Item(item) => detail::item_lines(model, theme, item, columns),
        OverlayKind::Row(row) => detail::row_lines(model, theme, row, columns),
        // These pages are drawn, they have no lines.
        OverlayKind::Charts | OverlayKind::List(_) => Vec::new(),
        OverlayKind::Pane(opened) => {
            model.view_named(opened.spec.name).map_or_else(Vec::new, |(pane, view)| {
                pane.lines(&model.pane_context(Some(view), Some(opened), theme), columns)
            })
        }
        OverlayKind::Limits => limits::lines(model, theme, columns),
    }
}

/// Returns the text of the open page, one row per item, at the current width.
pub(crate) fn overlay_text(model: &Model) -> Vec<String> {
    let message = model.overlay.iter().flat_map(|overlay| &overlay.message);
    overlay_text_above_message(model).into_iter().chain(message.map(|row| row.as_str().to_owned())).collect()
}

/// Returns the text of the open page without the message at its end.
pub(crate) fn overlay_text_above_message(model: &Model) -> Vec<String> {
    let columns = model.areas().map_or(0, |areas| usize::from(areas.body.width));
    let lines = overlay_lines(model, model.theme(), columns).into_iter();
    lines.map(|line| line.to_string().trim_end().to_owned()).collect()
}

/// Returns the number of lines of the open page at the current width.
pub(crate) fn overlay_line_count(model: &Model) -> usize {
    let columns = model.areas().map_or(0, |areas| usize::from(areas.body.width));
    let message = model.overlay.as_ref().map_or(0, |overlay| overlay.message.len());
    overlay_lines(model, model.theme(), columns).len() + message
}
