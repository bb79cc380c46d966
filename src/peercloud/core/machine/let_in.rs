//! Letting newcomers in.

use std::{net::IpAddr, time::Duration};

use clacks_transport::rate_limit_key;
use rand::Rng;

use crate::{
    core::{Now, Outcome, Reach, Refusal, Removal, Source},
    protocol::{Address, Answer, Host, Id, JoinAnswer, JoinRequest, Path, Record, StatusAnswer},
};

use super::{Completion, Core, Purpose, Response, SendId, Timer, sends::Audience};

/// Maximum time that a newcomer waits until we have joined ourselves. It is part of the time for its check, so that with the
/// time for its announcement it gets an answer within the second for which a node of the package waits.
const MAX_HELD: Duration = Duration::from_millis(900);
/// With less time left a check is not begun.
const MIN_CHECK: Duration = Duration::from_millis(50);
/// A newcomer that was let in so recently may have missed others that were let in elsewhere at the same time.
const RECENT: Duration = Duration::from_secs(5);

/// The words of every refused join, so that nobody learns from them what is at another address.
const REFUSED: &str = "the check of the newcomer failed";

/// A request to join that waits for its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JoinNumber(pub(super) u64);

#[cfg(any(test, feature = "simulation"))]
impl JoinNumber {
    /// The request with this number, at a node with other rules.
    pub(crate) fn of(number: u64) -> Self {
        Self(number)
    }
}

#[derive(Debug)]
pub(super) struct Newcomer {
    record: Record,
    /// Whether the newcomer sent its id. Otherwise we made it, and its status need not say it.
    sent_id: bool,
    remote: IpAddr,
    arrived: Duration,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// It waits until we have joined ourselves.
    Held,
    Checking,
    /// It closed its connection while its check runs. It counts until the check ends.
    Cancelled,
    /// It is a member, and the others are told.
    Announcing(SendId),
}

impl Core {
    /// A request to join.
    pub(super) fn newcomer(
        &mut self,
        join: JoinRequest,
        remote: IpAddr,
        now: Now,
        rng: &mut dyn Rng,
    ) -> Response {
        let sent_id = join.id.is_some();
        let id = join.id.unwrap_or_else(|| Id::random(rng));
        let host = join.ip.unwrap_or_else(|| Host::from(remote));
        // The port is not 0.
        let Ok(address) = Address::of(host, join.port) else {
            return Response::Answer(self.refuse_join(remote, &id));
        };
        if let Err(answer) = self.allow_newcomer(&id, &address, remote) {
            return Response::Answer(answer);
        }
        let number = JoinNumber(self.number());
        let record = Record { id, address, data: join.data };
        // Of two nodes that ask each other at the same moment one waits: the one with the lower id lets the other in.
        let waits = self.is_joining() && record.id > self.id;
        let newcomer = Newcomer { record, sent_id, remote, arrived: now.uptime, phase: Phase::Held };
        self.newcomers.insert(number, newcomer);
        if waits {
            self.schedule(now.uptime + MAX_HELD, Timer::Newcomer(number));
        } else {
            self.check_newcomer(number, now);
        }
        Response::Wait(number)
    }

    fn allow_newcomer(&mut self, id: &Id, address: &Address, remote: IpAddr) -> Result<(), Answer> {
        let is_taken = self.known(id).is_some_and(|member| member.record.address != *address);
        let reach = Reach::of_remote(Some(remote));
        let key = rate_limit_key(remote);
        let open =
            || self.newcomers.values().filter(|newcomer| !matches!(newcomer.phase, Phase::Announcing(_)));
        let of_address = open().filter(|newcomer| rate_limit_key(newcomer.remote) == key).count();
        let (refusal, reason) = if is_taken || *id == self.id {
            (Refusal::IdTaken, "the id is that of another member")
        } else if self.is_dropped(id, address) || reach.check_host(&address.host).is_err() {
            (Refusal::Join, REFUSED)
        } else if !self.has_room_for(id) && self.known(id).is_none() {
            (Refusal::Full, "the cloud has no room for another member")
        } else if open().count() >= self.options.max_newcomers
            || of_address >= self.options.max_newcomers_per_address
        {
            (Refusal::Newcomers, "too many join at once; try again")
        } else {
            return Ok(());
        };
        Err(self.refuse(refusal, remote, Some(id.clone()), reason))
    }

