//! The query for the data on the screen, and its reply.

use clacks_p2p::{
    Address,
    core::{MessageId, Peer, QueuedMessage},
    node::{CertificateFingerprint, Overview},
};
use clacks_recording::player::Progress;
use clacks_source::lost_lines::LostLines;

use super::{
    held::{HeldQuery, HeldSnapshot},
    limits::LimitUsage,
    lists::Anchor,
};

/// Query to the node for the next frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Selected peer.
    pub peer: Anchor<Address>,
    pub(crate) peers_before: usize,
    pub(crate) peers_after: usize,
    /// Selected message of the queue.
    pub message: Anchor<MessageId>,
    /// Last known index of the selected message.
    pub list_index: usize,
    pub(crate) messages_before: usize,
    pub(crate) messages_after: usize,
    /// Whether to fetch the message that goes next.
    pub head: bool,
    /// Number of peers to fetch for the map.
    pub map_peers: usize,
    /// Peer in the open overlay.
    pub(crate) detail_peer: Option<Address>,
    /// Message in the open overlay.
    pub(crate) detail_message: Option<MessageId>,
    /// Query for the held messages, while they are visible.
    pub held: Option<HeldQuery>,
    /// Whether to fetch the use of the limits.
    pub limits: bool,
}

/// Data of the node for one frame, in reply to a [`Query`].
#[derive(Debug)]
pub struct Snapshot {
    /// Counters and settings of the node.
    pub overview: Overview,
    /// Window of the peer list.
    pub peers: Vec<Peer>,
    /// Selected peer. If the one of the query is no longer known, its neighbour.
    pub(crate) selected_peer: Option<Address>,
    /// Window of the queue.
    pub queue: Vec<QueuedMessage>,
    pub(crate) queue_first: usize,
    /// Message that goes next, if the query asked for it.
    pub head: Option<QueuedMessage>,
    /// The first peers, for the map.
    pub map_peers: Vec<Peer>,
    /// Peer in the open overlay with its certificate. `None` if it is no longer known.
    pub(crate) detail_peer: Option<(Peer, Option<CertificateFingerprint>)>,
    /// Whether the message in the open overlay is still queued or held.
    pub(crate) detail_message_exists: bool,
    /// Size of the running recording, in bytes. `None` if none runs.
    pub recording_size: Option<u64>,
    /// Lines that are missing in the log file.
    pub lost_lines: Option<LostLines>,
    /// Progress of the replay. `None` for a live node.
    pub replay: Option<Progress>,
    /// Held messages, if the query asked for them.
    pub held: Option<HeldSnapshot>,
    /// Marked items that no longer exist.
    pub missing: Missing,
    /// Use of the limits, if the query asked for it.
    pub limits: Option<LimitUsage>,
}

/// Peers that were forgotten, and messages that left the queue or the held list.
#[derive(Debug, Default)]
pub struct Missing {
    /// Peers that were forgotten.
    pub peers: Vec<Address>,
    /// Messages that left the queue.
    pub messages: Vec<MessageId>,
    /// Messages that are no longer held.
    pub held: Vec<MessageId>,
}
