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
    sanitize::{MOST_ROWS, SafeLine, shown_lines},
};

use super::{
    Model,
    focus::{OpenOverlay as Kind, Selecting},
};
use crate::{
    keymap::KeyContext,
    state::{layout::Pane, returning::ReturningList, search::Search},
};

/// How much of a message is laid out to be read, in bytes; no message from outside is longer by default.
const MAX_LAID_OUT: usize = 1 << 20;

/// How many can lie over one another, the one that is seen included.
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
    /// Lines that are scrolled past.
    pub(crate) scrolled: usize,
    /// Search in the overlay, if one was started.
    pub search: Option<Search>,
    /// What it was opened from, and goes back to.
    beneath: Option<Box<Self>>,
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
    /// The messages that keep coming back.
    Overhead(ReturningList),
    /// Explanation of the choice of receivers.
    Why,
    /// Limits of the node.
    Limits,
    /// Charts.
    Charts,
    /// Shutter towers.
    Tower,
    /// The messages that are held.
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
    /// Whether the held messages are shown.
    pub(crate) fn shows_held(&self) -> bool {
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

    /// The peer that is shown in full.
    pub(crate) fn shown_peer(&self) -> Option<&PeerDetail> {
        match &self.overlay {
            Some(Overlay { content: OverlayKind::Peer(detail), .. }) => Some(detail),
            _ => None,
        }
    }

    /// The peer that is shown in full, over the lists or beside them.
    pub(crate) fn peer_in_full(&self) -> Option<Address> {
        let beside = || {
            let has_room =
                self.open_overlay().is_none() && self.areas().is_some_and(|areas| !areas.details.is_empty());
            let is_selecting = matches!(self.selecting(), Selecting::List(Pane::Peers | Pane::Map));
            self.peers.selected_peer().filter(|_| has_room && is_selecting)
        };
        self.shown_peer().map(|detail| &detail.peer).or_else(beside).map(|peer| peer.address.clone())
    }

    /// Returns the selected item, as the content of an overlay.
    pub fn selection(&self) -> Option<OverlayKind> {
        let message = |queued: &QueuedMessage| OverlayKind::Message(queued.clone(), true);
        match self.selecting() {
            Selecting::List(Pane::Peers | Pane::Map) => {
                self.peers.selected_peer().map(|peer| self.in_full(peer))
            }
            Selecting::List(Pane::Queue) => self.queue.selected_message().map(message),
            Selecting::List(Pane::Traffic) => {
                let row = self.log_position().and_then(|position| self.log.at(position));
                row.map(|row| OverlayKind::Row(Box::new(row.clone())))
            }
            Selecting::Held => self.held.list.selected_message().map(|held| message(&held.queued)),
            Selecting::Overhead | Selecting::Text | Selecting::Picture => None,
        }
    }

    fn in_full(&self, peer: &Peer) -> OverlayKind {
        let shown = self.shown_certificate.as_ref().filter(|(address, _)| *address == peer.address);
        let certificate = shown.map(|(_, certificate)| *certificate);
        OverlayKind::Peer(Box::new(PeerDetail { peer: peer.clone(), certificate, is_known: true }))
    }

    /// Opens an overlay. Closing it returns to the one before.
    pub fn open(&mut self, content: OverlayKind) {
        if self.overlay.as_ref().is_some_and(|overlay| overlay.content.is_same(&content)) {
            return;
        }
        self.has_opened = true;
        let beneath = self.overlay.take().map(Overlay::put_beneath).map(Box::new);
        self.overlay =
            Some(Overlay { content, message: Vec::new(), is_cut: false, scrolled: 0, search: None, beneath });
        self.lay_out();
    }

    /// Closes the overlay, and returns to the one before it.
    pub fn close(&mut self) {
        self.overlay = self.overlay.take().and_then(|overlay| overlay.beneath).map(|beneath| *beneath);
        self.lay_out();
    }

    /// Wraps the message of the overlay to the width of the screen.
    pub fn lay_out(&mut self) {
        let columns = self.areas().map_or(0, |areas| usize::from(areas.body.width));
        let key = self.key_at(KeyContext::Overlay, ":copy");
        let charset = self.charset();
        let Some(overlay) = &mut self.overlay else { return };
        let laid_out = overlay.content.message().map(|message| laid_out(message, columns, &key, charset));
        (overlay.message, overlay.is_cut) = laid_out.unwrap_or_default();
        self.search_again();
    }

    /// Returns whether an overlay of this kind is open.
    pub fn is_open(&self, kind: Kind) -> bool {
        self.open_overlay() == Some(kind)
    }
}

/// A message in rows of this width, and whether something is left out, which the last row says.
fn laid_out(message: &Message, columns: usize, key: &str, charset: Charset) -> (Vec<SafeLine>, bool) {
    let (text, left_out) = json::laid_out(message.as_json(), MAX_LAID_OUT);
    let mut rows = shown_lines(&text, columns, 0, usize::MAX, charset);
    let missing = if rows.len() < MOST_ROWS {
        (left_out > 0).then(|| format::size(left_out))
    } else {
        // The last row only says that there are more. Of the others the indentation is not of the message.
        rows.pop();
        let shown: usize = rows.iter().map(|row| row.as_str().trim_start().len()).sum();
        Some(format!("about {}", format::size(message.size().saturating_sub(shown).max(left_out))))
    };
    if let Some(missing) = &missing {
        let note = format!("\u{2026} {missing} more of this message are not shown; {key} copies all of it");
        rows.extend(shown_lines(&note, columns, 0, usize::MAX, charset));
    }
    (rows, missing.is_some())
}

impl Overlay {
    /// Returns the number of stacked overlays, this one included. At most 16.
    #[cfg(test)]
    pub fn depth(&self) -> usize {
        1 + self.beneath.as_ref().map_or(0, |beneath| beneath.depth())
    }

    /// What lies beneath another one keeps no text that can be laid out again, and nothing deeper than
    /// [`MAX_DEPTH`]: who goes round in circles must not fill the memory.
    fn put_beneath(mut self) -> Self {
        self.message = Vec::new();
        let mut deepest = &mut self.beneath;
        for _ in 2..MAX_DEPTH {
            let Some(overlay) = deepest else { break };
            deepest = &mut overlay.beneath;
        }
        *deepest = None;
        self
    }
}

impl OverlayKind {
    /// Whether opening the other over it would show the same again.
    fn is_same(&self, other: &Self) -> bool {
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