    fn refuse_join(&mut self, remote: IpAddr, id: &Id) -> Answer {
        self.refuse(Refusal::Join, remote, Some(id.clone()), REFUSED)
    }

    fn check_newcomer(&mut self, number: JoinNumber, now: Now) {
        if self.time_for_check(number, now) < MIN_CHECK.min(self.options.newcomer_timeout) {
            return self.refuse_for_now(number);
        }
        let Some(newcomer) = self.newcomers.get_mut(&number) else { return };
        newcomer.phase = Phase::Checking;
        let to = (newcomer.record.address.clone(), Reach::of_remote(Some(newcomer.remote)));
        let request = (Path::Status, self.id.clone(), "{}".into());
        self.emit_request(Purpose::Newcomer(number), to, request, now);
    }

    /// Time for the check of a newcomer, without the time that it has waited already.
    pub(super) fn time_for_check(&self, number: JoinNumber, now: Now) -> Duration {
        let waited = |newcomer: &Newcomer| now.uptime.saturating_sub(newcomer.arrived);
        self.options
            .newcomer_timeout
            .saturating_sub(self.newcomers.get(&number).map(waited).unwrap_or_default())
    }

    /// Checks the newcomers that waited until we had joined.
    pub(super) fn process_held(&mut self, now: Now) {
        let held = self.newcomers.iter().filter(|(_, newcomer)| newcomer.phase == Phase::Held);
        let held: Vec<JoinNumber> = held.map(|(number, _)| *number).collect();
        for number in held {
            self.check_newcomer(number, now);
        }
    }

    /// The newcomer closed its connection. If it is no member yet, it is not let in.
    pub fn cancel_join(&mut self, number: JoinNumber) {
        match self.newcomers.get_mut(&number) {
            Some(newcomer) if matches!(newcomer.phase, Phase::Checking | Phase::Cancelled) => {
                newcomer.phase = Phase::Cancelled;
            }
            _ => _ = self.newcomers.remove(&number),
        }
    }

    /// The check of a newcomer ended.
    pub(super) fn newcomer_checked(
        &mut self,
        number: JoinNumber,
        outcome: Outcome,
        now: Now,
        rng: &mut dyn Rng,
    ) {
        self.newcomers.retain(|known, newcomer| *known != number || newcomer.phase != Phase::Cancelled);
        let Some(newcomer) = self.newcomers.get(&number) else { return };
        let (record, remote) = (newcomer.record.clone(), newcomer.remote);
        let is_ours = matches!(outcome, Outcome::Answered { is_ours: true, .. });
        let is_there = passes(outcome, &record.id, newcomer.sent_id);
        let is_known = self.known(&record.id).is_some_and(|member| member.record.address == record.address);
        if !is_there {
            let answer = self.refuse_join(remote, &record.id);
            return self.answer(number, answer);
        }
        if is_known && self.members.contains_key(&record.id) {
            // It missed our answer. The others know it.
            return self.answer_joined(number);
        }
        // Another node was at this address before.
        let former = self.members.values().find(|member| member.record.address == record.address);
        if let Some(former) = former.map(|member| member.record.id.clone()) {
            self.remove_member(&former, Removal::OtherId, now);
        }
        if !self.add_member(record.clone(), Source::LetIn, Reach::of_remote(Some(remote)), now, rng) {
            let reason = "the cloud has no room for another member";
            let answer = self.refuse(Refusal::Full, remote, Some(record.id), reason);
            return self.answer(number, answer);
        }
        if let Some(member) = self.members.get_mut(&record.id) {
            (member.was_reached, member.heard, member.is_ours) = (true, Some(now.uptime), is_ours);
        }
        let send = self.tell_joined(&record, Audience::all_but(record.id.clone()), now);
        match (send, self.newcomers.get_mut(&number)) {
            (Some(send), Some(newcomer)) if self.sends.contains_key(&send) => {
                newcomer.phase = Phase::Announcing(send);
                self.schedule(now.uptime + self.options.announce_timeout, Timer::Newcomer(number));
            }
            _ => self.answer_joined(number),
        }
    }

