//! Undoing commands: states are saved before a command and restored after it.

use std::{collections::HashMap, net::IpAddr};

use clacks_transport::rate_limit_key;

use crate::{
    core::{
        Discovery, EnqueueError, Event, HeldBy, HeldMessage, HoldState, MessageId, MessageState, Now, Origin,
        PeerState, RemoteState, ReplaceError, RestoredMessages, peers::PeerRecord, queue::Entry,
    },
    protocol::{Address, Message},
};

use super::{Core, Purpose};

/// The location of a message that is to be restored.
enum MessageLocation {
    /// Queued or held, with this current id.
    Here(MessageId),
    /// In flight, with this current id.
    InFlight(MessageId),
    Dropped,
    Gone,
}

impl Core {
    // === Messages ===

    /// Saves the state of a queued or held message. From now on the message is tracked when its id changes, until it
    /// leaves this node.
    pub fn message_state(&mut self, id: MessageId) -> Option<MessageState> {
        self.queue.state(id)
    }

    /// Saves the states of all held messages, sorted by id.
    pub fn held_states(&mut self) -> Vec<MessageState> {
        let ids: Vec<_> = self.queue.held().window(0..usize::MAX).map(|held| held.queued.id).collect();
        ids.into_iter().filter_map(|id| self.queue.state(id)).collect()
    }

    /// Holds those of these messages that are queued, as [`Core::hold`] does. Returns their states before.
    pub fn hold_undoable(&mut self, ids: &[MessageId]) -> Vec<MessageState> {
        let hold = |id: &MessageId| {
            let before = self.queue.position(*id).and_then(|_| self.queue.state(*id))?;
            self.hold(*id).then_some(before)
        };
        ids.iter().filter_map(hold).collect()
    }

    /// Releases those of these messages that are held, as [`Core::release`] does. Returns their states before, and their
    /// new ids.
    pub fn release_undoable(&mut self, ids: &[MessageId]) -> Vec<(MessageState, MessageId)> {
        let release = |id: &MessageId| {
            let before = self.held_position(*id).and_then(|_| self.queue.state(*id))?;
            Some((before, self.release(*id)?))
        };
        ids.iter().filter_map(release).collect()
    }

    /// Releases all held messages, sorted by id. Returns their states before.
    pub fn release_all_undoable(&mut self) -> Vec<MessageState> {
        let before = self.held_states();
        self.release_all();
        before
    }

    /// Replaces the text of a message as [`Core::replace`] does. Returns its state before.
    pub fn replace_undoable(
        &mut self,
        id: MessageId,
        message: Message,
    ) -> Result<MessageState, ReplaceError> {
        let before = self.queue.state(id).ok_or(ReplaceError::NotHere)?;
        self.replace(id, message).map(|()| before)
    }

    /// Restores messages to their saved states and ids: at their positions in the queue, or held. A dropped message
    /// needs room. A message in flight is held when it returns, if it was held. A message that left this node stays
    /// away.
    pub fn restore_messages(&mut self, states: Vec<MessageState>) -> RestoredMessages {
        let current_ids = self.queue.current_ids();
        let mut restored = RestoredMessages::default();
        for state in states {
            match self.locate(&state, &current_ids) {
                MessageLocation::Gone => restored.gone += 1,
                MessageLocation::InFlight(id) => {
                    let held = state.held.clone().map(|by| (state.queued.id, by));
                    self.queue.hold_on_return(id, held);
                    restored.on_their_way += 1;
                }
                MessageLocation::Here(id) => self.restore_or_refuse(state, Some(id), &mut restored),
                MessageLocation::Dropped => self.restore_or_refuse(state, None, &mut restored),
            }
        }
        restored
    }

