//! Requests of others.

use std::net::IpAddr;

use rand::Rng;

use crate::{
    core::{Event, Now, Reach, Refusal, Removal, SignatureCheck, Source, replay::Freshness},
    protocol::{Acknowledgement, Answer, BodyError, Id, Json, Path, Record, Request, StatusAnswer},
};

use super::{Core, JoinNumber};

/// The head of a request.
#[derive(Debug, Clone)]
pub struct Head<'a> {
    /// Whether the method is POST.
    pub is_post: bool,
    /// The path with what follows it.
    pub path: &'a str,
    /// The id of the sender. `None` if the header is missing, there twice or malformed.
    pub sender: Option<&'a Id>,
    /// The remote address.
    pub remote: IpAddr,
}

/// A request whose body has arrived.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// The path that [`Core::check_head`] returned.
    pub path: Path,
    /// The id of the sender, as in [`Head`].
    pub sender: Option<Id>,
    /// The remote address.
    pub remote: IpAddr,
    /// What the shell found about the signature.
    pub signature: SignatureCheck,
    /// The body.
    pub request: Result<Request, BodyError>,
}

/// What a request is answered with.
#[derive(Debug, Clone, PartialEq)]
pub enum Response {
    /// The answer.
    Answer(Answer),
    /// The handler of messages has to reply. [`Core::reply`] makes the answer.
    Handle(Call),
    /// The answer comes as [`Completion::Answer`](super::Completion::Answer). If the connection is closed before, the
    /// shell calls [`Core::cancel_join`].
    Wait(JoinNumber),
}

/// A message for the handler.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Call {
    /// The sender.
    pub member: Record,
    /// The message: an object or an array.
    pub message: Json,
    /// The remote address.
    pub remote: IpAddr,
}

/// Why the handler of messages gave no reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandlerError {
    /// It took too long.
    #[error("the handler did not reply in time")]
    TimedOut,
    /// It returned an error.
    #[error("{0}")]
    Failed(String),
}

impl Core {
    /// Checks the head of a request, before its body is read.
    ///
    /// # Errors
    /// The answer with which it is refused.
    pub fn check_head(&mut self, head: &Head<'_>) -> Result<Path, Answer> {
        let sender = head.sender.cloned();
        if !head.is_post {
            return Err(self.refuse(Refusal::Method, head.remote, sender, "only POST is answered"));
        }
        let Some(path) = Path::of(head.path) else {
            return Err(self.refuse(Refusal::Path, head.remote, sender, "no such path"));
        };
        if self.is_closing && path != Path::Status {
            return Err(self.refuse(Refusal::Stopping, head.remote, sender, "the node stops"));
        }
        if !path.needs_member() {
            return Ok(path);
        }
        let known = sender.as_ref().and_then(|id| self.known(id)).is_some();
        let is_early = path == Path::Joined && sender.is_some() && self.is_joining();
        if known || is_early {
            Ok(path)
        } else if sender.as_ref().is_some_and(|id| self.dropped.contains_key(id)) {
            Err(self.refuse(Refusal::Dropped, head.remote, sender, "the id is not that of a member"))
        } else {
            Err(self.refuse(Refusal::UnknownId, head.remote, sender, "the id is not that of a member"))
        }
    }

    /// Whether the signature of a request to this path is checked.
    pub fn needs_signature(&self, path: Path) -> bool {
        self.options.is_signed && path != Path::Status
    }

    /// Processes a request.
    pub fn receive(&mut self, incoming: Incoming, now: Now, rng: &mut dyn Rng) -> Response {
        // The sender may have been removed while the body arrived.
        let head = Head {
            is_post: true,
            path: incoming.path.as_str(),
            sender: incoming.sender.as_ref(),
            remote: incoming.remote,
        };
        let checked = self.check_head(&head).and_then(|_| self.check_signature(&incoming, now));
        if let Err(answer) = checked {
            return Response::Answer(answer);
        }
        let Incoming { sender, remote, request, .. } = incoming;
        let request = match request {
            Ok(request) => request,
            Err(error) => {
                let refusal = if error.status() == 413 { Refusal::TooLong } else { Refusal::Body };
                return Response::Answer(self.refuse(refusal, remote, sender, &error.to_string()));
            }
        };
        // The event of a check reports the contact too.
        let is_silent = matches!(request, Request::Status);
        // It has us in its list, or it would not send us anything but that we are gone.
        let knows_us = !matches!(&request, Request::Left(id) if *id == self.id);
        self.record_contact(sender.as_ref(), remote, (is_silent, knows_us), now);
        match (request, sender) {
            (Request::Join(join), _) => self.newcomer(join, remote, now, rng),
            (Request::Status, sender) => Response::Answer(self.status(sender.as_ref(), now)),
            (Request::Joined(record), Some(sender)) => {
                Response::Answer(self.joined(record, &sender, remote, now, rng))
            }
            (Request::Left(id), Some(sender)) => Response::Answer(self.left(&id, &sender, now)),
            (Request::Update { id, data }, Some(sender)) => {
                Response::Answer(self.updated(&id, data, &sender, remote))
            }
            (Request::Message(message), Some(sender)) => self.message(message, sender, remote, now),
            // Checked above.
            (_, None) => Response::Answer(self.refuse(Refusal::UnknownId, remote, None, "no id")),
        }
    }

