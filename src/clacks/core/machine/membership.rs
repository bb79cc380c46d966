//! The list of peers: changes of status, additions and evictions.

use std::net::IpAddr;

use crate::{
    core::{Discovery, Event, Limit, Now, Status, peers::Peers},
    protocol::Address,
};

use super::Core;

impl Core {
    /// Handles a payload from this remote address whose sender is the peer.
    pub(super) fn record_payload_of(&mut self, number: usize, remote: Option<IpAddr>, now: Now) {
        if self.peers.record(number).status() == Status::Ignored {
            return;
        }
        let is_confirmed = self.peers.record_payload(number, remote);
        if !self.set_status(number, Status::Alive, now) && is_confirmed {
            self.emit(|peers| Event::ClaimConfirmed { peer: peers.peer(number) });
        }
    }

    /// The peer accepted a request, which is recorded already: it becomes alive. `was_unverified` says whether it was
    /// unverified.
    pub(super) fn record_contact_success(&mut self, number: usize, was_unverified: bool, now: Now) {
        let record = self.peers.record(number);
        let (is_ignored, is_confirmed) =
            (record.status() == Status::Ignored, was_unverified && !record.is_unverified());
        if !is_ignored && !self.set_status(number, Status::Alive, now) && is_confirmed {
            self.emit(|peers| Event::ClaimConfirmed { peer: peers.peer(number) });
        }
    }

    /// The peer did not respond as a node does.
    pub(super) fn record_contact_failure(&mut self, number: usize, now: Now) {
        let answered = self.peers.peer(number).last_attempt_ok;
        self.peers.record_no_response(number);
        let record = self.peers.record(number);
        let is_reported = match record.status() {
            Status::New | Status::Alive => self.set_status(number, Status::Lost, now),
            Status::Lost if record.age(now.uptime) > self.options.kill_timeout => {
                self.set_status(number, Status::Dead, now)
            }
            Status::Lost | Status::Dead | Status::Ignored => false,
        };
        if answered && !is_reported {
            self.emit(|peers| Event::PeerChanged { peer: peers.peer(number) });
        }
    }

    /// Sets the status and emits the event. Returns whether the status changed.
    pub(super) fn set_status(&mut self, number: usize, status: Status, now: Now) -> bool {
        let from = self.peers.set_status(number, status, now);
        from.into_iter()
            .for_each(|from| self.emit(|peers| Event::PeerUpdated { peer: peers.peer(number), from }));
        from.is_some()
    }

    /// Marks a known peer as added by the user.
    pub(super) fn mark_added_by_user(&mut self, number: usize) {
        if self.peers.set_added_by_user(number) {
            self.emit(|peers| Event::PeerChanged { peer: peers.peer(number) });
        }
    }

    /// Adds an address that a payload names, if it is unknown. Refused above the limit of new peers and above the rate
    /// of introductions from this remote address. Returns its number if it was added.
    pub(super) fn introduce_rate_limited(
        &mut self,
        address: &Address,
        remote: Option<IpAddr>,
        now: Now,
        introduction: impl Fn() -> Discovery,
    ) -> Option<usize> {
        if !self.is_unknown(address) {
            return None;
        }
        if !remote.is_none_or(|remote| self.remotes().may_introduce(remote, now)) {
            self.record_limit_hit(Limit::Introductions, now);
            return None;
        }
        if !self.ensure_room_for_new_peer(&introduction, remote, now) {
            return None;
        }
        let itself = introduction() == Discovery::Inbound;
        self.insert_peer(address, remote, now, introduction, |peers, number| {
            peers.record_mut(number).introduced_itself = itself;
        })
    }

    /// Adds an unknown address if there is room. `prepare` completes the record before the event is emitted.
    pub(super) fn insert_peer(
        &mut self,
        address: &Address,
        remote: Option<IpAddr>,
        now: Now,
        introduction: impl Fn() -> Discovery,
        prepare: impl FnOnce(&mut Peers, usize),
    ) -> Option<usize> {
        if !self.ensure_room_for_peer(remote, now) {
            return None;
        }
        let number = self.peers.introduce(address, remote, now);
        prepare(&mut self.peers, number);
        self.emit(|peers| {
            let (peer, introduction) = (peers.peer(number), introduction());
            Event::PeerDiscovered { peer, introduction, remote }
        });
        Some(number)
    }

    pub(super) fn is_unknown(&self, address: &Address) -> bool {
        !self.is_this_node(address) && self.peers.status(address).is_none()
    }

    /// Whether fewer peers are known than [`Options::max_peers`](crate::core::Options::max_peers) allows.
    pub(super) fn is_below_max_peers(&self) -> bool {
        self.peers.len() < self.options.max_peers
    }

    /// Whether [`Core::add_peer`] has room for one more peer, perhaps by evicting another.
    pub fn has_room_for_peer(&self) -> bool {
        self.is_below_max_peers() || self.peers.eviction_candidate(None).is_some()
    }

    /// Makes room for one more peer that this remote address introduces, by evicting another if necessary. Returns
    /// whether there is room.
    pub(super) fn ensure_room_for_peer(&mut self, remote: Option<IpAddr>, now: Now) -> bool {
        if self.is_below_max_peers() {
            return true;
        }
        self.record_limit_hit(Limit::Peers, now);
        let first = self.peers.eviction_candidate(remote).cloned();
        first.is_some_and(|address| self.remove_peer(&address))
    }

    /// Makes room for one more new peer that this remote address introduces. At the limit a sender replaces another new
    /// peer. A friend does so only if another remote address introduced more.
    pub(super) fn ensure_room_for_new_peer(
        &mut self,
        introduction: impl Fn() -> Discovery,
        remote: Option<IpAddr>,
        now: Now,
    ) -> bool {
        if self.peers.count(Status::New) < self.options.max_new_peers {
            return true;
        }
        self.record_limit_hit(Limit::NewPeers, now);
        let is_sender = introduction() == Discovery::Inbound;
        if !is_sender && !self.peers.is_another_group_larger(remote) {
            return false;
        }
        let first = self.peers.new_eviction_candidate().cloned();
        first.is_some_and(|address| self.remove_peer(&address))
    }

    /// Removes a peer.
    pub(super) fn remove_peer(&mut self, address: &Address) -> bool {
        let left = self.peers.remove(address);
        let is_known = left.is_some();
        left.into_iter().for_each(|peer| self.emit(|_| Event::PeerForgotten { peer }));
        is_known
    }

    /// Whether the address is one of the known names of this node.
    pub fn is_this_node(&self, address: &Address) -> bool {
        self.address == *address || self.aliases.contains(address)
    }
}