    fn locate(&self, state: &MessageState, current_ids: &HashMap<MessageId, MessageId>) -> MessageLocation {
        match current_ids.get(&state.first_id).copied() {
            Some(id) if self.queue.is_here(id) => MessageLocation::Here(id),
            Some(id) if self.is_in_flight(id) => MessageLocation::InFlight(id),
            _ if state.was_dropped => MessageLocation::Dropped,
            _ => MessageLocation::Gone,
        }
    }

    fn is_in_flight(&self, id: MessageId) -> bool {
        self.in_flight
            .iter()
            .any(|in_flight| matches!(&in_flight.purpose, Purpose::Message(entry) if entry.queued.id == id))
    }

    fn restore_or_refuse(
        &mut self,
        state: MessageState,
        current_id: Option<MessageId>,
        restored: &mut RestoredMessages,
    ) {
        let is_held = state.held.is_some();
        match self.check_restored(&state, current_id) {
            Ok(()) => {
                self.restore_message(state, current_id);
                *(if is_held { &mut restored.held } else { &mut restored.waiting }) += 1;
            }
            Err(error) => {
                restored.error.get_or_insert(error);
                restored.refused.push(state);
            }
        }
    }

    /// Checks whether there is room for a message in its saved state.
    fn check_restored(
        &self,
        state: &MessageState,
        current_id: Option<MessageId>,
    ) -> Result<(), EnqueueError> {
        let size = state.message().size();
        match current_id.and_then(|id| self.queue.size_of(id)) {
            Some(before) => self.queue.check_replacement(before, size),
            None if self.is_draining() => Err(EnqueueError::Draining),
            None if state.queued.from.is_none() => {
                self.check_written(state.message()).and_then(|()| self.queue.check_room(size))
            }
            None => self.queue.check_room(size),
        }
    }

    fn restore_message(&mut self, mut state: MessageState, was: Option<MessageId>) {
        if !self.queue.has_issued(state.queued.id)
            || was != Some(state.queued.id) && self.has_message(state.queued.id)
        {
            // The state is from another node, or another message has its id.
            state.queued.id = self.queue.next_id();
        }
        let held = state.held.clone();
        let queued = self.queue.restore(state, was);
        self.emit(|_| Event::MessageRestored { was, queued, held });
    }

    fn has_message(&self, id: MessageId) -> bool {
        self.queue.is_here(id) || self.is_in_flight(id)
    }

    /// Holds a message that returned from a delivery, if an undone command requires it. Otherwise returns the entry.
    pub(super) fn hold_returned(&mut self, entry: Entry, from: &Address) -> Option<Entry> {
        let Some((id, by)) = self.queue.remove_held_on_return(entry.queued.id) else { return Some(entry) };
        let queued = self.queue.with_former_id(entry.queued, id);
        self.hold_entry(HeldMessage { queued, by }, Origin::Returned(from.clone()));
        None
    }

    // === The hold rule ===

    /// Saves the hold rule and its effects. Takes time linear in the queue: milliseconds for a million messages.
    pub fn hold_state(&self) -> HoldState {
        HoldState {
            rule: self.rule.current.clone(),
            rule_number: self.rule.number,
            passed: self.queue.passed_ids(),
            held: self.queue.held().window(0..usize::MAX).map(|held| held.queued.id).collect(),
            next_id: self.queue.peek_next_id(),
        }
    }

    /// Restores a hold rule. Messages that another rule holds return to their positions; those that came since stay
    /// held if the restored rule matches them. Queued messages that the restored rule matches are held when they become
    /// the head; [`Core::hold_matching`] does so at once.
    pub fn restore_hold(&mut self, state: HoldState) {
        let HoldState { rule, rule_number, passed, held, next_id } = state;
        let text = rule.as_ref().map(|rule| rule.text().to_owned());
        if rule.is_some() || self.rule.current.is_some() {
            self.emit(|_| Event::HoldRuleChanged { rule: text });
        }
        self.rule.restore(rule, rule_number);
        self.queue.set_rule(rule_number);
        let stays = |held_now: &HeldMessage| {
            let id = held_now.queued.id;
            let is_restored =
                || self.rule.current.as_ref().is_some_and(|rule| rule.matches(&held_now.queued));
            held_now.by != HeldBy::Rule || held.binary_search(&id).is_ok() || id >= next_id && is_restored()
        };
        let all = self.queue.held().window(0..usize::MAX);
        let waits: Vec<_> = all.filter(|held| !stays(held)).map(|held| held.queued.id).collect();
        for queued in self.queue.unhold_all(&waits) {
            self.emit(|_| Event::MessageRestored { was: Some(queued.id), queued, held: None });
        }
        self.queue.mark_all_passed(&passed);
    }