    /// Emits the event of a refused request, counts it, and makes its answer.
    pub fn refuse(&mut self, refusal: Refusal, from: IpAddr, sender: Option<Id>, reason: &str) -> Answer {
        self.refusals().count(refusal);
        let status = refusal.status();
        let (text, is_repeated) = (reason.into(), false);
        self.emit(Event::Refused { refusal, from, sender, status, reason: text, is_repeated });
        Answer::error(status, reason)
    }

    fn check_signature(&mut self, incoming: &Incoming, now: Now) -> Result<(), Answer> {
        let Incoming { path, sender, remote, signature, .. } = incoming;
        if !self.needs_signature(*path) {
            return Ok(());
        }
        let member = sender.as_ref().and_then(|id| self.known_mut(id));
        let (refusal, reason) = match signature {
            SignatureCheck::Good { timestamp, fingerprint } => {
                let max = self.options.max_clock_difference.as_millis() as u64;
                let off = timestamp.distance(now.unix_ms);
                if max > 0 && off > max {
                    self.clock_is_off(sender.as_ref(), off);
                    let seconds = off.div_ceil(1000);
                    let reason = format!("clock off by {seconds} s");
                    return Err(self.refuse(Refusal::Clock, *remote, sender.clone(), &reason));
                }
                let (memory, most) = (self.options.replay_memory, self.options.max_remembered);
                match self.replays.record(*fingerprint, now.uptime, memory, most) {
                    Freshness::New => {
                        self.is_signed_well(sender.as_ref());
                        return Ok(());
                    }
                    Freshness::Replayed => {
                        (Refusal::Replay, "the same signed request came before".to_owned())
                    }
                    Freshness::Full => (Refusal::Full, "too many signed requests to remember".to_owned()),
                }
            }
            SignatureCheck::Wrong => (Refusal::Signature, "no accepted key made the signature".to_owned()),
            SignatureCheck::Unchecked => (Refusal::Signature, "the request is not signed".to_owned()),
            SignatureCheck::Malformed(error) => {
                if let Some(member) = member.filter(|member| !member.is_unsigned) {
                    member.is_unsigned = true;
                    let id = member.record.id.clone();
                    self.emit(Event::MemberChanged { id });
                }
                (Refusal::Signature, error.to_string())
            }
        };
        Err(self.refuse(refusal, *remote, sender.clone(), &reason))
    }

    fn is_signed_well(&mut self, sender: Option<&Id>) {
        let Some(member) = sender.and_then(|id| self.known_mut(id)) else { return };
        if member.is_unsigned || member.clock_off_ms.is_some() {
            (member.is_unsigned, member.clock_off_ms) = (false, None);
            let id = member.record.id.clone();
            self.emit(Event::MemberChanged { id });
        }
    }

    fn clock_is_off(&mut self, sender: Option<&Id>, milliseconds: u64) {
        let Some(member) = sender.and_then(|id| self.known_mut(id)) else { return };
        // One event, until a request of it is accepted again.
        if member.clock_off_ms.replace(milliseconds).is_none() {
            let member = member.record.clone();
            self.emit(Event::ClockOff { member, milliseconds });
        }
    }

    fn record_contact(
        &mut self,
        sender: Option<&Id>,
        remote: IpAddr,
        (is_silent, knows_us): (bool, bool),
        now: Now,
    ) {
        if let Some(member) = sender.and_then(|id| self.known_mut(id)) {
            member.heard = Some(now.uptime);
            // Everybody knows its id. Where it has a name, or sends from another address, its answers show it.
            if knows_us && member.record.address.host.ip() == Some(remote.to_canonical()) {
                member.record_knows_us(now.uptime);
            }
            let id = member.record.id.clone();
            if !is_silent {
                self.emit(Event::MemberChanged { id });
            }
        }
    }

