//! Asking other nodes to let us in.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use rand::{Rng, RngExt, seq::SliceRandom};

use crate::{
    core::{Event, Failure, Now, Outcome, Reach, RequestId, Source},
    protocol::{Address, Host, Id, JoinAnswer, JoinRequest, Path, Record, Request},
};

use super::{Completion, Core, Purpose, State, Timer, sends::failure_of};

/// Maximum announcements that are kept until the answer to our join says whether they are of members.
const MAX_EARLY: usize = 1024;
/// How often a node that lets in too many at once is asked again.
const MAX_BUSY: u32 = 40;
/// Range of the pause before it is asked again, in milliseconds.
const BUSY_PAUSE: std::ops::Range<u64> = 50..250;

/// An attempt to join a cloud.
#[derive(Debug)]
pub(super) struct Attempt {
    candidates: VecDeque<(Address, Reach)>,
    current: Option<(RequestId, Address, Reach)>,
    /// Nodes that were busy and are asked again.
    busy: VecDeque<(Address, Reach)>,
    times_busy: u32,
    /// Announcements of nodes that may turn out to be members: the sender, the record and its reach.
    early: BTreeMap<Id, (Id, Record, Reach)>,
    /// The members that did not know us, if it is a repair.
    repairs: Option<Vec<Id>>,
    /// Whether it is to join another part of our cloud. Then we keep our members.
    pub(super) heals: bool,
    failure: Option<Failure>,
}

/// What is known of a server besides its answer.
struct Server {
    remote: Option<std::net::IpAddr>,
    is_ours: bool,
}

/// The result of a successful join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// Who let us in.
    pub via: Address,
    /// Number of other members.
    pub members: usize,
}

/// Why nobody let us in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JoinFailure {
    /// There is nobody to ask.
    #[error("no other node is known")]
    NobodyToAsk,
    /// All failed. The cause is that of the last one.
    #[error("nobody let us in; the last one: {0}")]
    Refused(Failure),
    /// The node left its cloud, stopped, or began another attempt while this one ran.
    #[error("the attempt to join ended early: this node left, stopped, or began another one")]
    GivenUp,
}

impl Core {
    /// The time has come to ask the seeds again.
    pub(super) fn join_again(&mut self, now: Now, rng: &mut dyn Rng) {
        match self.state {
            // The user left meanwhile.
            State::Left => {}
            State::Active if self.is_alone() => self.join_seeds(now, rng),
            State::Active => self.seek_seeds(now, rng),
        }
    }

    /// Asks the seeds, and the former members, in random order.
    pub(super) fn join_seeds(&mut self, now: Now, rng: &mut dyn Rng) {
        if self.attempt.is_some() {
            return;
        }
        self.wants_seeds = true;
        self.left_seeds.clear();
        let reach = self.trusted();
        let mut candidates: Vec<_> = self
            .options
            .seeds
            .iter()
            .map(|seed| (seed.clone(), reach))
            .chain(self.former.iter().map(|former| (former.address.clone(), former.reach)))
            .filter(|(address, _)| !self.is_dropped_address(address))
            .collect();
        candidates.shuffle(rng);
        self.begin_attempt(candidates, None, now, rng);
    }

    /// The reach of what the user says.
    pub(super) fn trusted(&self) -> Reach {
        if self.options.is_local_only { Reach::TrustedLocal } else { Reach::Trusted }
    }

    pub(super) fn begin_attempt(
        &mut self,
        candidates: Vec<(Address, Reach)>,
        repairs: Option<Vec<Id>>,
        now: Now,
        rng: &mut dyn Rng,
    ) {
        self.attempt = Some(Attempt {
            candidates: candidates.into(),
            current: None,
            busy: VecDeque::new(),
            times_busy: 0,
            early: BTreeMap::new(),
            repairs,
            heals: false,
            failure: None,
        });
        self.ask_next(now, rng);
    }

