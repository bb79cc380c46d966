//! Overlays: pages and pictures over the lists.

use clacks_p2p::{
    Message,
    core::{Peer, QueuedMessage},
    node::CertificateFingerprint,
};
use clacks_source::traffic;
use clacks_text::sanitize::SafeLine;

use super::{returning::ReturningList, search::Search};

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
    pub(crate) previous: Option<Box<Self>>,
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

/// Kind of an overlay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenOverlay {
    /// Saved filters.
    Stations,
    /// Network map.
    Map,
    /// One peer in full.
    Peer,
    /// One message in full.
    Message,
    /// A row of the traffic in full.
    Row,
    /// History of one message.
    Biography,
    /// Returning messages.
    Overhead,
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

impl OpenOverlay {
    clacks_p2p::all_variants! {
        /// All kinds of overlays.
        #[cfg(test)]
        pub const ALL: Self = [
            Stations,
            Map,
            Peer,
            Message,
            Row,
            Biography,
            Overhead,
            Why,
            Limits,
            Charts,
            Tower,
            Held,
        ];
    }

    /// Title of the overlay.
    pub fn title(self) -> &'static str {
        match self {
            Self::Stations => " STATIONS ",
            Self::Map => " MAP ",
            Self::Peer => " PEER ",
            Self::Message => " MESSAGE ",
            Self::Row => " TRAFFIC ",
            Self::Biography => " BIOGRAPHY ",
            Self::Overhead => " OVERHEAD ",
            Self::Why => " WHY THIS PEER? ",
            Self::Limits => " LIMITS ",
            Self::Charts => " CHARTS ",
            Self::Tower => " TOWER ",
            Self::Held => " HELD ",
        }
    }
}

impl Overlay {
    /// Returns the number of stacked overlays, this one included. At most 16.
    #[cfg(test)]
    pub fn depth(&self) -> usize {
        1 + self.previous.as_ref().map_or(0, |previous| previous.depth())
    }

    /// Drops the wrapped text, which can be restored, and all overlays deeper than [`MAX_DEPTH`]. This bounds the
    /// memory of overlays that open each other in turn.
    pub(crate) fn compact(mut self) -> Self {
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
    /// Its kind.
    pub fn kind(&self) -> OpenOverlay {
        match self {
            Self::Stations => OpenOverlay::Stations,
            Self::Map => OpenOverlay::Map,
            Self::Peer(_) => OpenOverlay::Peer,
            Self::Message(..) => OpenOverlay::Message,
            Self::Row(_) => OpenOverlay::Row,
            Self::Biography(_) => OpenOverlay::Biography,
            Self::Overhead(_) => OpenOverlay::Overhead,
            Self::Why => OpenOverlay::Why,
            Self::Limits => OpenOverlay::Limits,
            Self::Charts => OpenOverlay::Charts,
            Self::Tower => OpenOverlay::Tower,
            Self::Held => OpenOverlay::Held,
        }
    }

    /// Whether opening the other over it would show the same again.
    pub(crate) fn shows_same_as(&self, other: &Self) -> bool {
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
