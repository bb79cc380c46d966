use std::{fmt, net::IpAddr, sync::Arc, time::Duration};

use crate::protocol::{Address, Kind, Message};

use super::{
    CertificateFingerprint, HeldBy, HeldMessage, LimitCounts, MessageId, Peer, PeerChoice, QueuedMessage,
    Scope, Status,
};

/// An event of the node. Cheap to clone: names and messages are shared.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A message was received from a peer. `id` is `None` if the message was empty or a listener discarded it.
    MessageReceived {
        /// The sender.
        peer: Peer,
        /// The message as it will be sent on.
        message: Message,
        /// Its id, if it was queued or is held.
        id: Option<MessageId>,
        /// The reason if it is held; `None` if it was queued. JSON does not have it: [`Event::MessageHeld`] follows.
        held: Option<HeldBy>,
        /// Number of visits of this message to the node, including this one.
        visits: u32,
        /// The remote address of the connection, if known.
        remote: Option<IpAddr>,
    },
    /// A message was appended to the queue.
    MessageQueued {
        /// Its id.
        id: MessageId,
        /// The message.
        message: Message,
        /// Its origin.
        origin: Origin,
        /// Time of arrival, in milliseconds of uptime.
        since_ms: u64,
        /// Number of visits of this message to the node.
        visits: u32,
        /// The rate-limit key of its source: [`QueuedMessage::place`].
        place: Option<IpAddr>,
    },
    /// The head of the queue is being sent. The delivery ends with [`Event::MessageDelivered`], or with
    /// [`Event::MessageQueued`] or [`Event::MessageHeld`] with the origin [`Origin::Returned`].
    /// [`Event::DeliveryFailed`] comes before those if the delivery failed; it does not if the request came to this
    /// node itself or the node stopped.
    MessageSending {
        /// The id that it had.
        id: MessageId,
        /// The receiver.
        peer: Peer,
        /// The message.
        message: Message,
        /// How the receiver was chosen.
        choice: PeerChoice,
    },
    /// A peer responded with 200. The message is no longer here.
    MessageDelivered {
        /// The id that it had.
        id: MessageId,
        /// The receiver.
        peer: Peer,
        /// The message.
        message: Message,
        /// The rate-limit key of its source: [`QueuedMessage::place`]. JSON does not have it.
        place: Option<IpAddr>,
        /// Time from the start of the request to the response.
        round_trip: Duration,
    },
    /// A delivery failed. The message is at the tail of the queue again, or held.
    DeliveryFailed {
        /// The id that it had.
        id: MessageId,
        /// The receiver.
        peer: Peer,
        /// The message.
        message: Message,
        /// The cause.
        failure: Failure,
    },
    /// The user dropped a message from the queue or from the held messages.
    MessageDropped {
        /// The id that it had.
        id: MessageId,
        /// The message.
        message: Message,
        /// The sender; `None` if the user wrote it.
        from: Option<Address>,
        /// The rate-limit key of its source: [`QueuedMessage::place`]. JSON does not have it.
        place: Option<IpAddr>,
    },
    /// A message is held. It is not sent until it is released.
    MessageHeld {
        /// The message, and the reason.
        held: HeldMessage,
        /// Its origin; `None` if it was in the queue before.
        origin: Option<Origin>,
    },
    /// A held message was released and appended to the queue.
    MessageReleased {
        /// The id that it had while it was held.
        was: MessageId,
        /// The message with its id in the queue.
        queued: QueuedMessage,
    },
    /// The user replaced the text of a queued or held message.
    MessageChanged {
        /// The message before.
        before: Message,
        /// The message now. Its id is unchanged.
        queued: QueuedMessage,
        /// The reason if it is held; `None` if it is queued. JSON does not have it.
        held: Option<HeldBy>,
    },
    /// The user undid a command, or a drain ended early: a message has its former state and position again.
    MessageRestored {
        /// The id under which it was queued or held before; `None` if it had been dropped.
        was: Option<MessageId>,
        /// The message now. Its id determines its position.
        queued: QueuedMessage,
        /// The reason if it is held; `None` if it is queued.
        held: Option<HeldBy>,
    },
    /// The user set or removed the hold rule.
    HoldRuleChanged {
        /// The text of the rule; `None` if it was removed.
        rule: Option<String>,
    },
    /// A peer was added.
    PeerDiscovered {
        /// The peer.
        peer: Peer,
        /// How it was discovered.
        introduction: Discovery,
        /// The remote address of the payload that introduced it; `None` if no payload did.
        remote: Option<IpAddr>,
    },
    /// A peer's status changed.
    PeerUpdated {
        /// The peer, with its new status.
        peer: Peer,
        /// The status before.
        from: Status,
    },
    /// A visible property of a peer changed, but not its status, and no other event reports it. For example, the user
    /// added a peer that was known already, or accepted its new certificate.
    PeerChanged {
        /// The peer as it is now.
        peer: Peer,
    },
    /// An unverified peer responded at its address.
    ClaimConfirmed {
        /// The peer.
        peer: Peer,
    },
    /// The user removed a peer, or it was evicted for another.
    PeerForgotten {
        /// The peer before.
        peer: Peer,
    },
    /// An announce was received.
    AnnounceReceived {
        /// The peer.
        peer: Peer,
        /// The remote address of the connection, if known.
        remote: Option<IpAddr>,
    },
    /// A peer accepted our announce.
    Announced {
        /// The peer.
        peer: Address,
        /// Time from the start of the request to the response.
        round_trip: Duration,
    },
    /// An announce of this node failed.
    AnnounceFailed {
        /// The receiver.
        peer: Address,
        /// The cause.
        failure: Failure,
    },
    /// The user ignores a remote address: its connections are closed.
    RemoteIgnored {
        /// The IP address.
        remote: IpAddr,
    },
    /// The user no longer ignores a remote address.
    RemoteUnignored {
        /// The IP address.
        remote: IpAddr,
    },
    /// A request was refused.
    Refused(Refusal),
    /// A plugin discarded a payload. If its response has the status 200, the sender does not have the message any more.
    PayloadDiscarded {
        /// The name of the plugin.
        plugin: Arc<str>,
        /// The HTTP status of the response.
        status: u16,
        /// The reason of the plugin, at most [`Refusal::MAX_PREVIEW`] bytes.
        reason: Option<String>,
        /// The sender.
        peer: Peer,
        /// The type of the payload.
        kind: Kind,
        /// The message.
        message: Message,
        /// The remote address of the connection, if known.
        remote: Option<IpAddr>,
    },
    /// A plugin put other messages in place of the message of a payload. [`Event::MessageReceived`] follows for each, if
    /// they are accepted.
    MessageRewritten {
        /// The name of the plugin.
        plugin: Arc<str>,
        /// The sender.
        peer: Peer,
        /// The message before.
        before: Message,
        /// The messages in its place: one for a change, up to 16 for a replacement.
        after: Arc<[Message]>,
        /// The remote address of the connection, if known.
        remote: Option<IpAddr>,
    },
    /// A plugin was loaded.
    PluginLoaded {
        /// The name of the plugin.
        plugin: Arc<str>,
        /// Whether it replaces its former version.
        is_reload: bool,
    },
    /// A plugin has failed, or cannot be loaded.
    PluginFailed {
        /// The name of the plugin.
        plugin: Arc<str>,
        /// The reason, at most [`Refusal::MAX_PREVIEW`] bytes.
        reason: String,
        /// The line of its source, if known.
        line: Option<u32>,
        /// Whether it runs no more until it is loaded again.
        is_suspended: bool,
    },
    /// Limits were reached. At most one such event per second is emitted; the last hit is always reported.
    LimitsMet {
        /// Number of hits of each limit since the start.
        met: LimitCounts,
    },
    /// An address turned out to be another name of this node. It is not a peer.
    FoundOurselves {
        /// The other name.
        address: Address,
    },
    /// The user changed the send rate.
    SendRateChanged {
        /// Messages per second.
        rate: f64,
    },
    /// This subscriber was too slow and missed this many events. It should read the whole state again.
    Lagged(u64),
}

