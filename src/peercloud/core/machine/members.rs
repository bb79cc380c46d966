//! The list of members: adding, removing, and what follows from it.

use std::time::Duration;

use rand::{Rng, RngExt, seq::IndexedRandom};

use crate::{
    core::{CheckResult, Event, Member, Now, Reach, Removal, Source, bucket::Bucket},
    protocol::{Address, Id, Record, Request},
};

use super::{Core, SendId, SendKind, State, Timer, sends::Audience};

/// Time within which a member that was added on somebody's word is checked, in milliseconds: so long that a newcomer has
/// learned of its cloud, and spread, so that not all members check it at once.
const FIRST_CHECK: std::ops::Range<u64> = 500..3000;
/// Minimum time between two such checks of ours. The nodes of a large cloud would keep each other busy with them while it
/// forms.
const BETWEEN_FIRST_CHECKS: Duration = Duration::from_millis(200);
/// Time between two newcomers of a crowd. A third one probably follows.
const CROWD: Duration = Duration::from_secs(1);

impl Core {
    /// A member, or one that is disputed.
    pub(super) fn known_mut(&mut self, id: &Id) -> Option<&mut Member> {
        self.members.get_mut(id).or_else(|| self.disputed.get_mut(id))
    }

    pub(super) fn known(&self, id: &Id) -> Option<&Member> {
        self.members.get(id).or_else(|| self.disputed.get(id))
    }

    /// Whether there is room for a member with this id. One that is disputed may come back, so it counts.
    pub(super) fn has_room_for(&self, id: &Id) -> bool {
        let others = self.disputed.len() - usize::from(self.disputed.contains_key(id));
        self.members.len() + others < self.options.bodies.max_members
    }

    fn message_burst(&self) -> f64 {
        self.options.message_rate * 2.0
    }

    /// Adds a member, unless it is known, is this node, was dropped, or may not be contacted. Returns whether it was
    /// added. The list has room.
    pub(super) fn add_member(
        &mut self,
        record: Record,
        source: Source,
        reach: Reach,
        now: Now,
        rng: &mut dyn Rng,
    ) -> bool {
        let id = record.id.clone();
        let is_refused = id == self.id
            || self.members.contains_key(&id)
            || self.is_dropped(&id, &record.address)
            || reach.check_host(&record.address.host).is_err()
            || !self.has_room_for(&id);
        if is_refused {
            return false;
        }
        // Who comes back is no longer disputed.
        let former = self.take_disputed(&id);
        let messages = Bucket::full(self.message_burst(), now.uptime);
        let mut member = Member::new(record, source.clone(), reach, messages, now.uptime);
        if let Some(former) = former {
            member.is_ours = former.is_ours && former.record.address == member.record.address;
            (member.received, member.sent) = (former.received, former.sent);
        }
        if source == Source::LetIn {
            let is_soon = |last| now.uptime.saturating_sub(last) < CROWD;
            self.lets_in_often = self.last_let_in.is_some_and(is_soon);
            self.last_let_in = Some(now.uptime);
        } else if source != Source::Via {
            let delay = Duration::from_millis(rng.random_range(FIRST_CHECK));
            let after_the_last = self.last_first_check().map(|last| last + BETWEEN_FIRST_CHECKS);
            let at = (now.uptime + delay).max(after_the_last.unwrap_or_default());
            member.check_due = Some(at);
            self.schedule(at, Timer::FirstCheck(id));
        }
        self.insert_member(member, source);
        self.state = State::Active;
        true
    }

    /// When the last check of a member that was added on somebody's word is due.
    fn last_first_check(&self) -> Option<Duration> {
        let is_first = |timer: &Timer| matches!(timer, Timer::FirstCheck(_));
        self.timers.iter().rev().find(|(_, timer)| is_first(timer)).map(|(at, _)| *at)
    }

    pub(super) fn insert_member(&mut self, member: Member, source: Source) {
        let address = member.record.address.clone();
        self.events.push_back(Event::MemberAdded { member: member.record.clone(), source });
        self.members.insert(member.record.id.clone(), member);
        self.left_seeds.remove(&address);
        let count = self.addresses.entry(address.clone()).or_default();
        *count += 1;
        if *count > 1 {
            self.mark_doubles(&address, true);
        }
    }

    fn take_member(&mut self, id: &Id) -> Option<Member> {
        let mut member = self.members.remove(id)?;
        self.forget_checks(&mut member);
        let address = &member.record.address;
        let count = self.addresses.entry(address.clone()).or_default();
        *count = count.saturating_sub(1);
        match *count {
            0 => _ = self.addresses.remove(address),
            1 => self.mark_doubles(address, false),
            _ => {}
        }
        Some(member)
    }