    /// Asks the next candidate, or ends the attempt.
    pub(super) fn ask_next(&mut self, now: Now, rng: &mut dyn Rng) {
        let Some(attempt) = self.attempt.as_mut().filter(|attempt| attempt.current.is_none()) else { return };
        let Some((to, reach)) = attempt.candidates.pop_front() else {
            let has_busy = !attempt.busy.is_empty() && attempt.times_busy < MAX_BUSY;
            if has_busy {
                attempt.times_busy += 1;
                attempt.candidates = std::mem::take(&mut attempt.busy);
                // Longer each few times, so that a crowd of newcomers does not keep the node busy with its questions.
                let patience = 1 + (attempt.times_busy / 4).min(4);
                let pause = Duration::from_millis(rng.random_range(BUSY_PAUSE)) * patience;
                self.schedule(now.uptime + pause, Timer::AskAgain);
            } else {
                self.attempt_failed(now);
            }
            return;
        };
        if reach.check_host(&to.host).is_err() {
            let local = matches!(reach, Reach::TrustedLocal);
            let scope = to.host.scope().unwrap_or(clacks_transport::Scope::Reserved);
            attempt.failure = Some(if local { Failure::NotReachable } else { Failure::Forbidden(scope) });
            return self.ask_next(now, rng);
        }
        let join = JoinRequest {
            id: Some(self.id.clone()),
            ip: self.options.host.clone(),
            port: self.options.port,
            data: self.options.data.clone(),
        };
        let request = (Path::Join, self.id.clone(), Self::body_of(&Request::Join(join)));
        let id = self.emit_request(Purpose::Join, (to.clone(), reach), request, now);
        if let Some(attempt) = &mut self.attempt {
            attempt.current = Some((id, to, reach));
        }
    }

    /// Nobody let us in.
    fn attempt_failed(&mut self, now: Now) {
        let Some(attempt) = self.attempt.take() else { return };
        let failure = attempt.failure;
        if attempt.heals && !self.is_alone() {
            return;
        }
        if self.is_alone() {
            self.joined_at = None;
            self.emit(Event::Alone { failure: failure.clone() });
            self.schedule_rejoin(now);
        }
        self.schedule_seek(now);
        let ended = failure.map_or(JoinFailure::NobodyToAsk, JoinFailure::Refused);
        self.completions.push_back(Completion::JoinEnded(Err(ended)));
        self.process_held(now);
    }

    /// The answer to our request to join.
    pub(super) fn join_answered(
        &mut self,
        id: RequestId,
        to: &Address,
        outcome: Outcome,
        now: Now,
        rng: &mut dyn Rng,
    ) {
        let Some(attempt) = &mut self.attempt else { return };
        let Some((_, _, reach)) = attempt.current.take_if(|(current, ..)| *current == id) else { return };
        let (failure, may_have_counted) = match self.read_join(outcome) {
            Ok((answer, server)) => return self.adopt(answer, (to.clone(), reach), server, now, rng),
            Err(failed) => failed,
        };
        let Some(attempt) = &mut self.attempt else { return };
        if matches!(failure, Failure::Status { code: 429 | 503, .. }) {
            attempt.busy.push_back((to.clone(), reach));
        }
        attempt.failure = Some(failure);
        // If the join may have counted, the record with the old id dies at its next check, because we answer with the
        // new one. Whoever we let in meanwhile knows us by the old one.
        if may_have_counted && self.is_alone() {
            self.new_id(rng);
        }
        self.ask_next(now, rng);
    }

    /// Reads the answer. A failure comes with whether the join may have counted nevertheless.
    fn read_join(&self, outcome: Outcome) -> Result<(JoinAnswer, Server), (Failure, bool)> {
        let (status, body, server) = match outcome {
            Outcome::Answered { status, body, remote, is_ours } => (status, body, Server { remote, is_ours }),
            Outcome::Failed(failure) => {
                let is_unknown = matches!(
                    failure,
                    Failure::TimedOut | Failure::Cut | Failure::TooLong(_) | Failure::BadAnswer(_)
                );
                return Err((failure, is_unknown));
            }
        };
        if !(200..=299).contains(&status) {
            return Err((failure_of(status, &body), false));
        }
        let bad = |reason: &str| (Failure::BadAnswer(reason.into()), true);
        let answer =
            JoinAnswer::decode(&body, &self.options.bodies).map_err(|error| bad(&error.to_string()))?;
        if answer.id.as_ref().is_some_and(|id| *id != self.id) {
            Err(bad("it gives us another id"))
        } else if answer.server == self.id {
            Err(bad("it has our id"))
        } else {
            Ok((answer, server))
        }
    }