/// What an event changes of the state that a node saves between runs.
#[cfg(feature = "node")]
#[derive(Debug, Clone, Copy)]
pub(crate) enum Saved<'a> {
    /// A peer, or it was removed.
    Peer {
        /// Its address.
        address: &'a Address,
        /// Whether the change is to be saved without delay.
        is_by_user: bool,
    },
    /// The ignored remote addresses.
    IgnoredRemotes,
}

#[cfg(feature = "node")]
impl Event {
    /// What it changes of the saved state. `None` for events about messages, announces, plugins, limits and settings, which
    /// are not saved.
    pub(crate) fn saved(&self) -> Option<Saved<'_>> {
        let (peer, is_by_user) = match self {
            Self::PeerDiscovered { peer, .. } | Self::PeerForgotten { peer } | Self::PeerChanged { peer } => {
                (peer, peer.added_by_user)
            }
            Self::PeerUpdated { peer, from } => (peer, [peer.status, *from].contains(&Status::Ignored)),
            Self::ClaimConfirmed { peer } => (peer, false),
            Self::FoundOurselves { address } => return Some(Saved::Peer { address, is_by_user: false }),
            Self::RemoteIgnored { .. } | Self::RemoteUnignored { .. } => return Some(Saved::IgnoredRemotes),
            // Named one by one, so that the compiler asks about a new event.
            Self::MessageReceived { .. }
            | Self::MessageQueued { .. }
            | Self::MessageSending { .. }
            | Self::MessageDelivered { .. }
            | Self::DeliveryFailed { .. }
            | Self::MessageDropped { .. }
            | Self::MessageHeld { .. }
            | Self::MessageReleased { .. }
            | Self::MessageChanged { .. }
            | Self::MessageRestored { .. }
            | Self::HoldRuleChanged { .. }
            | Self::AnnounceReceived { .. }
            | Self::Announced { .. }
            | Self::AnnounceFailed { .. }
            | Self::Refused(_)
            | Self::PayloadDiscarded { .. }
            | Self::MessageRewritten { .. }
            | Self::PluginLoaded { .. }
            | Self::PluginFailed { .. }
            | Self::LimitsMet { .. }
            | Self::SendRateChanged { .. }
            | Self::Lagged(_) => return None,
        };
        Some(Saved::Peer { address: &peer.address, is_by_user })
    }
}