    fn status(&mut self, sender: Option<&Id>, now: Now) -> Answer {
        if let Some(member) = sender.and_then(|id| self.known_mut(id)) {
            member.checked_us = Some(now.uptime);
            let member = member.record.clone();
            self.emit(Event::CheckedBy { member });
        }
        StatusAnswer::encode(&self.id, !self.is_closing, !self.is_alone())
    }

    fn joined(&mut self, record: Record, sender: &Id, remote: IpAddr, now: Now, rng: &mut dyn Rng) -> Answer {
        let reach = Reach::of_remote(Some(remote));
        let added = Acknowledgement::Added.encode();
        if self.known(sender).is_none() {
            return if self.keep_early(sender, record, reach) {
                added
            } else {
                self.refuse(
                    Refusal::UnknownId,
                    remote,
                    Some(sender.clone()),
                    "the id is not that of a member",
                )
            };
        }
        let is_known = self.members.contains_key(&record.id) || record.id == self.id;
        if is_known || self.is_dropped(&record.id, &record.address) {
            return added;
        }
        if !self.has_room_for(&record.id) {
            let reason = "the cloud has no room for another member";
            return self.refuse(Refusal::Full, remote, Some(sender.clone()), reason);
        }
        if let Err(scope) = reach.check_host(&record.address.host) {
            let reason = format!("not contacted: it is {scope}");
            return self.refuse(Refusal::Join, remote, Some(sender.clone()), &reason);
        }
        self.add_member(record.clone(), Source::Told(sender.clone()), reach, now, rng);
        self.tell_recent(&record, sender, now);
        added
    }

    fn left(&mut self, id: &Id, sender: &Id, now: Now) -> Answer {
        if id == sender {
            self.take_disputed(id);
            if let Some(member) = self.remove_member(id, Removal::SaidGoodbye, now) {
                self.remember_left_seed(&member.record.address);
            }
        } else if *id == self.id {
            // It has removed us, and told the others.
            self.mark_unknown(sender, now);
        } else if self.members.contains_key(id) {
            self.dispute(id, sender, now);
        }
        Acknowledgement::Removed.encode()
    }

    fn updated(&mut self, id: &Id, data: Json, sender: &Id, remote: IpAddr) -> Answer {
        if id != sender {
            let reason = "only the member itself changes its data";
            return self.refuse(Refusal::OthersData, remote, Some(sender.clone()), reason);
        }
        if let Some(member) = self.known_mut(id).filter(|member| member.record.data != data) {
            member.set_data(data);
            let member = member.record.clone();
            self.emit(Event::MemberUpdated { member });
        }
        Acknowledgement::Updated.encode()
    }

    fn message(&mut self, message: Json, sender: Id, remote: IpAddr, now: Now) -> Response {
        let rate = self.options.message_rate;
        let Some(member) = self.known_mut(&sender) else {
            let reason = "the id is not that of a member";
            return Response::Answer(self.refuse(Refusal::UnknownId, remote, Some(sender), reason));
        };
        if !member.messages.try_acquire(rate, rate * 2.0, now.uptime) {
            let reason = format!("more than {rate} messages a second");
            return Response::Answer(self.refuse(Refusal::Rate, remote, Some(sender), &reason));
        }
        member.received += 1;
        let member = member.record.clone();
        self.counters.received += 1;
        Response::Handle(Call { member, message, remote })
    }

    /// The handler of messages replied, or failed to. Makes the answer.
    pub fn reply(&mut self, call: Call, reply: Result<Json, HandlerError>) -> Answer {
        let Call { member, message, remote } = call;
        let depth = self.options.bodies.max_depth;
        let reply = reply.and_then(|reply| {
            let is_valid = reply.depth() <= depth && reply.size() <= self.options.max_reply;
            let reason = "the reply of the handler is too long or too deep";
            if is_valid { Ok(reply) } else { Err(HandlerError::Failed(reason.to_owned())) }
        });
        let (answer, reply) = match reply {
            Ok(reply) => (Answer { status: 200, body: reply.as_str().to_owned() }, Some(reply)),
            Err(error @ HandlerError::TimedOut) => {
                let reason = error.to_string();
                (self.refuse(Refusal::Handler, remote, Some(member.id.clone()), &reason), None)
            }
            Err(HandlerError::Failed(reason)) => (Answer::error(500, &reason), None),
        };
        let number = self.number();
        self.emit(Event::MessageReceived { number, member, message, reply });
        answer
    }
}
