//! Which requests of which sends are made next.
//!
//! Goodbyes come first, then what the user sends, then what members tell each other, which uses at most half of the
//! requests. A goodbye to a member waits for the messages to it, because a member refuses whatever comes after the goodbye.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    core::{Failure, Now},
    protocol::{Id, Request},
};

use super::{
    Core, Purpose, SendId, SendKind, Timer,
    sends::{Audience, Send},
};

/// With this many announcements and notices under way no introduction is begun, because each has a list of its receivers.
const MAX_INTRODUCTIONS: usize = 16;

/// The requests of sends that are in flight to one member.
#[derive(Debug, Default)]
pub(super) struct ToMember {
    all: usize,
    /// Those with which members tell each other something.
    tells: usize,
}

/// The part of a limit that what members tell each other may use.
fn share_of_tells(max: usize) -> usize {
    max.div_ceil(2)
}

fn rank(kind: SendKind) -> u8 {
    match kind {
        SendKind::Goodbye => 0,
        SendKind::Message | SendKind::Update => 1,
        SendKind::TellJoined | SendKind::TellLeft | SendKind::Probe => 2,
    }
}

impl Core {
    /// Starts requests of a send, as far as the limits allow.
    pub(super) fn pump(&mut self, id: SendId, now: Now) {
        let Some(kind) = self.sends.get(&id).map(|send| send.kind) else { return };
        let awaited = self.awaited_before(id);
        while self.has_place(kind) {
            let Some(send) = self.sends.get(&id) else { return };
            let is_free = |id: &Id| !awaited.contains(id) && self.has_place_at(id, kind);
            let is_full = send.in_flight >= self.options.max_requests_per_send;
            let Some(at) = send.waiting.iter().position(is_free).filter(|_| !is_full) else { return };
            let Some(send) = self.sends.get_mut(&id) else { return };
            let Some(member) = send.waiting.remove(at) else { return };
            send.open.insert(member.clone());
            self.send_to(id, member, 0, now);
        }
    }

    fn has_place(&self, kind: SendKind) -> bool {
        let max = self.options.max_requests;
        self.sending < max && (kind.is_of_user() || self.telling < share_of_tells(max))
    }

    fn has_place_at(&self, member: &Id, kind: SendKind) -> bool {
        let max = self.options.max_requests_per_member;
        let has_place = |to: &ToMember| to.all < max && (kind.is_of_user() || to.tells < share_of_tells(max));
        self.sending_to.get(member).is_none_or(has_place)
    }

    /// The members whose replies a goodbye waits for.
    fn awaited_before(&self, goodbye: SendId) -> BTreeSet<Id> {
        if !self.sends.get(&goodbye).is_some_and(|send| send.kind == SendKind::Goodbye && !send.is_overdue) {
            return BTreeSet::new();
        }
        let before = self.sends.range(..goodbye).map(|(_, send)| send);
        let before = before.filter(|send| matches!(send.kind, SendKind::Message | SendKind::Update));
        before.flat_map(|send| send.waiting.iter().chain(&send.open)).cloned().collect()
    }

    /// A goodbye has waited long enough. Messages that are not on their way yet would come after it.
    pub(super) fn goodbye_is_overdue(&mut self, goodbye: SendId, now: Now) {
        let Some(send) = self.sends.get_mut(&goodbye) else { return };
        send.is_overdue = true;
        let receivers: Vec<Id> = send.waiting.iter().cloned().collect();
        let before = self.sends.range(..goodbye).map(|(id, _)| *id).collect::<Vec<_>>();
        receivers.iter().for_each(|member| self.give_up(&before, member, now));
        self.pump_all(now);
    }

    pub(super) fn send_to(&mut self, id: SendId, member: Id, attempt: u8, now: Now) {
        let Some(send) = self.sends.get_mut(&id) else { return };
        let Some((record, reach)) = send.receivers.get(&member).cloned() else { return };
        send.in_flight += 1;
        let to = self.sending_to.entry(member.clone()).or_default();
        (self.sending, to.all) = (self.sending + 1, to.all + 1);
        if !send.kind.is_of_user() {
            (self.telling, to.tells) = (self.telling + 1, to.tells + 1);
        }
        let request = (send.kind.path(), send.sender.clone(), Arc::clone(&send.body));
        let purpose = Purpose::Send { send: id, member, attempt };
        self.emit_request(purpose, (record.address, reach), request, now);
    }

    /// A request of a send ended.
    pub(super) fn count_ended(&mut self, kind: SendKind, member: &Id) {
        let Some(to) = self.sending_to.get_mut(member) else { return };
        (self.sending, to.all) = (self.sending - 1, to.all - 1);
        if !kind.is_of_user() {
            (self.telling, to.tells) = (self.telling - 1, to.tells - 1);
        }
        if to.all == 0 {
            self.sending_to.remove(member);
        }
    }

    pub(super) fn pump_all(&mut self, now: Now) {
        let waiting = self.sends.iter().filter(|(_, send)| !send.waiting.is_empty());
        let mut order: Vec<(u8, SendId)> = waiting.map(|(id, send)| (rank(send.kind), *id)).collect();
        order.sort_unstable();
        for (_, id) in order {
            if self.sending >= self.options.max_requests {
                return;
            }
            self.pump(id, now);
        }
    }

    /// Gives up on a member that was removed. A goodbye goes to it nevertheless.
    pub(super) fn end_sends_to(&mut self, member: &Id, now: Now) {
        let is_ended = |send: &Send| send.kind != SendKind::Goodbye;
        let ids = self.sends.iter().filter(|(_, send)| is_ended(send)).map(|(id, _)| *id).collect::<Vec<_>>();
        self.give_up(&ids, member, now);
    }

    /// As [`Core::end_sends_to`] for a member to which a goodbye goes: messages go before it.
    pub(super) fn end_tells_to(&mut self, member: &Id, now: Now) {
        let is_ended = |send: &Send| !send.kind.is_of_user();
        let ids = self.sends.iter().filter(|(_, send)| is_ended(send)).map(|(id, _)| *id).collect::<Vec<_>>();
        self.give_up(&ids, member, now);
    }

    fn give_up(&mut self, sends: &[SendId], member: &Id, now: Now) {
        for id in sends {
            let Some(send) = self.sends.get_mut(id) else { continue };
            let waited = send.waiting.len();
            send.waiting.retain(|waiting| waiting != member);
            if send.waiting.len() < waited {
                self.receiver_done(*id, member, Err(Failure::NoMember), std::time::Duration::ZERO, now);
            }
        }
    }

    /// Tells all members, under the id that we have now, that we leave.
    pub(super) fn say_goodbye(&mut self, now: Now) -> Option<SendId> {
        let body = Self::body_of(&Request::Left(self.id.clone()));
        let goodbye = self.begin_send(SendKind::Goodbye, body, &Audience::all(), now)?;
        if self.sends.contains_key(&goodbye) {
            self.schedule(now.uptime + self.options.goodbye_delay, Timer::Goodbye(goodbye));
        }
        Some(goodbye)
    }

    /// Begins introductions whose turn has come.
    pub(super) fn begin_introductions(&mut self, now: Now) {
        while !self.introductions.is_empty()
            && self.sends.len() - self.sends_of_user() < MAX_INTRODUCTIONS
            && let Some(id) = self.introductions.pop_front()
        {
            if let Some(record) = self.members.get(&id).map(|member| member.record.clone()) {
                self.tell_joined(&record, Audience::ours_but(id), now);
            }
        }
    }
}
