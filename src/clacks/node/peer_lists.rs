use std::collections::HashSet;

use crate::{
    core::Peer,
    protocol::{Address, PeerId},
};

use super::{CertificateFingerprint, Node};

/// Queries about peers.
impl Node {
    /// A peer by its address.
    pub fn peer(&self, address: &Address) -> Option<Peer> {
        self.shared.read(|core| core.peer(address))
    }

    /// The peers with this identifier: usually one, but two addresses can share it.
    pub fn peers_by_id(&self, identifier: &PeerId) -> Vec<Peer> {
        let mut peers = self.peers();
        peers.retain(|peer| peer.address.identifier() == *identifier);
        peers
    }

    /// All peers, sorted by status and address. Each is listed once, as it was at some time during the call; the node
    /// continues meanwhile.
    #[doc(alias = "survey")]
    pub fn peers(&self) -> Vec<Peer> {
        let mut peers = self.shared.all_peers();
        peers.sort_unstable_by(|one, other| (one.status, &one.address).cmp(&(other.status, &other.address)));
        peers
    }

    /// Peers around `anchor` in the list: up to `before` before it, then it and those after it, up to `after` in total.
    /// The first of the list if the anchor is not a peer.
    pub fn peers_around(&self, anchor: &Address, before: usize, after: usize) -> Vec<Peer> {
        self.shared.read(|core| core.peers_around(anchor, before, after))
    }

    /// The first `count` peers of the list.
    pub fn first_peers(&self, count: usize) -> Vec<Peer> {
        self.shared.read(|core| core.peers().take(count).collect())
    }

    /// The first `count` matching peers of the list. The node continues meanwhile: a peer whose status changes may be
    /// missing, or listed with its former status.
    pub fn find_peers(&self, count: usize, mut is_wanted: impl FnMut(&Peer) -> bool) -> Vec<Peer> {
        let (mut found, mut addresses) = (Vec::new(), HashSet::new());
        if count > 0 {
            self.shared.walk_peers(|peer| {
                if is_wanted(&peer) && addresses.insert(peer.address.clone()) {
                    found.push(peer);
                }
                found.len() < count
            });
        }
        found
    }

    /// The last `count` peers of the list.
    pub fn last_peers(&self, count: usize) -> Vec<Peer> {
        self.shared.read(|core| core.last_peers(count))
    }

    /// The trusted certificate of a peer, once it has been contacted.
    pub fn trusted_certificate(&self, address: &Address) -> Option<CertificateFingerprint> {
        self.shared.trust.pinned(address)
    }
}
