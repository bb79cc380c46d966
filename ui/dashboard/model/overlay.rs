//! Overlays: pages and pictures over the lists.

use clacks_p2p::{
    Address, Message,
    core::{Peer, QueuedMessage},
    node::CertificateFingerprint,
};
use clacks_source::traffic;
use clacks_text::{
    charset::Charset,
    format, json,
    sanitize::{MOST_ROWS, SafeLine, sanitize_lines},
};

use super::{
    Model,
    focus::{OpenOverlay as Kind, SelectionTarget},
};
use crate::{
    keymap::KeyContext,
    state::{layout::Pane, returning::ReturningList, search::Search},
};

/// Maximum bytes of a message that are laid out. By default no received message is longer.
const MAX_MESSAGE_BYTES: usize = 1 << 20;

/// Maximum overlays on the stack.
const MAX_DEPTH: usize = 16;

/// Overlay over the lists.
#[derive(Debug, Clone, PartialEq)]
pub struct Overlay {
    /// Content.
    pub content: OverlayKind,
    /// Message of the overlay, wrapped to the width of the screen.
    pub message: Vec<SafeLine>,
    /// Whether the message was cut because it is too long. The last line says so.
    pub is_cut: bool,
    /// Number of lines scrolled off at the top.
    pub(crate) scrolled: usize,
    /// Search in the overlay, if one was started.
    pub search: Option<Search>,
    /// Overlay to return to on close.
    previous: Option<Box<Self>>,
}

/// Content of an overlay.
#[derive(Debug, Clone, PartialEq)]
pub enum OverlayKind {
    /// Saved filters.
    Stations,
    /// Network map.
    Map,
    /// A peer, kept up to date while it is known.
    Peer(Box<PeerDetail>),
    /// A queued or held message, and whether it is still here.
    Message(QueuedMessage, bool),
    /// A row of the log.
    Row(Box<traffic::row::Row>),
    /// History of a message.
    Biography(Message),
    /// Returning messages.
    Overhead(ReturningList),
    /// Explanation of the choice of receivers.
    Why,
    /// Limits of the node.
    Limits,
    /// Charts.
    Charts,
    /// Shutter towers.
    Tower,
    /// Held messages.
    Held,
}

/// A peer and its certificate.
#[derive(Debug, Clone, PartialEq)]
pub struct PeerDetail {
    /// Last known state of the peer.
    pub peer: Peer,
    /// Trusted certificate of the peer, if any.
    pub certificate: Option<CertificateFingerprint>,
    /// Whether the node still knows the peer.
    pub is_known: bool,
}

impl Model {
    /// Whether the list of held messages is open.
    pub(crate) fn is_held_open(&self) -> bool {
        self.open_overlay() == Some(Kind::Held)
    }

    pub(crate) fn refresh_overlay(
        &mut self,
        peer: Option<(Peer, Option<CertificateFingerprint>)>,
        message_waits: bool,
    ) {
        match self.overlay.as_mut().map(|overlay| &mut overlay.content) {
            Some(OverlayKind::Peer(detail)) => match peer {
                Some((peer, certificate)) => **detail = PeerDetail { peer, certificate, is_known: true },
                None => detail.is_known = false,
            },
            Some(OverlayKind::Message(_, waits)) => *waits = message_waits,
            _ => {}
        }
    }

    /// Returns the peer of the overlay.
    pub(crate) fn overlay_peer(&self) -> Option<&PeerDetail> {
        match &self.overlay {
            Some(Overlay { content: OverlayKind::Peer(detail), .. }) => Some(detail),
            _ => None,
        }
    }

    /// Returns the peer in the overlay, else the one in the details pane.
    pub(crate) fn detailed_peer(&self) -> Option<Address> {
        let beside = || {
            let has_room =
                self.open_overlay().is_none() && self.areas().is_some_and(|areas| !areas.details.is_empty());
            let is_selecting =
                matches!(self.selection_target(), SelectionTarget::List(Pane::Peers | Pane::Map));
            self.peers.selected_peer().filter(|_| has_room && is_selecting)
        };
        self.overlay_peer().map(|detail| &detail.peer).or_else(beside).map(|peer| peer.address.clone())
    }

