//! Checks of members, and what their results mean.

use std::time::Duration;

use rand::{Rng, RngExt};

use crate::{
    core::{CheckResult, Event, Failure, LastCheck, Member, Now, Outcome, Removal, RequestId, Source},
    protocol::{Id, Path, StatusAnswer},
};

use super::{Completion, Core, Purpose, Timer, sends::failure_of};

/// Minimum time between two periodic checks.
const MIN_INTERVAL: Duration = Duration::from_millis(100);
/// Failed checks in a row that remove a member.
const MAX_FAILURES: u8 = 2;
/// From this many shortages of resources in a row on, a check of a member that was never reached has failed.
const MAX_SHORTAGES: u8 = 5;
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
        self.check_member(&id, false, now);
    }

    /// Checks a member, or one that is disputed. Returns the number of the check.
    pub(super) fn check_member(&mut self, id: &Id, is_for_user: bool, now: Now) {
        self.begin_check(id, is_for_user, now);
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
        let request = (Path::Status, self.id.clone(), "{}".into());
        Some(self.emit_request(purpose, to, request, now))
    }

    pub(super) fn check_ended(
        &mut self,
        id: &Id,
        outcome: Outcome,
        (took, user): (Duration, Option<RequestId>),
        now: Now,
        rng: &mut dyn Rng,
    ) {
        let (result, joined) = read_status(outcome, id);
        if let Some(request) = user {
            self.completions.push_back(Completion::Checked { request, result: result.clone() });
        }
        let Some(member) = self.known_mut(id) else { return };
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
            CheckResult::Failed(Failure::NoResources(_) | Failure::Stopped) => {}
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
            self.schedule(recheck, Timer::CheckOf(id.clone()));
        }
    }

    /// A member is gone. One that is disputed is gone already: nobody is told.
    fn is_gone(&mut self, id: &Id, reason: Removal, now: Now) {
        if self.disputed.remove(id).is_none() {
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
        self.begin_check(id, false, now);
    }

    /// A disputed member answers: it comes back.
    fn undo_dispute(&mut self, id: &Id, now: Now, rng: &mut dyn Rng) {
        let Some(member) = self.disputed.remove(id) else { return };
        let Some(by) = member.disputed_by.clone() else { return };
        let (record, reach) = (member.record.clone(), member.reach);
        if !self.add_member(record.clone(), Source::Disputed(by.clone()), reach, now, rng) {
            return;
        }
        if let Some(back) = self.members.get_mut(id) {
            let (added, is_double) = (back.added, back.is_double);
            *back = Member { source: Source::Disputed(by.clone()), added, is_double, ..member };
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
