//! What came of requests.

use rand::Rng;

use crate::{
    core::{Event, Now, Outcome, Outgoing, Removal, RequestId},
    protocol::{Address, Id},
};

use super::{Core, InFlight, Purpose};

impl Core {
    /// A request of [`Core::poll_request`] ended. An id that is not in flight is ignored.
    pub fn handle_outcome(&mut self, id: RequestId, outcome: Outcome, now: Now, rng: &mut dyn Rng) {
        let Some(InFlight { purpose, to, since }) = self.in_flight.remove(&id) else { return };
        let took = now.uptime.saturating_sub(since);
        match purpose {
            Purpose::Join => self.join_answered(id, &to, outcome, now, rng),
            Purpose::Former(former) => self.former_answered(&former, &to, outcome, now, rng),
            Purpose::Seed => self.seed_answered(&to, outcome, now, rng),
            Purpose::Newcomer(number) => self.newcomer_checked(number, outcome, now, rng),
            Purpose::Check { member, is_for_user } => {
                self.record_kind((&member, &to), &outcome);
                let user = is_for_user.then_some(id);
                self.checking -= 1;
                self.check_ended((&member, &to), outcome, (took, user), now, rng);
                self.begin_waiting_checks(now);
            }
            Purpose::Send { send, member, attempt } => {
                self.record_kind((&member, &to), &outcome);
                self.drop_if_forbidden(&member, &outcome, now);
                self.send_ended(send, (member, attempt), outcome, took, now);
            }
        }
    }

    /// Whether a request still has to be made: the shell may ask before it begins one that waited.
    pub fn is_wanted(&self, request: &Outgoing) -> bool {
        self.in_flight.contains_key(&request.id)
    }

    /// Only an answer at the address of a member shows which program it is: any request can have its id.
    fn record_kind(&mut self, (id, to): (&Id, &Address), outcome: &Outcome) {
        if let (Outcome::Answered { is_ours: true, .. }, Some(member)) = (outcome, self.known_mut(id))
            && member.record.address == *to
        {
            member.is_ours = true;
        }
    }

    /// A name that leads to an address that is not contacted.
    pub(super) fn drop_if_forbidden(&mut self, id: &Id, outcome: &Outcome, now: Now) {
        if let Outcome::Failed(crate::core::Failure::Forbidden(scope)) = outcome {
            self.remove_member(id, Removal::Forbidden(*scope), now);
        }
    }

    /// Emits an event of the shell, such as one of a request that it refused.
    pub(super) fn emit(&mut self, event: Event) {
        self.events.push_back(event);
    }
}
