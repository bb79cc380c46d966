//! The user's commands.

use std::sync::Arc;

use rand::Rng;

use crate::{
    core::{
        Discovery, EnqueueError, Event, MessageId, MessageState, Now, Options, OptionsError, Origin,
        QueuedMessage, Status, options::check_send_rate, peer_choice, peers::Peers,
    },
    protocol::{Address, Kind, Message, Payload},
};

use super::{Core, DeliveryId, Purpose, millis};

impl Core {
    /// Appends a message to the queue, or holds it if the hold rule matches.
    pub fn enqueue(&mut self, message: Message, now: Now) -> Result<MessageId, EnqueueError> {
        self.check_enqueue(&message)?;
        let visits = self.count_written(&message);
        let entry = self.queue.add(message, millis(now.uptime), visits, None, None);
        let id = entry.queued.id;
        self.count(|counters| counters.enqueued += 1);
        self.admit(entry, || Origin::Local);
        Ok(id)
    }

    /// Why [`Core::enqueue`] would refuse a message now, if it would. Nothing is queued.
    pub fn check_enqueue(&self, message: &Message) -> Result<(), EnqueueError> {
        self.check_written(message)?;
        if self.draining.is_some() {
            return Err(EnqueueError::Draining);
        }
        self.queue.check_room(message.size())
    }

    /// Drops the head of the queue.
    pub fn dequeue(&mut self) -> Option<QueuedMessage> {
        let head = self.queue.head()?.id();
        self.drop_message(head)
    }

    /// Checks whether the user may write this message.
    pub(super) fn check_written(&self, message: &Message) -> Result<(), EnqueueError> {
        let (size, most) = (message.size(), self.options.max_message_bytes);
        if message.is_falsy() {
            Err(EnqueueError::Empty)
        } else if size > most {
            Err(EnqueueError::TooLarge { size, most })
        } else {
            Ok(())
        }
    }

    /// Drops the messages with these ids that are queued or held, in one pass over the queue. Returns their states,
    /// sorted by id, for [`Core::restore_messages`]. The ids may be in any order.
    pub fn drop_these(&mut self, ids: &[MessageId]) -> Vec<MessageState> {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids.dedup();
        let dropped = self.queue.remove_all(&ids);
        for state in &dropped {
            self.emit_dropped(&state.queued);
        }
        dropped
    }

    /// Drops a queued or held message.
    pub fn drop_message(&mut self, id: MessageId) -> Option<QueuedMessage> {
        let dropped = self.queue.remove(id)?;
        self.emit_dropped(&dropped);
        Some(dropped)
    }

    fn emit_dropped(&mut self, dropped: &QueuedMessage) {
        let QueuedMessage { id, ref message, ref from, place, .. } = *dropped;
        self.emit(|_| Event::MessageDropped { id, message: message.clone(), from: from.clone(), place });
    }

    /// Reports that something about a peer changed that the core does not know, such as its trusted certificate.
    pub fn report_peer_changed(&mut self, address: &Address) {
        if let Some(number) = self.peers.find(address) {
            self.emit(|peers| Event::PeerChanged { peer: peers.peer(number) });
        }
    }

    /// Adds a peer as new, on behalf of the user. Returns whether it was added: not if it is known, is this node, or
    /// the list of peers is full and none can be evicted.
    pub fn add_peer(&mut self, address: &Address, now: Now) -> bool {
        if let Some(number) = self.peers.find(address) {
            self.mark_added_by_user(number);
            return false;
        }
        let name = |peers: &mut Peers, number| _ = peers.set_added_by_user(number);
        !self.is_this_node(address)
            && self.insert_peer(address, None, now, || Discovery::Manual, name).is_some()
    }

    /// Announces this node to an address. The address becomes a peer when it responds with 200. Returns `None` and
    /// sends nothing if the address is ignored or is this node.
    pub fn announce(&mut self, address: &Address, rng: &mut impl Rng) -> Option<DeliveryId> {
        self.announce_as(address, true, rng)
    }

