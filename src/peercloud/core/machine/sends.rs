//! Requests to one or all members, with gathered replies: messages, updates, and what members tell each other.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use crate::{
    core::{Event, Failure, Member, Now, Outcome, Reach},
    protocol::{Id, Json, Path, Record},
};

use super::{Completion, Core, Timer};

/// Maximum announcements and notices whose answers are awaited. Further ones are not made, because a member that missed
/// one finds out by its own checks.
const MAX_TELLS: usize = 512;
/// Maximum connections that an announcement leaves open for the next one.
const MAX_KEPT_CONNECTIONS: usize = 256;
/// Time after a join within which a 404 is tried again: the newcomer may know of us before we know of it, and reverse.
const FRESH: Duration = Duration::from_secs(2);
/// How often an announcement without an answer is made again.
const MAX_ANNOUNCEMENTS: u8 = 6;
/// Time from such a 404 to the second attempt.
const RESEND_AFTER: Duration = Duration::from_millis(250);

/// A broadcast or a message to one member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SendId(pub(in crate::core) u64);

/// The number must be one of [`SendId::number`].
impl From<u64> for SendId {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

impl SendId {
    /// Its number. Numbers grow, and none is used twice by a node.
    pub fn number(self) -> u64 {
        self.0
    }
}

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SendKind {
    /// A message of the user.
    Message,
    /// New data of this node.
    Update,
    /// This node leaves.
    Goodbye,
    /// Somebody was let in.
    TellJoined,
    /// Somebody is gone.
    TellLeft,
    /// Whether a member knows us: it is told that an id that nobody has is gone, which changes nothing.
    Probe,
}

impl SendKind {
    /// The path of the requests.
    pub fn path(self) -> Path {
        match self {
            Self::Message => Path::Message,
            Self::Update => Path::Update,
            Self::TellJoined => Path::Joined,
            Self::Goodbye | Self::TellLeft | Self::Probe => Path::Left,
        }
    }

    /// Whether the user began it, and so waits for the replies.
    pub fn is_of_user(self) -> bool {
        matches!(self, Self::Message | Self::Update | Self::Goodbye)
    }
}

/// What one receiver replied.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Reply {
    /// The receiver.
    pub member: Record,
    /// Its reply; `None` for an answer without a body.
    pub result: Result<Option<Json>, Failure>,
    /// Time from the start of the request to the reply.
    pub took: Duration,
}

impl Reply {
    /// The reply of a receiver.
    pub fn new(member: Record, result: Result<Option<Json>, Failure>, took: Duration) -> Self {
        Self { member, result, took }
    }

    /// Bytes of the reply.
    pub fn size(&self) -> usize {
        match &self.result {
            Ok(value) => value.as_ref().map_or(0, Json::size),
            Err(failure) => failure.size(),
        }
    }
}

/// To whom a send goes.
#[derive(Debug)]
pub(super) struct Audience {
    who: Who,
    /// Whether only members at loopback addresses get it.
    is_local: bool,
}

#[derive(Debug)]
enum Who {
    All {
        but: Option<Id>,
    },
    /// The members that accept a record twice.
    Ours {
        but: Id,
    },
    One(Id),
}

impl Audience {
    pub(super) fn all() -> Self {
        Self { who: Who::All { but: None }, is_local: false }
    }

    pub(super) fn all_but(id: Id) -> Self {
        Self { who: Who::All { but: Some(id) }, is_local: false }
    }

    /// The members that accept a record twice.
    pub(super) fn ours_but(id: Id) -> Self {
        Self { who: Who::Ours { but: id }, is_local: false }
    }

    pub(super) fn one(id: Id) -> Self {
        Self { who: Who::One(id), is_local: false }
    }

    /// Of these only the members at loopback addresses.
    pub(super) fn on_this_machine(self) -> Self {
        Self { is_local: true, ..self }
    }

    fn is_all(&self) -> bool {
        matches!(self.who, Who::All { .. })
    }

    fn has(&self, member: &Member) -> bool {
        let id = &member.record.id;
        let is_named = match &self.who {
            Who::All { but } => but.as_ref() != Some(id),
            Who::Ours { but } => member.is_ours && id != but,
            Who::One(one) => id == one,
        };
        is_named && (!self.is_local || member.record.is_loopback())
    }
}

#[derive(Debug)]
pub(super) struct Send {
    pub(super) kind: SendKind,
    pub(super) body: Arc<str>,
    /// Our id when it began: a goodbye keeps the old one.
    pub(super) sender: Id,
    /// Receivers whose turn has not come.
    pub(super) waiting: VecDeque<Id>,
    /// Receivers whose reply is awaited, also while a second attempt is pending.
    pub(super) open: BTreeSet<Id>,
    pub(super) in_flight: usize,
    /// Whether it does not wait any longer for messages before it.
    pub(super) is_overdue: bool,
    replies: Vec<Reply>,
    gathered: usize,
    /// Whether the same receivers are probably sent something again soon.
    pub(super) keeps_connections: bool,
    /// The receivers as they were at the start, because some are removed meanwhile.
    pub(super) receivers: BTreeMap<Id, (Record, Reach)>,
}