    // === Peers and remote addresses ===

    /// Saves the state of a peer, or that an address is not one.
    pub fn peer_state(&self, address: &Address) -> PeerState {
        let record = self.peers.state(address).map(Box::new);
        PeerState { address: address.clone(), record, known: self.peers.len() }
    }

    /// Adds a peer as [`Core::add_peer`] does. Returns the saved states of what changed: first the evicted peer, if
    /// any, then the added one. [`Core::restore_peer`] undoes it, the last first. `None` if it was not added.
    pub fn add_peer_undoable(&mut self, address: &Address, now: Now) -> Option<Vec<PeerState>> {
        if self.peers.find(address).is_some() {
            return None;
        }
        let ensure_room_for_peer =
            if self.is_below_max_peers() { None } else { self.peers.eviction_candidate(None).cloned() };
        let before = ensure_room_for_peer.iter().chain([address]).map(|peer| self.peer_state(peer)).collect();
        self.add_peer(address, now).then_some(before)
    }

    /// Restores a peer: removes it if it was not known, adds it with all that was known of it, or resets its status,
    /// the time of that and who added it. Messages that it accepted or sent since stay counted. Returns `false` if it
    /// has to be added and there is no room.
    pub fn restore_peer(&mut self, state: PeerState, now: Now) -> bool {
        let PeerState { address, record, known } = state;
        let number = self.peers.find(&address);
        match (record, number) {
            (None, None) => {}
            (None, Some(_)) => _ = self.remove_peer(&address),
            (Some(_), None) if self.is_this_node(&address) => return false,
            // The peers were as many when the state was saved, so there was room.
            (Some(_), None) if self.peers.len() >= known && !self.ensure_room_for_peer(None, now) => {
                return false;
            }
            (Some(record), None) => {
                let number = self.peers.put_back(address, *record);
                let introduction = Discovery::Restored;
                self.emit(|peers| Event::PeerDiscovered {
                    peer: peers.peer(number),
                    introduction,
                    remote: None,
                });
            }
            (Some(record), Some(number)) => self.restore_existing(number, &record),
        }
        true
    }

    fn restore_existing(&mut self, number: usize, record: &PeerRecord) {
        let before = self.peers.peer(number);
        self.peers.restore_status(number, record);
        let peer = self.peers.peer(number);
        if peer.status != before.status {
            self.emit(|_| Event::PeerUpdated { peer, from: before.status });
        } else if peer != before {
            self.emit(|_| Event::PeerChanged { peer });
        }
    }

    /// Saves whether a remote address is ignored.
    pub fn remote_state(&self, remote: IpAddr) -> RemoteState {
        let remote = remote.to_canonical();
        let ignored = self.remotes.as_ref().and_then(|remotes| remotes.ignored(remote));
        RemoteState { remote, ignored }
    }

    /// Restores whether a remote address is ignored.
    pub fn restore_remote(&mut self, state: RemoteState) {
        if self.remote_state(state.remote).ignored == state.ignored {
            return;
        }
        self.unignore_remote(state.remote);
        state.ignored.into_iter().for_each(|ignored| _ = self.ignore_remote(ignored));
        debug_assert!(
            state.ignored.is_none_or(|ignored| rate_limit_key(ignored) == rate_limit_key(state.remote))
        );
    }
}
