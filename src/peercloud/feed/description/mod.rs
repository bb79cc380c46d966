//! The description of a peercloud node: its lists, events, commands, gauges and settings.

mod commands;
mod events;
mod figures;
mod lists;

use clacks_feed::{
    Label,
    description::{Description, ListId, SayLimits, StatusId, StatusSpec, Tone, TypeId},
};
use clacks_peercloud::core::Options;

pub(crate) use commands::LEAVE_FIRST;

/// The list of members.
pub const MEMBERS: ListId = ListId(0);
/// The list of messages, sent and received.
pub const REQUESTS: ListId = ListId(1);
/// The list of replies to a message.
pub const REPLIES: ListId = ListId(2);
/// The list of addresses whose requests were refused.
pub const DOOR: ListId = ListId(3);

/// What `type:` knows, in the order of the description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    In,
    Out,
    Own,
    Message,
    Reply,
    Member,
    Note,
    Refused,
    Failed,
}

impl From<Type> for TypeId {
    fn from(of: Type) -> Self {
        Self(of as u8)
    }
}

/// The statuses, in the order of the description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// A member that was not checked yet.
    Unchecked,
    /// A member that answered the last check.
    Here,
    /// A member that did not answer the last check.
    Failing,
    /// A member that the user dropped.
    Ignored,
    /// A member that answered a request with 404.
    DoesNotKnowUs,
    /// A member that says that it is in no cloud.
    SaysNotJoined,
    /// A member that another one found gone.
    Disputed,
    /// A member at the address of another one.
    Double,
    /// A member that does not sign.
    Unsigned,
    /// A member whose clock differs too much.
    ClockOff,
    /// Something is awaited.
    Open,
    /// All replies came, or failed to.
    Done,
    /// A message that a member sent.
    Received,
    /// A reply that came.
    Value,
    /// A reply that failed to come.
    Error,
}

impl From<Status> for StatusId {
    fn from(status: Status) -> Self {
        Self(status as u8)
    }
}

/// The description of the node with this name: its address.
pub fn describe(node: Label) -> Description {
    let max_bytes = Options::default().bodies.max_body as u64;
    Description {
        lists: lists::lists(),
        statuses: statuses(),
        types: ["in", "out", "own", "message", "reply", "member", "note", "refused", "failed"]
            .map(Into::into)
            .to_vec(),
        events: events::events(),
        commands: commands::commands(),
        gauges: figures::gauges(),
        settings: figures::settings(),
        says: Some("broadcast".into()),
        say_limits: Some(SayLimits { max_bytes, everywhere: None, small_nodes: "npm nodes".into() }),
        ..Description::new("peercloud".into(), node)
    }
}

fn statuses() -> Vec<StatusSpec> {
    let spec = StatusSpec::new;
    vec![
        spec("unchecked", 'N', Tone::New, "not checked yet"),
        spec("here", 'H', Tone::Good, "it answered the last check with its id"),
        spec("failing", 'F', Tone::Doubtful, "it did not answer the last check; the second one decides"),
        spec("ignored", 'I', Tone::Off, "you dropped it, and what it sends is refused"),
        spec("does-not-know-us", '?', Tone::Doubtful, "it answers our requests with 404"),
        spec("says-not-joined", 'J', Tone::Doubtful, "it says that it is in no cloud"),
        spec("disputed", '!', Tone::Doubtful, "another member found it gone, but it answers this node"),
        spec("double", '2', Tone::Doubtful, "another member is at the same address"),
        spec("unsigned", 'U', Tone::Doubtful, "its requests are not signed"),
        spec("clock-off", 'C', Tone::Doubtful, "its clock differs too much, so its requests are refused"),
        spec("open", 'O', Tone::Doubtful, "replies are awaited"),
        spec("done", 'D', Tone::Good, "nothing is awaited any more"),
        spec("received", 'R', Tone::Plain, "a member sent it"),
        spec("value", 'V', Tone::Good, "the member replied"),
        spec("error", 'E', Tone::Bad, "the member did not reply"),
    ]
}
