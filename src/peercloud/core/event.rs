use std::{fmt, net::IpAddr, sync::Arc, time::Duration};

use clacks_transport::Scope;

use crate::protocol::{Address, Host, Id, Json, Path, Record};

use super::{AutoReply, CheckResult, Reply, SendId, SendKind};

/// An event of the node. Cheap to clone: ids, messages and data are shared.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The node has started.
    Started {
        /// Its id.
        id: Id,
        /// Its port.
        port: u16,
        /// The address at which other nodes of this machine reach it.
        address: Address,
    },
    /// The node is in no cloud: nobody let it in, or all others are gone.
    Alone {
        /// Why the last node that was asked did not let it in; `None` if none was asked.
        failure: Option<Failure>,
    },
    /// The node was let into a cloud.
    Joined {
        /// Who let it in.
        via: Address,
        /// Number of other members.
        members: usize,
        /// Number of records that were left out because they were invalid or too many.
        left_out: usize,
        /// The host of this node, as the other one sees it.
        seen_as: Option<Host>,
    },
    /// The node left its cloud, because the user said so.
    Left {
        /// Number of other members.
        members: usize,
    },
    /// The node has another id. The old one may be known to somebody who does not answer any more.
    IdChanged {
        /// The new id.
        id: Id,
    },
    /// A member was added.
    MemberAdded {
        /// The member.
        member: Record,
        /// How it is known.
        source: Source,
    },
    /// A member has new data.
    MemberUpdated {
        /// The member, with its new data.
        member: Record,
    },
    /// A member was removed.
    MemberRemoved {
        /// The member.
        member: Record,
        /// The reason.
        reason: Removal,
    },
    /// Something else about a member, or about a node that the user dropped, changed: when it was last heard, or whether it
    /// knows us.
    MemberChanged {
        /// Its id.
        id: Id,
    },
    /// Our own data was changed.
    DataChanged {
        /// The new data.
        data: Json,
    },
    /// What messages are answered with was changed, where no handler is set.
    ReplyChanged {
        /// The reply.
        reply: AutoReply,
    },
    /// The time between two checks was changed.
    CheckIntervalChanged {
        /// The new time; `None` for no checks.
        interval: Option<Duration>,
    },
    /// A check of a member ended.
    Checked {
        /// The member.
        member: Record,
        /// How long it took.
        took: Duration,
        /// The result.
        result: CheckResult,
    },
    /// A member checked this node.
    CheckedBy {
        /// The member.
        member: Record,
    },
    /// A message was received.
    MessageReceived {
        /// Its number, among those of all messages: they grow.
        number: u64,
        /// The sender.
        member: Record,
        /// The message.
        message: Json,
        /// Our reply; `None` if the handler failed.
        reply: Option<Json>,
    },
    /// A request to members was begun.
    Sent {
        /// Its number.
        id: SendId,
        /// What was sent.
        kind: SendKind,
        /// The body.
        body: Json,
        /// Whether it goes to all members, not to one.
        is_broadcast: bool,
        /// The receivers, by id.
        receivers: Arc<[Id]>,
    },
    /// One receiver replied, or failed to.
    Replied {
        /// The number of the request.
        id: SendId,
        /// What was sent.
        kind: SendKind,
        /// The reply.
        reply: Reply,
    },
    /// All receivers replied or failed to.
    Replies {
        /// The number of the request.
        id: SendId,
        /// What was sent.
        kind: SendKind,
        /// The replies, in the order in which they came.
        replies: Vec<Reply>,
    },
    /// A request was refused.
    Refused {
        /// The reason.
        refusal: Refusal,
        /// The remote address.
        from: IpAddr,
        /// The id of the sender, if it sent a valid one.
        sender: Option<Id>,
        /// The HTTP status of the answer.
        status: u16,
        /// The reason in the answer.
        reason: Arc<str>,
        /// Whether another request of this address was reported within the last minute. Only the events of a node say so:
        /// see [`History`](super::History).
        is_repeated: bool,
    },
    /// A member does not know this node.
    DoesNotKnowUs {
        /// The member.
        member: Record,
    },
    /// The clock of a member differs too much from ours, so its signed requests are refused.
    ClockOff {
        /// The member.
        member: Record,
        /// By how much, in milliseconds.
        milliseconds: u64,
    },
    /// The node left and joins again, because members did not know it.
    Repairing {
        /// Number of members that did not know it.
        unknown_to: usize,
    },
    /// A repair ended in a cloud.
    Repaired {
        /// Who let the node in.
        via: Address,
        /// Number of other members.
        members: usize,
    },
    /// The oldest messages and refused addresses were forgotten, because there were too many: see
    /// [`History`](super::History).
    Forgotten {
        /// Numbers of messages.
        messages: Vec<u64>,
        /// Addresses, as [`Visitor::address`](super::Visitor::address).
        addresses: Vec<IpAddr>,
    },
    /// A subscriber was too slow and missed this many events.
    Lagged(u64),
}

