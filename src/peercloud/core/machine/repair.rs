//! Noticing that members do not know us, and joining again.

use std::time::Duration;

use rand::Rng;

use crate::{
    core::{Event, Now, Reach, Removal},
    protocol::{Address, Id, Request},
};

use super::{Core, SendKind, State, Timer, sends::Audience};

/// How long half of the members must not know us until we repair: longer than a join takes.
const HALF_AFTER: Duration = Duration::from_secs(2);
/// The age from which a sign that a member does not know us is confirmed before a repair.
const CONFIRM_AFTER: Duration = Duration::from_millis(1500);

impl Core {
    /// A member has shown that it does not know us.
    pub(super) fn mark_unknown(&mut self, id: &Id, now: Now) {
        let Some(member) = self.members.get_mut(id) else { return };
        member.is_being_probed = false;
        member.unknown_seen = now.uptime;
        if member.unknown_since.is_none() {
            member.unknown_since = Some(now.uptime);
            let record = member.record.clone();
            self.events.push_back(Event::DoesNotKnowUs { member: record });
            self.schedule_repair(now.uptime + HALF_AFTER.min(self.options.repair_after));
        } else {
            // The sign may be the confirmation for which a repair waited.
            self.schedule_repair(now.uptime);
        }
    }

    /// Considers a repair at this time, unless it is considered before. Then [`Core::consider_repair`] schedules the next
    /// time itself, so that no member makes us keep many timers.
    fn schedule_repair(&mut self, at: Duration) {
        if !self.timers.iter().any(|(due, timer)| *timer == Timer::Repair && *due <= at) {
            self.schedule(at, Timer::Repair);
        }
    }

    /// Schedules the next time at which a member has not known us for long enough.
    fn schedule_next_repair(&mut self, now: Now) {
        let since = self.members.values().filter_map(|member| member.unknown_since);
        let times = since.flat_map(|at| [at + HALF_AFTER, at + self.options.repair_after]);
        if let Some(next) = times.filter(|at| *at > now.uptime).min() {
            self.schedule_repair(next);
        }
    }

    /// Asks a member whether it knows us, with a notice that changes nothing: an id that nobody has is gone.
    pub(super) fn probe(&mut self, id: &Id, now: Now, rng: &mut dyn Rng) {
        let Some(member) = self.members.get_mut(id).filter(|member| !member.is_being_probed) else { return };
        member.is_being_probed = true;
        let body = Self::body_of(&Request::Left(Id::random(rng)));
        if self.begin_send(SendKind::Probe, body, &Audience::one(id.clone()), now).is_none() {
            self.members.get_mut(id).into_iter().for_each(|member| member.is_being_probed = false);
        }
    }

    /// Repairs if half of the members have not known us for 2 s, or one for 30 s, and it is confirmed.
    pub(super) fn consider_repair(&mut self, now: Now, rng: &mut dyn Rng) {
        self.schedule_next_repair(now);
        if !self.options.repair || self.attempt.is_some() || self.state == State::Left || self.is_closing {
            return;
        }
        self.remove_beyond_repair(now, rng);
        let due = self.due_for_repair(now);
        if due.is_empty() {
            return;
        }
        let next = self.last_repair.map(|last| last + self.options.repair_interval);
        if let Some(next) = next.filter(|next| *next > now.uptime) {
            self.schedule_repair(next);
            return;
        }
        let unconfirmed: Vec<Id> = due.into_iter().filter(|id| !self.is_confirmed(id, now)).collect();
        if unconfirmed.is_empty() {
            self.repair_now(now, rng);
        } else {
            unconfirmed.iter().for_each(|id| self.probe(id, now, rng));
        }
    }

    /// Whether it is fresh that a member does not know us.
    fn is_confirmed(&self, id: &Id, now: Now) -> bool {
        self.members.get(id).is_some_and(|member| member.unknown_seen + CONFIRM_AFTER > now.uptime)
    }

    /// Forgets members that do not know us although we have repaired. Nobody is told.
    fn remove_beyond_repair(&mut self, now: Now, rng: &mut dyn Rng) {
        let lasts = |since: Duration| since + self.options.repair_after <= now.uptime;
        let members = self.members.values().filter(|member| member.is_beyond_repair);
        let ids: Vec<Id> = members
            .filter(|member| member.unknown_since.is_some_and(lasts))
            .map(|member| member.record.id.clone())
            .collect();
        for id in ids {
            if self.is_confirmed(&id, now) {
                self.remove_member(&id, Removal::DoesNotKnowUs, now);
            } else {
                self.probe(&id, now, rng);
            }
        }
    }

    /// The members because of which we repair.
    fn due_for_repair(&self, now: Now) -> Vec<Id> {
        let lasts = |since: Option<Duration>, time: Duration| since.is_some_and(|at| at + time <= now.uptime);
        let hopeful = || self.members.values().filter(|member| !member.is_beyond_repair);
        let half: Vec<Id> = hopeful()
            .filter(|member| lasts(member.unknown_since, HALF_AFTER))
            .map(|member| member.record.id.clone())
            .collect();
        if half.len() * 2 >= self.members.len() {
            return half;
        }
        let long = hopeful().filter(|member| lasts(member.unknown_since, self.options.repair_after));
        long.map(|member| member.record.id.clone()).collect()
    }

    /// Leaves and joins again with a new id, through the members.
    pub(super) fn repair_now(&mut self, now: Now, rng: &mut dyn Rng) {
        let unknown: Vec<Id> = self
            .members
            .values()
            .filter(|member| member.unknown_since.is_some())
            .map(|member| member.record.id.clone())
            .collect();
        self.last_repair = Some(now.uptime);
        self.emit(Event::Repairing { unknown_to: unknown.len() });
        // Those that know us are asked first, then those that are in a cloud, then those that say that they are not.
        let mut members: Vec<_> = self.members.values().collect();
        members.sort_by_key(|member| (member.unknown_since.is_some(), member.says_not_joined));
        let candidates: Vec<(Address, Reach)> =
            members.iter().map(|member| (member.record.address.clone(), member.reach)).collect();
        self.say_goodbye(now);
        self.clear_members(&Removal::Repair, now);
        self.new_id(rng);
        self.begin_attempt(candidates, Some(unknown), now, rng);
    }

    pub(super) fn new_id(&mut self, rng: &mut dyn Rng) {
        self.id = Id::random(rng);
        self.emit(Event::IdChanged { id: self.id.clone() });
    }
}
