use std::net::IpAddr;

use crate::{
    core::{
        EnqueueError, HoldState, MessageId, MessageState, PeerState, RemoteState, ReplaceError,
        RestoredMessages,
    },
    protocol::{Address, Message},
};

use super::{Node, trust::CertificateState};

/// Undoing commands. Functions that end in `state` or `states` save what a command will change. Functions that begin
/// with `restore` restore that. Other changes in between are kept.
impl Node {
    /// Saves the states of those of these messages that are queued or held. From now on they are tracked when their ids
    /// change.
    pub fn message_states(&self, ids: &[MessageId]) -> Vec<MessageState> {
        self.shared.with_core(|at| ids.iter().filter_map(|id| at.core.message_state(*id)).collect())
    }

    /// Saves the states of all held messages, sorted by id.
    pub fn held_states(&self) -> Vec<MessageState> {
        self.shared.with_core(|at| at.core.held_states())
    }

    /// Holds those of these messages that are queued, until they are released. Returns their states before.
    pub fn hold_undoable(&self, ids: &[MessageId]) -> Vec<MessageState> {
        self.shared.with_core(|at| at.core.hold_undoable(ids))
    }

    /// Holds a message while it is edited, if it is queued. Returns its state before. `None` if it is neither queued nor
    /// held.
    pub fn hold_for_edit(&self, id: MessageId) -> Option<MessageState> {
        self.shared.with_core(|at| {
            let before = at.core.message_state(id);
            at.core.hold(id);
            before
        })
    }

    /// Releases those of these messages that are held, to the tail of the queue. Returns their states before, and their
    /// new ids.
    pub fn release_undoable(&self, ids: &[MessageId]) -> Vec<(MessageState, MessageId)> {
        self.shared.with_core(|at| at.core.release_undoable(ids))
    }

    /// Releases all held messages, sorted by id. Returns their states before.
    pub fn release_all_undoable(&self) -> Vec<MessageState> {
        self.shared.with_core(|at| at.core.release_all_undoable())
    }

    /// Replaces the text of a message as [`Node::replace`] does. Returns its state before.
    pub fn replace_undoable(&self, id: MessageId, message: Message) -> Result<MessageState, ReplaceError> {
        self.shared.with_core(|at| {
            if self.shared.stopped.is_cancelled() {
                return Err(EnqueueError::Stopped.into());
            }
            at.core.replace_undoable(id, message)
        })
    }

    /// Drops those of these messages that are queued or held. Returns their states.
    pub fn drop_these(&self, ids: &[MessageId]) -> Vec<MessageState> {
        self.shared.with_core(|at| at.core.drop_these(ids))
    }

    /// Restores messages to their saved states and ids: at their positions in the queue, or held. A dropped message
    /// needs room. A message that left this node stays away.
    pub fn restore_messages(&self, states: Vec<MessageState>) -> RestoredMessages {
        self.shared.with_core(|at| at.core.restore_messages(states))
    }

    /// Saves the hold rule, the messages that it passed, and the held messages.
    pub fn hold_state(&self) -> HoldState {
        self.shared.read(crate::core::Core::hold_state)
    }

    /// Restores a hold rule. Messages that another rule holds return to their positions, unless they came since and the
    /// restored rule matches them. Queued messages that the restored rule matches are held when this returns.
    pub fn restore_hold(&self, state: HoldState) {
        self.shared.with_core(|at| at.core.restore_hold(state));
        self.hold_matching_queued();
    }

    /// Saves the state of a peer, or that an address is not one.
    pub fn peer_state(&self, address: &Address) -> PeerState {
        self.shared.read(|core| core.peer_state(address))
    }

    /// Adds a peer as [`Node::add_peer`] does. Returns the saved states of what changed: first the evicted peer, if
    /// any, then the added one. [`Node::restore_peer`] undoes it, the last first. `None` if it was not added.
    pub fn add_peer_undoable(&self, address: &Address) -> Option<Vec<PeerState>> {
        self.shared.with_core(|at| at.core.add_peer_undoable(address, at.now))
    }

    /// Restores a peer: removes it if it was not known, adds it with its saved data, or resets its status, the time of
    /// the status and whether the user added it. Returns `false` if it has to be added and there is no room.
    pub fn restore_peer(&self, state: PeerState) -> bool {
        self.shared.with_core(|at| at.core.restore_peer(state, at.now))
    }

    /// Saves the trusted certificate of an address and the refused one.
    pub fn certificate_state(&self, address: &Address) -> CertificateState {
        self.shared.trust.state(address)
    }

    /// Restores the trusted certificate of an address, or that there was none. Connections with another certificate are
    /// not used any more.
    pub fn restore_certificate(&self, state: CertificateState) {
        let address = state.address().clone();
        if self.shared.trust.restore_state(state) {
            self.shared.sender.close_idle(&address);
            self.shared.with_core(|at| at.core.report_peer_changed(&address));
        }
    }

    /// Saves whether a remote address is ignored.
    pub fn remote_state(&self, remote: IpAddr) -> RemoteState {
        self.shared.read(|core| core.remote_state(remote))
    }

    /// Restores whether a remote address is ignored.
    pub fn restore_remote(&self, state: RemoteState) {
        self.shared.with_core(|at| at.core.restore_remote(state));
        if self.is_remote_ignored(state.remote()) {
            self.inner.connections.close_from(state.remote());
        }
    }
}
