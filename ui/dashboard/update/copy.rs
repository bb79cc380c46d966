//! Copying: the selected item, the overlay, the marked items, or all traffic that the filter shows.

use clacks_p2p::Message;
use clacks_source::traffic::{row::Row, text};
use clacks_terminal::clipboard::{Text, one_line};

use crate::{
    model::{Model, focus::SelectionTarget},
    state::{layout::Pane, log_cursor::LogCursor, message::Effect, overlay::OverlayKind},
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
        let message = crate::pages::current_message(self).as_ref().map(message_line);
        match &self.overlay.as_ref()?.content {
            OverlayKind::Held => message,
            OverlayKind::Biography(_) => Some(
                crate::pages::overlay_text_above_message(self)
                    .into_iter()
                    .chain(message)
                    .collect::<Vec<_>>()
                    .join("\n"),
            ),
            _ => Some(message.unwrap_or_else(|| crate::pages::overlay_text(self).join("\n"))),
        }
    }

    fn selected_text(&self) -> Option<String> {
        Some(match self.selection()? {
            OverlayKind::Peer(detail) => detail.peer.address.to_string(),
            OverlayKind::Message(queued, _) => message_line(&queued.message),
            OverlayKind::Row(row) => {
                row.message.as_ref().map_or_else(|| one_line(&row_text(&row)), message_line)
            }
            _ => return None,
        })
    }

    /// Copies the marked items of the focused list. Without marks, copies the whole list.
    pub(crate) fn copy_all(&mut self) -> Vec<Effect> {
        let marked = &self.marks;
        if self.pane == Pane::Queue && !marked.messages.is_empty() {
            return vec![Effect::CopyMessages(marked.messages.iter().copied().collect())];
        }
        let height = self.height(self.pane);
        let lines: Vec<String> = match self.pane {
            Pane::Peers if !marked.peers.is_empty() => marked.peers.iter().map(ToString::to_string).collect(),
            Pane::Peers => self.peers.visible(height).0.iter().map(|peer| peer.address.to_string()).collect(),
            Pane::Map => {
                self.shown_map().peers().iter().map(|tower| tower.peer.address.to_string()).collect()
            }
            Pane::Queue => {
                self.queue.visible(height).0.iter().map(|queued| message_line(&queued.message)).collect()
            }
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
        let mut room = MAX_BYTES;
        let line = |row: &Row| {
            let time = clacks_text::fit::clock(row.unix_ms, &self.zone);
            let peer = row.peer.as_ref().map(ToString::to_string).unwrap_or_default();
            let said = row.message.as_ref().map_or_else(|| row.what.clone(), text);
            let fields = [&*time, row.kind(), &peer, &said, &row.outcome];
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

/// Returns the text of a message on one line, for the clipboard. A line break could run a command where the text is
/// pasted.
pub fn message_line(message: &Message) -> String {
    one_line(&text(message))
}

/// Returns the text of a row without message.
fn row_text(row: &Row) -> String {
    let peer = row.peer.as_ref().map(ToString::to_string).unwrap_or_default();
    [&*peer, &row.what, &row.outcome]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
