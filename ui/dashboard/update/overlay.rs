//! Opening and closing of overlays, and the layout of their message.

use clacks_text::{
    charset::Charset,
    format, json,
    sanitize::{MOST_ROWS, SafeLine, sanitize_lines},
};

use crate::{
    keymap::KeyContext,
    model::Model,
    state::overlay::{Overlay, OverlayKind},
};

/// Maximum bytes of a message that are laid out. By default no received message is longer.
const MAX_MESSAGE_BYTES: usize = 1 << 20;

impl Model {
    /// Opens an overlay. Closing it returns to the one before.
    pub fn open(&mut self, content: OverlayKind) {
        if self.overlay.as_ref().is_some_and(|overlay| overlay.content.shows_same_as(&content)) {
            return;
        }
        self.has_opened = true;
        let previous = self.overlay.take().map(Overlay::compact).map(Box::new);
        self.overlay = Some(Overlay {
            content,
            message: Vec::new(),
            is_cut: false,
            scrolled: 0,
            search: None,
            previous,
        });
        self.wrap_message();
    }

    /// Closes the overlay, and returns to the one before it.
    pub fn close(&mut self) {
        self.overlay = self.overlay.take().and_then(|overlay| overlay.previous).map(|previous| *previous);
        self.wrap_message();
    }

    /// Wraps the message of the overlay to the width of the screen.
    pub fn wrap_message(&mut self) {
        let columns = self.areas().map_or(0, |areas| usize::from(areas.body.width));
        let key = self.key_name_in(KeyContext::Overlay, ":copy");
        let charset = self.charset();
        let Some(overlay) = &mut self.overlay else { return };
        let wrapped =
            overlay.content.message().map(|message| wrap(message.untrusted(), columns, &key, charset));
        (overlay.message, overlay.is_cut) = wrapped.unwrap_or_default();
        self.refresh_search();
    }
}

/// Wraps a message, which is JSON, to `columns` columns. Returns whether it was cut; then the last row says so.
fn wrap(message: &str, columns: usize, key: &str, charset: Charset) -> (Vec<SafeLine>, bool) {
    let (text, left_out) = json::laid_out(message, MAX_MESSAGE_BYTES);
    let mut rows = sanitize_lines(&text, columns, 0, usize::MAX, charset);
    let missing = if rows.len() < MOST_ROWS {
        (left_out > 0).then(|| format::size(left_out))
    } else {
        // The last row says that there is more. Indentation is not part of the message.
        rows.pop();
        let shown: usize = rows.iter().map(|row| row.as_str().trim_start().len()).sum();
        Some(format!("about {}", format::size(message.len().saturating_sub(shown).max(left_out))))
    };
    if let Some(missing) = &missing {
        let note = format!("\u{2026} {missing} more of this message are not shown; {key} copies all of it");
        rows.extend(sanitize_lines(&note, columns, 0, usize::MAX, charset));
    }
    (rows, missing.is_some())
}
