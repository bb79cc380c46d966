use std::net::IpAddr;

use crate::{
    core::{HoldState, MessageId, MessageState, PeerState, RemoteState, RestoredMessages},
    protocol::Address,
};

use super::{Node, trust::CertificateState};

/// Undoing commands. A function that ends in `state` or `states` returns what a command is about to change, as it is now;
/// one that begins with `restore` puts that back. What happened in between and was not of the command stays.
impl Node {
    /// Those of these messages that wait or are held, as they are now. From now on they are followed when they draw other
    /// tickets.
    pub fn message_states(&self, ids: &[MessageId]) -> Vec<MessageState> {
        self.shared.with_core(|at| ids.iter().filter_map(|id| at.core.message_state(*id)).collect())
    }

    /// All messages that are held, as they are now, in the order of their tickets.
    pub fn held_states(&self) -> Vec<MessageState> {
        self.shared.with_core(|at| at.core.held_states())
    }

    /// Takes those of these messages that wait or are held out for good. Returns them as they were.
    pub fn drop_these(&self, ids: &[MessageId]) -> Vec<MessageState> {
        self.shared.with_core(|at| at.core.drop_these(ids))
    }

    /// Puts messages back to where and what they were, under the tickets that they had: at their places in the queue, or
    /// held. One that was dropped needs room. One that left this node in the meantime stays away.
    pub fn restore_messages(&self, states: Vec<MessageState>) -> RestoredMessages {
        self.shared.with_core(|at| at.core.restore_messages(states))
    }

    /// The hold rule, which messages it lets pass and which messages are held now.
    pub fn hold_state(&self) -> HoldState {
        self.shared.read(crate::core::Core::hold_state)
    }

    /// Puts the hold rule back that was in force. What another rule holds waits again at its place, unless the restored
    /// rule matches it and it came since. What waits and matches the restored rule is held by when this returns.
    pub fn restore_hold(&self, state: HoldState) {
        self.shared.with_core(|at| at.core.restore_hold(state));
        self.hold_what_matches();
    }

    /// A peer, or that an address is not that of one.
    pub fn peer_state(&self, address: &Address) -> PeerState {
        self.shared.read(|core| core.peer_state(address))
    }

    /// Adds a peer as [`Node::add_peer`] does. Returns what that changed, as it was, in this order: the peer that made room,
    /// if one did, and the one that was not known. [`Node::restore_peer`] undoes it, the last first. `None`, and nothing is
    /// changed, if it was not added.
    pub fn add_peer_undoable(&self, address: &Address) -> Option<Vec<PeerState>> {
        self.shared.with_core(|at| at.core.add_peer_undoable(address, at.now))
    }

    /// Makes a peer again what it was: not known, known with all that was known of it, or with its status, the time of
    /// that and who named it as they were. Returns `false` if it was forgotten and there is no room for it.
    pub fn restore_peer(&self, state: PeerState) -> bool {
        self.shared.with_core(|at| at.core.restore_peer(state, at.now))
    }

    /// Which certificate is trusted for an address, and which was refused.
    pub fn certificate_state(&self, address: &Address) -> CertificateState {
        self.shared.trust.state(address)
    }

    /// Trusts the certificate for an address that was trusted, or none. Connections that were made with another are not
    /// used any more.
    pub fn restore_certificate(&self, state: CertificateState) {
        let address = state.address().clone();
        if self.shared.trust.restore_state(state) {
            self.shared.sender.close_idle(&address);
        }
    }

    /// Whether a remote address is ignored.
    pub fn remote_state(&self, remote: IpAddr) -> RemoteState {
        self.shared.read(|core| core.remote_state(remote))
    }

    /// Ignores a remote address again, or ignores it no longer, as it was.
    pub fn restore_remote(&self, state: RemoteState) {
        self.shared.with_core(|at| at.core.restore_remote(state));
        if self.is_remote_ignored(state.remote()) {
            self.inner.connections.close_from(state.remote());
        }
    }
}