/// The origin of a queued message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Written by the user.
    Local,
    /// Received from this peer.
    Received(Address),
    /// Returned from a failed delivery to this peer.
    Returned(Address),
}

/// How a peer was discovered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Discovery {
    /// Added by the user.
    Manual,
    /// It sent a payload.
    Inbound,
    /// It accepted our announce.
    Announce,
    /// This peer named it as a friend.
    Referral(Address),
    /// The user undid a command that had removed it.
    Restored,
}

/// Why a delivery or an announce failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// The peer responded with this HTTP status, which is not 200.
    Status(u16),
    /// The connection failed or broke. The text is the system's.
    Connection(String),
    /// The peer did not respond in time.
    TimedOut,
    /// Not contacted: the address has this scope, and the user did not add the peer.
    NotContacted(Scope),
    /// This machine lacks file descriptors, ports, threads or memory for a connection, too many name lookups were
    /// running, or the task panicked. It says nothing about the peer.
    NoResources,
    /// The peer presented another certificate than the trusted one. `Node::trust` accepts it.
    CertificateChanged {
        /// The trusted certificate.
        pinned: CertificateFingerprint,
        /// The certificate that the peer presented.
        presented: CertificateFingerprint,
    },
    /// The node stopped before the response arrived.
    Stopped,
    /// The peer accepted the announce, but the list of peers is full and no peer can be evicted:
    /// [`Options::max_peers`](super::Options::max_peers).
    NoRoom,
}

/// A refused request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The HTTP status of the response.
    pub status: u16,
    /// The reason, in one line. It may quote text of the sender.
    pub reason: String,
    /// The address that the sender claims to have, if it could be read.
    pub sender: Option<Address>,
    /// The beginning of the JSON text of the message, if it could be read: see [`Refusal::preview_of`].
    pub preview: Option<String>,
    /// The remote address of the connection.
    pub remote: Option<IpAddr>,
}

impl Refusal {
    /// A refusal from the values of its fields, in their order.
    pub fn new(
        status: u16,
        reason: String,
        sender: Option<Address>,
        preview: Option<String>,
        remote: Option<IpAddr>,
    ) -> Self {
        Self { status, reason, sender, preview, remote }
    }

    /// Maximum bytes of a message in a refusal. It bounds the memory of a node that stores its refusals.
    pub const MAX_PREVIEW: usize = 200;

    /// The JSON text of a message, cut to at most [`Refusal::MAX_PREVIEW`] bytes, with `…` in place of the rest.
    pub fn preview_of(message: &Message) -> String {
        Self::cut(message.as_json())
    }

    /// A text, cut to at most [`Refusal::MAX_PREVIEW`] bytes, with `…` in place of the rest.
    pub(super) fn cut(text: &str) -> String {
        if text.len() <= Self::MAX_PREVIEW {
            return text.to_owned();
        }
        let end = (0..=Self::MAX_PREVIEW).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
        format!("{}…", &text[..end])
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