    /// Marks the members at an address.
    fn mark_doubles(&mut self, address: &Address, is_double: bool) {
        for member in self.members.values_mut().filter(|member| member.record.address == *address) {
            if member.is_double != is_double {
                member.is_double = is_double;
                self.events.push_back(Event::MemberChanged { id: member.record.id.clone() });
            }
        }
    }

    pub(super) fn is_dropped(&self, id: &Id, address: &Address) -> bool {
        self.dropped.contains_key(id) || self.is_dropped_address(address)
    }

    pub(super) fn is_dropped_address(&self, address: &Address) -> bool {
        self.dropped.values().any(|dropped| dropped.record.address == *address)
    }

    /// Removes a member. If others are to be told, they are told only if we have reached it ourselves: a wrong address
    /// is no reason to throw it out everywhere.
    pub(super) fn remove_member(&mut self, id: &Id, reason: Removal, now: Now) -> Option<Member> {
        let member = self.take_member(id)?;
        let tells = matches!(reason, Removal::NoAnswer | Removal::OtherId) && member.was_reached;
        let returns = matches!(reason, Removal::NoAnswer | Removal::FoundGoneBy(_));
        if returns {
            self.remember_former(&member, now);
        }
        self.events.push_back(Event::MemberRemoved { member: member.record.clone(), reason });
        if tells {
            self.tell_left(id, now);
        }
        self.end_sends_to(id, now);
        if self.is_alone() && self.attempt.is_none() {
            self.became_alone(now);
        }
        self.schedule_seek(now);
        Some(member)
    }

    /// Removes all members without telling them, and refuses the newcomers whom we would have let in to them.
    pub(super) fn clear_members(&mut self, reason: &Removal, now: Now) {
        let disputed: Vec<Id> = self.disputed.keys().cloned().collect();
        disputed.iter().for_each(|id| _ = self.take_disputed(id));
        self.introductions.clear();
        self.refuse_newcomers();
        let ids: Vec<Id> = self.members.keys().cloned().collect();
        for id in ids {
            if let Some(member) = self.take_member(&id) {
                // Whoever has no part in the repair may be in another part of the cloud after it.
                if *reason == Removal::Repair {
                    self.remember_former(&member, now);
                }
                let record = member.record;
                self.events.push_back(Event::MemberRemoved { member: record, reason: reason.clone() });
            }
            self.end_tells_to(&id, now);
        }
    }

    fn tell_left(&mut self, id: &Id, now: Now) {
        let body = Self::body_of(&Request::Left(id.clone()));
        self.begin_send(SendKind::TellLeft, body, &Audience::all(), now);
    }

    /// Tells one member of another one. Only members that accept a record twice are told of what they may know.
    pub(super) fn tell_one(&mut self, to: &Id, record: &Record, now: Now) {
        self.tell_joined(record, Audience::one(to.clone()), now);
    }

    /// Tells members of another one. On another machine a loopback address leads to that machine itself, so only members at
    /// such addresses are told of it.
    pub(super) fn tell_joined(&mut self, record: &Record, audience: Audience, now: Now) -> Option<SendId> {
        let audience = if record.is_loopback() { audience.on_this_machine() } else { audience };
        let body = Self::body_of(&Request::Joined(record.clone()));
        self.begin_send(SendKind::TellJoined, body, &audience, now)
    }

    /// Tells one member at random of another one that we have reached. Two members that missed each other find each other
    /// so. Only members that accept a record twice are told.
    pub(super) fn remind(&mut self, now: Now, rng: &mut dyn Rng) {
        let ours: Vec<&Id> =
            self.members.values().filter(|member| member.is_ours).map(|member| &member.record.id).collect();
        let Some(to) = ours.choose(rng).copied().cloned() else { return };
        let is_reached = |member: &&Member| {
            let is_here = matches!(&member.last_check, Some(check) if check.result == CheckResult::Here);
            is_here && member.failures == 0 && member.record.id != to
        };
        let reached: Vec<&Record> =
            self.members.values().filter(is_reached).map(|member| &member.record).collect();
        if let Some(record) = reached.choose(rng).copied().cloned() {
            self.tell_one(&to, &record, now);
        }
    }

    pub(super) fn became_alone(&mut self, now: Now) {
        self.joined_at = None;
        self.events.push_back(Event::Alone { failure: None });
        self.schedule_rejoin(now);
    }

    pub(super) fn schedule_rejoin(&mut self, now: Now) {
        let has_addresses = !self.options.seeds.is_empty() || !self.former.is_empty();
        // One attempt is enough, however often we became alone.
        let at = now.uptime + self.options.rejoin_interval;
        self.timers.retain(|(due, timer)| *timer != Timer::Join || *due <= at);
        let is_scheduled = self.timers.iter().any(|(_, timer)| *timer == Timer::Join);
        if self.state == State::Active && has_addresses && !self.is_closing && !is_scheduled {
            self.schedule(at, Timer::Join);
        }
    }
}