    /// All others have answered to an announcement.
    pub(super) fn announced(&mut self, send: SendId, _now: Now) {
        let announcing = |newcomer: &Newcomer| newcomer.phase == Phase::Announcing(send);
        let number =
            self.newcomers.iter().find(|(_, newcomer)| announcing(newcomer)).map(|(number, _)| *number);
        number.into_iter().for_each(|number| self.answer_joined(number));
    }

    /// We leave the cloud, so we let nobody in to it any more.
    pub(super) fn refuse_newcomers(&mut self) {
        let waiting = self.newcomers.iter().filter(|(_, newcomer)| newcomer.phase != Phase::Cancelled);
        let numbers: Vec<JoinNumber> = waiting.map(|(number, _)| *number).collect();
        numbers.into_iter().for_each(|number| self.refuse_for_now(number));
    }

    fn refuse_for_now(&mut self, number: JoinNumber) {
        let Some(newcomer) = self.newcomers.get(&number) else { return };
        let (remote, id) = (newcomer.remote, newcomer.record.id.clone());
        let answer = self.refuse(Refusal::Newcomers, remote, Some(id), "not in a cloud now; try again");
        self.answer(number, answer);
    }

    pub(super) fn newcomer_timed_out(&mut self, number: JoinNumber, _now: Now) {
        let Some(newcomer) = self.newcomers.get(&number) else { return };
        match newcomer.phase {
            Phase::Held => self.refuse_for_now(number),
            Phase::Announcing(_) => self.answer_joined(number),
            // The request has a time-out of its own.
            Phase::Checking | Phase::Cancelled => {}
        }
    }

    /// Answers with the list as it is now.
    fn answer_joined(&mut self, number: JoinNumber) {
        let Some(newcomer) = self.newcomers.get(&number) else { return };
        let record = &newcomer.record;
        // On another machine a loopback address leads to that machine itself.
        let is_local = newcomer.remote.to_canonical().is_loopback();
        let peers = self.members.values().map(|member| &member.record);
        let peers = peers.filter(|other| other.id != record.id && (is_local || !other.is_loopback()));
        let answer = JoinAnswer::encode((&record.id, &record.address), (&self.id, &self.options.data), peers);
        self.answer(number, answer);
    }

    /// About how many bytes the answer to a join has: the list of members.
    pub fn join_answer_size(&self) -> usize {
        /// Names, quotes and braces, and the port.
        const FRAME: usize = 48;
        let size = |Record { id, address, data }: &Record| {
            id.as_str().len() + address.host.as_str().len() + data.size() + FRAME
        };
        let members: usize = self.members.values().map(|member| size(&member.record)).sum();
        members + self.options.data.size() + 4 * FRAME
    }

    fn answer(&mut self, join: JoinNumber, answer: Answer) {
        self.newcomers.remove(&join);
        self.completions.push_back(Completion::Answer { join, answer });
    }

    /// A member announced somebody. Whom we let in a moment ago may have missed it, and is told if it accepts a record
    /// twice.
    pub(super) fn tell_recent(&mut self, record: &Record, sender: &Id, now: Now) {
        let is_recent = |added: Duration| now.uptime.saturating_sub(added) < RECENT;
        // So that a large cloud is not searched at each announcement.
        if !self.last_let_in.is_some_and(is_recent) {
            return;
        }
        let recent: Vec<Id> = self
            .members
            .values()
            .filter(|member| member.source == Source::LetIn && member.is_ours && is_recent(member.added))
            .map(|member| member.record.id.clone())
            .filter(|id| *id != record.id && id != sender)
            .collect();
        recent.iter().for_each(|id| self.tell_one(id, record, now));
    }
}

/// Whether a newcomer passes its check: it answers with its id, or without one if it sent none.
fn passes(outcome: Outcome, id: &Id, sent_id: bool) -> bool {
    let Outcome::Answered { status: 200..=299, body, .. } = outcome else { return false };
    match StatusAnswer::decode(&body) {
        Ok(StatusAnswer { id: Some(found), online, .. }) => online && found == *id,
        Ok(StatusAnswer { id: None, online, .. }) => online && !sent_id,
        Err(_) => false,
    }
}
