//! The description of a clacks node: its lists, events, commands, gauges and settings.

mod lists;

use clacks_feed::{
    Label,
    description::{Description, ListId, SayLimits, StatusId, StatusSpec, Tone, TypeId},
};
use clacks_p2p::{
    MAX_WHOLE_MESSAGE, Message,
    core::{HeldBy, Peer, Status},
};

use crate::{commands, event::kinds, figures, settings};

/// The list of peers.
pub const PEERS: ListId = ListId(0);
/// The list of queued messages.
pub const QUEUE: ListId = ListId(1);
/// The list of held messages.
pub const HELD: ListId = ListId(2);
/// The list of ignored remote addresses.
pub const REMOTES: ListId = ListId(3);
/// The list of remote addresses whose messages are here.
pub const ORIGINS: ListId = ListId(4);
/// The list of plugins.
pub const PLUGINS: ListId = ListId(5);

/// The status of an alive peer that has not responded to this node: somebody only claims that it is there.
pub const CLAIMED: StatusId = StatusId(8);

/// What `type:` knows, in the order of the description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    In,
    Out,
    Own,
    Message,
    Announce,
    Note,
    Refused,
    Failed,
    Dropped,
}

impl From<Type> for TypeId {
    fn from(of: Type) -> Self {
        Self(of as u8)
    }
}

/// The id of a peer's status.
pub(crate) fn status_id(status: Status) -> StatusId {
    StatusId(match status {
        Status::New => 0,
        Status::Alive => 1,
        Status::Lost => 2,
        Status::Dead => 3,
        Status::Ignored => 4,
    })
}

/// The id of the reason why a message is held.
pub(crate) fn held_id(by: &HeldBy) -> StatusId {
    StatusId(match by {
        HeldBy::Hand => 5,
        HeldBy::Rule => 6,
        HeldBy::Refused => 7,
        // 8 is `CLAIMED`.
        HeldBy::Plugin(_) => 9,
    })
}

/// The description of the node at this address.
pub fn describe(node: Label) -> Description {
    Description {
        lists: lists::lists(),
        statuses: statuses(),
        types: ["in", "out", "own", "message", "announce", "note", "refused", "failed", "dropped"]
            .map(Into::into)
            .to_vec(),
        events: kinds::specs(),
        commands: commands::specs(),
        gauges: figures::fields(),
        settings: settings::specs(),
        says: Some("enqueue".into()),
        say_limits: Some(SayLimits {
            max_bytes: Message::MAX_SIZE as u64,
            everywhere: Some(MAX_WHOLE_MESSAGE as u64),
            small_nodes: "npm nodes".into(),
        }),
        ..Description::new("clacks".into(), node)
    }
}

/// The letter of a peer's status.
pub fn letter(status: Status) -> char {
    match status {
        Status::New => 'N',
        Status::Alive => 'A',
        Status::Lost => 'L',
        Status::Dead => 'D',
        Status::Ignored => 'I',
    }
}

/// The letter of [`CLAIMED`].
pub const CLAIMED_LETTER: char = '?';

/// The tone of a peer's status.
pub fn tone(status: Status) -> Tone {
    match status {
        Status::New => Tone::New,
        Status::Alive => Tone::Good,
        Status::Lost => Tone::Doubtful,
        Status::Dead => Tone::Bad,
        Status::Ignored => Tone::Off,
    }
}

/// The tone of a peer. A peer that only claims to be alive is as good as a new one.
pub fn peer_tone(peer: &Peer) -> Tone {
    if peer.is_unverified() { Tone::New } else { tone(peer.status) }
}

fn peer_status(status: Status) -> StatusSpec {
    let does = match status {
        Status::New => "added and never contacted",
        Status::Alive => "the last contact succeeded",
        Status::Lost => "a delivery failed",
        Status::Dead => "lost for longer than the kill timeout",
        Status::Ignored => "nothing is sent to it, and what it sends is refused",
    };
    StatusSpec::new(status.name(), letter(status), tone(status), does)
}

fn statuses() -> Vec<StatusSpec> {
    let others = [
        StatusSpec::new("hand", 'H', Tone::Plain, "held by you"),
        StatusSpec::new("rule", 'R', Tone::Plain, "held by the filter of :hold"),
        StatusSpec::new("set-aside", 'X', Tone::Bad, "held because peers refused it too often"),
        StatusSpec::new(
            "claimed",
            CLAIMED_LETTER,
            Tone::Doubtful,
            "it sent something, but has not answered this node",
        ),
        StatusSpec::new("plugin", 'P', Tone::Plain, "held by a plugin"),
    ];
    Status::ALL.map(peer_status).into_iter().chain(others).collect()
}
