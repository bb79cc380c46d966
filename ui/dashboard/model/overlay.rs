//! Queries about the overlay: its subject, the selection that it opens from, and its search.

use clacks_p2p::{
    Address,
    core::{Peer, QueuedMessage},
    node::CertificateFingerprint,
};

use super::{Model, focus::SelectionTarget};
use crate::state::{
    layout::Pane,
    overlay::{OpenOverlay as Kind, Overlay, OverlayKind, PeerDetail},
    search::Search,
};

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

    /// Returns whether an overlay of this kind is open.
    pub fn is_open(&self, kind: Kind) -> bool {
        self.open_overlay() == Some(kind)
    }

    /// Returns the search in the overlay, if there is one.
    pub fn search(&self) -> Option<&Search> {
        self.overlay.as_ref().and_then(|overlay| overlay.search.as_ref())
    }

    /// Whether the query is being typed.
    pub(crate) fn is_typing_search(&self) -> bool {
        self.search().is_some_and(|search| search.is_typing)
    }

    /// Returns the number of rows of the overlay on the screen.
    pub(crate) fn overlay_height(&self) -> usize {
        self.areas().map_or(1, |areas| usize::from(areas.body.height).saturating_sub(1).max(1))
    }

    /// Returns the number of columns of the overlay on the screen.
    pub(crate) fn overlay_columns(&self) -> usize {
        self.areas().map_or(0, |areas| usize::from(areas.body.width))
    }
}