/// How a member is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// We let it in.
    LetIn,
    /// It let us in.
    Via,
    /// It was in the answer of the member that let us in.
    Answer(Id),
    /// A member told us that it let it in.
    Told(Id),
    /// A member said that it was gone, but it answers.
    Disputed(Id),
}

/// Why a member was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removal {
    /// It said that it leaves.
    SaidGoodbye,
    /// Another member said that it is gone.
    FoundGoneBy(Id),
    /// Two checks in a row failed.
    NoAnswer,
    /// Another node answers at its address.
    OtherId,
    /// It does not know us, and a repair did not change that: it is in another cloud, or has closed.
    DoesNotKnowUs,
    /// Its address is not contacted on another node's word.
    Forbidden(Scope),
    /// The user dropped it.
    Dropped,
    /// We left to join again.
    Repair,
    /// We left.
    Left,
}

/// Why a request of ours failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The other node does not know us, or does not know the path: 404.
    #[error("we are unknown to it")]
    UnknownToIt,
    /// Another status that is no success.
    #[error("HTTP {code}")]
    Status {
        /// The status.
        code: u16,
        /// The start of the body, as text.
        body: Arc<str>,
    },
    /// The connection was refused.
    #[error("refused: {0}")]
    Refused(Arc<str>),
    /// The connection broke.
    #[error("the connection broke")]
    Cut,
    /// There was no whole answer in time.
    #[error("timed out")]
    TimedOut,
    /// The answer is not what the protocol says.
    #[error("bad answer: {0}")]
    BadAnswer(Arc<str>),
    /// The answer is longer than the maximum.
    #[error("the answer has more than {0} bytes")]
    TooLong(usize),
    /// The address is not contacted, because of its scope.
    #[error("not contacted: it is {0}")]
    Forbidden(Scope),
    /// Only this machine can reach us, so nobody elsewhere could check us.
    #[error("we listen on this machine only, so nobody there could check us")]
    NotReachable,
    /// The name was not found.
    #[error("name not found: {0}")]
    NameNotFound(Arc<str>),
    /// This machine lacks a resource, which says nothing about the other node.
    #[error("no resources here: {0}")]
    NoResources(Arc<str>),
    /// The member was removed before the request was made.
    #[error("no longer a member")]
    NoMember,
    /// The node stops.
    #[error("the node stops")]
    Stopped,
}

impl Failure {
    /// Bytes of its text.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Status { body: text, .. }
            | Self::Refused(text)
            | Self::BadAnswer(text)
            | Self::NameNotFound(text)
            | Self::NoResources(text) => text.len(),
            _ => 0,
        }
    }
}