    /// As [`announce`](Self::announce), for an address from a source other than the user. It is contacted only if it is
    /// allowed for addresses that strangers name, and the peer does not count as added by the user.
    pub fn announce_suggested(&mut self, address: &Address, rng: &mut impl Rng) -> Option<DeliveryId> {
        self.announce_as(address, false, rng)
    }

    fn announce_as(
        &mut self,
        address: &Address,
        added_by_user: bool,
        rng: &mut impl Rng,
    ) -> Option<DeliveryId> {
        let number = self.peers.find(address);
        let is_ignored = number.is_some_and(|number| self.peers.record(number).status() == Status::Ignored);
        if is_ignored || self.is_this_node(address) {
            return None;
        }
        let friend = peer_choice::choose_friend(&self.peers, number, rng);
        let friend = friend.map(|number| self.peers.address(number).clone());
        let (message, sender) = (Message::null(), self.address.clone());
        let payload = Payload { message, kind: Kind::Announce, sender, friend };
        Some(self.start_delivery(
            address.clone(),
            payload,
            Purpose::Announce { added_by_user },
            added_by_user,
        ))
    }

    /// Ignores an address, whether or not it is a peer. Returns whether it was not ignored before.
    pub fn ignore(&mut self, address: &Address, now: Now) -> bool {
        let Some(number) = self.peers.find(address) else { return self.ignore_unknown(address, now) };
        let from = self.peers.ignore(number, now);
        from.into_iter()
            .for_each(|from| self.emit(|peers| Event::PeerUpdated { peer: peers.peer(number), from }));
        from.is_some()
    }

    pub(super) fn ignore_unknown(&mut self, address: &Address, now: Now) -> bool {
        if self.is_this_node(address) {
            return false;
        }
        let number = self.peers.insert(address, Status::Ignored, now);
        let introduction = Discovery::Manual;
        self.emit(|peers| Event::PeerDiscovered { peer: peers.peer(number), introduction, remote: None });
        true
    }

    /// Stops ignoring a peer. It gets its former status, or new if it had none. Returns whether it was ignored.
    pub fn unignore(&mut self, address: &Address, now: Now) -> bool {
        let Some(number) = self.peers.find(address) else { return false };
        let is_ignored = self.peers.record(number).status() == Status::Ignored;
        if is_ignored {
            let status = self.peers.status_before_ignored(number);
            self.set_status(number, status, now);
        }
        is_ignored
    }

    /// Removes a peer. It is added again when somebody names it. Returns whether it was known.
    pub fn forget(&mut self, address: &Address) -> bool {
        self.remove_peer(address)
    }

    /// Changes options. Nothing is changed if one of them is invalid or cannot be changed:
    /// [`OptionsError::Fixed`] is returned for the address, [`Options::max_in_flight`],
    /// [`Options::max_in_flight_per_peer`] and [`Options::max_depth`].
    ///
    /// Messages and peers above a lower maximum stay. After a change of a rate of payloads or introductions each remote
    /// address has a whole burst again.
    pub fn set_options(&mut self, new: Options, now: Now) -> Result<(), OptionsError> {
        new.check()?;
        if let Some(name) = self.options.fixed_change(&new) {
            return Err(OptionsError::Fixed(name));
        }
        if new.send_rate.to_bits() != self.options.send_rate.to_bits() {
            self.set_send_rate(new.send_rate, now)?;
        }
        self.queue.set_limits(&new);
        self.remotes.iter_mut().for_each(|remotes| remotes.set_options(&self.options, &new));
        self.options = Arc::new(new);
        Ok(())
    }

    /// Sets the send rate, in messages per second: 0.001 to 100,000.
    pub fn set_send_rate(&mut self, rate: f64, now: Now) -> Result<(), OptionsError> {
        check_send_rate(rate)?;
        Arc::make_mut(&mut self.options).send_rate = rate;
        self.send_timer.set_rate(rate, now.uptime);
        self.peers.set_slow_from(self.options.slow_from());
        self.emit(|_| Event::SendRateChanged { rate });
        Ok(())
    }
}