    /// Returns the selected item, as the content of an overlay.
    pub fn selection(&self) -> Option<OverlayKind> {
        let message = |queued: &QueuedMessage| OverlayKind::Message(queued.clone(), true);
        match self.selection_target() {
            SelectionTarget::List(Pane::Peers | Pane::Map) => {
                self.peers.selected_peer().map(|peer| self.peer_detail(peer))
            }
            SelectionTarget::List(Pane::Queue) => self.queue.selected_message().map(message),
            SelectionTarget::List(Pane::Traffic) => {
                let row = self.log_position().and_then(|position| self.log.at(position));
                row.map(|row| OverlayKind::Row(Box::new(row.clone())))
            }
            SelectionTarget::Held => self.held.list.selected_message().map(|held| message(&held.queued)),
            SelectionTarget::Overhead | SelectionTarget::Text | SelectionTarget::Picture => None,
        }
    }

    fn peer_detail(&self, peer: &Peer) -> OverlayKind {
        let shown = self.shown_certificate.as_ref().filter(|(address, _)| *address == peer.address);
        let certificate = shown.map(|(_, certificate)| *certificate);
        OverlayKind::Peer(Box::new(PeerDetail { peer: peer.clone(), certificate, is_known: true }))
    }

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
        let wrapped = overlay.content.message().map(|message| wrap(message, columns, &key, charset));
        (overlay.message, overlay.is_cut) = wrapped.unwrap_or_default();
        self.refresh_search();
    }

    /// Returns whether an overlay of this kind is open.
    pub fn is_open(&self, kind: Kind) -> bool {
        self.open_overlay() == Some(kind)
    }
}

/// Wraps a message to `columns` columns. Returns whether it was cut; then the last row says so.
fn wrap(message: &Message, columns: usize, key: &str, charset: Charset) -> (Vec<SafeLine>, bool) {
    let (text, left_out) = json::laid_out(message.as_json(), MAX_MESSAGE_BYTES);
    let mut rows = sanitize_lines(&text, columns, 0, usize::MAX, charset);
    let missing = if rows.len() < MOST_ROWS {
        (left_out > 0).then(|| format::size(left_out))
    } else {
        // The last row says that there is more. Indentation is not part of the message.
        rows.pop();
        let shown: usize = rows.iter().map(|row| row.as_str().trim_start().len()).sum();
        Some(format!("about {}", format::size(message.size().saturating_sub(shown).max(left_out))))
    };
    if let Some(missing) = &missing {
        let note = format!("\u{2026} {missing} more of this message are not shown; {key} copies all of it");
        rows.extend(sanitize_lines(&note, columns, 0, usize::MAX, charset));
    }
    (rows, missing.is_some())
}

impl Overlay {
    /// Returns the number of stacked overlays, this one included. At most 16.
    #[cfg(test)]
    pub fn depth(&self) -> usize {
        1 + self.previous.as_ref().map_or(0, |previous| previous.depth())
    }

    /// Drops the wrapped text, which can be restored, and all overlays deeper than [`MAX_DEPTH`]. This bounds the
    /// memory of overlays that open each other in turn.
    fn compact(mut self) -> Self {
        self.message = Vec::new();
        let mut deepest = &mut self.previous;
        for _ in 2..MAX_DEPTH {
            let Some(overlay) = deepest else { break };
            deepest = &mut overlay.previous;
        }
        *deepest = None;
        self
    }
}

impl OverlayKind {
    /// Whether opening the other over it would show the same again.
    fn shows_same_as(&self, other: &Self) -> bool {
        let is_about_one =
            matches!(self, Self::Peer(_) | Self::Message(..) | Self::Row(_) | Self::Biography(_));
        self == other || (!is_about_one && self.kind() == other.kind())
    }

    /// Returns the message of the overlay, if it has one.
    pub fn message(&self) -> Option<&Message> {
        match self {
            Self::Message(queued, _) => Some(&queued.message),
            Self::Row(row) => row.message.as_ref(),
            Self::Biography(message) => Some(message),
            Self::Map
            | Self::Stations
            | Self::Peer(_)
            | Self::Overhead(_)
            | Self::Why
            | Self::Limits
            | Self::Charts
            | Self::Tower
            | Self::Held => None,
        }
    }
}
