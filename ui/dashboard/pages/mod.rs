//! Text of the pages that open over the lists.

pub mod detail;
pub mod keys;
pub mod limits;
pub mod map_geometry;
pub mod message_history;
pub mod peer_choice;
pub mod saved_filters;

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
        Some(Overlay { content: OverlayKind::Overhead(list), .. }) => {
            list.message(model.shown_histories()).map(|message| message.shared_text().into())
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
        OverlayKind::Biography(message) => match model.shown_histories().of_json(message.untrusted()) {
            Some(life) => message_history::lines(model, theme, life, columns),
            None => vec![Line::styled("nothing is remembered of this message", theme.quiet)],
        },
        // These pages are drawn, they have no lines.
        OverlayKind::Map | OverlayKind::Overhead(_) | OverlayKind::Charts | OverlayKind::List(_) => {
            Vec::new()
        }
        OverlayKind::Pane(opened) => model.pane_named(opened.spec.name).map_or_else(Vec::new, |pane| {
            pane.lines(&model.pane_context(pane, Some(opened), theme), columns)
        }),
        OverlayKind::Why => peer_choice::lines(model, theme, columns),
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
