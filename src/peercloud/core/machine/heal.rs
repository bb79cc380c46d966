//! Joining the two parts of a cloud that losses have split.
//!
//! Each part has removed the members of the other one. A node remembers those, and asks one of them now and then whether it
//! is still there with the id that it had. If it is, the node joins through it and keeps its own members. Then it tells all
//! members that accept a record twice of each other. The others, which are nodes of the package, are told nothing that they
//! may know: the nodes of this library find out that those do not know them, and repair that.

use std::time::Duration;

use rand::{Rng, RngExt};

use crate::{
    core::{CheckResult, Member, Now, Outcome, Reach},
    protocol::{Address, Id, Path},
};

use super::{Core, Purpose, State, Timer, checks::read_status};

/// Maximum former members that are remembered.
pub(super) const MAX_FORMER: usize = 32;
/// How long a former member is asked whether it is there again.
const ASKED_FOR: Duration = Duration::from_secs(3600);
/// Of the nodes of a part the one with the lowest id asks most often, the others less often, so that the parts are joined
/// once. This is how many times less at most.
const MAX_RANK: u32 = 9;
/// Time from the join to the introductions: the first checks have shown by then who accepts a record twice.
const INTRODUCE_AFTER: Duration = Duration::from_millis(3500);
/// What each new member adds to it.
const INTRODUCE_PER_MEMBER: Duration = Duration::from_millis(250);

/// A member that is gone without a goodbye.
#[derive(Debug, Clone)]
pub(super) struct Former {
    id: Id,
    pub(super) address: Address,
    pub(super) reach: Reach,
    removed: Duration,
}

impl Core {
    /// Remembers a member that was removed.
    pub(super) fn remember_former(&mut self, member: &Member, now: Now) {
        let (id, address) = (member.record.id.clone(), member.record.address.clone());
        self.forget_former(&address);
        self.former.push_back(Former { id, address, reach: member.reach, removed: now.uptime });
        if self.former.len() > MAX_FORMER {
            self.former.pop_front();
        }
        if !self.timers.iter().any(|(_, timer)| *timer == Timer::Heal) {
            self.schedule(now.uptime + self.options.rejoin_interval, Timer::Heal);
        }
    }

    fn forget_former(&mut self, address: &Address) {
        self.former.retain(|known| known.address != *address);
    }

    /// Asks one former member at random whether it is there again. A node that is alone asks them all, to be let in.
    pub(super) fn ask_former(&mut self, now: Now, rng: &mut dyn Rng) {
        let is_asked = |former: &&Former| {
            let is_elsewhere = !self.addresses.contains_key(&former.address);
            is_elsewhere
                && former.removed + ASKED_FOR > now.uptime
                && !self.is_dropped(&former.id, &former.address)
        };
        let asked: Vec<&Former> = self.former.iter().filter(is_asked).collect();
        if asked.is_empty() || self.state == State::Left || self.is_closing {
            return;
        }
        let one = asked[rng.random_range(0..asked.len())].clone();
        let interval = self.options.rejoin_interval;
        let is_lower = |member: &&Member| member.is_ours && member.record.id < self.id;
        let rank = self.members.values().filter(is_lower).count().min(MAX_RANK as usize) as u32;
        self.schedule(now.uptime + interval * rank + spread(interval, rng) + interval, Timer::Heal);
        if !self.is_alone() && self.attempt.is_none() {
            let request = (Path::Status, self.id.clone(), "{}".into());
            self.emit_request(Purpose::Former(one.id), (one.address, one.reach), request, now);
        }
    }

    /// A former member answered, or did not.
    pub(super) fn former_answered(
        &mut self,
        id: &Id,
        address: &Address,
        outcome: Outcome,
        now: Now,
        rng: &mut dyn Rng,
    ) {
        let reach = self.former.iter().find(|former| former.address == *address).map(|former| former.reach);
        match (read_status(outcome, id).0, reach) {
            // With the same id it is in the other part. Otherwise it has joined another cloud since.
            (CheckResult::Here, Some(reach)) if !self.is_alone() && self.attempt.is_none() => {
                self.begin_attempt(vec![(address.clone(), reach)], None, now, rng);
                self.attempt.iter_mut().for_each(|attempt| attempt.heals = true);
            }
            (CheckResult::OtherId(_) | CheckResult::Offline, _) => self.forget_former(address),
            _ => {}
        }
    }

    /// The parts are joined. Whom we told of nobody yet hears of all others soon.
    pub(super) fn healed(&mut self, added: usize, now: Now) {
        let after = INTRODUCE_AFTER + INTRODUCE_PER_MEMBER * added as u32;
        self.schedule(now.uptime + after, Timer::Introduce);
    }

    /// Tells the members that accept a record twice of all that we have reached, a few at a time.
    pub(super) fn introduce_all(&mut self, now: Now) {
        let is_reached = |member: &&Member| member.was_reached && member.failures == 0;
        let reached = self.members.values().filter(is_reached);
        self.introductions = reached.map(|member| member.record.id.clone()).collect();
        self.begin_introductions(now);
    }
}

/// A part of an interval, at random.
pub(super) fn spread(interval: Duration, rng: &mut dyn Rng) -> Duration {
    Duration::from_millis(rng.random_range(0..=interval.as_millis() as u64))
}
