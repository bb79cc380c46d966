//! The peers' statuses, and who becomes known or makes room.

use std::net::IpAddr;

use crate::{
    core::{Event, Introduction, Limit, Now, Status},
    protocol::Address,
};

use super::Core;

impl Core {
    /// The peer says that it is there, or shows it.
    pub(super) fn is_alive(&mut self, number: usize, now: Now) {
        if self.peers.record(number).status() != Status::Ignored {
            self.set_status(number, Status::Alive, now);
        }
    }

    /// The peer answered us at its address.
    pub(super) fn contact_worked(&mut self, number: usize, now: Now) {
        let was_claim = self.peers.record(number).is_claim();
        self.peers.note_answer(number, now);
        self.is_alive(number, now);
        if was_claim {
            self.tell(|peers| Event::ClaimConfirmed { peer: peers.peer(number) });
        }
    }

    pub(super) fn contact_failed(&mut self, number: usize, now: Now) {
        self.peers.note_no_answer(number);
        let record = self.peers.record(number);
        match record.status() {
            Status::New | Status::Alive => self.set_status(number, Status::Lost, now),
            Status::Lost if now.uptime.saturating_sub(record.since()) > self.options.kill_timeout => {
                self.set_status(number, Status::Dead, now);
            }
            Status::Lost | Status::Dead | Status::Ignored => {}
        }
    }

    pub(super) fn set_status(&mut self, number: usize, status: Status, now: Now) {
        if let Some(from) = self.peers.set_status(number, status, now) {
            self.tell(|peers| Event::PeerUpdated { peer: peers.peer(number), from });
        }
    }

    /// A payload names an address that may be unknown: adds it as new unless there are too many such, or too many
    /// from this remote address. Returns its number if it was added.
    pub(super) fn meet(
        &mut self,
        address: &Address,
        remote: Option<IpAddr>,
        now: Now,
        introduction: impl Fn() -> Introduction,
    ) -> Option<usize> {
        if !self.is_unknown(address) {
            return None;
        }
        if !remote.is_none_or(|remote| self.remotes().may_introduce(remote, now)) {
            self.meets(Limit::Introductions, now);
            return None;
        }
        if !self.makes_room_among_new(&introduction, now) {
            return None;
        }
        self.add(address, remote, now, introduction)
    }

    /// Adds an address as new unless it is known, is this node, or there is no room for it.
    pub(super) fn discover(
        &mut self,
        address: &Address,
        now: Now,
        introduction: impl Fn() -> Introduction,
    ) -> Option<usize> {
        if self.is_unknown(address) { self.add(address, None, now, introduction) } else { None }
    }

    /// Adds an address that is not known unless there is no room for it.
    pub(super) fn add(
        &mut self,
        address: &Address,
        remote: Option<IpAddr>,
        now: Now,
        introduction: impl Fn() -> Introduction,
    ) -> Option<usize> {
        if !self.makes_room(now) {
            return None;
        }
        let number = self.peers.insert(address, Status::New, now);
        self.tell(|peers| {
            let (peer, introduction) = (peers.peer(number), introduction());
            Event::PeerDiscovered { peer, introduction, remote }
        });
        Some(number)
    }

    pub(super) fn is_unknown(&self, address: &Address) -> bool {
        !self.is_this_node(address) && self.peers.status(address).is_none()
    }

    /// Whether there is room for one more peer, after another made room if need be.
    pub(super) fn makes_room(&mut self, now: Now) -> bool {
        if self.peers.len() < self.options.max_peers {
            return true;
        }
        self.meets(Limit::Peers, now);
        let first = self.peers.first_to_go().cloned();
        first.is_some_and(|address| self.leave(&address))
    }

    /// Whether there is room for one more new peer: somebody who is there has the room of one of whom was only heard.
    pub(super) fn makes_room_among_new(&mut self, introduction: impl Fn() -> Introduction, now: Now) -> bool {
        if self.peers.count(Status::New) < self.options.max_new_peers {
            return true;
        }
        self.meets(Limit::NewPeers, now);
        let first = self.peers.first_new_to_go().filter(|_| introduction() == Introduction::Sender).cloned();
        first.is_some_and(|address| self.leave(&address))
    }

    /// Forgets a peer.
    pub(super) fn leave(&mut self, address: &Address) -> bool {
        let left = self.peers.remove(address);
        let is_known = left.is_some();
        left.into_iter().for_each(|peer| self.tell(|_| Event::PeerForgotten { peer }));
        is_known
    }

    /// Whether the address is this node's own, under any name that it is known to have.
    pub fn is_this_node(&self, address: &Address) -> bool {
        self.address == *address || self.aliases.contains(address)
    }
}