/// Why a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// The method is not POST: 405.
    Method,
    /// The path is unknown: 404.
    Path,
    /// The id is missing, there twice, malformed or not that of a member: 404.
    UnknownId,
    /// The body is malformed: 400.
    Body,
    /// The body or the data in it is too long: 413.
    TooLong,
    /// The content type is not `application/json`: 415.
    ContentType,
    /// The body took too long: 408.
    Slow,
    /// A member sent too many messages: 429.
    Rate,
    /// The signature is missing or wrong: 401.
    Signature,
    /// The time of a signed request is too far from ours: 401.
    Clock,
    /// The same signed request came before: 401.
    Replay,
    /// A member wants to change the data of another one: 403.
    OthersData,
    /// The newcomer did not pass the check: 403.
    Join,
    /// The id of the newcomer is that of another member: 409.
    IdTaken,
    /// Too many newcomers at once: 429.
    Newcomers,
    /// There is no room for another member: 503.
    Full,
    /// The user dropped this member: 404.
    Dropped,
    /// The handler of messages did not reply in time: 504.
    Handler,
    /// The node stops: 503.
    Stopping,
}

impl Refusal {
    clacks_transport::all_variants! {
        /// Every refusal.
        pub const ALL: Self = [
            Method, Path, UnknownId, Body, TooLong, ContentType, Slow, Rate, Signature, Clock, Replay, OthersData,
            Join, IdTaken, Newcomers, Full, Dropped, Handler, Stopping,
        ];
    }

    /// Its name in JSON, such as `unknown_id`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Method => "method",
            Self::Path => "path",
            Self::UnknownId => "unknown_id",
            Self::Body => "body",
            Self::TooLong => "too_long",
            Self::ContentType => "content_type",
            Self::Slow => "slow",
            Self::Rate => "rate",
            Self::Signature => "signature",
            Self::Clock => "clock",
            Self::Replay => "replay",
            Self::OthersData => "others_data",
            Self::Join => "join",
            Self::IdTaken => "id_taken",
            Self::Newcomers => "newcomers",
            Self::Full => "full",
            Self::Dropped => "dropped",
            Self::Handler => "handler",
            Self::Stopping => "stopping",
        }
    }

    /// The HTTP status of the answer.
    pub fn status(self) -> u16 {
        match self {
            Self::Body => 400,
            Self::Signature | Self::Clock | Self::Replay => 401,
            Self::OthersData | Self::Join => 403,
            Self::Path | Self::UnknownId | Self::Dropped => 404,
            Self::Method => 405,
            Self::Slow => 408,
            Self::IdTaken => 409,
            Self::TooLong => 413,
            Self::ContentType => 415,
            Self::Rate | Self::Newcomers => 429,
            Self::Full | Self::Stopping => 503,
            Self::Handler => 504,
        }
    }
}

/// Number of refused requests since the node started, by reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RefusalCounts([u64; Refusal::ALL.len()]);

impl RefusalCounts {
    /// Number of requests that were refused for this reason.
    pub fn of(&self, refusal: Refusal) -> u64 {
        self.0[refusal as usize]
    }

    pub(super) fn count(&mut self, refusal: Refusal) {
        self.0[refusal as usize] += 1;
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LetIn => f.write_str("we let it in"),
            Self::Via => f.write_str("it let us in"),
            Self::Answer(id) => write!(f, "in the answer of {id}"),
            Self::Told(id) => write!(f, "told by {id}"),
            Self::Disputed(id) => write!(f, "it answers although {id} said it was gone"),
        }
    }
}

impl fmt::Display for Removal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SaidGoodbye => f.write_str("said goodbye"),
            Self::FoundGoneBy(id) => write!(f, "{id} found it gone"),
            Self::NoAnswer => f.write_str("no answer twice"),
            Self::OtherId => f.write_str("another id at its address"),
            Self::DoesNotKnowUs => f.write_str("it does not know us, even after a repair"),
            Self::Forbidden(scope) => write!(f, "not contacted: it is {scope}"),
            Self::Dropped => f.write_str("ignored by the user"),
            Self::Repair => f.write_str("this node joined again with a new id"),
            Self::Left => f.write_str("we left"),
        }
    }
}

/// The path of a request in an event, for people.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
