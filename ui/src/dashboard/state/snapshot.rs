//! What the screen shows of a node: the question and its answer.

use clacks_p2p::{
    Address,
    core::{MessageId, Peer, QueuedMessage},
    node::{CertificateFingerprint, Overview},
};

use super::{
    held::{HeldSnapshot, WantedHeld},
    limits::Used,
    lists::Anchor,
};
use crate::{recording::player::Progress, source::lost_lines::LostLines};

/// What the node is asked for before a frame is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wanted {
    pub(crate) peer: Anchor<Address>,
    pub(crate) peers_before: usize,
    pub(crate) peers_after: usize,
    pub(crate) message: Anchor<MessageId>,
    /// The place of the selected message when it was last seen.
    pub(crate) place: usize,
    pub(crate) messages_before: usize,
    pub(crate) messages_after: usize,
    /// The message that goes next.
    pub(crate) head: bool,
    /// So many of the first peers, for the map.
    pub(crate) towers: usize,
    /// The peer that is shown in full.
    pub(crate) shown_peer: Option<Address>,
    /// The message that is shown in full.
    pub(crate) shown_message: Option<MessageId>,
    /// While the held messages are shown.
    pub(crate) held: Option<WantedHeld>,
    /// Whether the limits are shown.
    pub(crate) limits: bool,
}

/// What the node answered.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) overview: Overview,
    pub(crate) peers: Vec<Peer>,
    /// The peer that is selected: the one that was, or its neighbour if that is not known any more.
    pub(crate) selected_peer: Option<Address>,
    pub(crate) queue: Vec<QueuedMessage>,
    pub(crate) queue_first: usize,
    /// The message that goes next, if it is wanted.
    pub(crate) head: Option<QueuedMessage>,
    /// The first peers, for the map.
    pub(crate) towers: Vec<Peer>,
    /// The peer that is shown in full, while it is known, and its certificate.
    pub(crate) shown_peer: Option<(Peer, Option<CertificateFingerprint>)>,
    /// Whether the message that is shown in full still waits or is held.
    pub(crate) shown_message_waits: bool,
    /// Bytes recorded, while anything is.
    pub(crate) recorded: Option<u64>,
    /// Lines that are missing in the log file.
    pub(crate) lost_lines: Option<LostLines>,
    /// Where the replay stands, if it is one.
    pub(crate) replay: Option<Progress>,
    /// The held messages, if they are wanted.
    pub(crate) held: Option<HeldSnapshot>,
    /// What is marked and not there any more.
    pub(crate) gone: Gone,
    /// While the limits are shown.
    pub(crate) limits: Option<Used>,
}

/// Peers that are not known any more and messages that do not wait any more.
#[derive(Debug, Default)]
pub(crate) struct Gone {
    pub(crate) peers: Vec<Address>,
    pub(crate) messages: Vec<MessageId>,
    pub(crate) held: Vec<MessageId>,
}
