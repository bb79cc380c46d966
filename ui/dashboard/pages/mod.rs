//! The text of pages that open over the lists.

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

use super::model::{
    Model,
    overlay::{Overlay, OverlayKind},
};

/// Returns the message of the overlay, else the selected one.
pub fn message(model: &Model) -> Option<Message> {
    match &model.overlay {
        Some(Overlay { content: OverlayKind::Overhead(souls), .. }) => souls.message(model.shown_lives()),
        Some(Overlay { content: OverlayKind::Held, .. }) => {
            model.held.list.selected_message().map(|held| held.queued.message.clone())
        }
        Some(overlay) => overlay.content.message().cloned(),
        None => model.selection()?.message().cloned(),
    }
}

/// What stands above the message, or all that there is without one.
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
        OverlayKind::Peer(detail) => detail::peer(model, theme, detail, columns),
        OverlayKind::Message(queued, waits) => detail::message(model, theme, queued, *waits, columns),
        OverlayKind::Row(row) => detail::row(model, theme, row, columns),
        OverlayKind::Biography(message) => match model.shown_lives().of(message) {
            Some(life) => message_history::lines(model, theme, life, columns),
            None => vec![Line::styled("nothing is remembered of this message", theme.quiet)],
        },
        // These are drawn into whatever room there is.
        OverlayKind::Map
        | OverlayKind::Overhead(_)
        | OverlayKind::Charts
        | OverlayKind::Tower
        | OverlayKind::Held => Vec::new(),
        OverlayKind::Why => peer_choice::lines(model, theme, columns),
        OverlayKind::Limits => limits::lines(model, theme, columns),
    }
}

/// What is open as it reads, line by line, at the present width.
pub(crate) fn overlay_text(model: &Model) -> Vec<String> {
    let message = model.overlay.iter().flat_map(|overlay| &overlay.message);
    overlay_head(model).into_iter().chain(message.map(|row| row.as_str().to_owned())).collect()
}

/// The same without the message that stands at the end.
pub(crate) fn overlay_head(model: &Model) -> Vec<String> {
    let columns = model.areas().map_or(0, |areas| usize::from(areas.body.width));
    let lines = overlay_lines(model, model.theme(), columns).into_iter();
    lines.map(|line| line.to_string().trim_end().to_owned()).collect()
}

/// How many lines what is open has at the present width.
pub(crate) fn overlay_length(model: &Model) -> usize {
    let columns = model.areas().map_or(0, |areas| usize::from(areas.body.width));
    let message = model.overlay.as_ref().map_or(0, |overlay| overlay.message.len());
    overlay_lines(model, model.theme(), columns).len() + message
}
