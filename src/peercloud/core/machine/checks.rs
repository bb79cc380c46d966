//! Checks of members, and what their results mean.

use std::time::Duration;

use rand::{Rng, RngExt};

use crate::{
    core::{CheckResult, Event, Failure, LastCheck, Member, Now, Outcome, Removal, RequestId, Source},
    protocol::{Address, Id, Path, StatusAnswer},
};

use super::{Completion, Core, Purpose, Timer, sends::failure_of};

/// Minimum time between two periodic checks.
const MIN_INTERVAL: Duration = Duration::from_millis(100);
/// Failed checks in a row that remove a member.
const MAX_FAILURES: u8 = 2;
/// From this many shortages of resources in a row on, a check of a member that was never reached has failed.
const MAX_SHORTAGES: u8 = 5;
/// From this many on, a member that is disputed is gone.
const MAX_SHORTAGES_DISPUTED: u8 = 3;
/// Maximum checks at a time of members that may be inventions. Others may make it more: the periodic one, second checks of
/// members that we have reached, and those that the user asks for.
const MAX_CHECKS: usize = 4;
/// A member that has not shown for this long that it knows us is asked, so that a quiet node notices too.
const PROBE_AFTER: Duration = Duration::from_secs(60);

impl Core {
    pub(super) fn schedule_check(&mut self, now: Duration) {
        self.timers.retain(|(_, timer)| *timer != Timer::Check);
        if let Some(interval) = self.options.check_interval {
            self.schedule(now + interval.max(MIN_INTERVAL), Timer::Check);
        }
    }

    /// Checks one member at random.
    pub(super) fn check_any(&mut self, now: Now, rng: &mut dyn Rng) {
        let free: Vec<&Id> = self
            .members
            .values()
            .filter(|member| !member.is_being_checked)
            .map(|member| &member.record.id)
            .collect();
        if free.is_empty() {
            return;
        }
        let id = free[rng.random_range(0..free.len())].clone();
        self.begin_check(&id, false, now);
    }

    /// The scheduled check of a member is due.
    pub(super) fn check_is_due(&mut self, id: &Id, now: Now) {
        let Some(member) = self.known_mut(id) else { return };
        member.check_due = None;
        if member.was_reached && self.members.contains_key(id) {
            self.begin_check(id, false, now);
        } else {
            self.check_soon(id, now);
        }
    }

    /// Checks a member that may be an invention of another one: a few at a time, whatever number of them there is.
    fn check_soon(&mut self, id: &Id, now: Now) {
        if self.checking < MAX_CHECKS {
            self.begin_check(id, false, now);
            return;
        }
        let number = self.number();
        let Some(member) = self.known_mut(id) else { return };
        if !member.is_being_checked && member.check_turn.is_none() {
            let turn = (!member.was_reached, number);
            member.check_turn = Some(turn);
            self.waiting_checks.insert(turn, id.clone());
        }
    }

    /// A check has ended, so another one may begin.
    pub(super) fn begin_waiting_checks(&mut self, now: Now) {
        while self.checking < MAX_CHECKS
            && let Some((_, id)) = self.waiting_checks.pop_first()
        {
            if let Some(member) = self.known_mut(&id) {
                member.check_turn = None;
                self.begin_check(&id, false, now);
            }
        }
    }

    /// Forgets the checks of a member that are still to be made.
    pub(super) fn forget_checks(&mut self, member: &mut Member) {
        if let Some(at) = member.check_due.take() {
            self.unschedule_check(&member.record.id, at);
        }
        member.check_turn.take().into_iter().for_each(|turn| _ = self.waiting_checks.remove(&turn));
    }

    /// Schedules a check of a member, or of one that is disputed, instead of that which is scheduled.
    fn schedule_check_of(&mut self, id: &Id, at: Duration) {
        let Some(member) = self.known_mut(id) else { return };
        if let Some(before) = member.check_due.replace(at) {
            self.unschedule_check(id, before);
        }
        self.schedule(at, Timer::CheckOf(id.clone()));
    }

    fn unschedule_check(&mut self, id: &Id, at: Duration) {
        self.timers.remove(&(at, Timer::CheckOf(id.clone())));
        self.timers.remove(&(at, Timer::FirstCheck(id.clone())));
    }

    /// A member that is disputed comes back, or is gone.
    pub(super) fn take_disputed(&mut self, id: &Id) -> Option<Member> {
        let mut member = self.disputed.remove(id)?;
        self.forget_checks(&mut member);
        Some(member)
    }

    pub(super) fn begin_check(&mut self, id: &Id, is_for_user: bool, now: Now) -> Option<RequestId> {
        let member = self.known_mut(id)?;
        if member.is_being_checked && !is_for_user {
            return None;
        }
        member.is_being_checked = true;
        let to = (member.record.address.clone(), member.reach);
        let purpose = Purpose::Check { member: id.clone(), is_for_user };
        self.counters.checks += 1;
        self.checking += 1;
        let request = (Path::Status, self.id.clone(), "{}".into());
        Some(self.emit_request(purpose, to, request, now))
    }

