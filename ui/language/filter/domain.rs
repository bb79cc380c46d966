//! What a filter can be applied to: the rows of the traffic and the messages, and which properties each kind of them can
//! have.

use std::fmt;

use Type::{Announce, Dropped, Failed, In, Message, Note, Out, Own, Refused};

/// Type of a row of the traffic or of a message. One row can have several types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Received from a peer.
    In,
    /// Sent to a peer.
    Out,
    /// Written at this node.
    Own,
    /// A message.
    Message,
    /// An announcement of a node.
    Announce,
    /// An event about a peer, such as a change of its status.
    Note,
    /// Rejected by the receiver of the request: this node, or the peer.
    Refused,
    /// Not delivered, because the peer rejected it or did not respond.
    Failed,
    /// Removed from the queue for good.
    Dropped,
}

impl Type {
    clacks_p2p::all_variants! {
        /// All types, in the order in which completion offers them.
        pub const ALL: Self = [In, Out, Own, Message, Announce, Note, Refused, Failed, Dropped];
    }

    /// The name in `type:`.
    pub fn name(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
            Self::Own => "own",
            Self::Message => "message",
            Self::Announce => "announce",
            Self::Note => "note",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
        }
    }
}

/// Role of a peer in a row or message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The peer that sent the message.
    Sender,
    /// The peer that the message was sent to.
    Receiver,
    /// Sender, receiver, or the peer that the row is about.
    Any,
}

/// Kind of items that a filter is applied to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Domain {
    /// The rows of the traffic.
    Traffic,
    /// Queued and held messages.
    Queue,
}

/// Properties that one kind of row or message can have. At least one such row or message can exist.
#[derive(Debug, Clone, Copy)]
pub struct RowKind {
    /// All types of the row.
    pub types: &'static [Type],
    /// Role of the row's peer.
    pub peer: RowRole,
    /// Some rows have a remote address.
    pub has_remote: bool,
    /// Some rows have the status of a peer.
    pub has_status: bool,
    /// Whether the row has a message.
    pub has_message: Has,
}

/// Role of the peer of a row or message. The peer itself can be unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowRole {
    /// There is no peer.
    Nobody,
    /// The peer sent the message.
    Sender,
    /// The peer receives the message.
    Receiver,
    /// The row is about the peer.
    Subject,
}

/// Frequency of a property among the rows of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Has {
    /// No row has it.
    Never,
    /// Some rows have it.
    Maybe,
    /// Every row has it.
    Always,
}

const NOTHING: RowKind = RowKind {
    types: &[],
    peer: RowRole::Nobody,
    has_remote: false,
    has_status: false,
    has_message: Has::Never,
};

/// A row about a peer.
const OF_PEER: RowKind = RowKind { peer: RowRole::Subject, has_status: true, ..NOTHING };
const IN: RowKind = RowKind { peer: RowRole::Sender, has_remote: true, ..OF_PEER };
const OUT: RowKind = RowKind { peer: RowRole::Receiver, ..OF_PEER };

/// All kinds of rows in the traffic.
pub const ROWS: &[RowKind] = &[
    RowKind { types: &[In, Message], has_message: Has::Always, ..IN },
    RowKind { types: &[In, Refused], has_status: false, has_message: Has::Maybe, ..IN },
    RowKind { types: &[In, Announce], ..IN },
    RowKind { types: &[Out, Message], has_message: Has::Always, ..OUT },
    RowKind { types: &[Out, Message, Failed], has_message: Has::Always, ..OUT },
    RowKind { types: &[Out, Message, Failed, Refused], has_message: Has::Always, ..OUT },
    RowKind { types: &[Out, Announce], has_status: false, ..OUT },
    RowKind { types: &[Out, Announce, Failed], has_status: false, ..OUT },
    RowKind { types: &[Out, Announce, Failed, Refused], has_status: false, ..OUT },
    RowKind { types: &[Own, Message], has_remote: true, has_message: Has::Always, ..NOTHING },
    RowKind { types: &[Own, Message, Dropped], has_message: Has::Always, ..NOTHING },
    RowKind {
        types: &[Note, Message],
        peer: RowRole::Subject,
        has_remote: true,
        has_message: Has::Always,
        ..NOTHING
    },
    RowKind { types: &[Note, Message, Dropped], peer: RowRole::Subject, has_message: Has::Always, ..NOTHING },
    RowKind { types: &[Note], has_remote: true, ..OF_PEER },
];

/// Queued and held messages.
const QUEUED: &[RowKind] = &[
    RowKind {
        types: &[In, Message],
        peer: RowRole::Sender,
        has_remote: true,
        has_message: Has::Always,
        ..NOTHING
    },
    RowKind { types: &[Own, Message], has_remote: true, has_message: Has::Always, ..NOTHING },
];

/// The noun for error messages.
impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Traffic => "row of the traffic",
            Self::Queue => "waiting message",
        })
    }
}

impl Domain {
    /// A hint that lists the usable fields, for errors.
    pub(crate) fn usable_fields(self) -> &'static str {
        match self {
            Self::Traffic => "it is never true",
            Self::Queue => "a message has text, from:, peer:, ip:, size and type:in or type:own",
        }
    }

    /// The kinds of its items.
    pub(crate) fn kinds(self) -> &'static [RowKind] {
        match self {
            Self::Traffic => ROWS,
            Self::Queue => QUEUED,
        }
    }

    /// Whether any item of this domain has the status of a peer.
    pub fn has_status(self) -> bool {
        self.kinds().iter().any(|kind| kind.has_status)
    }

    /// Whether an item of this domain can have this type.
    pub(crate) fn has_type(self, wanted: Type) -> bool {
        self.kinds().iter().any(|kind| kind.types.contains(&wanted))
    }

    /// Whether the field of this name can match in this domain.
    pub(crate) fn has_field(self, name: &str) -> bool {
        match name {
            "to" => self.kinds().iter().any(|kind| kind.peer == RowRole::Receiver),
            "status" => self.has_status(),
            _ => true,
        }
    }
}
