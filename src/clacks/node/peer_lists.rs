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

    /// All peers, by status and then by address. Each is there once, as it was at some moment of the call: the node goes
    /// on meanwhile.
    #[doc(alias = "survey")]
    pub fn peers(&self) -> Vec<Peer> {
        let mut peers = self.shared.all_peers();
        peers.sort_unstable_by(|one, other| (one.status, &one.address).cmp(&(other.status, &other.address)));
        peers
    }

    /// The peers listed around `anchor`: up to `before` that stand before it, then it and those behind it, up to
    /// `after` in all. The first of the list if the anchor is not known.
    pub fn peers_around(&self, anchor: &Address, before: usize, after: usize) -> Vec<Peer> {
        self.shared.read(|core| core.peers_around(anchor, before, after))
    }

    /// The first `count` peers of the list.
    pub fn first_peers(&self, count: usize) -> Vec<Peer> {
        self.shared.read(|core| core.peers().take(count).collect())
    }

    /// The first `count` peers of the list that are wanted. The node goes on while that is asked: a peer whose status
    /// changes meanwhile may be left out, or be there as it was.
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

    /// SHA-256 of the certificate that is trusted for a peer, once it has been reached.
    pub fn trusted_certificate(&self, address: &Address) -> Option<CertificateFingerprint> {
        self.shared.trust.pinned(address)
    }
}
