//! Copying: the selected item, the overlay, the marked items, or all traffic that the filter shows.

use clacks_p2p::Message;
use clacks_source::traffic::{row::Row, text};
use clacks_terminal::clipboard::{Text, one_line};

use crate::{
    model::{Model, focus::Selecting, overlay::OverlayKind, traffic::LogCursor},
    state::{layout::Pane, message::Effect},
};

/// Most bytes that are copied at once.
const MOST: usize = 4 << 20;

impl Model {
    /// Copies the content of the overlay, else the selected item.
    pub fn copy(&mut self) -> Vec<Effect> {
        if self.selecting() == Selecting::List(Pane::Traffic) && self.log_cursor == LogCursor::Following {
            // The newest row may be one that was not there when the key was pressed.
            self.log_position().into_iter().for_each(|position| self.freeze_log_at(position));
            self.complain("the traffic stands still now: again to copy the selected row");
            return Vec::new();
        }
        // On the map it is the selected peer, as in its list.
        let opens_text = !matches!(self.selecting(), Selecting::List(_));
        let text = if opens_text { self.open_text() } else { self.selected_text() };
        self.copied(text)
    }

    /// What is open: the message that it shows as a whole, as one line; of a life what is told above it as well; and
    /// all that is told of anything else.
    fn open_text(&self) -> Option<String> {
        let message = crate::pages::current_message(self).as_ref().map(line);
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
            OverlayKind::Message(queued, _) => line(&queued.message),
            OverlayKind::Row(row) => row.message.as_ref().map_or_else(|| one_line(&said(&row)), line),
            _ => return None,
        })
    }

    /// Copies what is marked in the list that has the focus; without marks, all that the list shows.
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
            Pane::Queue => self.queue.visible(height).0.iter().map(|queued| line(&queued.message)).collect(),
            Pane::Traffic => {
                let Some(lines) = self.log_lines() else {
                    self.complain("that is more than 4 MB; :write FILE.jsonl keeps it in a file");
                    return Vec::new();
                };
                lines
            }
        };
        self.copied(Some(lines.join("\n")))
    }

    /// The rows that are shown, a line each, its fields apart by tabs; `None` if they are too long.
    fn log_lines(&self) -> Option<Vec<String>> {
        let mut room = MOST;
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

    fn copied(&mut self, text: Option<String>) -> Vec<Effect> {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            return vec![Effect::Copy(Text::new(&text))];
        }
        self.complain("there is nothing here that could be copied");
        Vec::new()
    }
}

/// Returns the text of a message on one line, for the clipboard. A line break could run a command where the text is
/// pasted.
pub fn line(message: &Message) -> String {
    one_line(&text(message))
}

/// What a row without a message says.
fn said(row: &Row) -> String {
    let peer = row.peer.as_ref().map(ToString::to_string).unwrap_or_default();
    [&*peer, &row.what, &row.outcome]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
