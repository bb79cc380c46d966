//! The query for the data on the screen, and its reply.

use clacks_feed::{Look, View};
use clacks_p2p::{
    Address,
    core::{Peer, QueuedMessage},
    node::{CertificateFingerprint, Overview},
};
use clacks_p2p_feed::description::PEERS;
use clacks_recording::player::Progress;
use clacks_source::lost_lines::LostLines;

use super::{limits::LimitUsage, typed::address_of};

/// Query to the node for the next frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// View of each network, in the order of the networks. Those that are not active only count.
    pub views: Vec<View>,
    /// Whether to fetch the message that goes next.
    pub head: bool,
    /// Number of peers to fetch for the map.
    pub map_peers: usize,
    /// Peer in the open overlay. `None` asks for the selected one.
    pub(crate) detail_peer: Option<Address>,
    /// Whether to fetch the use of the limits.
    pub limits: bool,
}

impl Query {
    /// Returns the peer to fetch in full: the one in the overlay, else the one that is selected in a look.
    pub(crate) fn peer_in_full(&self, look: &Look) -> Option<Address> {
        let peers = look.pages.iter().find(|page| page.list == PEERS);
        let selected = || peers.and_then(|page| page.rows.get(page.anchor)).and_then(address_of);
        self.detail_peer.clone().or_else(selected)
    }
}

/// Data of the node for one frame, in reply to a [`Query`].
#[derive(Debug)]
pub struct Snapshot {
    /// Answer of each network, in the order of the networks. A network can be missing at the end.
    pub looks: Vec<Look>,
    /// Counters and settings of the node.
    pub overview: Overview,
    /// Message that goes next, if the query asked for it.
    pub head: Option<QueuedMessage>,
    /// The first peers, for the map.
    pub map_peers: Vec<Peer>,
    /// Peer of the query with its certificate. `None` if it is no longer known.
    pub(crate) detail_peer: Option<(Peer, Option<CertificateFingerprint>)>,
    /// Filter of the hold rule, if one is set.
    pub hold_rule: Option<String>,
    /// Size of the running recording, in bytes. `None` if none runs.
    pub recording_size: Option<u64>,
    /// Lines that are missing in the log file.
    pub lost_lines: Option<LostLines>,
    /// Progress of the replay. `None` for a live node.
    pub replay: Option<Progress>,
    /// Use of the limits, if the query asked for it.
    pub limits: Option<LimitUsage>,
}
