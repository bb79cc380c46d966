//! Text of the pages that open over the lists.

pub mod detail;
pub mod keys;
pub mod limits;
pub mod map_geometry;
pub mod message_history;
pub mod peer_choice;
pub mod saved_filters;

use clacks_p2p::Message;
use clacks_widgets::theme::Theme;
use ratatui::text::Line;

use super::{
    model::Model,
    state::overlay::{Overlay, OverlayKind},
};

/// Returns the message of the overlay, else the selected one.
pub fn current_message(model: &Model) -> Option<Message> {
    match &model.overlay {
        Some(Overlay { content: OverlayKind::Overhead(souls), .. }) => souls.message(model.shown_histories()),
        Some(Overlay { content: OverlayKind::Held, .. }) => {
            model.held.list.selected_message().map(|held| held.queued.message.clone())
        }
        Some(overlay) => overlay.content.message().cloned(),
        None => model.selection()?.message().cloned(),
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
        OverlayKind::Peer(detail) => detail::peer_lines(model, theme, detail, columns),
        OverlayKind::Message(queued, waits) => detail::message_lines(model, theme, queued, *waits, columns),
        OverlayKind::Row(row) => detail::row_lines(model, theme, row, columns),
        OverlayKind::Biography(message) => match model.shown_histories().of(message) {
            Some(life) => message_history::lines(model, theme, life, columns),
            None => vec![Line::styled("nothing is remembered of this message", theme.quiet)],
        },
        // These pages are drawn, they have no lines.
        OverlayKind::Map
        | OverlayKind::Overhead(_)
        | OverlayKind::Charts
        | OverlayKind::Tower
        | OverlayKind::Held => Vec::new(),
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
