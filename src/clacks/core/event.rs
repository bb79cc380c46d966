use std::{fmt, net::IpAddr, time::Duration};

use crate::protocol::{Address, Message};

use super::{
    CertificateFingerprint, HeldBy, HeldMessage, LimitCounts, MessageId, Peer, PeerChoice, QueuedMessage,
    Scope, Status,
};

/// Something that happened at the node. Cheap to clone: names and messages are shared.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A message came from a peer. `id` is its ticket in the queue; none if it was empty or a listener kept it out.
    MessageReceived {
        /// Who sent it.
        peer: Peer,
        /// The message as it will be passed on.
        message: Message,
        /// Its ticket, if it was queued or is held.
        id: Option<MessageId>,
        /// How often this message has been seen here, this time included.
        visits: u32,
        /// The remote address that it came from, where it is known.
        remote: Option<IpAddr>,
    },
    /// A message is at the tail of the queue.
    MessageQueued {
        /// Its ticket.
        id: MessageId,
        /// The message.
        message: Message,
        /// Where it came from.
        origin: Origin,
        /// When it came to this node, in milliseconds of uptime.
        since_ms: u64,
        /// How often this message has been seen here.
        visits: u32,
        /// The place that it came from: [`QueuedMessage::place`].
        place: Option<IpAddr>,
    },
    /// The head of the queue is on its way. That ends with [`Event::MessageDelivered`], or with
    /// [`Event::MessageQueued`] or [`Event::MessageHeld`] of the origin [`Origin::Returned`]: after
    /// [`Event::DeliveryFailed`] if the delivery failed, alone if it came to this node itself or the node stopped.
    MessageSending {
        /// The ticket it had.
        id: MessageId,
        /// To whom.
        peer: Peer,
        /// The message.
        message: Message,
        /// How the peer was chosen.
        choice: PeerChoice,
    },
    /// A peer answered 200: the message is no longer here.
    MessageDelivered {
        /// The ticket it had.
        id: MessageId,
        /// Who took it.
        peer: Peer,
        /// The message.
        message: Message,
        /// From the start of the request to its answer.
        round_trip: Duration,
    },
    /// A delivery failed; the message is back at the tail of the queue, or held.
    DeliveryFailed {
        /// The ticket it had.
        id: MessageId,
        /// Who should have taken it.
        peer: Peer,
        /// The message.
        message: Message,
        /// What went wrong.
        failure: Failure,
    },
    /// The user took a message out of the queue, or one that was held.
    MessageDropped {
        /// The ticket it had.
        id: MessageId,
        /// The message.
        message: Message,
        /// Who sent it; none if it came from the user.
        from: Option<Address>,
    },
    /// A message is held: it is not sent until it is released.
    MessageHeld {
        /// The message, and why it is held.
        held: HeldMessage,
        /// Where it comes from; none if it waited in the queue until now.
        origin: Option<Origin>,
    },
    /// A message that was held is at the tail of the queue.
    MessageReleased {
        /// The ticket it had while it was held.
        was: MessageId,
        /// The message with its ticket in the queue.
        queued: QueuedMessage,
    },
    /// The user gave a message that waits or is held another text.
    MessageChanged {
        /// The message as it was.
        before: Message,
        /// As it is, with the ticket that it had.
        queued: QueuedMessage,
    },
    /// The user undid a command, or a hand-on ended early: a message is what and where it was before.
    MessageRestored {
        /// The ticket under which it waited or was held until now; none if it had been dropped.
        was: Option<MessageId>,
        /// The message as it is now. In the queue and among the held messages its ticket says where it stands.
        queued: QueuedMessage,
        /// Why it is held; none if it waits.
        held: Option<HeldBy>,
    },
    /// The user set another rule for what is held, or lifted it.
    HoldRuleChanged {
        /// What people know it as; none if nothing more is held by a rule.
        rule: Option<String>,
    },
    /// A peer is known that was not.
    PeerDiscovered {
        /// The peer.
        peer: Peer,
        /// How it became known.
        introduction: Discovery,
        /// The remote address that the payload came from which introduced it; none if no payload did.
        remote: Option<IpAddr>,
    },
    /// A peer's status changed.
    PeerUpdated {
        /// The peer, with its new status.
        peer: Peer,
        /// The status it had.
        from: Status,
    },
    /// Something of a peer changed that a list shows, but not its status, and no other event carries it: such as that the
    /// user named it.
    PeerChanged {
        /// The peer as it is now.
        peer: Peer,
    },
    /// A peer that was alive by its word alone answered us at its address.
    ClaimConfirmed {
        /// The peer.
        peer: Peer,
    },
    /// The user removed a peer, or it made room for another.
    PeerForgotten {
        /// The peer as it was.
        peer: Peer,
    },
    /// A peer announced itself here.
    AnnounceReceived {
        /// The peer.
        peer: Peer,
        /// The remote address that it came from, where it is known.
        remote: Option<IpAddr>,
    },
    /// A peer answered 200 to our announce.
    Announced {
        /// The peer.
        peer: Address,
        /// From the start of the request to its answer.
        round_trip: Duration,
    },
    /// An announce of ours failed.
    AnnounceFailed {
        /// To whom it went.
        peer: Address,
        /// What went wrong.
        failure: Failure,
    },
    /// The user ignores a remote address: connections from it are not served.
    RemoteIgnored {
        /// The IP address.
        remote: IpAddr,
    },
    /// The user no longer ignores a remote address.
    RemoteUnignored {
        /// The IP address.
        remote: IpAddr,
    },
    /// A request was not taken.
    Refused(Refusal),
    /// Limits were met. Of many times one a second is told of, the last of them too.
    LimitsMet {
        /// How often each has been met so far.
        met: LimitCounts,
    },
    /// An address turned out to be this node under another name; it is no peer.
    FoundOurselves {
        /// The other name.
        address: Address,
    },
    /// The user changed how many messages a second are sent.
    SendRateChanged {
        /// Messages a second.
        rate: f64,
    },
    /// This watcher fell behind and missed this many events; what it shows should be fetched anew.
    Lagged(u64),
}