    pub(super) fn check_ended(
        &mut self,
        (id, to): (&Id, &Address),
        outcome: Outcome,
        (took, user): (Duration, Option<RequestId>),
        now: Now,
        rng: &mut dyn Rng,
    ) {
        let (result, joined) = read_status(outcome, id);
        if let Some(request) = user {
            self.completions.push_back(Completion::Checked { request, result: result.clone() });
        }
        // It may have been removed and added with another address meanwhile.
        let Some(member) = self.known_mut(id).filter(|member| member.record.address == *to) else { return };
        member.is_being_checked = false;
        member.last_check = Some(LastCheck { at: now.uptime, took, result: result.clone() });
        let is_shortage = matches!(result, CheckResult::Failed(Failure::NoResources(_)));
        member.shortages = if is_shortage { member.shortages.saturating_add(1) } else { 0 };
        let is_unproven = !member.was_reached && member.shortages >= MAX_SHORTAGES;
        let record = member.record.clone();
        self.emit(Event::Checked { member: record, took, result: result.clone() });
        match result {
            CheckResult::Here => self.is_here(id, joined, now, rng),
            CheckResult::OtherId(Some(_)) => self.is_gone(id, Removal::OtherId, now),
            // A shortage here says nothing about the member, but one that never answered may not exist.
            CheckResult::Failed(Failure::NoResources(_)) if is_unproven => self.check_failed(id, now),
            CheckResult::Failed(Failure::NoResources(_)) => self.lacks_resources(id, now),
            CheckResult::Failed(Failure::Stopped) => {}
            CheckResult::Failed(Failure::Forbidden(scope)) => {
                self.is_gone(id, Removal::Forbidden(scope), now);
            }
            CheckResult::Failed(_) | CheckResult::Offline | CheckResult::OtherId(None) => {
                self.check_failed(id, now);
            }
        }
    }

    fn is_here(&mut self, id: &Id, joined: Option<bool>, now: Now, rng: &mut dyn Rng) {
        self.undo_dispute(id, now, rng);
        let Some(member) = self.members.get_mut(id) else { return };
        member.failures = 0;
        member.was_reached = true;
        member.heard = Some(now.uptime);
        member.says_not_joined = joined == Some(false);
        let known = member.knew_us.or(Some(member.added));
        let is_quiet = known.is_some_and(|at| at + PROBE_AFTER <= now.uptime);
        let is_new = member.knew_us.is_none() && member.source != Source::LetIn;
        if joined == Some(false) {
            self.mark_unknown(id, now);
        } else if is_quiet || is_new {
            self.probe(id, now, rng);
        }
    }

    fn check_failed(&mut self, id: &Id, now: Now) {
        let recheck_after = self.options.recheck_after;
        let recheck = now.uptime + recheck_after;
        let Some(member) = self.known_mut(id) else { return };
        // Another check failed a moment ago. The one that decides is scheduled.
        if member.failures > 0 && member.failed_at + recheck_after > now.uptime {
            return;
        }
        member.failures += 1;
        member.failed_at = now.uptime;
        if member.failures >= MAX_FAILURES {
            self.is_gone(id, Removal::NoAnswer, now);
        } else {
            self.schedule_check_of(id, recheck);
        }
    }

    /// A check was not possible. A member that is disputed is checked again, because nothing else ends the dispute.
    fn lacks_resources(&mut self, id: &Id, now: Now) {
        let Some(member) = self.disputed.get(id) else { return };
        if member.shortages >= MAX_SHORTAGES_DISPUTED {
            self.take_disputed(id);
        } else {
            self.schedule_check_of(id, now.uptime + self.options.recheck_after);
        }
    }

    /// A member is gone. One that is disputed is gone already: nobody is told.
    fn is_gone(&mut self, id: &Id, reason: Removal, now: Now) {
        if self.take_disputed(id).is_none() {
            self.remove_member(id, reason, now);
        }
    }

    /// Somebody said that a member is gone. It is removed, and checked.
    pub(super) fn dispute(&mut self, id: &Id, by: &Id, now: Now) {
        let reason = Removal::FoundGoneBy(by.clone());
        let Some(mut member) = self.remove_member(id, reason, now) else { return };
        member.disputed_by = Some(by.clone());
        member.failures = 0;
        self.disputed.insert(id.clone(), member);
        self.check_soon(id, now);
    }

    /// A disputed member answers: it comes back.
    fn undo_dispute(&mut self, id: &Id, now: Now, rng: &mut dyn Rng) {
        let Some(member) = self.take_disputed(id) else { return };
        let Some(by) = member.disputed_by.clone() else { return };
        let (record, reach) = (member.record.clone(), member.reach);
        if !self.add_member(record.clone(), Source::Disputed(by.clone()), reach, now, rng) {
            return;
        }
        if let Some(back) = self.members.get_mut(id) {
            let source = Source::Disputed(by.clone());
            *back = Member {
                source,
                added: back.added,
                is_double: back.is_double,
                check_due: back.check_due,
                ..member
            };
        }
        // The one that said so lacks it now. A node of the package would have it twice if several told it.
        if self.members.get(&by).is_some_and(|member| member.is_ours) {
            self.tell_one(&by, &record, now);
        }
    }
}

/// The result of a check of `id`, and whether the node says that it is in a cloud.
pub(super) fn read_status(outcome: Outcome, id: &Id) -> (CheckResult, Option<bool>) {
    let (status, body) = match outcome {
        Outcome::Failed(failure) => return (CheckResult::Failed(failure), None),
        Outcome::Answered { status, body, .. } => (status, body),
    };
    if !(200..=299).contains(&status) {
        return (CheckResult::Failed(failure_of(status, &body)), None);
    }
    match StatusAnswer::decode(&body) {
        Ok(StatusAnswer { id: Some(found), .. }) if found != *id => (CheckResult::OtherId(Some(found)), None),
        Ok(StatusAnswer { id: None, .. }) => (CheckResult::OtherId(None), None),
        Ok(StatusAnswer { online: false, .. }) => (CheckResult::Offline, None),
        Ok(StatusAnswer { joined, .. }) => (CheckResult::Here, joined),
        Err(error) => (CheckResult::Failed(Failure::BadAnswer(error.to_string().into())), None),
    }
}