impl Core {
    /// Begins a send to all members, or one. `None` if there are too many already.
    pub(super) fn begin_send(
        &mut self,
        kind: SendKind,
        body: Arc<str>,
        audience: &Audience,
        now: Now,
    ) -> Option<SendId> {
        let of_user = self.sends_of_user();
        let of_kind = if kind.is_of_user() { of_user } else { self.sends.len() - of_user };
        let max = if kind.is_of_user() { self.options.max_sends } else { MAX_TELLS };
        if of_kind >= max && kind != SendKind::Goodbye {
            return None;
        }
        let to_receiver = |member: &mut Member| {
            member.sent += u64::from(kind == SendKind::Message);
            (member.record.id.clone(), (member.record.clone(), member.reach))
        };
        let members: &mut dyn Iterator<Item = &mut Member> = match &audience.who {
            Who::One(one) => &mut self.members.get_mut(one).into_iter(),
            Who::All { .. } | Who::Ours { .. } => &mut self.members.values_mut(),
        };
        let receivers: BTreeMap<Id, (Record, Reach)> =
            members.filter(|member| audience.has(member)).map(to_receiver).collect();
        let id = SendId(self.number());
        let count = receivers.len();
        self.counters.sent += if kind == SendKind::Message { count as u64 } else { 0 };
        if kind.is_of_user() {
            let body = Json::known(&body);
            let is_broadcast = audience.is_all();
            let receivers = receivers.keys().cloned().collect();
            self.events.push_back(Event::Sent { id, kind, body, is_broadcast, receivers });
        }
        let is_announcement = kind == SendKind::TellJoined && audience.is_all();
        let has_successor = is_announcement && self.lets_in_often && count <= MAX_KEPT_CONNECTIONS;
        let send = Send {
            kind,
            keeps_connections: kind == SendKind::Message || has_successor,
            body,
            sender: self.id.clone(),
            waiting: receivers.keys().cloned().collect(),
            open: BTreeSet::new(),
            in_flight: 0,
            is_overdue: false,
            replies: Vec::new(),
            gathered: 0,
            receivers,
        };
        self.sends.insert(id, send);
        self.pump(id, now);
        self.end_if_done(id, now);
        Some(id)
    }

    /// Number of sends of the user whose replies are awaited.
    pub(super) fn sends_of_user(&self) -> usize {
        self.sends.values().filter(|send| send.kind.is_of_user()).count()
    }

    /// The next attempt after a 404, or after no answer. A member that was removed meanwhile is not asked again.
    pub(super) fn resend(&mut self, id: SendId, (member, attempt): (Id, u8), now: Now) {
        if !self.sends.get(&id).is_some_and(|send| send.open.contains(&member)) {
            return;
        }
        let is_announcement = self.sends.get(&id).is_some_and(|send| send.kind == SendKind::TellJoined);
        match self.members.get(&member) {
            None => {
                self.receiver_done(id, &member, Err(Failure::NoMember), Duration::ZERO, now);
                // A goodbye may have waited for it.
                self.pump_all(now);
                self.begin_introductions(now);
            }
            // Its next check shows whether it is this library, which accepts a record twice.
            Some(receiver) if is_announcement && !receiver.is_ours => {
                if attempt < MAX_ANNOUNCEMENTS {
                    let at = now.uptime + self.options.recheck_after;
                    self.schedule(at, Timer::Resend(id, member, attempt + 1));
                } else {
                    self.receiver_done(id, &member, Err(Failure::TimedOut), Duration::ZERO, now);
                    self.begin_introductions(now);
                }
            }
            Some(_) => self.send_to(id, member, attempt, now),
        }
    }

    /// A request of a send ended.
    pub(super) fn send_ended(
        &mut self,
        id: SendId,
        (member, attempt): (Id, u8),
        outcome: Outcome,
        took: Duration,
        now: Now,
    ) {
        // It is kept until all its requests have ended.
        let Some(kind) = self.sends.get(&id).map(|send| send.kind) else { return };
        self.count_ended(kind, &member);
        let depth = self.options.bodies.max_depth;
        let result = reply_of(outcome, depth);
        self.record_reply(kind, &member, &result, now);
        if !kind.is_of_user() {
            self.emit(Event::MemberChanged { id: member.clone() });
        }
        if let Some(send) = self.sends.get_mut(&id) {
            send.in_flight -= 1;
            if let Some(pause) = self.pause_before_resend(kind, (&member, attempt), &result, now) {
                self.schedule(now.uptime + pause, Timer::Resend(id, member, attempt + 1));
            } else {
                self.receiver_done(id, &member, result, took, now);
            }
        }
        self.pump_all(now);
        self.begin_introductions(now);
    }