/// Where a queued message came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Typed in here.
    Local,
    /// Received from this peer.
    Received(Address),
    /// Back from a delivery to this peer that did not succeed.
    Returned(Address),
}

/// How a peer became known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Discovery {
    /// Added by the user.
    Manual,
    /// Sent us a payload.
    Inbound,
    /// Took our announce.
    Announce,
    /// Named as a friend by this peer.
    Referral(Address),
    /// The user undid a command that had made it unknown.
    Restored,
}

/// Why a delivery or an announce failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// The peer answered with this HTTP status, not with 200.
    Status(u16),
    /// There was no connection, or it broke; the text is the system's.
    Connection(String),
    /// The peer did not answer in time.
    TimedOut,
    /// The peer is at such an address, and only strangers named it: it was not contacted.
    NotContacted(Scope),
    /// This machine has no files, ports, threads or memory left for a connection, too many names were being looked up, or
    /// the node failed at making one: the peer is as it was.
    NoResources,
    /// The peer's certificate is not the one that was seen first. `trust` accepts it.
    CertificateChanged {
        /// SHA-256 of the certificate that is trusted.
        pinned: CertificateFingerprint,
        /// SHA-256 of the certificate that the peer showed.
        presented: CertificateFingerprint,
    },
    /// The node was stopped before the answer came.
    Stopped,
    /// The peer accepted the announce, but as many peers are known as may be and none of them makes room for it:
    /// [`Options::max_peers`](super::Options::max_peers).
    NoRoom,
}

/// A request that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status of the answer.
    pub status: u16,
    /// Why, in one line. May quote what the sender wrote.
    pub reason: String,
    /// Who the sender claims to be, where that could be read.
    pub sender: Option<Address>,
    /// How the JSON text of the message begins, where that could be read: see [`Refusal::preview_of`].
    pub preview: Option<String>,
    /// Where the connection came from.
    pub remote: Option<IpAddr>,
}

impl Refusal {
    /// At most so many bytes of a message are kept: whoever is refused could otherwise fill the memory of a node
    /// that watches what it refuses.
    pub const MAX_PREVIEW: usize = 200;

    /// The JSON text of a message, cut after [`Refusal::MAX_PREVIEW`] bytes or just before, with `…` for the rest.
    pub fn preview_of(message: &Message) -> String {
        let json = message.as_json();
        if json.len() <= Self::MAX_PREVIEW {
            return json.to_owned();
        }
        let end = (0..=Self::MAX_PREVIEW).rev().find(|end| json.is_char_boundary(*end)).unwrap_or_default();
        format!("{}…", &json[..end])
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "answered {status}"),
            Self::Connection(reason) => f.write_str(reason),
            Self::TimedOut => f.write_str("no answer in time"),
            Self::NotContacted(scope) => {
                write!(f, "not contacted: it is {scope}, and only strangers named it")
            }
            Self::NoResources => {
                f.write_str(
                    "this machine has no files, ports, threads or memory left for a connection, or looks up too many \
                    names at once",
                )
            }
            Self::CertificateChanged { .. } => f.write_str("certificate changed"),
            Self::Stopped => f.write_str("stopped"),
            Self::NoRoom => f.write_str("accepted, but as many peers are known as may be (max_peers)"),
        }
    }
}
