//! Copying: the selected item, the overlay, the marked items, or all traffic that the filter shows.

use std::borrow::Cow;

use clacks_feed::{Row, description::ListId};
use clacks_session::traffic::{json_text, row::Row as TrafficRow};
use clacks_terminal::clipboard::{Text, one_line};
use clacks_text::charset::Charset;

use crate::{
    model::{Model, focus::SelectionTarget},
    state::{
        layout::Pane, list::text_of, log_cursor::LogCursor, message::Effect, network::Network,
        overlay::OverlayKind,
    },
};

/// Maximum bytes copied at once.
const MAX_BYTES: usize = 4 << 20;

impl Model {
    /// Copies the content of the overlay, else the selected item.
    pub fn copy(&mut self) -> Vec<Effect> {
        if self.selection_target() == SelectionTarget::List(Pane::Traffic)
            && self.log_cursor == LogCursor::Following
        {
            // Freeze the traffic: the newest row may have arrived after the key was pressed.
            self.log_position().into_iter().for_each(|position| self.freeze_log_at(position));
            self.notify_error("the traffic stands still now: again to copy the selected row");
            return Vec::new();
        }
        // On the map, copy the selected peer as in its list.
        let opens_text = !matches!(self.selection_target(), SelectionTarget::List(_));
        let text = if opens_text { self.overlay_copy_text() } else { self.selected_text() };
        self.copy_or_report(text)
    }

    /// Returns the text of the overlay: its message on one line. For a message history also the lines above it, for
    /// other overlays all lines.
    fn overlay_copy_text(&self) -> Option<String> {
        let message = crate::pages::current_message(self).map(|message| message_line(message.untrusted()));
        match &self.overlay.as_ref()?.content {
            OverlayKind::List(_) => message,
            OverlayKind::Pane(opened) if opened.about.is_some() => Some(
                crate::pages::overlay_text_above_message(self)
                    .into_iter()
                    .chain(message)
                    .collect::<Vec<_>>()
                    .join("\n"),
            ),
            _ => Some(message.unwrap_or_else(|| crate::pages::overlay_text(self).join("\n"))),
        }
    }

    /// Returns the text of an item for the clipboard: its message, or else its key.
    pub(crate) fn item_text(&self, list: ListId, row: &Row) -> String {
        item_text(self.networks.active(), list, row)
    }

    fn selected_text(&self) -> Option<String> {
        Some(match self.selection()? {
            OverlayKind::Item(item) => self.item_text(item.list, &item.row),
            OverlayKind::Row(row) => {
                row.characters().map_or_else(|| one_line(&row_text(&row)), |text| one_line(&text))
            }
            _ => return None,
        })
    }

    /// Copies the marked items of the focused list. Without marks, copies the whole list.
    pub(crate) fn copy_all(&mut self) -> Vec<Effect> {
        let height = self.height(self.pane);
        let list = self.list_of(self.pane).and_then(|id| Some((id, self.networks.active().list(id)?)));
        let lines: Vec<String> = match self.pane {
            Pane::Peers | Pane::Queue => {
                let Some((id, list)) = list else { return Vec::new() };
                // The texts of messages are fetched: the marked ones may not be near the selection.
                if !list.marks.is_empty() && self.networks.active().has_messages(id) {
                    return vec![Effect::CopyItems(id, list.marks.iter().cloned().collect())];
                }
                if !list.marks.is_empty() {
                    let marked = list.marks.iter().map(|key| one_line(key.untrusted()));
                    return self.copy_or_report(Some(marked.collect::<Vec<_>>().join("\n")));
                }
                list.visible(height).0.iter().map(|row| self.item_text(id, row)).collect()
            }
            Pane::Column => match self.focused_pane() {
                Some((pane, context, _)) => context.view.map_or_else(Vec::new, |view| pane.all_text(view)),
                None => Vec::new(),
            },
            Pane::Traffic => {
                let Some(lines) = self.log_lines() else {
                    self.notify_error("that is more than 4 MB; :write FILE.jsonl keeps it in a file");
                    return Vec::new();
                };
                lines
            }
        };
        self.copy_or_report(Some(lines.join("\n")))
    }

    /// Returns the visible rows as lines with fields separated by tabs, or `None` if they are too long.
    fn log_lines(&self) -> Option<Vec<String>> {
        let (mut room, charset) = (MAX_BYTES, self.charset());
        let line = |row: &TrafficRow| {
            let time = clacks_text::fit::clock(row.now.unix_ms, &self.zone);
            let peer = row.line.peer.as_ref().map_or("", |peer| peer.untrusted());
            let what = row.what(usize::MAX, charset);
            let said = row.characters().unwrap_or(Cow::Borrowed(what.as_str()));
            let outcome = row.outcome(usize::MAX, charset);
            let fields = [&*time, row.word(), peer, &said, outcome.as_str()];
            let line = fields.map(one_line).join("\t");
            room = room.checked_sub(line.len() + 1)?;
            Some(line)
        };
        self.log.shown().map(line).collect()
    }

    fn copy_or_report(&mut self, text: Option<String>) -> Vec<Effect> {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            return vec![Effect::Copy(Text::new(&text))];
        }
        self.notify_error("there is nothing here that could be copied");
        Vec::new()
    }
}

/// Returns the text of a message, which is JSON, on one line, for the clipboard. A line break could run a command where
/// the text is pasted.
pub fn message_line(json: &str) -> String {
    one_line(&json_text(json))
}

/// Returns the text of a row without message.
fn row_text(row: &TrafficRow) -> String {
    let peer = row.line.peer.as_ref().map_or("", |peer| peer.untrusted());
    let what = row.what(usize::MAX, Charset::Unicode);
    let outcome = row.outcome(usize::MAX, Charset::Unicode);
    [peer, what.as_str(), outcome.as_str()]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Returns the text of an item of a network for the clipboard: its message, or else its key.
pub(crate) fn item_text(network: &Network, list: ListId, row: &Row) -> String {
    match network.message(list, row) {
        Some(message) => message_line(message.untrusted()),
        None => one_line(row.cells.first().and_then(text_of).unwrap_or(&row.key.0).untrusted()),
    }
}