    /// The pause before a request is made again; `None` if it is not. A 404 was not handled, so nothing is doubled. An
    /// announcement without an answer may have been, so only members that accept a record twice get it again: see
    /// [`Core::resend`].
    fn pause_before_resend(
        &self,
        kind: SendKind,
        (member, attempt): (&Id, u8),
        result: &Result<Option<Json>, Failure>,
        now: Now,
    ) -> Option<Duration> {
        let member = self.members.get(member)?;
        let since = |at: Duration| now.uptime.saturating_sub(at) < FRESH;
        match (kind, result) {
            (SendKind::Message, Err(Failure::UnknownToIt)) => {
                let is_fresh = self.joined_at.is_some_and(since) || since(member.added);
                (attempt == 0 && is_fresh).then_some(RESEND_AFTER)
            }
            (SendKind::TellJoined, Err(Failure::TimedOut | Failure::Cut)) => {
                (attempt < MAX_ANNOUNCEMENTS).then_some(self.options.recheck_after)
            }
            _ => None,
        }
    }

    /// One receiver replied, failed, or is no longer a member.
    pub(super) fn receiver_done(
        &mut self,
        id: SendId,
        member: &Id,
        result: Result<Option<Json>, Failure>,
        took: Duration,
        now: Now,
    ) {
        let max = self.options.max_gathered;
        let Some(send) = self.sends.get_mut(&id) else { return };
        send.open.remove(member);
        if send.kind.is_of_user() {
            let Some((record, _)) = send.receivers.get(member).cloned() else { return };
            let mut reply = Reply { member: record, result, took };
            if send.gathered + reply.size() > max {
                reply.result = Err(Failure::TooLong(max));
            }
            send.gathered += reply.size();
            let kind = send.kind;
            send.replies.push(reply.clone());
            let counter =
                if reply.result.is_ok() { &mut self.counters.replies } else { &mut self.counters.failed };
            *counter += u64::from(kind == SendKind::Message);
            self.events.push_back(Event::Replied { id, kind, reply: reply.clone() });
            self.completions.push_back(Completion::Reply { send: id, reply });
        }
        self.end_if_done(id, now);
    }

    fn end_if_done(&mut self, id: SendId, now: Now) {
        let is_done = |send: &Send| send.waiting.is_empty() && send.open.is_empty();
        if !self.sends.get(&id).is_some_and(is_done) {
            return;
        }
        let Some(send) = self.sends.remove(&id) else { return };
        if send.kind.is_of_user() {
            self.completions.push_back(Completion::SendEnded(id));
            self.events.push_back(Event::Replies { id, kind: send.kind, replies: send.replies });
        }
        match send.kind {
            SendKind::TellJoined => self.announced(id, now),
            SendKind::Goodbye => self.timers.retain(|(_, timer)| *timer != Timer::Goodbye(id)),
            _ => {}
        }
    }

    /// What a reply says about whether the member knows us.
    fn record_reply(
        &mut self,
        kind: SendKind,
        member: &Id,
        result: &Result<Option<Json>, Failure>,
        now: Now,
    ) {
        match result {
            Ok(_) => {
                if let Some(member) = self.known_mut(member) {
                    member.is_being_probed = false;
                    member.heard = Some(now.uptime);
                    member.record_knows_us(now.uptime);
                }
            }
            // A node of an early version of the package answers every update with 404.
            Err(Failure::UnknownToIt) if kind != SendKind::Update => self.mark_unknown(member, now),
            Err(_) => {
                if let Some(member) = self.known_mut(member) {
                    member.is_being_probed = false;
                }
            }
        }
    }
}

/// The reply in an answer: any 2xx is a success.
fn reply_of(outcome: Outcome, max_depth: usize) -> Result<Option<Json>, Failure> {
    let (status, body) = match outcome {
        Outcome::Failed(failure) => return Err(failure),
        Outcome::Answered { status, body, .. } => (status, body),
    };
    match status {
        200..=299 if body.trim_ascii().is_empty() => Ok(None),
        200..=299 => {
            let text = str::from_utf8(&body).map_err(|_| Failure::BadAnswer("not UTF-8".into()))?;
            let reply = Json::new(text, usize::MAX, max_depth);
            reply.map(Some).map_err(|error| Failure::BadAnswer(error.to_string().into()))
        }
        _ => Err(failure_of(status, &body)),
    }
}

/// Maximum bytes of the body of a failure that are kept.
const MAX_FAILURE_BODY: usize = 1024;

/// The failure that an answer other than 2xx is.
pub(super) fn failure_of(status: u16, body: &[u8]) -> Failure {
    if status == 404 {
        return Failure::UnknownToIt;
    }
    let start = &body[..body.len().min(MAX_FAILURE_BODY)];
    Failure::Status { code: status, body: String::from_utf8_lossy(start).into() }
}