    /// Takes over the list of the cloud. What was announced meanwhile stays, and so does whoever we let in.
    fn adopt(
        &mut self,
        answer: JoinAnswer,
        (via, reach): (Address, Reach),
        Server { remote, is_ours }: Server,
        now: Now,
        rng: &mut dyn Rng,
    ) {
        let Some(mut attempt) = self.attempt.take() else { return };
        let before: Vec<Record> = self.members.values().map(|member| member.record.clone()).collect();
        let server = Record { id: answer.server.clone(), address: via.clone(), data: answer.server_data };
        let mut added = Vec::new();
        let mut add = |core: &mut Self, record: Record, source, reach| {
            if core.add_member(record.clone(), source, reach, now, rng) {
                added.push(record);
            }
        };
        add(self, server, Source::Via, reach);
        let theirs = Reach::of_remote(remote.or_else(|| via.host.ip()));
        for record in answer.members {
            add(self, record, Source::Answer(answer.server.clone()), theirs);
        }
        for (sender, record, reach) in std::mem::take(&mut attempt.early).into_values() {
            if self.members.contains_key(&sender) {
                add(self, record, Source::Told(sender), reach);
            }
        }
        if self.is_alone() {
            // The user dropped all that it names. It knows us now, by an id that we give up.
            attempt.failure = Some(Failure::BadAnswer("it names only members that were dropped here".into()));
            self.attempt = Some(attempt);
            self.new_id(rng);
            return self.ask_next(now, rng);
        }
        if let Some(server) = self.members.get_mut(&answer.server) {
            (server.was_reached, server.heard) = (true, Some(now.uptime));
            server.is_ours |= is_ours && server.record.address == via;
            server.record_knows_us(now.uptime);
            // It may have been a member already.
            self.emit(Event::MemberChanged { id: answer.server });
        }
        self.joined_at = Some(now.uptime);
        self.seen_as = answer.seen_as.clone().or_else(|| self.seen_as.take());
        let (members, left_out) = (self.members.len(), answer.left_out);
        self.emit(Event::Joined { via: via.clone(), members, left_out, seen_as: answer.seen_as });
        if attempt.heals {
            self.healed(added.len(), now);
        } else {
            self.introduce(&before, &added, now);
        }
        self.repaired(attempt.repairs, &via);
        self.schedule_seek(now);
        self.completions.push_back(Completion::JoinEnded(Ok(Joined { via, members })));
        self.process_held(now);
    }

    /// Tells those whom we let in while we joined of the cloud, and the cloud of them.
    fn introduce(&mut self, before: &[Record], added: &[Record], now: Now) {
        for ours in before {
            for theirs in added {
                self.tell_one(&theirs.id, ours, now);
                self.tell_one(&ours.id, theirs, now);
            }
        }
    }

    fn repaired(&mut self, repairs: Option<Vec<Id>>, via: &Address) {
        let Some(unknown) = repairs else { return };
        for id in unknown {
            if let Some(member) = self.members.get_mut(&id) {
                member.is_beyond_repair = true;
            }
        }
        let members = self.members.len();
        self.emit(Event::Repaired { via: via.clone(), members });
    }

    /// An announcement came from a node that is no member, while we join: its sender may be one that our answer names.
    /// Returns whether it is kept.
    pub(super) fn keep_early(&mut self, sender: &Id, record: Record, reach: Reach) -> bool {
        let Some(attempt) = &mut self.attempt else { return false };
        if attempt.current.is_none() || attempt.early.len() >= MAX_EARLY {
            return false;
        }
        attempt.early.insert(record.id.clone(), (sender.clone(), record, reach));
        true
    }

    /// Whether an announcement of a node that is no member may be of interest.
    pub(super) fn is_joining(&self) -> bool {
        self.attempt.as_ref().is_some_and(|attempt| attempt.current.is_some() && !attempt.heals)
    }

    /// Gives up joining. Returns whether a request to join was on its way, which may let us in nevertheless.
    pub(super) fn give_up_joining(&mut self) -> bool {
        let Some(attempt) = self.attempt.take() else { return false };
        self.completions.push_back(Completion::JoinEnded(Err(JoinFailure::GivenUp)));
        let current = attempt.current.map(|(id, ..)| self.in_flight.remove(&id));
        current.is_some()
    }

    /// How the node that let us in sees our host.
    pub fn seen_as(&self) -> Option<&Host> {
        self.seen_as.as_ref()
    }

    pub(super) fn set_active(&mut self) {
        self.state = State::Active;
    }
}
