//! Looking for the seeds while none of them is a member: then we are in another part of their cloud, or in another cloud.

use rand::{Rng, seq::IteratorRandom};

use crate::{
    core::{Now, Outcome},
    protocol::{Address, Id, Path, StatusAnswer},
};

use super::{Core, Purpose, State, Timer, heal::spread};

impl Core {
    /// Schedules a question to a seed if we are in a cloud without any.
    pub(super) fn schedule_seek(&mut self, now: Now) {
        if self.lacks_seeds() {
            self.schedule_rejoin(now);
        }
    }

    fn lacks_seeds(&self) -> bool {
        let is_member = |seed: &Address| self.addresses.contains_key(seed);
        self.wants_seeds
            && self.state == State::Active
            && !self.is_alone()
            && !self.is_closing
            && !self.options.seeds.iter().any(is_member)
            && self.sought_seeds().next().is_some()
    }

    /// The seeds that are asked. One that said goodbye wants to be elsewhere.
    fn sought_seeds(&self) -> impl Iterator<Item = &Address> {
        let is_sought = |seed: &&Address| !self.left_seeds.contains(*seed) && !self.is_dropped_address(seed);
        self.options.seeds.iter().filter(is_sought)
    }

    /// A member said goodbye.
    pub(super) fn remember_left_seed(&mut self, address: &Address) {
        if self.options.seeds.contains(address) {
            self.left_seeds.insert(address.clone());
        }
    }

    /// Asks one seed at random who it is, if none is a member. It may be one under another address.
    pub(super) fn seek_seeds(&mut self, now: Now, rng: &mut dyn Rng) {
        if !self.lacks_seeds() {
            return;
        }
        // Not all members that have lost a seed at the same time ask it at the same time.
        let interval = self.options.rejoin_interval;
        self.schedule(now.uptime + interval + spread(interval, rng), Timer::Join);
        if self.attempt.is_none()
            && let Some(seed) = self.sought_seeds().choose(rng).cloned()
        {
            let request = (Path::Status, self.id.clone(), "{}".into());
            self.emit_request(Purpose::Seed, (seed, self.trusted()), request, now);
        }
    }

    /// A seed answered, or did not. If it is no member, we ask it to let us in and keep our members: its cloud and ours
    /// become one.
    pub(super) fn seed_answered(&mut self, address: &Address, outcome: Outcome, now: Now, rng: &mut dyn Rng) {
        let is_other = |id: &Id| *id != self.id && self.known(id).is_none();
        let is_elsewhere = id_in(outcome).as_ref().is_some_and(is_other);
        if is_elsewhere && self.lacks_seeds() && self.attempt.is_none() {
            let candidates = vec![(address.clone(), self.trusted())];
            self.begin_attempt(candidates, None, now, rng);
            self.attempt.iter_mut().for_each(|attempt| attempt.heals = true);
        }
    }
}

/// The id in an answer to `/status`.
fn id_in(outcome: Outcome) -> Option<Id> {
    match outcome {
        Outcome::Answered { status: 200..=299, body, .. } => {
            StatusAnswer::decode(&body).ok().filter(|answer| answer.online)?.id
        }
        _ => None,
    }
}
